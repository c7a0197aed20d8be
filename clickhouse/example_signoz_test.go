package clickhouse_test

import (
	"context"
	"fmt"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/logs"
	"github.com/fourkites/sources/clickhouse"
	"github.com/fourkites/sources/clickhouse/clickhousetest"
)

// The errors of a service in the hour before an incident.
func ExampleClient_Logs() {
	server := clickhousetest.NewServer()
	defer server.Close()
	at := time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)
	server.Insert(logs.Record{Time: at.Add(-time.Minute), Service: "checkout", Severity: logs.SeverityError, Body: "payment refused"})

	ctx := context.Background()
	client, err := clickhouse.New(ctx, server.Config())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = client.Close() }()

	query := logs.Query{Window: base.Around(at, time.Hour, 0), Services: []string{"checkout"}, MinSeverity: logs.SeverityError}
	for record, err := range client.Logs(ctx, query) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(record.Time.Format(time.TimeOnly), record.Severity, record.Body)
	}
	// Output: 11:59:00 ERROR payment refused
}
