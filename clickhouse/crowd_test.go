package clickhouse_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/logs"
	"github.com/fourkites/sources/base/metrics"
	"github.com/fourkites/sources/base/traces"
	"github.com/fourkites/sources/clickhouse"
	"github.com/fourkites/sources/clickhouse/clickhousetest"
)

const crowd = 100_000

// crowded is what an incident of an hour brings: records and spans of some services, in order of time.
func crowded() ([]logs.Record, []traces.Span, []metrics.Point) {
	records, spans, points := make([]logs.Record, crowd), make([]traces.Span, crowd), make([]metrics.Point, crowd)
	for i := range crowd {
		at := noon.Add(time.Duration(i) * 36 * time.Millisecond)
		service, pod := fmt.Sprintf("svc-%d", i%20), fmt.Sprintf("pod-%d", i%60)
		resources := map[string]string{"k8s.pod.name": pod, "k8s.namespace.name": "shop"}
		trace := fmt.Sprintf("%032x", i/8+1)
		span := fmt.Sprintf("%016x", i+1)
		records[i] = logs.Record{
			Time: at, Service: service, Severity: logs.Severity(9 + 8*(i%50/49)), Resources: resources, TraceID: trace, SpanID: span,
			Body:       fmt.Sprintf("request %d of customer %d handled in %d ms, status %d", i, i%977, i%250, 200+i%5),
			Attributes: map[string]any{"http.route": fmt.Sprintf("/v1/orders/%d", i%30), "thread": "worker-7"},
		}
		spans[i] = traces.Span{
			TraceID: trace, SpanID: span, Service: service, Name: fmt.Sprintf("GET /v1/orders/%d", i%30), Kind: "Server", Start: at,
			Duration: time.Duration(i%250) * time.Millisecond, Failed: i%50 == 49, Resources: resources,
			Attributes: map[string]any{"http.method": "GET", "http.status_code": float64(200 + i%5)},
		}
		if i%8 > 0 {
			spans[i].ParentID = fmt.Sprintf("%016x", i)
		}
		points[i] = metrics.Point{Time: at, Metric: fmt.Sprintf("cpu-%d", i%50), Labels: map[string]string{"k8s.pod.name": pod}, Value: float64(i)}
	}
	return records, spans, points
}

// What a record costs to take in decides how long an example waits for its first answer.
func TestTheFakeTakesInACrowdCheaply(t *testing.T) {
	records, spans, points := crowded()
	server := clickhousetest.NewServer()
	t.Cleanup(server.Close)
	for name, test := range map[string]struct {
		insert func()
		most   float64 // allocations for each
	}{
		"a record": {func() { server.Insert(records[:10_000]...) }, 25},
		"a span":   {func() { server.InsertSpans(spans[:10_000]...) }, 35},
		"a point":  {func() { server.InsertMetrics(points[:10_000]...) }, 12},
	} {
		if got := testing.AllocsPerRun(1, test.insert) / 10_000; got > test.most {
			t.Errorf("%s: %.1f allocations, more than %.0f", name, got, test.most)
		}
	}
}

// BenchmarkCrowd asks what a client asks of 100,000 records, spans and points.
func BenchmarkCrowd(b *testing.B) {
	records, spans, points := crowded()
	server := clickhousetest.NewServer()
	b.Cleanup(server.Close)
	for name, insert := range map[string]func(*clickhousetest.Server){
		"insert logs":    func(s *clickhousetest.Server) { s.Insert(records...) },
		"insert spans":   func(s *clickhousetest.Server) { s.InsertSpans(spans...) },
		"insert metrics": func(s *clickhousetest.Server) { s.InsertMetrics(points...) },
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				s := clickhousetest.NewServer()
				insert(s)
				s.Close()
			}
		})
		insert(server)
	}
	c, err := clickhouse.New(b.Context(), clickhouse.Config{Addresses: []string{server.Addr()}, MaxRows: -1})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = c.Close() })
	w := base.Window{From: noon.Add(-time.Hour), To: noon.Add(2 * time.Hour)}
	for name, q := range map[string]logs.Query{
		"logs of a service": {Services: []string{"svc-7"}}, "errors": {MinSeverity: logs.SeverityError},
		"contains": {Contains: []string{"customer 500 handled"}}, "regexp": {Regexp: `customer 5\d+ handled in 1\d ms`},
		"attribute": {Attributes: map[string]string{"http.route": "/v1/orders/7"}}, "tracking id": {TrackingID: "123456789"}, "all logs": {},
	} {
		q.Window, q.Limit = w, -1
		crowdRun(b, name, func(ctx context.Context) error { _, err := base.Collect(c.Logs(ctx, q)); return err })
	}
	for name, ask := range map[string]func(context.Context) error{
		"histogram": func(ctx context.Context) error { _, err := c.LogHistogram(ctx, logs.Query{Window: w}, 0); return err },
		"counts": func(ctx context.Context) error {
			_, err := c.LogCounts(ctx, logs.Query{Window: w}, "service", "severity")
			return err
		},
		"spans of a service": func(ctx context.Context) error {
			_, err := base.Collect(c.Spans(ctx, traces.Query{Window: w, Services: []string{"svc-7"}}))
			return err
		},
		"all spans": func(ctx context.Context) error {
			_, err := base.Collect(c.Spans(ctx, traces.Query{Window: w, Limit: -1}))
			return err
		},
		"trace":        func(ctx context.Context) error { _, err := c.Trace(ctx, fmt.Sprintf("%032x", 100)); return err },
		"services":     func(ctx context.Context) error { _, err := c.Services(ctx, w); return err },
		"dependencies": func(ctx context.Context) error { _, err := c.ServiceDependencies(ctx, w); return err },
		"operations":   func(ctx context.Context) error { _, err := c.TopOperations(ctx, "svc-7", w, 0); return err },
		"metrics": func(ctx context.Context) error {
			_, err := base.Collect(c.Metrics(ctx, metrics.Query{Window: w, Metric: "cpu-7"}))
			return err
		},
		"all metrics": func(ctx context.Context) error {
			_, err := base.Collect(c.Metrics(ctx, metrics.Query{Window: w, Limit: -1}))
			return err
		},
	} {
		crowdRun(b, name, ask)
	}
}

func crowdRun(b *testing.B, name string, ask func(context.Context) error) {
	b.Run(name, func(b *testing.B) {
		for b.Loop() {
			if err := ask(b.Context()); err != nil {
				b.Fatal(err)
			}
		}
	})
}
