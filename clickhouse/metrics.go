package clickhouse

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/metrics"
	"github.com/fourkites/sources/base/rows"
)

var (
	opMetrics     = &base.Op{Name: "Metrics", System: base.SystemDB}
	opMetricNames = &base.Op{Name: "MetricNames", System: base.SystemDB}
)

// MetricName is a metric that has points in a window.
type MetricName struct {
	Name   string `json:"name"`
	Type   string `json:"type,omitempty"` // Gauge, Sum, Histogram, ...
	Unit   string `json:"unit,omitempty"`
	Series uint64 `json:"series"`
}

// maxSeries is how many series one question may concern.
const maxSeries = 20_000

// nameLabel is the label in which SigNoz keeps the metric's name.
const nameLabel = "__name__"

func checkMetrics(q metrics.Query) error {
	if q.Metric != "" {
		if err := checkLabel("metric", q.Metric); err != nil {
			return err
		}
	}
	return checkLabels("labels", q.Labels)
}

type seriesRow struct {
	Fingerprint uint64 `db:"x_fingerprint"`
	Metric      string `db:"x_metric"`
	Labels      string `db:"x_labels"`
}

// series is what the points of one fingerprint have in common.
type series struct {
	metric string
	labels map[string]string
}

// Metrics yields the points that match, series by series, oldest first within a series; the order of the series is that
// of metric name and fingerprint. The loop holds a connection and a permit. It ends as [Client.Logs] does, without a
// cursor. A question that concerns more than 20,000 series is refused.
func (c *Client) Metrics(ctx context.Context, q metrics.Query) iter.Seq2[metrics.Point, error] {
	return func(yield func(metrics.Point, error) bool) {
		known, err := c.series(ctx, opMetrics, q)
		if err != nil || len(known) == 0 {
			if err != nil {
				yield(metrics.Point{}, err)
			}
			return
		}
		c.points(ctx, q, known, yield)
	}
}

func (c *Client) points(ctx context.Context, q metrics.Query, known map[uint64]series, yield func(metrics.Point, error) bool) {
	limit := c.rowLimit(q.Limit)
	query := pointsSQL(c.tables, q, known, limit)
	query.MaxRows = -1
	answer, err := c.query(ctx, opMetrics, query)
	if err != nil {
		yield(metrics.Point{}, err)
		return
	}
	seen, more := 0, false
	for row, failed := range rows.ToStruct[pointRow](answer) {
		if err = failed; err != nil {
			break
		}
		if more = limit >= 0 && seen == limit; more {
			break
		}
		seen++
		s := known[row.Fingerprint]
		if !yield(metrics.Point{Time: time.UnixMilli(row.Millis).UTC(), Metric: s.metric, Labels: s.labels, Value: row.Value}, nil) {
			return
		}
	}
	if err == nil && !more {
		base.AddStats(ctx, base.Stats{Covered: q.Window})
	}
	if err = incomplete(c.Name(), opMetrics.Name, seen, more, err, nil); err != nil {
		yield(metrics.Point{}, err)
	}
}

// series finds the series that match.
func (c *Client) series(ctx context.Context, op *base.Op, q metrics.Query) (map[uint64]series, error) {
	err := checkMetrics(q)
	if err == nil {
		err = c.checkWindow(q.Window)
	}
	if err != nil {
		return nil, c.invalid(op, err)
	}
	base.AddStats(ctx, base.Stats{Asked: q.Window})
	found, err := read[seriesRow](ctx, c, op, seriesSQL(c.tables, q))
	if err != nil {
		return nil, err
	}
	if len(found) > maxSeries {
		return nil, c.invalid(op, fmt.Errorf("metric: the question concerns more than %d series; name a metric or more labels", maxSeries))
	}
	all := make(map[uint64]series, len(found))
	for _, row := range found {
		s := series{metric: row.Metric}
		if json.Unmarshal([]byte(row.Labels), &s.labels) == nil {
			delete(s.labels, nameLabel)
		}
		all[row.Fingerprint] = s
	}
	if len(all) == 0 {
		base.AddStats(ctx, base.Stats{Covered: q.Window})
	}
	return all, nil
}

// seriesHour is how often a series is written anew to its table; one more hour covers a window's first minutes.
const seriesHour = int64(time.Hour / time.Millisecond)

func (s *statement) seriesTime(w base.Window) {
	s.and("unix_milli >= %s AND unix_milli < %s",
		s.bind("Int64", (w.From.UnixMilli()/seriesHour-1)*seriesHour), s.bind("Int64", ceilMilli(w.To)))
}

// ceilMilli is the first millisecond that is not before the instant.
func ceilMilli(t time.Time) int64 { return t.Add(time.Millisecond - 1).UnixMilli() }

func seriesSQL(t Tables, q metrics.Query) Query {
	s := newStatement()
	if q.Metric != "" {
		s.and("metric_name = %s", s.text(q.Metric))
	}
	s.seriesTime(q.Window)
	for _, key := range sortedKeys(q.Labels) {
		s.and("JSONExtractString(labels, %s) = %s", s.text(key), s.text(q.Labels[key]))
	}
	return Query{
		SQL: "SELECT fingerprint AS x_fingerprint, toString(metric_name) AS x_metric, any(labels) AS x_labels\nFROM " +
			quoteTable(t.TimeSeries) + s.clause() + "\nGROUP BY x_fingerprint, x_metric\nLIMIT " +
			s.bind("UInt64", uint64(maxSeries+1)),
		Args: s.args,
	}
}

type pointRow struct {
	Fingerprint uint64  `db:"x_fingerprint"`
	Millis      int64   `db:"x_time"`
	Value       float64 `db:"x_value"`
}

func pointsSQL(t Tables, q metrics.Query, known map[uint64]series, limit int) Query {
	s := newStatement()
	fingerprints := make([]uint64, 0, len(known))
	var names []string
	for fingerprint, one := range known {
		fingerprints = append(fingerprints, fingerprint)
		names = append(names, one.metric)
	}
	slices.Sort(fingerprints)
	slices.Sort(names)
	if q.Metric != "" {
		s.and("metric_name = %s", s.text(q.Metric))
	} else {
		s.and("metric_name IN %s", s.texts(slices.Compact(names)))
	}
	s.and("unix_milli >= %s AND unix_milli < %s", s.bind("Int64", ceilMilli(q.Window.From)), s.bind("Int64", ceilMilli(q.Window.To)))
	s.and("fingerprint IN %s", s.bind("Array(UInt64)", fingerprints))
	sql := "SELECT fingerprint AS x_fingerprint, unix_milli AS x_time, value AS x_value\nFROM " + quoteTable(t.Samples) +
		s.clause() + "\nORDER BY metric_name, fingerprint, unix_milli"
	if limit >= 0 {
		sql += "\nLIMIT " + s.bind("UInt64", uint64(limit+1))
	}
	return Query{SQL: sql, Args: s.args}
}

// MetricNames lists the metrics that have points in the window and whose name begins with the prefix, by name. At most
// 10,000 are handed out; when there are more, an *[base.IncompleteError] comes with them.
func (c *Client) MetricNames(ctx context.Context, w base.Window, prefix string) ([]MetricName, error) {
	err := c.checkWindow(w)
	if err == nil && prefix != "" {
		err = errors.Join(err, checkLabel("prefix", prefix))
	}
	if err != nil {
		return nil, c.invalid(opMetricNames, err)
	}
	found, err := read[metricRow](ctx, c, opMetricNames, metricNamesSQL(c.tables, w, prefix))
	if err != nil {
		return nil, err
	}
	out := make([]MetricName, 0, len(found))
	for _, row := range found[:min(len(found), maxGroups)] {
		out = append(out, MetricName(row))
	}
	base.AddStats(ctx, base.Stats{Asked: w, Covered: w})
	return out, incomplete(c.Name(), opMetricNames.Name, len(out), len(found) > maxGroups, nil, nil)
}

type metricRow struct {
	Name   string `db:"x_name"`
	Type   string `db:"x_type"`
	Unit   string `db:"x_unit"`
	Series uint64 `db:"x_series"`
}

func metricNamesSQL(t Tables, w base.Window, prefix string) Query {
	s := newStatement()
	s.seriesTime(w)
	if prefix != "" {
		s.and("startsWith(metric_name, %s)", s.text(prefix))
	}
	return Query{
		SQL: "SELECT toString(metric_name) AS x_name, any(toString(type)) AS x_type, any(toString(unit)) AS x_unit, " +
			"uniqExact(fingerprint) AS x_series\nFROM " + quoteTable(t.TimeSeries) + s.clause() +
			"\nGROUP BY x_name\nORDER BY x_name\nLIMIT " + s.bind("UInt64", uint64(maxGroups+1)),
		Args: s.args,
	}
}
