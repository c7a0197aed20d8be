package redshift_test

import (
	"context"
	"fmt"
	"time"

	"github.com/fourkites/sources/base/rows"
	"github.com/fourkites/sources/redshift"
	"github.com/fourkites/sources/redshift/redshifttest"
)

// A load by a part of its number. The server here is in process.
func ExampleClient_FindLoads() {
	server := redshifttest.NewServer()
	defer server.Close()
	server.Insert(redshift.Load{ID: "123456789", LoadNumber: "LN-1001", Status: "Awaiting Tracking Info", CreatedAt: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)})
	ctx := context.Background()
	client, err := redshift.New(ctx, server.Config())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = client.Close() }()

	found, err := client.FindLoads(ctx, redshift.LoadsQuery{Numbers: []string{"1001"}})
	fmt.Println(found.Items[0].ID, found.Items[0].Status, found.Match, found.Outcome, err)
	// Output: 123456789 Awaiting Tracking Info loose data <nil>
}

// A statement of the caller's own with a bound value, read into structs.
func ExampleClient_Query() {
	server := redshifttest.NewServer()
	defer server.Close()
	server.Create("public.lanes", []redshifttest.Column{{Name: "origin", Type: "varchar"}, {Name: "days", Type: "integer"}},
		[]any{"Pune", 3}, []any{"Oslo", nil}, []any{"Pune", 5})
	ctx := context.Background()
	client, err := redshift.New(ctx, server.Config())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = client.Close() }()

	type lane struct {
		Origin string
		Days   *int32
	}
	answer, err := client.Query(ctx, redshift.Query{SQL: "SELECT origin, days FROM lanes WHERE origin = $1 ORDER BY days", Args: []any{"Pune"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	for l, err := range rows.ToStruct[lane](answer) {
		fmt.Println(l.Origin, *l.Days, err)
	}
	fmt.Println(answer.Outcome())
	// Output:
	// Pune 3 <nil>
	// Pune 5 <nil>
	// data
}
