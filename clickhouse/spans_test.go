package clickhouse_test

import (
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/logs"
	"github.com/fourkites/sources/base/metrics"
	"github.com/fourkites/sources/base/traces"
	"github.com/fourkites/sources/clickhouse"
)

func TestTracesAreReadWhole(t *testing.T) {
	t.Parallel()
	server, c := fake(t)
	tracing(t, server, c)
	edges, err := c.ServiceDependencies(t.Context(), day)
	if err != nil || len(edges) != 1 || edges[0].Caller != "shop" || edges[0].Callee != "till" || edges[0].Failed != 1 {
		t.Error(edges, err)
	}
	thrown, err := base.Collect(c.Exceptions(t.Context(), clickhouse.ExceptionsOptions{Window: day, Service: "till"}))
	if err != nil || len(thrown) != 1 || thrown[0].Type != "Refused" || thrown[0].TraceID != traceID {
		t.Error(thrown, err)
	}
}

func tracing(t *testing.T, s store, c *clickhouse.Client) {
	t.Helper()
	root := traces.Span{TraceID: traceID, SpanID: "00000000000000a1", Service: "shop", Name: "POST /buy", Kind: "Server", Start: noon, Duration: 100 * time.Millisecond}
	child := traces.Span{
		TraceID: traceID, SpanID: "00000000000000a2", ParentID: root.SpanID, Service: "till", Name: "charge", Kind: "Client",
		Start: noon.Add(10 * time.Millisecond), Duration: 80 * time.Millisecond, Failed: true, StatusMessage: "refused",
		Attributes: map[string]any{"exception.type": "Refused", "exception.message": "no", "order": 7.0, "db.system": "redis"},
	}
	s.InsertSpans(root)
	s.InsertSpans(child)
	got, err := c.Trace(t.Context(), strings.ToUpper(traceID))
	if err != nil {
		t.Fatal(err)
	}
	if got.Duration != 100*time.Millisecond || len(got.Spans) != 2 || got.Outcome != base.Data || len(got.CriticalPath) != 3 {
		t.Errorf("%+v", got)
	}
	if diff := cmp.Diff([]string{"shop", "till"}, got.Services); diff != "" {
		t.Error(diff)
	}
	for name, q := range map[string]traces.Query{
		"service": {Services: []string{"till"}}, "failed": {Failed: true}, "name": {Name: "charge"}, "number": {Attributes: map[string]string{"order": "7"}},
		"duration": {MaxDuration: 90 * time.Millisecond, MinDuration: time.Millisecond}, "column": {Attributes: map[string]string{"db.system": "redis"}},
	} {
		q.Window = day
		spans, err := base.Collect(c.Spans(t.Context(), q))
		if err != nil || len(spans) != 1 || spans[0].SpanID != child.SpanID || spans[0].Kind != "Client" || spans[0].StatusMessage != "refused" {
			t.Errorf("%s: %v %v", name, spans, err)
		}
	}
	p, err := c.SpansPage(t.Context(), traces.Query{Window: day, Limit: 1}, "")
	if err != nil || !p.More || p.Items[0].SpanID != child.SpanID {
		t.Fatal(p, err)
	}
	p, err = c.SpansPage(t.Context(), traces.Query{Window: day, Limit: 1}, p.Cursor)
	if err != nil || p.More || p.Items[0].SpanID != root.SpanID {
		t.Error(p, err)
	}
	operations, err := c.TopOperations(t.Context(), "till", day, 0)
	if err != nil || len(operations) != 1 || operations[0].Failed != 1 || operations[0].P50 != 80*time.Millisecond {
		t.Error(operations, err)
	}
	services, err := c.Services(t.Context(), day)
	found := false
	for _, one := range services {
		found = found || one.Name == "till" && one.Spans == 1 && one.Failed == 1
	}
	if err != nil || !found {
		t.Error(services, err)
	}
}

func TestMetricsKeepWhatIsNotANumber(t *testing.T) {
	t.Parallel()
	server, c := fake(t)
	measuring(t, server, c)
	names, err := c.MetricNames(t.Context(), day, "cpu")
	if err != nil || len(names) != 1 || names[0].Series != 2 {
		t.Error(names, err)
	}
}

func measuring(t *testing.T, s store, c *clickhouse.Client) {
	t.Helper()
	for i := range 3 {
		for _, pod := range []string{"p1", "p2"} {
			s.InsertMetrics(metrics.Point{Time: noon.Add(time.Duration(i) * time.Hour), Metric: "cpu.r&d", Labels: map[string]string{"k8s.pod.name": pod}, Value: float64(i)})
		}
	}
	s.InsertMetrics(metrics.Point{Time: noon, Metric: "odd", Value: math.NaN()})
	got, err := base.Collect(c.Metrics(t.Context(), metrics.Query{Window: day, Metric: "cpu.r&d", Labels: map[string]string{"k8s.pod.name": "p1"}}))
	if err != nil || len(got) != 3 || got[2].Value != 2 || got[0].Labels["k8s.pod.name"] != "p1" || !got[1].Time.Equal(noon.Add(time.Hour)) {
		t.Error(got, err)
	}
	got, err = base.Collect(c.Metrics(t.Context(), metrics.Query{Window: day, Metric: "odd"}))
	if err != nil || len(got) != 1 || !math.IsNaN(got[0].Value) {
		t.Error(got, err)
	}
	if _, err := base.Collect(c.Metrics(t.Context(), metrics.Query{Window: day, Limit: 2})); !errors.Is(err, base.ErrTruncated) {
		t.Error(err)
	}
}

func TestFieldsAreListed(t *testing.T) {
	t.Parallel()
	server, c := fake(t)
	server.Insert(logs.Record{Time: noon, Service: "cart", Body: "x", Attributes: map[string]any{"order": 7.0, "route": "/pay"}})
	keys, err := c.FieldKeys(t.Context(), clickhouse.SignalLogs, "ORD")
	if diff := cmp.Diff([]clickhouse.FieldKey{{Name: "order", Context: "attribute", Type: "number"}}, keys); diff != "" || err != nil {
		t.Error(diff, err)
	}
	values, err := c.FieldValues(t.Context(), clickhouse.SignalLogs, "route", "/P")
	if diff := cmp.Diff([]clickhouse.FieldValue{{Value: "/pay", Type: "string"}}, values); diff != "" || err != nil {
		t.Error(diff, err)
	}
	if _, err := c.FieldKeys(t.Context(), "events", ""); !errors.Is(err, base.ErrInvalid) {
		t.Error(err)
	}
}
