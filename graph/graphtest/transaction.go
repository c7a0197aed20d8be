package graphtest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/fourkites/sources/base/fault"
	"github.com/fourkites/sources/internal/wire"
)

// transaction is what BEGIN opens, or a RUN outside of one.
type transaction struct {
	server    *Server
	id        string
	conn      *conn
	user      string
	database  string
	implicit  bool
	reading   bool // access mode
	metadata  map[string]any
	began     time.Time
	timeout   time.Duration
	statement string // the last

	ctx    context.Context // ends with a cause when it is terminated or out of time
	cancel context.CancelCauseFunc
	timer  *time.Timer

	graph   *state // its own copy, once it has written
	results map[int64]*result
	last    int64 // number of the last result
	broken  bool  // a statement failed
}

// Transaction is one open transaction, as SHOW TRANSACTIONS tells it.
type Transaction struct {
	ID        string // neo4j-transaction-7
	User      string
	Statement string // the last one; empty before the first
	Reading   bool
	Metadata  map[string]any
	Timeout   time.Duration
	Elapsed   time.Duration
}

// Transactions are the open ones, oldest first.
func (s *Server) Transactions() []Transaction {
	s.mu.Lock()
	defer s.mu.Unlock()
	var open []Transaction
	for _, t := range s.sorted() {
		open = append(open, Transaction{
			ID: t.id, User: t.user, Statement: t.statement, Reading: t.reading, Metadata: t.metadata, Timeout: t.timeout,
			Elapsed: time.Since(t.began),
		})
	}
	return open
}

func (s *Server) sorted() []*transaction {
	all := make([]*transaction, 0, len(s.transactions))
	for t := range s.transactions {
		all = append(all, t)
	}
	slices.SortFunc(all, func(a, b *transaction) int {
		return cmp.Or(cmp.Compare(len(a.id), len(b.id)), cmp.Compare(a.id, b.id))
	})
	return all
}

// Terminate ends a transaction as TERMINATE TRANSACTION does: what runs in it fails, and what is idle at its next
// statement. False if none of that id is open.
func (s *Server) Terminate(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for t := range s.transactions {
		if t.id == id {
			t.cancel(failure(CodeTerminated, "The transaction has been terminated. Retry your operation in a new transaction, and you should see a successful result. Explicitly terminated by the user. "))
			return true
		}
	}
	return false
}

func (c *conn) newTransaction(extra map[string]any, implicit bool) (*transaction, error) {
	s := c.server
	database, _ := extra["db"].(string)
	if database == "" {
		database = DefaultDatabase
	}
	if database != DefaultDatabase && database != "system" {
		return nil, failure(CodeDatabaseNotFound, "Graph not found: %s", database)
	}
	t := &transaction{
		server: s, conn: c, user: c.user, database: database, implicit: implicit, reading: extra["mode"] == "r",
		began: time.Now(), results: map[int64]*result{}, last: -1,
	}
	t.metadata, _ = extra["tx_metadata"].(map[string]any)
	t.ctx, t.cancel = context.WithCancelCause(c.ctx)
	s.mu.Lock()
	defer s.mu.Unlock()
	t.timeout = s.timeout
	if ms, ok := extra["tx_timeout"].(int64); ok && ms > 0 {
		t.timeout = time.Duration(ms) * time.Millisecond
	}
	if t.timeout > 0 {
		t.timer = time.AfterFunc(t.timeout, func() {
			t.cancel(failure(CodeTimedOut, "The transaction has been terminated. Retry your operation in a new transaction, and you should see a successful result. The transaction has not completed within the timeout specified at its start by the client. You may want to retry with a longer timeout. "))
		})
	}
	s.numbered++
	t.id = "neo4j-transaction-" + strconv.Itoa(s.numbered)
	s.transactions[t] = struct{}{}
	return t, nil
}

// end takes the transaction off the books, whatever became of it.
func (t *transaction) end() {
	t.fail()
	if t.timer != nil {
		t.timer.Stop()
	}
	t.cancel(context.Canceled)
	t.server.mu.Lock()
	delete(t.server.transactions, t)
	t.server.mu.Unlock()
	t.server.store.leave(t)
}

// fail ends the results that are open: nothing more is read from them.
func (t *transaction) fail() {
	t.broken = true
	for number, r := range t.results {
		r.finish("", true)
		delete(t.results, number)
	}
}

// over is why the transaction cannot go on; nil if it can.
func (t *transaction) over() error {
	if e, ok := errors.AsType[*ServerError](context.Cause(t.ctx)); ok {
		return e
	}
	return context.Cause(t.ctx)
}

func (c *conn) endTransaction() {
	if c.tx != nil {
		c.tx.end()
		c.tx = nil
	}
}

func (c *conn) begin(m *structure) error {
	if c.tx != nil {
		return failure(CodeInvalidRequest, "BEGIN cannot be handled within a transaction.")
	}
	t, err := c.newTransaction(field[map[string]any](m, 0), false)
	if err != nil {
		return err
	}
	c.tx = t
	return c.success(nil)
}

func (c *conn) commit() error {
	t := c.tx
	if t == nil || t.implicit {
		return failure(CodeInvalidRequest, "COMMIT cannot be handled outside of a transaction.")
	}
	if err := t.over(); err != nil {
		return err
	}
	f, struck := c.server.commits.Next()
	if struck && f.Kind == fault.KindError {
		return errorOf(f)
	}
	t.server.store.commit(t)
	c.endTransaction()
	if struck {
		if err := c.failCommit(f); err != nil {
			return err
		}
	}
	return c.success(map[string]any{"bookmark": fmt.Sprintf("FB:%s", t.id), "db": t.database})
}

// failCommit acts out what strikes after the transaction has taken effect.
func (c *conn) failCommit(f fault.Fault) error {
	switch f.Kind {
	case fault.KindDelay:
		return wire.Pause(c.ctx, f.Delay)
	case fault.KindSilent, fault.KindIgnoreCancel:
		<-c.ctx.Done()
	case fault.KindGarbage:
		_ = c.flush()
		_ = c.wire.Send(garbage)
	case fault.KindCut, fault.KindCutMidBody:
	case fault.KindStatus, fault.KindWrongPassword:
		return errorOf(f)
	default:
		wire.Reset(c.raw)
	}
	return errCut
}

func (c *conn) rollback() error {
	if c.tx == nil || c.tx.implicit {
		return failure(CodeInvalidRequest, "ROLLBACK cannot be handled outside of a transaction.")
	}
	c.endTransaction()
	return c.success(nil)
}
