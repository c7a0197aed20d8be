package clickhouse

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/logs"
)

var (
	opLogHistogram = &base.Op{Name: "LogHistogram", System: base.SystemDB}
	opLogCounts    = &base.Op{Name: "LogCounts", System: base.SystemDB}
)

// LogBucket is how many records match in one step of time.
type LogBucket struct {
	Start  time.Time `json:"start"`
	Count  uint64    `json:"count"`
	Errors uint64    `json:"errors"` // of severity ERROR and above
}

// LogCount is how many records match in one group. Key has a value for each name that was grouped by.
type LogCount struct {
	Key   map[string]string `json:"key,omitempty"`
	Count uint64            `json:"count"`
	First time.Time         `json:"first"`
	Last  time.Time         `json:"last"`
}

// maxSteps is how many steps a histogram may have; maxGroups how many groups are handed out.
const (
	maxSteps  = 1500
	maxGroups = 10_000
)

// LogHistogram counts the records that match in steps of time, aligned to multiples of the step since 1970, oldest
// first. Steps without a record have zero counts. A step of zero takes the whole seconds that make about 60 steps.
// Limit and Order of the query are not used.
func (c *Client) LogHistogram(ctx context.Context, q logs.Query, step time.Duration) ([]LogBucket, error) {
	scan, err := c.logScan(ctx, opLogHistogram, q, "")
	if err != nil {
		return nil, err
	}
	seconds, err := wholeStep(q.Window, step)
	if err != nil {
		return nil, c.invalid(opLogHistogram, err)
	}
	all := emptyBuckets(q.Window, seconds)
	if scan.match.how == matchNothing {
		base.AddStats(ctx, base.Stats{Covered: q.Window})
		return all, nil
	}
	got, err := read[bucketRow](ctx, c, opLogHistogram, scan.histogramSQL(seconds))
	if err != nil {
		return nil, err
	}
	first := all[0].Start.Unix()
	for _, row := range got {
		if i := (int64(row.Start) - first) / seconds; i >= 0 && i < int64(len(all)) {
			all[i].Count, all[i].Errors = row.Count, row.Errors
		}
	}
	base.AddStats(ctx, base.Stats{Covered: q.Window})
	return all, nil
}

type bucketRow struct {
	Start  uint64 `db:"x_start"`
	Count  uint64 `db:"x_count"`
	Errors uint64 `db:"x_errors"`
}

func wholeStep(w base.Window, step time.Duration) (int64, error) {
	switch {
	case step < 0 || step%time.Second != 0:
		return 0, errors.New("step: must be whole seconds")
	case step == 0:
		step = max(time.Second, (w.Duration() / 60).Round(time.Second))
	}
	if n := w.Duration() / step; n > maxSteps {
		return 0, fmt.Errorf("step: %s makes %d steps in the window, more than %d", step, n, maxSteps)
	}
	return int64(step / time.Second), nil
}

func emptyBuckets(w base.Window, seconds int64) []LogBucket {
	var all []LogBucket
	for at := w.From.Unix() / seconds * seconds; at <= lastSecond(w); at += seconds {
		all = append(all, LogBucket{Start: time.Unix(at, 0).UTC()})
	}
	return all
}

// seconds is the time of a record in whole seconds since 1970.
func (l logLayout) seconds() string {
	if l.nanos {
		return "intDiv(" + quote(l.columns.Time) + ", 1000000000)"
	}
	return "toUInt64(toUnixTimestamp(" + quote(l.columns.Time) + "))"
}

func (s *logScan) histogramSQL(seconds int64) Query {
	st := newStatement()
	with := s.where(st, s.window)
	failed := "toUInt64(0)"
	if s.layout.columns.SeverityNumber != absent || s.layout.columns.SeverityText != absent {
		own := &statement{args: st.args}
		_ = s.layout.severity(own, logs.SeverityError)
		failed = "countIf(" + own.where[0] + ")"
	}
	step := st.bind("UInt64", uint64(seconds))
	return Query{
		SQL: with + "SELECT intDiv(" + s.layout.seconds() + ", " + step + ") * " + step + " AS x_start, count() AS x_count, " +
			failed + " AS x_errors\nFROM " + quoteTable(s.layout.table) + st.clause() +
			"\nGROUP BY x_start\nORDER BY x_start\nLIMIT " + st.bind("UInt64", uint64(maxSteps+2)),
		Args: st.args,
	}
}

// LogCounts counts the records that match in groups, the largest first. A group is named by "service", "severity",
// "trace_id", "attribute.<name>" or "resource.<name>"; without names there is one group. At most q.Limit groups are
// handed out, by default 100; when there are more, an *[base.IncompleteError] comes with them.
func (c *Client) LogCounts(ctx context.Context, q logs.Query, by ...string) ([]LogCount, error) {
	scan, err := c.logScan(ctx, opLogCounts, q, "")
	if err != nil {
		return nil, err
	}
	limit := min(c.pageLimit(q.Limit), maxGroups)
	counting, err := scan.countsSQL(limit+1, by)
	if err != nil {
		return nil, c.invalid(opLogCounts, err)
	}
	if scan.match.how == matchNothing {
		base.AddStats(ctx, base.Stats{Covered: q.Window})
		return []LogCount{}, nil
	}
	got, err := read[countRow](ctx, c, opLogCounts, counting)
	if err != nil {
		return nil, err
	}
	more := len(got) > limit
	out := make([]LogCount, 0, len(got))
	for _, row := range got[:min(limit, len(got))] {
		if row.Count > 0 {
			out = append(out, row.count(by))
		}
	}
	base.AddStats(ctx, base.Stats{Covered: q.Window})
	return out, incomplete(c.Name(), opLogCounts.Name, len(out), more, nil, nil)
}

type countRow struct {
	Keys  []string `db:"x_keys"`
	Count uint64   `db:"x_count"`
	First uint64   `db:"x_first"`
	Last  uint64   `db:"x_last"`
}

func (r countRow) count(by []string) LogCount {
	out := LogCount{Count: r.Count, First: time.Unix(int64(r.First), 0).UTC(), Last: time.Unix(int64(r.Last), 0).UTC()}
	if len(by) > 0 {
		out.Key = map[string]string{}
	}
	for i, name := range by {
		out.Key[name] = r.Keys[i]
	}
	return out
}

func (s *logScan) countsSQL(limit int, by []string) (Query, error) {
	if len(by) > 8 {
		return Query{}, fmt.Errorf("by: %d names, more than 8", len(by))
	}
	st := newStatement()
	with := s.where(st, s.window)
	keys := make([]string, len(by))
	for i, name := range by {
		key, err := s.layout.group(st, name)
		if err != nil {
			return Query{}, fmt.Errorf("by[%d]: %w", i, err)
		}
		keys[i] = key
	}
	list := "CAST([], 'Array(String)')"
	group := ""
	if len(keys) > 0 {
		list, group = "["+strings.Join(keys, ", ")+"]", "\nGROUP BY x_keys"
	}
	at := s.layout.seconds()
	return Query{
		SQL: with + "SELECT " + list + " AS x_keys, count() AS x_count, min(" + at + ") AS x_first, max(" + at + ") AS x_last" +
			"\nFROM " + quoteTable(s.layout.table) + st.clause() + group +
			"\nORDER BY x_count DESC, x_keys\nLIMIT " + st.bind("UInt64", uint64(limit)),
		Args: st.args,
	}, nil
}

// group is what a name of LogCounts groups by.
func (l logLayout) group(st *statement, name string) (string, error) {
	column := func(name string) (string, error) {
		if name == absent {
			return "", errors.New("the table has no such column")
		}
		return "toString(" + quote(name) + ")", nil
	}
	entry := func(name, key string) (string, error) {
		if name == absent {
			return "", errors.New("the table has no such column")
		}
		return quote(name) + "[" + st.text(key) + "]", checkLabel("name", key)
	}
	switch {
	case name == "service":
		return entry(l.columns.Resources, serviceLabel)
	case name == "severity":
		return column(l.columns.SeverityText)
	case name == "trace_id":
		return column(l.columns.TraceID)
	case strings.HasPrefix(name, "attribute."):
		return entry(l.columns.StringAttributes, strings.TrimPrefix(name, "attribute."))
	case strings.HasPrefix(name, "resource."):
		return entry(l.columns.Resources, strings.TrimPrefix(name, "resource."))
	}
	return "", fmt.Errorf("%q is not known; group by service, severity, trace_id, attribute.<name> or resource.<name>", name)
}
