package clickhouse

import (
	"context"
	"errors"
	"iter"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/logs"
	"github.com/fourkites/sources/base/rows"
	"github.com/fourkites/sources/internal/output"
)

var (
	opLogs     = &base.Op{Name: "Logs", System: base.SystemDB}
	opLogsPage = &base.Op{Name: "LogsPage", System: base.SystemDB}
)

// Logs yields the records that match, in the order of time that the query names. It reads an hour at the end that the
// order begins with, then twice as much each time, and stops when the limit is reached.
//
// A needle of Contains with fewer than four letters matches whole words only. TrackingID, CorrelationID and RecordUUID
// are found in the body, as whole words, and as the value of any attribute. With TraceID the window shrinks to the time
// of the trace and five minutes around it, if the trace is known.
//
// The sequence ends without an error only when all that matched was yielded. When the limit cut it, its last yield is
// an *[base.IncompleteError] with the cursor that [Client.LogsPage] goes on from. Up to 10,000 records nothing is held
// while the loop body runs; above that limit the loop holds a connection and a permit.
func (c *Client) Logs(ctx context.Context, q logs.Query) iter.Seq2[logs.Record, error] {
	return func(yield func(logs.Record, error) bool) {
		scan, err := c.logScan(ctx, opLogs, q, "")
		if err != nil {
			yield(logs.Record{}, err)
			return
		}
		limit := c.rowLimit(q.Limit)
		if limit < 0 || limit > maxChunk {
			scan.stream(ctx, limit, yield)
			return
		}
		found, more, err := scan.take(ctx, limit)
		for _, r := range found {
			if !yield(r, nil) {
				return
			}
		}
		if err = scan.incomplete(len(found), more, err); err != nil {
			yield(logs.Record{}, err)
		}
	}
}

// maxChunk is how many rows are gathered before they are handed out; what is larger is streamed.
const maxChunk = 10_000

// LogsPage is one page of the records that match; cursor is empty for the first. A page has q.Limit records, by default
// 100, at most 10,000, and never more than Config.MaxRows. The cursor is the place after the last record, by time and id, so that records of one instant
// are neither lost nor repeated; it is bound to the query, its limit excepted.
func (c *Client) LogsPage(ctx context.Context, q logs.Query, cursor string) (base.Page[logs.Record], error) {
	var stats base.Stats
	ctx = base.WithStats(ctx, &stats)
	scan, err := c.logScan(ctx, opLogsPage, q, cursor)
	if err != nil {
		return base.Page[logs.Record]{Outcome: base.Failed}, err
	}
	found, more, err := scan.take(ctx, c.pageLimit(q.Limit))
	return page(found, more, err, scan.cursor(), &stats)
}

// pageLimit is the number of items of a page, which the operator's cap holds for too.
func (c *Client) pageLimit(limit int) int { return c.rowLimit(output.PageSize(limit)) }

// page puts a page together. A failure after some items makes a partial page that its cursor goes on from.
func page[T any](items []T, more bool, err error, cursor string, stats *base.Stats) (base.Page[T], error) {
	p := base.Page[T]{Items: items, More: more, Outcome: base.OutcomeOf(len(items), err)}
	if err != nil && len(items) > 0 {
		stats.Notes = append(stats.Notes, "the page ends early: "+err.Error())
		p.More, err = true, nil
	}
	if p.More {
		p.Cursor = cursor
	}
	if p.Items == nil {
		p.Items = []T{}
	}
	p.Stats = *stats
	return p, err
}

// logScan walks over the records of one question.
type logScan struct {
	client  *Client
	op      *base.Op
	query   logs.Query
	layout  logLayout
	match   resourceMatch
	window  base.Window // what is left to look at
	after   *position   // of the last record handed out
	binding string      // of cursors to the question
}

// logScan checks the question and the cursor, which is empty for the first page, and looks up what its plan needs: the
// schema, the time of the trace, the resources.
func (c *Client) logScan(ctx context.Context, op *base.Op, q logs.Query, cursor string) (*logScan, error) {
	q, err := checkLogs(q)
	if err == nil {
		err = c.checkWindow(q.Window)
	}
	s := &logScan{client: c, op: op, query: q, window: q.Window, binding: logBinding(q)}
	if err == nil {
		s.after, err = resume(cursorLogs, s.binding, cursor)
	}
	if err != nil {
		return nil, c.invalid(op, err)
	}
	known, err := c.schema(ctx)
	if err != nil {
		return nil, err
	}
	s.layout = c.tables.logLayout(known)
	if err := s.layout.filter(newStatement(), q); err != nil {
		return nil, c.invalid(op, err)
	}
	if q.TraceID != "" {
		if s.window, err = c.traceWindow(ctx, op, q.TraceID, q.Window, logPadding); err != nil {
			return nil, err
		}
	}
	base.AddStats(ctx, base.Stats{Asked: q.Window})
	if s.after != nil {
		s.window = remaining(s.window, *s.after, s.newest())
	}
	if !s.window.To.After(s.window.From) {
		s.match.how = matchNothing
		return s, nil
	}
	s.match, err = c.match(ctx, op, s.layout.signalTables,
		resourceFilter{services: q.Services, labels: q.Resources, window: s.window})
	return s, err
}

func (s *logScan) newest() bool { return s.query.Order == logs.NewestFirst }

// sql is the list of at most limit records of the window, after the position that the scan has come to; limit 0 = all.
func (s *logScan) sql(w base.Window, limit int) Query {
	st := newStatement()
	with := s.where(st, w)
	bound := ""
	if limit > 0 {
		bound = st.bind("UInt64", uint64(limit))
	}
	q := Query{
		SQL: with + "SELECT " + s.layout.projection() + "\nFROM " + quoteTable(s.layout.table) + st.clause() +
			s.layout.ordered(s.newest(), bound),
		Args: st.args,
	}
	if s.layout.lazy && limit > 0 {
		q.hints = map[string]string{lazySetting: "10001"}
	}
	return q
}

// where adds all conditions of the question within the window; the result is the WITH clause.
func (s *logScan) where(st *statement, w base.Window) string {
	with := s.match.apply(st, s.layout.resourceTable, quote(s.layout.fingerprint), quote(s.layout.resources))
	s.layout.bound(st, w)
	if s.after != nil {
		s.layout.beyond(st, *s.after, s.newest())
	}
	_ = s.layout.filter(st, s.query) // it was checked when the scan was made
	return with
}

// take gathers up to n records from the position that the scan has come to, and says whether there are more.
func (s *logScan) take(ctx context.Context, n int) (found []logs.Record, more bool, err error) {
	if s.match.how == matchNothing {
		base.AddStats(ctx, base.Stats{Covered: s.query.Window})
		return nil, false, nil
	}
	for _, w := range sliced(s.window, s.newest()) {
		got, cut, err := readList[logRow](ctx, s.client, s.op, s.sql(w, n-len(found)+1))
		if err != nil {
			return found, false, err
		}
		for i := range got {
			if len(found) == n {
				base.AddStats(ctx, base.Stats{Covered: s.covered()})
				return found, true, nil
			}
			found = append(found, got[i].record())
			s.after = &position{Nanos: int64(got[i].Nanos), ID: got[i].ID}
		}
		if cut {
			base.AddStats(ctx, base.Stats{Covered: s.covered()})
			return found, true, nil
		}
		base.AddStats(ctx, base.Stats{Covered: w})
	}
	base.AddStats(ctx, base.Stats{Covered: s.query.Window})
	return found, false, nil
}

// covered is the part of the window that lies before the position.
func (s *logScan) covered() base.Window {
	w := s.query.Window
	at := time.Unix(0, s.after.Nanos).UTC()
	if s.newest() {
		w.From = at
	} else {
		w.To = at
	}
	return w
}

// stream hands out records as they arrive, from one query over the whole window.
func (s *logScan) stream(ctx context.Context, limit int, yield func(logs.Record, error) bool) {
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
		yield(logs.Record{}, err)
		return
	}
	seen, more := 0, false
	for row, failed := range rows.ToStruct[logRow](answer) {
		if err = failed; err != nil {
			break
		}
		if more = limit > 0 && seen == limit; more {
			break
		}
		seen++
		s.after = &position{Nanos: int64(row.Nanos), ID: row.ID}
		if !yield(row.record(), nil) {
			return
		}
	}
	if err == nil && !more {
		base.AddStats(ctx, base.Stats{Covered: s.query.Window})
	}
	if err = s.incomplete(seen, more, err); err != nil {
		yield(logs.Record{}, err)
	}
}

// incomplete is the error that a list ends with, nil when it is whole.
func (s *logScan) incomplete(seen int, more bool, err error) error {
	return incomplete(s.client.Name(), s.op.Name, seen, more, err, s.cursor)
}

// incomplete is the last yield of a list that was cut by its limit, or that failed after some items were handed out.
func incomplete(source, op string, seen int, more bool, err error, cursor func() string) error {
	var e *base.IncompleteError
	switch {
	case err != nil && seen == 0:
		return err
	case err != nil:
		if errors.As(err, &e) {
			return err
		}
		e = base.NewIncomplete(base.Partial, source, op, int64(seen), "the rest could not be read; go on from the cursor", err)
	case more:
		e = base.NewIncomplete(base.Truncated, source, op, int64(seen),
			"more match than the limit, or than max_bytes holds; narrow the window, or go on from the cursor", nil)
	default:
		return nil
	}
	if cursor != nil {
		e.Cursor = cursor()
	}
	return e
}

func (s *logScan) cursor() string { return cursorLogs.EncodePosition(s.binding, s.after) }

// remaining is what of a window lies beyond the position, its own instant included.
func remaining(w base.Window, at position, newest bool) base.Window {
	instant := time.Unix(0, at.Nanos).UTC()
	if newest && instant.Before(w.To) {
		w.To = instant.Add(1)
	}
	if !newest && instant.After(w.From) {
		w.From = instant
	}
	return w
}
