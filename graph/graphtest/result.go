package graphtest

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/fourkites/sources/base/fault"
	"github.com/fourkites/sources/internal/wire"
)

// result is the answer to one RUN, from which PULL takes records.
type result struct {
	conn   *conn
	tx     *transaction
	entry  *entry
	fault  fault.Fault
	struck bool

	fields  []string
	records [][]any
	kind    string // r, rw, w, s
	plan    map[string]any
	stats   map[string]any
	repeat  int // more times; negative = without end
	pause   time.Duration
	err     *ServerError // in place of the end

	at, sent int
}

// run answers RUN: the fields come at once, the records on PULL.
func (c *conn) run(m *structure) error {
	t := c.tx
	if t == nil {
		var err error
		if t, err = c.newTransaction(field[map[string]any](m, 2), true); err != nil {
			return err
		}
		c.tx = t
	}
	if t.implicit && len(t.results) > 0 || t.broken {
		return failure(CodeInvalidRequest, "RUN cannot be handled while an answer is being read.")
	}
	s := readStatement(field[string](m, 0))
	r := &result{conn: c, tx: t, kind: s.kind}
	t.last++
	t.results[t.last] = r
	t.server.setStatement(t, s.text)
	r.entry = t.server.ledger.begin(t.request(s, field[map[string]any](m, 1)))
	if !s.explain {
		r.fault, _ = t.server.plan.NextAt(fault.OnRequest)
	}
	if err := r.open(s, field[map[string]any](m, 1)); err != nil {
		return r.failed(err)
	}
	metadata := map[string]any{"fields": r.fields, "t_first": int64(1)}
	if !t.implicit {
		metadata["qid"] = t.last
	}
	return c.success(metadata)
}

func (s *Server) setStatement(t *transaction, text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t.statement = text
}

func (t *transaction) request(s statement, params map[string]any) Request {
	return Request{
		Cypher: s.text, Explain: s.explain, Params: params, User: t.user, Database: t.database, Connection: t.conn.id,
		Transaction: t.id, Implicit: t.implicit, Reading: t.reading, Timeout: t.timeout, Metadata: t.metadata, Received: time.Now(),
	}
}

// open finds the answer.
func (r *result) open(s statement, params map[string]any) error {
	ctx, done := r.conn.work(r.tx.ctx)
	defer done()
	if err := r.tx.over(); err != nil {
		return err
	}
	if r.conn.server.expired(r.tx.user) {
		return failure(CodeCredentialsExpired, "Permission denied. The credentials you provided were valid, but must be changed before you can use this instance.")
	}
	if err := r.failBefore(ctx); err != nil {
		return err
	}
	reply, scripted := r.scripted(s)
	if scripted {
		r.kind = cmp.Or(reply.Type, s.kind)
	}
	if r.tx.reading && (r.kind == "w" || r.kind == "rw" || s.refused()) && !s.explain {
		return errAccessMode()
	}
	if scripted {
		return r.take(ctx, reply, s.explain)
	}
	if err := r.tx.execute(ctx, s, params, r); err != nil {
		return err
	}
	if s.explain {
		r.records, r.plan = nil, s.plan(r.fields)
	}
	return nil
}

func errAccessMode() *ServerError {
	e := failure(CodeAccessMode, "Writing in read access mode not allowed.")
	e.Status = "08N06"
	return e
}

func (r *result) scripted(s statement) (*Reply, bool) {
	script := &r.conn.server.script
	if s.explain {
		return script.Peek(r.entry.request)
	}
	return script.Next(r.entry.request)
}

func (r *result) take(ctx context.Context, reply *Reply, explain bool) error {
	r.fields = orNone(reply.Fields)
	if explain {
		r.plan = map[string]any{"operatorType": "ProduceResults@neo4j", "identifiers": r.fields, "args": map[string]any{}, "children": []any{}}
		return nil
	}
	if err := r.conn.wait(ctx, reply.Delay); err != nil {
		return err
	}
	if reply.Err != nil && len(reply.Fields) == 0 {
		return reply.Err
	}
	r.records, r.pause, r.err, r.stats = reply.Records, reply.Pause, reply.Err, reply.Stats
	if r.repeat = reply.Repeat; r.repeat > 0 {
		r.repeat--
	}
	return nil
}

func orNone(fields []string) []string {
	if fields == nil {
		return []string{}
	}
	return fields
}

// wait is silent for so long, unless the server has promised to be heard more often.
func (c *conn) wait(ctx context.Context, d time.Duration) error {
	if d > 0 && c.flush() != nil {
		return errCut
	}
	for d > 0 {
		step := d
		if c.silence > 0 {
			step = min(d, c.silence/2)
		}
		if err := wire.Pause(ctx, step); err != nil {
			return err
		}
		if d -= step; d > 0 {
			if err := c.keepAlive(); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c *conn) keepAlive() error {
	if _, err := c.out.Write([]byte{0, 0}); err != nil {
		return err
	}
	return c.flush()
}

// failed ends the result for this reason and says what to tell the client.
func (r *result) failed(err error) error {
	e, ok := errors.AsType[*ServerError](err)
	if !ok {
		if e, ok = errors.AsType[*ServerError](context.Cause(r.tx.ctx)); ok && r.conn.ctx.Err() == nil {
			err = e
		}
	}
	if ok {
		r.finish(e.Code, false)
		return err
	}
	r.finish("", true)
	if r.conn.ctx.Err() == nil && r.conn.interrupted() {
		r.conn.failed = true
		return r.conn.send(tagIgnored)
	}
	return errCut
}

func (r *result) finish(code string, cancelled bool) {
	r.conn.server.ledger.finish(r.entry, code, cancelled, r.sent)
	r.conn.wire.Shape(fault.Fault{})
}

// more reports whether there is another record, and goes to the beginning again where they are sent several times.
func (r *result) more() bool {
	if r.at >= len(r.records) && r.repeat != 0 && len(r.records) > 0 {
		r.at = 0
		if r.repeat > 0 {
			r.repeat--
		}
	}
	return r.at < len(r.records)
}

// pull answers PULL and DISCARD: so many records, or all that are left.
func (c *conn) pull(m *structure) error {
	extra := field[map[string]any](m, 0)
	r, number := c.result(extra)
	if r == nil {
		return failure(CodeInvalidRequest, "PULL and DISCARD need an answer that is being read.")
	}
	n, ok := extra["n"].(int64)
	if !ok || n == 0 || n < -1 {
		return failure(CodeInvalidRequest, "PULL and DISCARD need n above zero, or -1.")
	}
	ctx, done := c.work(r.tx.ctx)
	defer done()
	if err := r.tx.over(); err != nil {
		return r.failed(err)
	}
	if m.tag == tagDiscard {
		r.discard(n)
	} else if err := r.send(ctx, n); err != nil {
		return r.failed(err)
	}
	if r.more() {
		return c.success(map[string]any{"has_more": true})
	}
	if err := r.failEnd(); err != nil {
		return r.failed(err)
	}
	if r.err != nil {
		return r.failed(r.err)
	}
	return r.end(number)
}

// result is the one that a message names, or the last.
func (c *conn) result(extra map[string]any) (*result, int64) {
	if c.tx == nil {
		return nil, 0
	}
	number, ok := extra["qid"].(int64)
	if !ok || number < 0 {
		number = c.tx.last
	}
	return c.tx.results[number], number
}

func (r *result) discard(n int64) {
	if n < 0 {
		r.at, r.repeat = len(r.records), 0
		return
	}
	for ; n > 0 && r.more(); n-- {
		r.at++
	}
}

// send sends so many records.
func (r *result) send(ctx context.Context, n int64) error {
	for ; n != 0 && r.more(); n-- {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if r.pause > 0 {
			if err := r.conn.wait(ctx, r.pause); err != nil {
				return err
			}
		}
		done, err := r.failRecord(ctx, r.records[r.at])
		if err != nil {
			return err
		}
		if !done {
			if err := r.record(r.records[r.at]); err != nil {
				return err
			}
		}
		r.at++
	}
	return nil
}

func (r *result) record(values []any) error {
	r.sent++
	return r.conn.send(tagRecord, values)
}

// end sends the summary. Outside of BEGIN and COMMIT what was written takes effect now.
func (r *result) end(number int64) error {
	t := r.tx
	metadata := map[string]any{"type": r.kind, "t_last": int64(1), "db": t.database}
	if len(r.stats) > 0 {
		metadata["stats"] = r.stats
	}
	if r.plan != nil {
		metadata["plan"] = r.plan
	}
	r.finish("", false)
	delete(t.results, number)
	if t.implicit {
		metadata["bookmark"] = "FB:" + t.id
		t.server.store.commit(t)
		r.conn.endTransaction()
	}
	return r.conn.success(metadata)
}
