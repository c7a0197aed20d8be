package trino_test

import (
	"context"
	"fmt"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/rows"
	"github.com/fourkites/sources/trino"
	"github.com/fourkites/sources/trino/trinotest"
)

// A query with a bound value, read into structs. The server here is in process.
func ExampleClient_Query() {
	server := trinotest.NewServer()
	defer server.Close()
	server.ReplyTo("FROM stops", trinotest.Reply{
		Columns: []trinotest.Column{{Name: "city", Type: "varchar"}, {Name: "late", Type: "integer"}},
		Rows:    [][]any{{"Pune", 12}, {"Oslo", nil}},
	})
	ctx := context.Background()
	client, err := trino.New(ctx, server.Config())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = client.Close() }()

	type stop struct {
		City string
		Late *int32 // minutes
	}
	answer, err := client.Query(ctx, trino.Query{SQL: "SELECT city, late FROM stops WHERE load = ?", Args: []any{"L-1"}})
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

// The callbacks of a load that did not reach the customer.
func ExampleClient_Callbacks() {
	server := trinotest.NewServer()
	defer server.Close()
	at := time.Now().UTC().AddDate(0, 0, -40)
	server.AddCallbacks(
		trino.Callback{ID: "1", Time: at, TrackingID: "123456789", Status: "200", MessageType: "ARRIVAL"},
		trino.Callback{ID: "2", Time: at.Add(time.Hour), TrackingID: "123456789", Status: "503", MessageType: "DEPARTURE"},
	)
	ctx := context.Background()
	client, err := trino.New(ctx, server.Config())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = client.Close() }()
	for c, err := range client.Callbacks(ctx, trino.CallbacksOptions{
		Window: base.Around(at, 24*time.Hour, 24*time.Hour), TrackingID: "123456789", Delivery: trino.NotDelivered,
	}) {
		fmt.Println(c.MessageType, c.Status, c.Delivered, err)
	}
	// Output:
	// DEPARTURE 503 false <nil>
}

// A statement over a table of history is bounded by days, and read into a struct of one's own.
func ExampleClient_Query_history() {
	server := trinotest.NewServer()
	defer server.Close()
	day := time.Now().UTC().AddDate(0, 0, -40).Truncate(24 * time.Hour)
	server.AddCallbacks(trino.Callback{ID: "c1", Time: day.Add(time.Hour), TrackingID: "123456789", Status: "503"})
	ctx := context.Background()
	client, err := trino.New(ctx, server.Config())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = client.Close() }()

	type call struct {
		UUID   string
		Status string `db:"ext_request_status"`
	}
	answer, err := client.Query(ctx, trino.Query{
		SQL:  "SELECT uuid, ext_request_status FROM callbacks_v2 WHERE datestr = ? AND fk_tracking_id = ?",
		Args: []any{day.Format(time.DateOnly), "123456789"},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	calls, err := rows.Collect(answer, rows.ToStruct[call])
	fmt.Println(calls, err)
	// Output: [{c1 503}] <nil>
}
