package clickhouse_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/logs"
	"github.com/fourkites/sources/base/metrics"
	"github.com/fourkites/sources/base/traces"
	"github.com/fourkites/sources/clickhouse"
)

// asked is every method that takes a window, with that window.
func asked(ctx context.Context, c *clickhouse.Client, w base.Window) map[string]error {
	second := func(_ any, err error) error { return err }
	return map[string]error{
		"Logs":                second(base.Collect(c.Logs(ctx, logs.Query{Window: w}))),
		"LogsPage":            second(c.LogsPage(ctx, logs.Query{Window: w}, "")),
		"LogHistogram":        second(c.LogHistogram(ctx, logs.Query{Window: w}, 0)),
		"LogCounts":           second(c.LogCounts(ctx, logs.Query{Window: w})),
		"Spans":               second(base.Collect(c.Spans(ctx, traces.Query{Window: w, Services: []string{"a"}}))),
		"SpansPage":           second(c.SpansPage(ctx, traces.Query{Window: w, Services: []string{"a"}}, "")),
		"Exceptions":          second(base.Collect(c.Exceptions(ctx, clickhouse.ExceptionsOptions{Window: w}))),
		"ExceptionsPage":      second(c.ExceptionsPage(ctx, clickhouse.ExceptionsOptions{Window: w}, "")),
		"Services":            second(c.Services(ctx, w)),
		"ServiceDependencies": second(c.ServiceDependencies(ctx, w)),
		"TopOperations":       second(c.TopOperations(ctx, "a", w, 0)),
		"Metrics":             second(base.Collect(c.Metrics(ctx, metrics.Query{Window: w}))),
		"MetricNames":         second(c.MetricNames(ctx, w, "")),
	}
}

func TestEveryMethodRefusesAWindowWithoutAnAnswer(t *testing.T) {
	t.Parallel()
	server := bulkServer(t)
	cfg := fakeConfig(server)
	cfg.Tables.Retention = base.Duration(15 * 24 * time.Hour)
	c := newClient(t, cfg)
	now := time.Now()
	for words, w := range map[string]base.Window{
		"window.to: ":              {From: now, To: now.Add(-time.Hour)},
		"window.from: missing":     {},
		"lies in the future":       {From: now.Add(99 * time.Hour), To: now.Add(100 * time.Hour)},
		"is too old; records":      {From: now.Add(-40 * 24 * time.Hour), To: now.Add(-30 * 24 * time.Hour)},
		"window.from: 1970":        {From: time.Unix(0, 0).UTC(), To: now},
		"is not a time that":       {From: now, To: time.Date(3000, 1, 1, 0, 0, 0, 0, time.UTC)},
		"window.to: equals window": {From: now, To: now},
	} {
		for method, err := range asked(t.Context(), c, w) {
			e, ok := errors.AsType[*base.Error](err)
			if words == "window.to: equals window" { // however it is worded
				ok = ok && strings.Contains(err.Error(), "window.")
			} else {
				ok = ok && strings.Contains(err.Error(), words)
			}
			if !ok || e.Kind != base.KindInvalid || e.Sent != base.NotSent {
				t.Errorf("%s: %v, want %q", method, err, words)
			}
		}
	}
	if n := len(server.Requests()); n != 0 {
		t.Errorf("%d requests were sent", n)
	}
}

func TestEveryMethodRefusesAnIdentifierThatIsNone(t *testing.T) {
	t.Parallel()
	server := bulkServer(t)
	c := newClient(t, fakeConfig(server))
	second := func(_ any, err error) error { return err }
	for _, bad := range []string{"a/b", "a\nb", strings.Repeat("7", 10<<10), "a'b", "a`b", "\x00", "ü"} {
		for field, err := range map[string]error{
			"trace_id of Logs":       second(base.Collect(c.Logs(t.Context(), logs.Query{Window: day, TraceID: bad}))),
			"span_id of Logs":        second(base.Collect(c.Logs(t.Context(), logs.Query{Window: day, SpanID: bad}))),
			"tracking_id of Logs":    second(base.Collect(c.Logs(t.Context(), logs.Query{Window: day, TrackingID: bad}))),
			"correlation_id of Logs": second(base.Collect(c.Logs(t.Context(), logs.Query{Window: day, CorrelationID: bad}))),
			"record_uuid of Logs":    second(base.Collect(c.Logs(t.Context(), logs.Query{Window: day, RecordUUID: bad}))),
			"trace_id of Spans":      second(base.Collect(c.Spans(t.Context(), traces.Query{TraceID: bad}))),
			"trace_id of Trace":      second(c.Trace(t.Context(), bad)),
			"id of LogContext":       second(c.LogContext(t.Context(), clickhouse.LogContextOptions{ID: bad})),
			"group_id of Exceptions": second(base.Collect(c.Exceptions(t.Context(), clickhouse.ExceptionsOptions{Window: day, GroupID: bad}))),
			"trace_id of Exceptions": second(base.Collect(c.Exceptions(t.Context(), clickhouse.ExceptionsOptions{Window: day, TraceID: bad}))),
			"cursor of LogsPage":     second(c.LogsPage(t.Context(), logs.Query{Window: day}, bad)),
			"cursor of SpansPage":    second(c.SpansPage(t.Context(), traces.Query{Window: day, Services: []string{"a"}}, bad)),
			"cursor of Exceptions":   second(c.ExceptionsPage(t.Context(), clickhouse.ExceptionsOptions{Window: day}, bad)),
		} {
			name, _, _ := strings.Cut(field, " of ")
			if !errors.Is(err, base.ErrInvalid) || !strings.Contains(err.Error(), name) || len(err.Error()) > 500 {
				t.Errorf("%.20q as %s: %.600v", bad, field, err)
			}
		}
	}
	for _, r := range server.Requests() {
		if !strings.Contains(r.LogComment, "Schema") {
			t.Errorf("sent %s", r.SQL)
		}
	}
}

func TestLabelsAndPrefixesAreOneLineOfText(t *testing.T) {
	t.Parallel()
	c := newClient(t, fakeConfig(bulkServer(t)))
	second := func(_ any, err error) error { return err }
	for _, bad := range []string{"a\nb", strings.Repeat("x", 10<<10), "a\xffb"} {
		for field, err := range map[string]error{
			"services":   second(c.LogCounts(t.Context(), logs.Query{Window: day, Services: []string{bad}})),
			"service":    second(c.TopOperations(t.Context(), bad, day, 0)),
			"type":       second(base.Collect(c.Exceptions(t.Context(), clickhouse.ExceptionsOptions{Window: day, Type: bad}))),
			"attributes": second(base.Collect(c.Logs(t.Context(), logs.Query{Window: day, Attributes: map[string]string{bad: "x"}}))),
			"resources":  second(base.Collect(c.Logs(t.Context(), logs.Query{Window: day, Resources: map[string]string{bad: "x"}}))),
			"by":         second(c.LogCounts(t.Context(), logs.Query{Window: day}, "attribute."+bad)),
			"metric":     second(base.Collect(c.Metrics(t.Context(), metrics.Query{Window: day, Metric: bad}))),
			"labels":     second(base.Collect(c.Metrics(t.Context(), metrics.Query{Window: day, Labels: map[string]string{bad: "x"}}))),
			"prefix":     second(c.FieldKeys(t.Context(), clickhouse.SignalLogs, bad)),
			"key":        second(c.FieldValues(t.Context(), clickhouse.SignalLogs, bad, "")),
		} {
			if !errors.Is(err, base.ErrInvalid) || !strings.Contains(err.Error(), field) || len(err.Error()) > 500 {
				t.Errorf("%.20q as %s: %.600v", bad, field, err)
			}
		}
	}
}
