package clickhousetest_test

import (
	"context"
	"fmt"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"

	"github.com/fourkites/sources/base/fault"
	"github.com/fourkites/sources/base/logs"
	"github.com/fourkites/sources/clickhouse/clickhousetest"
)

// A program that reads logs, tried without a ClickHouse server.
func Example() {
	server := clickhousetest.NewServer()
	defer server.Close()
	server.Insert(logs.Record{
		Time: time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC), Service: "checkout", Severity: logs.SeverityError, Body: "payment refused",
	})

	conn, err := clickhouse.Open(&clickhouse.Options{Addr: []string{server.Addr()}})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = conn.Close() }()

	var severity, body string
	row := conn.QueryRow(context.Background(), "SELECT severity_text, body FROM signoz_logs.distributed_logs_v2")
	if err := row.Scan(&severity, &body); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(severity, body)

	server.Fail(fault.Error(241, "memory limit exceeded"), 1)
	fmt.Println(conn.Exec(context.Background(), "SELECT 1"))
	fmt.Println(len(server.Requests()), "requests")
	// Output:
	// ERROR payment refused
	// code: 241, message: memory limit exceeded
	// 2 requests
}
