package clickhouse

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/rows"
	"github.com/fourkites/sources/base/traces"
)

var (
	opSpans     = &base.Op{Name: "Spans", System: base.SystemDB}
	opSpansPage = &base.Op{Name: "SpansPage", System: base.SystemDB}
)

// Spans yields the spans that match, newest first. With a TraceID the window may be empty; it is then the time of the
// trace. The rest is as [Client.Logs] has it.
func (c *Client) Spans(ctx context.Context, q traces.Query) iter.Seq2[traces.Span, error] {
	return func(yield func(traces.Span, error) bool) {
		scan, err := c.spanScan(ctx, opSpans, q, "")
		if err != nil {
			yield(traces.Span{}, err)
			return
		}
		limit := c.rowLimit(q.Limit)
		if limit < 0 || limit > maxChunk {
			scan.stream(ctx, limit, yield)
			return
		}
		found, more, err := scan.take(ctx, limit)
		for _, span := range found {
			if !yield(span, nil) {
				return
			}
		}
		if err = scan.incomplete(len(found), more, err); err != nil {
			yield(traces.Span{}, err)
		}
	}
}

// SpansPage is one page of the spans that match, as [Client.LogsPage] is of records.
func (c *Client) SpansPage(ctx context.Context, q traces.Query, cursor string) (base.Page[traces.Span], error) {
	var stats base.Stats
	ctx = base.WithStats(ctx, &stats)
	scan, err := c.spanScan(ctx, opSpansPage, q, cursor)
	if err != nil {
		return base.Page[traces.Span]{Outcome: base.Failed}, err
	}
	found, more, err := scan.take(ctx, c.pageLimit(q.Limit))
	return page(found, more, err, scan.cursor(), &stats)
}

// spanTables is the layout of SigNoz's index of spans.
func (t Tables) spanTables() signalTables {
	return signalTables{
		table: t.Spans, resourceTable: t.SpanResources, time: "timestamp", bucket: "ts_bucket_start",
		fingerprint: "resource_fingerprint", resources: "resources_string", idName: "span_id",
	}
}

func checkSpans(q traces.Query) (_ traces.Query, err error) {
	if q.TraceID != "" {
		if q.TraceID, err = checkHex("trace_id", q.TraceID, 32); err != nil {
			return q, err
		}
	}
	if len(q.Services) > maxTerms {
		return q, fmt.Errorf("services: %d values, more than %d", len(q.Services), maxTerms)
	}
	for i, service := range q.Services {
		if err := checkLabel(fmt.Sprintf("services[%d]", i), service); err != nil {
			return q, err
		}
	}
	if q.Name != "" {
		if err := checkText("name", q.Name); err != nil {
			return q, err
		}
	}
	switch {
	case q.MinDuration < 0:
		return q, errors.New("min_duration: negative")
	case q.MaxDuration < 0:
		return q, errors.New("max_duration: negative")
	case q.MaxDuration > 0 && q.MaxDuration < q.MinDuration:
		return q, errors.New("max_duration: less than min_duration")
	}
	return q, checkLabels("attributes", q.Attributes)
}

// spanScan walks over the spans of one question.
type spanScan struct {
	client  *Client
	op      *base.Op
	query   traces.Query
	tables  signalTables
	maps    attributeMaps
	match   resourceMatch
	window  base.Window
	after   *position
	binding string
}

// spanScan is logScan for spans.
func (c *Client) spanScan(ctx context.Context, op *base.Op, q traces.Query, cursor string) (*spanScan, error) {
	asked := spanBinding(q)
	q, err := checkSpans(q)
	if err == nil && (q.TraceID == "" || !q.Window.IsZero()) {
		err = c.checkWindow(q.Window)
	}
	var after *position
	if err == nil {
		after, err = resume(cursorSpans, asked, cursor)
	}
	if err != nil {
		return nil, c.invalid(op, err)
	}
	known, err := c.schema(ctx)
	if err != nil {
		return nil, err
	}
	s := &spanScan{
		client: c, op: op, tables: c.tables.spanTables(), binding: asked, after: after,
		maps: attributeMaps{"attributes_string", "attributes_number", "attributes_bool", known.spanColumns},
	}
	if s.window, err = c.spanWindow(ctx, op, q); err != nil {
		return nil, err
	}
	if q.Window.IsZero() {
		q.Window = s.window
	}
	s.query = q
	base.AddStats(ctx, base.Stats{Asked: q.Window})
	if s.after != nil {
		s.window = remaining(s.window, *s.after, true)
	}
	if !s.window.To.After(s.window.From) {
		s.match.how = matchNothing
		return s, nil
	}
	s.match, err = c.match(ctx, op, s.tables, resourceFilter{services: q.Services, window: s.window})
	return s, err
}

// spanWindow is the window to look at: of the trace, when one is asked for.
func (c *Client) spanWindow(ctx context.Context, op *base.Op, q traces.Query) (base.Window, error) {
	if q.TraceID == "" {
		return q.Window, nil
	}
	w := q.Window
	if w.IsZero() {
		w = c.everything()
	}
	return c.traceWindow(ctx, op, q.TraceID, w, spanPadding)
}

// everything is the longest window that the tables can hold something in.
func (c *Client) everything() base.Window {
	now := time.Now().UTC()
	w := base.Window{From: earliest, To: now.Add(time.Hour)}
	if r := c.tables.Retention.D(); r > 0 {
		w.From = now.Add(-r)
	}
	return w
}

// where adds all conditions of the question within the window; the result is the WITH clause.
func (s *spanScan) where(st *statement, w base.Window) string {
	with := s.match.apply(st, s.tables.resourceTable, quote(s.tables.fingerprint), quote(s.tables.resources))
	s.tables.bound(st, w)
	if s.after != nil {
		s.tables.beyond(st, *s.after, true)
	}
	q := s.query
	if q.TraceID != "" {
		st.and("trace_id = %s", st.text(q.TraceID))
	}
	if q.Name != "" {
		st.and("name = %s", st.text(q.Name))
	}
	if q.Failed {
		st.and("has_error = true")
	}
	if q.MinDuration > 0 {
		st.and("duration_nano >= %s", st.bind("UInt64", uint64(q.MinDuration)))
	}
	if q.MaxDuration > 0 {
		st.and("duration_nano <= %s", st.bind("UInt64", uint64(q.MaxDuration)))
	}
	for _, key := range sortedKeys(q.Attributes) {
		condition, _ := st.attribute(s.maps, key, q.Attributes[key]) // the table has attributes
		st.and("%s", condition)
	}
	return with
}

// sql is the list of at most limit spans of the window, after the position that the scan has come to; limit 0 = all.
func (s *spanScan) sql(w base.Window, limit int) Query {
	st := newStatement()
	with := s.where(st, w)
	bound := ""
	if limit > 0 {
		bound = st.bind("UInt64", uint64(limit))
	}
	return Query{
		SQL: with + "SELECT " + spanProjection + "\nFROM " + quoteTable(s.tables.table) + st.clause() +
			s.tables.ordered(true, bound),
		Args: st.args,
	}
}

const spanProjection = "toUnixTimestamp64Nano(timestamp) AS x_time, toString(trace_id) AS x_trace, span_id AS x_span, " +
	"parent_span_id AS x_parent, toString(name) AS x_name, kind AS x_kind, duration_nano AS x_duration, " +
	"has_error AS x_failed, status_message AS x_message, attributes_string AS x_strings, " +
	"attributes_number AS x_numbers, attributes_bool AS x_bools, resources_string AS x_resources"

// spanRow is a span as the server sends it.
type spanRow struct {
	Nanos     int64              `db:"x_time"`
	TraceID   string             `db:"x_trace"`
	SpanID    string             `db:"x_span"`
	ParentID  string             `db:"x_parent"`
	Name      string             `db:"x_name"`
	Kind      int8               `db:"x_kind"`
	Duration  uint64             `db:"x_duration"`
	Failed    bool               `db:"x_failed"`
	Message   string             `db:"x_message"`
	Strings   map[string]string  `db:"x_strings"`
	Numbers   map[string]float64 `db:"x_numbers"`
	Bools     map[string]bool    `db:"x_bools"`
	Resources map[string]string  `db:"x_resources"`
}

// spanKinds are the words for the numbers of OpenTelemetry.
var spanKinds = [...]string{"", "Internal", "Server", "Client", "Producer", "Consumer"}

func (r *spanRow) span() traces.Span {
	out := traces.Span{
		TraceID: trimZero(r.TraceID), SpanID: trimZero(r.SpanID), ParentID: trimZero(r.ParentID),
		Service: r.Resources[serviceLabel], Name: r.Name, Start: time.Unix(0, r.Nanos).UTC(),
		Duration: time.Duration(min(r.Duration, 1<<62)), Failed: r.Failed, StatusMessage: r.Message,
		Attributes: joinAttributes(r.Strings, r.Numbers, r.Bools),
	}
	if r.Kind > 0 && int(r.Kind) < len(spanKinds) {
		out.Kind = spanKinds[r.Kind]
	}
	if strings.Trim(out.ParentID, "0") == "" {
		out.ParentID = ""
	}
	if len(r.Resources) > 0 {
		out.Resources = r.Resources
	}
	return out
}

// take gathers up to n spans from the position that the scan has come to, and says whether there are more.
func (s *spanScan) take(ctx context.Context, n int) (found []traces.Span, more bool, err error) {
	if s.match.how == matchNothing {
		base.AddStats(ctx, base.Stats{Covered: s.query.Window})
		return nil, false, nil
	}
	parts := sliced(s.window, true)
	if s.query.TraceID != "" {
		parts = []base.Window{s.window} // the index over trace ids reads little of it
	}
	for _, w := range parts {
		got, cut, err := readList[spanRow](ctx, s.client, s.op, s.sql(w, n-len(found)+1))
		if err != nil {
			return found, false, err
		}
		for i := range got {
			if len(found) == n {
				base.AddStats(ctx, base.Stats{Covered: base.Window{From: found[n-1].Start, To: s.query.Window.To}})
				return found, true, nil
			}
			found = append(found, got[i].span())
			s.after = &position{Nanos: got[i].Nanos, ID: got[i].SpanID}
		}
		if cut {
			base.AddStats(ctx, base.Stats{Covered: base.Window{From: found[len(found)-1].Start, To: s.query.Window.To}})
			return found, true, nil
		}
		base.AddStats(ctx, base.Stats{Covered: w})
	}
	base.AddStats(ctx, base.Stats{Covered: s.query.Window})
	return found, false, nil
}

// stream hands out spans as they arrive, from one query over the whole window.
func (s *spanScan) stream(ctx context.Context, limit int, yield func(traces.Span, error) bool) {
	if s.match.how == matchNothing {
		base.AddStats(ctx, base.Stats{Covered: s.query.Window})
		return
	}
	bound := 0
	if limit > 0 {
		bound = limit + 1
	}
	q := s.sql(s.window, bound)
	q.MaxRows = -1
	answer, err := s.client.query(ctx, s.op, q)
	if err != nil {
		yield(traces.Span{}, err)
		return
	}
	seen, more := 0, false
	for row, failed := range rows.ToStruct[spanRow](answer) {
		if err = failed; err != nil {
			break
		}
		if more = limit > 0 && seen == limit; more {
			break
		}
		seen++
		s.after = &position{Nanos: row.Nanos, ID: row.SpanID}
		if !yield(row.span(), nil) {
			return
		}
	}
	if err == nil && !more {
		base.AddStats(ctx, base.Stats{Covered: s.query.Window})
	}
	if err = s.incomplete(seen, more, err); err != nil {
		yield(traces.Span{}, err)
	}
}

func (s *spanScan) incomplete(seen int, more bool, err error) error {
	return incomplete(s.client.Name(), s.op.Name, seen, more, err, s.cursor)
}

func (s *spanScan) cursor() string { return cursorSpans.EncodePosition(s.binding, s.after) }
