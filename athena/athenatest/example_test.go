package athenatest_test

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/athena"

	"github.com/fourkites/sources/athena/athenatest"
)

// A server that answers from a table, and then has too much to do.
func Example() {
	server := athenatest.NewServer()
	defer server.Close()
	server.AddTable("carriers", []athenatest.Column{{Name: "name", Type: "varchar"}, {Name: "loads", Type: "bigint"}},
		[]any{"swift", 12}, []any{"slow", 3})
	ctx, api := context.Background(), client(server)

	query, err := api.StartQueryExecution(ctx, started("SELECT name FROM carriers WHERE loads > 5", ""))
	if err != nil {
		fmt.Println(err)
		return
	}
	page, err := api.GetQueryResults(ctx, &athena.GetQueryResultsInput{QueryExecutionId: query.QueryExecutionId})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, row := range page.ResultSet.Rows {
		fmt.Println(aws.ToString(row.Data[0].VarCharValue))
	}

	server.Refuse("StartQueryExecution", athenatest.TooManyQueries(), 1)
	_, err = api.StartQueryExecution(ctx, started("SELECT 1", ""))
	fmt.Println(code(err))
	// Output:
	// name
	// swift
	// TooManyRequestsException
}
