package partition

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/history"
	"github.com/fourkites/sources/base/logs"
	"github.com/fourkites/sources/internal/cursor"
	"github.com/fourkites/sources/internal/sqlguard"
)

// Logs yields the records that match, in the order of time that the query names, up to its limit.
func (e *Engine) Logs(ctx context.Context, op *base.Op, q logs.Query) iter.Seq2[logs.Record, error] {
	return func(yield func(logs.Record, error) bool) {
		scan, err := e.logScan(ctx, op, q)
		if err != nil {
			yield(logs.Record{}, err)
			return
		}
		scan.each(ctx, e.limit(q.Limit), yield)
	}
}

// LogsPage is one page of the records that match; cursor is empty for the first.
func (e *Engine) LogsPage(ctx context.Context, op *base.Op, q logs.Query, cursor string) (base.Page[logs.Record], error) {
	scan, err := e.logScan(ctx, op, q)
	if err != nil {
		return base.Page[logs.Record]{Outcome: base.Failed}, err
	}
	return scan.page(ctx, q.Limit, cursor)
}

func (e *Engine) logScan(ctx context.Context, op *base.Op, q logs.Query) (*scan[logRow, logs.Record], error) {
	if err := checkLogs(e.Guard.Tables, q); err != nil {
		return nil, e.Guard.Invalid(op, err)
	}
	table := e.Guard.Table(e.Guard.Tables.Logs)
	known, err := e.layout(ctx, op, table)
	if err != nil {
		return nil, err
	}
	l := logLayout{table: table, partition: e.Guard.Tables.Partition, names: e.Guard.Tables.LogColumns, known: known, textMaps: e.TextMaps}
	if l.at, err = known.timeOf(l.names.Time, time.Nanosecond); err == nil {
		err = l.filter(&statement{}, q)
	}
	if err != nil {
		return nil, e.Guard.Invalid(op, fmt.Errorf("%s: %w", table, err))
	}
	bound := q
	bound.Limit, bound.Window = 0, utc(q.Window)
	return &scan[logRow, logs.Record]{
		engine: e, op: op, window: q.Window, left: q.Window, newest: q.Order == logs.NewestFirst, kind: cursorLogs,
		binding: cursor.Binding(bound),
		ask:     func(w base.Window, after *position, limit int) question { return l.query(q, w, after, limit) },
		item:    l.record,
	}, nil
}

// logLayout is the table of logs as the operator and the server describe it.
type logLayout struct {
	table     sqlguard.Table
	partition string
	names     history.LogColumns
	known     columns
	at        timeColumn
	textMaps  bool
}

func (l logLayout) query(q logs.Query, w base.Window, after *position, limit int) question {
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
	return question{sql: "SELECT " + l.projection(id) + " FROM " + l.table.SQL() + s.where() +
		" ORDER BY " + l.at.expression + order + ", " + id + order + limited(limit), args: s.args}
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
			items = append(items, l.mapOf(m.column)+" AS "+m.as)
		}
	}
	return strings.Join(items, ", ")
}

// mapOf is a column of maps in the form in which its values can be read.
func (l logLayout) mapOf(column string) string {
	if l.textMaps {
		return "json_format(CAST(" + sqlguard.Quote(column) + " AS JSON))"
	}
	return sqlguard.Quote(column)
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
	if text, ok := m.(string); ok {
		var object map[string]any
		if json.Unmarshal([]byte(text), &object) != nil {
			return
		}
		m = object
	}
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
