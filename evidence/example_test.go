package evidence_test

import (
	"context"
	"fmt"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/logs"
	"github.com/fourkites/sources/clickhouse"
	"github.com/fourkites/sources/clickhouse/clickhousetest"
	"github.com/fourkites/sources/evidence"
	"github.com/fourkites/sources/fkapi"
	"github.com/fourkites/sources/fkapi/fkapitest"
	"github.com/fourkites/sources/trino"
	"github.com/fourkites/sources/trino/trinotest"
)

// What a service logs, whatever form its lines have.
func ExampleLogPatterns() {
	server := clickhousetest.NewServer()
	defer server.Close()
	at := time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)
	for i := range 3 {
		server.Insert(
			logs.Record{Time: at, Service: "matcher", Severity: logs.SeverityInfo, Body: fmt.Sprintf("load %d matched in %dms", 482900111+i, 7*i)},
			logs.Record{Time: at, Service: "matcher", Body: fmt.Sprintf(`[0a1b2c3d4e5%d] {"event"=>"stored", "severity"=>"INFO", "id"=>%d}`, i, i)})
	}
	server.Insert(logs.Record{Time: at, Service: "matcher", Severity: logs.SeverityError, Body: `{"msg":"no match","load":"482900117"}`})

	ctx := context.Background()
	client, err := clickhouse.New(ctx, clickhouse.Config{Addresses: []string{server.Addr()}})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = client.Close() }()
	found, err := evidence.LogPatterns(ctx, client, logs.Query{Window: base.Around(at, time.Hour, time.Hour)}, evidence.PatternOptions{})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, p := range found.Patterns {
		fmt.Println(p.Count, p.Worst, p.Template)
	}
	// Output:
	// 3 INFO event=stored id=<num> severity=INFO
	// 3 INFO load <num> matched in <num>
	// 1 ERROR no match load=<num>
}

// Logs of any age, from the store that keeps them.
func ExampleLogs() {
	live, history := clickhousetest.NewServer(), trinotest.NewServer()
	defer live.Close()
	defer history.Close()
	now := time.Now()
	live.Insert(logs.Record{Time: now.AddDate(0, 0, -2), Service: "matcher", Body: "no match for load 482900111"})
	history.AddLogs(logs.Record{Time: now.AddDate(0, 0, -60), Service: "matcher", Body: "load 482900111 was created"})

	ctx := context.Background()
	recent, err := clickhouse.New(ctx, clickhouse.Config{Addresses: []string{live.Addr()}})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = recent.Close() }()
	past, err := trino.New(ctx, history.Config(), history.Options()...)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = past.Close() }()

	q := logs.Query{Window: base.Window{From: now.AddDate(0, 0, -90), To: now}, TrackingID: "482900111", Order: logs.OldestFirst}
	var coverage evidence.LogCoverage
	for r, err := range evidence.Logs(ctx, evidence.LogsByAge(recent, past), q, &coverage) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(r.Body)
	}
	for _, p := range coverage.Parts {
		fmt.Println(p.Source, p.Outcome, p.Records)
	}
	// Output:
	// load 482900111 was created
	// no match for load 482900111
	// clickhouse data 1
	// trino data 1
}

// Why a load waits for tracking info.
func ExampleStuckLoad() {
	api := fkapitest.NewServer()
	defer api.Close()
	created, yes := time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC), true
	api.AddLoad(fkapi.Load{
		ID: "482900111", Status: fkapi.StatusAwaitingTrackingInfo, CreatedAt: created,
		Shipper: fkapi.Party{ID: "acme"}, Carrier: fkapi.Party{ID: "swift"},
	})
	api.AddRelationship("acme", fkapi.Relationship{ID: "7", Active: &yes, Status: "pending", Target: fkapi.Company{Permalink: "swift"}})
	ctx := context.Background()
	tracking, err := fkapi.NewTracking(ctx, api.Config())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = tracking.Close() }()
	company, err := fkapi.NewCompany(ctx, api.Config())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = company.Close() }()

	report, err := evidence.StuckLoad(ctx, evidence.StuckLoadQuestion{TrackingID: "482900111"}, evidence.Sources{
		Loads: []evidence.LoadSource{tracking}, Networks: []evidence.NetworkSource{company},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(report.Verdict, report.Causes[0].Kind, report.Causes[0].Confidence)
	fmt.Println(report.Conclusion)
	for _, text := range report.NotSeen[:2] {
		fmt.Println("not seen:", text)
	}
	// Output:
	// fault configuration 0.75
	// Load 482900111 waits for tracking info because relationship 7 of shipper acme and carrier swift is not live (its status is "pending"); no log line shows which service gave up on it; set relationship 7 to live.
	// not seen: logs: logs that name load 482900111: no client was given
	// not seen: traces: traces of load 482900111: no client was given
}
