package graph

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/neo4j/neo4j-go-driver/v5/neo4j"

	"github.com/fourkites/sources/base"
)

// transaction is one transaction and the session that is there for it alone.
type transaction struct {
	neo4j.ExplicitTransaction
	client  *Client
	pool    *pool
	session neo4j.SessionWithContext
	entry   *entry
	id      string
}

// begin begins a transaction at a server for this access. An error says that nothing was sent beside the login.
func (c *Client) begin(ctx context.Context, a *ask, mode neo4j.AccessMode) (*transaction, error) {
	e := &entry{id: c.ids.next()}
	p := c.drivers.enter()
	t := &transaction{client: c, pool: p, entry: e, id: e.id, session: p.driver.NewSession(ctx, neo4j.SessionConfig{
		AccessMode: mode, DatabaseName: c.config.Database,
	})}
	c.dialer.links.expect(e)
	known := false
	defer func() {
		if !known { // a dialer or a source of secrets of the caller's panicked: the driver is asked nothing more of this session
			c.dialer.links.forget(e)
			c.gate.leave(e, false)
			p.sessions.leave()
		}
	}()
	err := e.shield(func() (err error) {
		t.ExplicitTransaction, err = t.session.BeginTransaction(context.WithValue(ctx, entryKey{}, e), neo4j.WithTxTimeout(a.limit()),
			neo4j.WithTxMetadata(map[string]any{"app": c.Name(), "op": a.op.Name, "call": e.id}))
		return err
	})
	known = true
	c.dialer.links.forget(e)
	c.gate.leave(e, err == nil)
	if err != nil {
		t.end(0)
		return nil, c.beginError(ctx, e, err)
	}
	return t, nil
}

// beginError is why there is no transaction: the end of the context goes first, then what the dialer knows, then what
// the driver says.
func (c *Client) beginError(ctx context.Context, e *entry, err error) error {
	all := &callError{unsent: true}
	refused, _ := errors.AsType[*base.Error](classify(c.fromDriver(err)))
	switch cause := context.Cause(ctx); {
	case cause != nil:
		all.err = fmt.Errorf("%s: %w", c.dialer.address, cause)
	case c.dialer.links.ctx.Err() != nil:
		all.err = errEnded
	case e.failed != nil && (refused == nil || refused.Sent != base.Answered):
		all.err = e.failed
	default:
		all.retry = neo4j.IsRetryable(err) // asked before the error is wrapped
		all.err = fmt.Errorf("%s: %w", c.dialer.address, c.fromDriver(err))
	}
	return all
}

// reason is the error of what was asked in the transaction: the end of the context goes first, for the driver's errors do
// not tell of it. undone says that nothing of what was asked stays.
func (t *transaction) reason(ctx context.Context, err error, undone bool) error {
	e := &callError{id: t.id, undone: undone}
	_, writing := errors.AsType[*writeError](err)
	_, unknown := errors.AsType[*unknownNameError](err)
	switch cause := context.Cause(ctx); {
	case writing, unknown:
		e.err = err
	case cause != nil:
		e.err = cause
	case t.refused() != nil:
		e.err = t.refused()
	case t.silent():
		e.err = &silenceError{t.client.guard.Limits().Idle.D()}
	case t.client.dialer.links.ctx.Err() != nil:
		e.err = errEnded
	default:
		e.retry = neo4j.IsRetryable(err) // asked before the error is wrapped
		e.err = t.client.fromDriver(err)
	}
	return e
}

// quiet is the context that the driver reads with. Where the connection is known it never ends, for the connection is cut
// instead: the driver would start a goroutine for each read that may end early.
func (t *transaction) quiet(ctx context.Context) context.Context {
	if t.entry.link.Load() == nil {
		return ctx
	}
	return context.WithoutCancel(ctx)
}

// watch bounds the silence of the server while the transaction is read; zero ends that.
func (t *transaction) watch(idle time.Duration) {
	if l := t.entry.link.Load(); l != nil {
		l.bound(idle)
	}
}

func (t *transaction) silent() bool {
	l := t.entry.link.Load()
	return l != nil && l.silent.Load()
}

// refused is what the server sent and may not.
func (t *transaction) refused() error {
	if l := t.entry.link.Load(); l != nil {
		return l.refusal()
	}
	return nil
}

func (t *transaction) cut() { t.entry.cut() }

// end rolls back what is not committed and closes the session. The caller's context may have ended, and a session must
// be closed all the same; a server that does not answer in time is cut.
func (t *transaction) end(wait time.Duration) {
	defer t.pool.sessions.leave()
	ctx, cancel := context.WithTimeout(context.Background(), max(wait, time.Millisecond))
	defer cancel()
	t.watch(0)
	stop := context.AfterFunc(ctx, t.cut)
	if t.ExplicitTransaction != nil {
		_ = t.Rollback(t.quiet(ctx))
	}
	_ = t.session.Close(t.quiet(ctx))
	stop()
}
