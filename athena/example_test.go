package athena_test

import (
	"context"
	"fmt"
	"time"

	"github.com/fourkites/sources/athena"
	"github.com/fourkites/sources/athena/athenatest"
	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/rows"
	"github.com/fourkites/sources/base/secret"
)

// A query with a bound value, read into structs. The server here is in process.
func ExampleClient_Query() {
	server := athenatest.NewServer()
	defer server.Close()
	server.ReplyTo("FROM stops", athenatest.Reply{
		Columns: []athenatest.Column{{Name: "city", Type: "varchar"}, {Name: "late", Type: "integer"}},
		Rows:    [][]any{{"Pune", 12}, {"Oslo", nil}},
	})
	ctx, config := context.Background(), server.Config()
	config.Key = secret.Literal(athenatest.AccessKey + ":" + athenatest.SecretKey) // else that of the AWS chain
	client, err := athena.New(ctx, config)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = client.Close() }()

	type stop struct {
		City string
		Late *int32 // minutes
	}
	answer, err := client.Query(ctx, athena.Query{SQL: "SELECT city, late FROM stops WHERE load = ?", Args: []any{"L-1"}})
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

// A query that takes long is started here and read there: its id is all that is needed.
func ExampleClient_StartQuery() {
	server := athenatest.NewServer()
	defer server.Close()
	at := time.Now().UTC().AddDate(0, 0, -40)
	server.AddCallbacks(athena.Callback{ID: "1", Time: at, TrackingID: "123456789", Status: "503", MessageType: "DEPARTURE"})
	ctx, config := context.Background(), server.Config()
	config.Key = secret.Literal(athenatest.AccessKey + ":" + athenatest.SecretKey)
	client, err := athena.New(ctx, config)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = client.Close() }()

	id, err := client.StartQuery(ctx, athena.Query{
		SQL: "SELECT message_type, ext_request_status FROM callbacks_v2 WHERE datestr = ?", Args: []any{at.Format(time.DateOnly)},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	answer, err := client.Results(ctx, id, athena.ResultsOptions{})
	if err != nil {
		fmt.Println(err)
		return
	}
	for row, err := range answer.All() {
		fmt.Println(row.Value(0), row.Value(1), err)
	}
	_, err = client.Query(ctx, athena.Query{SQL: "SELECT message_type FROM callbacks_v2"})
	fmt.Println(base.KindOf(err))
	// Output:
	// DEPARTURE 503 <nil>
	// invalid
}
