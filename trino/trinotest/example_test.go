package trinotest_test

import (
	"context"
	"fmt"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/fault"
	"github.com/fourkites/sources/base/rows"
	"github.com/fourkites/sources/trino"
	"github.com/fourkites/sources/trino/trinotest"
)

// A server that answers from a table, and then says that it does not know it.
func Example() {
	server := trinotest.NewServer()
	defer server.Close()
	server.AddTable("hive.log.carriers", []trinotest.Column{{Name: "name", Type: "varchar"}, {Name: "loads", Type: "bigint"}},
		[]any{"swift", 12}, []any{"slow", 3})
	ctx := context.Background()
	client, err := trino.New(ctx, server.Config())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = client.Close() }()

	question := trino.Query{SQL: "SELECT name FROM carriers WHERE loads > ? ORDER BY name", Args: []any{5}}
	answer, err := client.Query(ctx, question)
	if err != nil {
		fmt.Println(err)
		return
	}
	names, err := rows.Collect(answer, rows.To[string])
	fmt.Println(names, err)

	server.Fail(fault.Error(46, "it was dropped"), 1)
	_, err = client.Query(ctx, question)
	fmt.Println(base.KindOf(err))
	// Output:
	// [swift] <nil>
	// not found
}
