package trino

import (
	"context"
	"fmt"
	"iter"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/logs"
	"github.com/fourkites/sources/internal/cursor"
)

var (
	opLogs     = method("Logs")
	opLogsPage = method("LogsPage")
)

var _ logs.Source = (*Client)(nil)

// Logs yields the records that match, in the order of time that the query names. A window of more than [Tables].Chunk
// days is cut into pieces that run side by side and are joined in order. TrackingID, CorrelationID and RecordUUID are
// found in the body, as whole words, and as the value of any attribute.
//
// The sequence ends without an error only when all that matched was yielded. When the limit cut it, its last yield is an
// *[base.IncompleteError] with the cursor that [Client.LogsPage] goes on from. Nothing is held while the loop body runs.
func (c *Client) Logs(ctx context.Context, q logs.Query) iter.Seq2[logs.Record, error] {
	return func(yield func(logs.Record, error) bool) {
		scan, err := c.logScan(ctx, opLogs, q)
		if err != nil {
			yield(logs.Record{}, err)
			return
		}
		scan.each(ctx, c.limit(q.Limit), yield)
	}
}

// LogsPage is one page of the records that match; cursor is empty for the first. A page has q.Limit records, by default
// 100, at most 10,000. The cursor is the place after the last record, by time and id, so that records of one instant are
// neither lost nor repeated; it is bound to the query, its limit excepted.
func (c *Client) LogsPage(ctx context.Context, q logs.Query, cursor string) (base.Page[logs.Record], error) {
	scan, err := c.logScan(ctx, opLogsPage, q)
	if err != nil {
		return base.Page[logs.Record]{Outcome: base.Failed}, err
	}
	return scan.page(ctx, q.Limit, cursor)
}

func (c *Client) logScan(ctx context.Context, op *base.Op, q logs.Query) (*scan[logRow, logs.Record], error) {
	if err := checkLogs(c.tables, q); err != nil {
		return nil, c.invalid(op, err)
	}
	table := c.tableName(c.tables.Logs)
	known, err := c.layout(ctx, op, table)
	if err != nil {
		return nil, err
	}
	l := logLayout{table: table, partition: c.tables.Partition, names: c.tables.LogColumns, known: known}
	if l.at, err = known.timeOf(l.names.Time, time.Nanosecond); err == nil {
		err = l.filter(&statement{}, q)
	}
	if err != nil {
		return nil, c.invalid(op, fmt.Errorf("%s: %w", table, err))
	}
	bound := q
	bound.Limit, bound.Window = 0, utc(q.Window)
	return &scan[logRow, logs.Record]{
		client: c, op: op, window: q.Window, left: q.Window, newest: q.Order == logs.NewestFirst, kind: cursorLogs,
		binding: cursor.Binding(bound),
		ask:     func(w base.Window, after *position, limit int) Query { return l.query(q, w, after, limit) },
		item:    l.record,
	}, nil
}

// logLayout is the table of logs as the operator and the server describe it.
type logLayout struct {
	table     tableName
	partition string
	names     LogColumns
	known     columns
	at        timeColumn
}

func (l logLayout) query(q logs.Query, w base.Window, after *position, limit int) Query {
	id := "''"
	if l.known.has(l.names.ID) {
		id = "COALESCE(" + l.known.text(l.names.ID) + ", '')"
	}
	var s statement
	s.within(l.partition, l.at, w)
	_ = l.filter(&s, q) // it was checked when the scan was made
	newest := q.Order == logs.NewestFirst
	if after != nil {
		s.beyond(l.at, id, *after, newest)
	}
	order := direction(newest)
	return Query{SQL: "SELECT " + l.projection(id) + " FROM " + l.table.sql() + s.where() +
		" ORDER BY " + l.at.expression + order + ", " + id + order + limited(limit), Args: s.args}
}

func (l logLayout) projection(id string) string {
	items := []string{
		l.at.expression + " AS x_time", id + " AS x_id", l.known.projected(l.names.TraceID, "x_trace"),
		l.known.projected(l.names.SpanID, "x_span"), l.known.projected(l.names.SeverityText, "x_severity"),
		l.known.projected(l.names.SeverityNumber, "x_number"), l.known.projected(l.names.Body, "x_body"),
	}
	for _, m := range []struct{ column, as string }{
		{l.names.StringAttributes, "x_strings"},
		{l.names.NumberAttributes, "x_numbers"},
		{l.names.BoolAttributes, "x_bools"},
		{l.names.Resources, "x_resources"},
	} {
		if l.known.base(m.column) == "map" {
			items = append(items, quote(m.column)+" AS "+m.as)
		}
	}
	return strings.Join(items, ", ")
}

// logRow is a record as the server sends it.
type logRow struct {
	Time         any     `db:"x_time"`
	ID           string  `db:"x_id"`
	TraceID      *string `db:"x_trace"`
	SpanID       *string `db:"x_span"`
	SeverityText *string `db:"x_severity"`
	Severity     *string `db:"x_number"`
	Body         *string `db:"x_body"`
	Strings      any     `db:"x_strings"`
	Numbers      any     `db:"x_numbers"`
	Bools        any     `db:"x_bools"`
	Resources    any     `db:"x_resources"`
}

func (l logLayout) record(r logRow) (logs.Record, position, error) {
	t, err := l.at.read(r.Time)
	out := logs.Record{
		Time: t, ID: r.ID, SeverityText: of(r.SeverityText), Body: of(r.Body), TraceID: of(r.TraceID), SpanID: of(r.SpanID),
	}
	if n, bad := strconv.Atoi(of(r.Severity)); bad == nil && n > 0 && n <= 24 {
		out.Severity = logs.Severity(n)
	}
	if out.Severity == logs.SeverityUnset {
		out.Severity = logs.ParseSeverity(out.SeverityText)
	}
	for _, m := range []any{r.Strings, r.Numbers, r.Bools} {
		eachEntry(m, func(k string, v any) {
			if out.Attributes == nil {
				out.Attributes = map[string]any{}
			}
			out.Attributes[k] = v
		})
	}
	eachEntry(r.Resources, func(k string, v any) {
		if out.Resources == nil {
			out.Resources = map[string]string{}
		}
		out.Resources[k] = fmt.Sprint(v)
	})
	out.Service = out.Resources[serviceLabel]
	return out, position{Nanos: t.UnixNano(), ID: r.ID}, err
}

// serviceLabel is the resource attribute that names a service.
const serviceLabel = "service.name"

// eachEntry walks over a map as rows gives it; a value that is NULL is left out, and so is a number that is none.
func eachEntry(m any, visit func(string, any)) {
	switch m := m.(type) {
	case map[string]string:
		for k, v := range m {
			visit(k, v)
		}
	case map[string]float64:
		for k, v := range m {
			if !math.IsNaN(v) && !math.IsInf(v, 0) {
				visit(k, v)
			}
		}
	case map[string]bool:
		for k, v := range m {
			visit(k, v)
		}
	case map[string]any:
		for k, v := range m {
			if v != nil {
				visit(k, v)
			}
		}
	}
}
