package clickhouse_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/logs"
	"github.com/fourkites/sources/clickhouse"
)

func TestContextIsWhatTheServiceLoggedAround(t *testing.T) {
	t.Parallel()
	server, c := fake(t)
	around(t, server, c)
}

func around(t *testing.T, s store, c *clickhouse.Client) {
	t.Helper()
	for i := range 9 {
		s.Insert(
			logs.Record{Time: noon.Add(time.Duration(i/3) * time.Second), ID: fmt.Sprintf("ctx%d", i), Service: "around", Body: fmt.Sprint(i)},
			logs.Record{Time: noon.Add(time.Duration(i) * time.Second), ID: fmt.Sprintf("oth%d", i), Service: "other", Body: "other"},
		)
	}
	got, err := c.LogContext(t.Context(), clickhouse.LogContextOptions{ID: "ctx4", Time: noon, Before: 2, After: 3})
	if err != nil {
		t.Fatal(err)
	}
	if got.Record == nil || got.Record.Body != "4" {
		t.Fatal(got.Record)
	}
	if diff := cmp.Diff([]string{"2", "3", "5", "6", "7"}, append(bodies(got.Before), bodies(got.After)...)); diff != "" {
		t.Error(diff)
	}
	got, err = c.LogContext(t.Context(), clickhouse.LogContextOptions{Time: noon.Add(time.Second), Service: "around", Before: 1, After: 1})
	if diff := cmp.Diff([]string{"2", "3"}, append(bodies(got.Before), bodies(got.After)...)); diff != "" || err != nil {
		t.Error(diff, err)
	}
	if _, err := c.LogContext(t.Context(), clickhouse.LogContextOptions{ID: "absent", Time: noon}); !errors.Is(err, base.ErrNotFound) {
		t.Error(err)
	}
}

func TestHistogramAndCountsAgree(t *testing.T) {
	t.Parallel()
	server, c := fake(t)
	counting(t, server, c)
}

func counting(t *testing.T, s store, c *clickhouse.Client) {
	t.Helper()
	for i := range 12 {
		r := logs.Record{Time: noon.Add(time.Duration(i) * 10 * time.Second), ID: fmt.Sprintf("cnt%02d", i), Service: "count", Severity: logs.SeverityInfo, Body: "tick"}
		if i%4 == 0 {
			r.Severity, r.Attributes = logs.SeverityError, map[string]any{"zone": "a"}
		}
		s.Insert(r)
	}
	q := logs.Query{Window: base.Window{From: noon, To: noon.Add(3 * time.Minute)}, Services: []string{"count"}}
	buckets, err := c.LogHistogram(t.Context(), q, time.Minute)
	want := []clickhouse.LogBucket{{Start: noon, Count: 6, Errors: 2}, {Start: noon.Add(time.Minute), Count: 6, Errors: 1}, {Start: noon.Add(2 * time.Minute)}}
	if diff := cmp.Diff(want, buckets); diff != "" || err != nil {
		t.Error(diff, err)
	}
	counts, err := c.LogCounts(t.Context(), q, "service", "severity", "attribute.zone")
	wantCounts := []clickhouse.LogCount{
		{Key: map[string]string{"service": "count", "severity": "INFO", "attribute.zone": ""}, Count: 9, First: noon.Add(10 * time.Second), Last: noon.Add(110 * time.Second)},
		{Key: map[string]string{"service": "count", "severity": "ERROR", "attribute.zone": "a"}, Count: 3, First: noon, Last: noon.Add(80 * time.Second)},
	}
	if diff := cmp.Diff(wantCounts, counts); diff != "" || err != nil {
		t.Error(diff, err)
	}
	all, err := c.LogCounts(t.Context(), q)
	if err != nil || len(all) != 1 || all[0].Count != 12 {
		t.Error(all, err)
	}
	q.Limit = 1
	if _, err := c.LogCounts(t.Context(), q, "severity"); !errors.Is(err, base.ErrTruncated) {
		t.Error(err)
	}
	q.Services = []string{"absent"}
	if none, err := c.LogCounts(t.Context(), q); err != nil || len(none) != 0 {
		t.Error(none, err)
	}
	for _, by := range []string{"nosuch", "attribute.", "body"} {
		if _, err := c.LogCounts(t.Context(), q, by); !errors.Is(err, base.ErrInvalid) {
			t.Error(by, err)
		}
	}
	if _, err := c.LogHistogram(t.Context(), logs.Query{Window: day}, time.Second); !errors.Is(err, base.ErrInvalid) {
		t.Error(err)
	}
}
