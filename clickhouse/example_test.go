package clickhouse_test

import (
	"context"
	"fmt"

	"github.com/fourkites/sources/base/rows"
	"github.com/fourkites/sources/clickhouse"
	"github.com/fourkites/sources/clickhouse/clickhousetest"
)

// A query with a bound value, read into structs. The server here is in process.
func ExampleClient_Query() {
	server := clickhousetest.NewServer()
	defer server.Close()
	server.ReplyTo("FROM stops", clickhousetest.Reply{
		Columns: []clickhousetest.Column{{Name: "city", Type: "String"}, {Name: "late", Type: "Nullable(UInt32)"}},
		Rows:    [][]any{{"Pune", 12}, {"Oslo", nil}},
	})
	ctx := context.Background()
	client, err := clickhouse.New(ctx, server.Config())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = client.Close() }()

	type stop struct {
		City string
		Late *uint32 // minutes
	}
	answer, err := client.Query(ctx, clickhouse.Query{
		SQL: "SELECT city, late FROM stops WHERE load = {load:String}", Args: map[string]any{"load": "L-1"},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	for s, err := range rows.ToStruct[stop](answer) {
		fmt.Println(s.City, s.Late != nil, err)
	}
	fmt.Println(answer.Outcome(), answer.Stats().Rows)
	// Output:
	// Pune true <nil>
	// Oslo false <nil>
	// data 2
}
