package trino

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/url"
	"reflect"
	"strconv"
	"sync"
	"time"

	trinodriver "github.com/trinodb/trino-go-client/trino"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/internal/rest"
	"github.com/fourkites/sources/internal/sqlguard"
)

var opDB = &base.Op{Name: "DB", System: base.SystemDB, AttemptTimeout: -1}

// DB is the same server for programs that speak database/sql, by trino-go-client. The caller closes it, before the
// client. Each statement passes through the client's guard and holds a permit until its rows are closed; only statements
// that read are run; a statement that is left is stopped at the server. For much data [Client.Query] is many times as
// fast. The caps on rows and bytes are not held, that on a page is. Arguments have no names.
func (c *Client) DB() (*sql.DB, error) {
	root := *c.root
	if c.config.User != "" {
		root.User = url.User(c.config.User)
	}
	session := map[string]string{}
	maps.Copy(session, c.config.Session)
	if limit := max(0, c.config.MaxExecution.D()); limit > 0 && !c.bare.Load() {
		session["query_max_run_time"] = strconv.Itoa(int(limit.Seconds()+1)) + "s"
	}
	if limit := c.config.MaxScan; limit > 0 && !c.bare.Load() {
		session["query_max_scan_physical_bytes"] = strconv.FormatInt(limit, 10) + "B"
	}
	once, bound := 1, time.Minute
	inner, err := trinodriver.NewConnector(&trinodriver.Config{
		ServerURI: root.String(), Source: c.config.Source, Catalog: c.config.Catalog, Schema: c.config.Schema,
		ClientTags: c.config.Tags, TimeZone: c.config.TimeZone, SessionProperties: session,
		RequestRetryMaxAttempts: &once, RequestRetryTimeout: &bound, HTTPClient: &http.Client{Transport: &dbTransport{c}},
	})
	if err != nil {
		return nil, c.invalid(opDB, err)
	}
	return sql.OpenDB(&connector{c, inner}), nil
}

// connector wraps each connection of the driver.
type connector struct {
	client *Client
	inner  driver.Connector
}

// Connect makes no call.
func (k *connector) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := k.inner.Connect(ctx)
	if err != nil {
		return nil, k.client.invalid(opDB, err)
	}
	return &dbConn{Conn: conn, client: k.client}, nil
}

// Driver is that of trino-go-client.
func (k *connector) Driver() driver.Driver { return k.inner.Driver() }

type dbConn struct {
	driver.Conn
	client *Client
}

// PrepareContext makes no call.
func (k *dbConn) PrepareContext(ctx context.Context, text string) (driver.Stmt, error) {
	text = sqlguard.Unterminated(text)
	prepare, ok := k.Conn.(driver.ConnPrepareContext)
	if !ok {
		return nil, driver.ErrSkip
	}
	stmt, err := prepare.PrepareContext(ctx, text)
	return &dbStmt{Stmt: stmt, client: k.client, sql: text}, err
}

// BeginTx refuses: every statement stands on its own.
func (k *dbConn) BeginTx(context.Context, driver.TxOptions) (driver.Tx, error) {
	return nil, k.client.reading.Refusal(opDB, &sqlguard.WriteError{Why: "transactions are not run; each statement stands on its own"})
}

// Ping is that of the client.
func (k *dbConn) Ping(ctx context.Context) error { return k.client.Ping(ctx) }

// ResetSession forgets what the last user of the connection set.
func (k *dbConn) ResetSession(ctx context.Context) error {
	if r, ok := k.Conn.(driver.SessionResetter); ok {
		return r.ResetSession(ctx)
	}
	return nil
}

type dbStmt struct {
	driver.Stmt
	client *Client
	sql    string
}

// CheckNamedValue is the driver's, but for names: the driver would send the value as a header of that name.
func (s *dbStmt) CheckNamedValue(v *driver.NamedValue) error {
	if v.Name != "" {
		return s.client.invalid(opDB, errors.New("args: one has a name, and Trino's parameters have none; write ? and give the value itself"))
	}
	if checker, ok := s.Stmt.(driver.NamedValueChecker); ok {
		return checker.CheckNamedValue(v)
	}
	return driver.ErrSkip
}

// ExecContext runs the statement and throws its rows away.
func (s *dbStmt) ExecContext(ctx context.Context, args []driver.NamedValue) (driver.Result, error) {
	r, err := s.QueryContext(ctx, args)
	if err != nil {
		return nil, err
	}
	defer func() { _ = r.Close() }()
	values := make([]driver.Value, len(r.Columns()))
	for {
		switch err := r.Next(values); {
		case errors.Is(err, io.EOF):
			return driver.ResultNoRows, nil
		case err != nil:
			return nil, err
		}
	}
}

// QueryContext runs the statement through the guard.
func (s *dbStmt) QueryContext(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	run, ok := s.Stmt.(driver.StmtQueryContext)
	if !ok {
		return nil, driver.ErrSkip
	}
	q := Query{SQL: s.sql}
	for _, a := range args {
		q.Args = append(q.Args, a.Value)
	}
	if err := s.client.checkReading(ctx, opDB, q); err != nil {
		return nil, err
	}
	known := &dbQuery{}
	inner, hold, err := base.Open(ctx, s.client.guard, opDB, func(ctx context.Context) (driver.Rows, error) {
		r, err := run.QueryContext(context.WithValue(ctx, dbKey{}, known), args)
		if err == nil && len(r.Columns()) == 0 {
			err = errors.Join(r.Next(nil), errors.New("the statement ended without columns"))
		}
		return r, driverError(err)
	})
	if err != nil {
		s.client.abandon(known)
		return nil, err
	}
	r := &dbRows{Rows: inner, client: s.client, hold: hold, known: known}
	r.watch(ctx)
	s.client.in(r)
	return r, nil
}

// abandon stops a query that nobody reads any more.
func (c *Client) abandon(q *dbQuery) {
	if path := q.path(); path != "" {
		c.stop(path)
	}
}

// dbRows are the driver's rows with the hold of their call.
type dbRows struct {
	driver.Rows
	client *Client
	hold   *base.Hold
	known  *dbQuery

	mu      sync.Mutex
	unwatch func() bool
	over    bool
	err     error // how it ended; nil where it was read to its end or left
}

func (r *dbRows) watch(ctx context.Context) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.unwatch = context.AfterFunc(ctx, func() { r.finish(context.Cause(ctx), false) })
}

// cut is the end that Close brings.
func (r *dbRows) cut() { r.finish(errClosed, false) }

// finish ends the call once: the context first, for the driver's Close waits for the next page without that.
func (r *dbRows) finish(err error, whole bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.over {
		return
	}
	r.over = true
	r.unwatch()
	r.err = r.hold.End(err)
	if !whole {
		r.client.abandon(r.known)
	}
	r.client.out(r)
}

// ended is how the call ended, if it has.
func (r *dbRows) ended() (err error, over bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.err, r.over
}

// Next is the next row. After the call has ended there is none, though the driver may have some left.
func (r *dbRows) Next(dest []driver.Value) error {
	if err, over := r.ended(); over && err != nil {
		return err
	}
	err := r.Rows.Next(dest)
	if err == nil {
		return nil
	}
	whole := errors.Is(err, io.EOF)
	if whole {
		r.finish(nil, true)
	} else {
		r.finish(forgotten(driverError(err)), false)
	}
	if typed, _ := r.ended(); typed != nil {
		return typed
	}
	return err
}

// Close stops the query, if it is not over.
func (r *dbRows) Close() error {
	r.finish(nil, false)
	_ = r.Rows.Close() // its context has ended, so it asks for nothing more
	return nil
}

// ColumnTypeDatabaseTypeName is the driver's.
func (r *dbRows) ColumnTypeDatabaseTypeName(i int) string {
	if t, ok := r.Rows.(driver.RowsColumnTypeDatabaseTypeName); ok {
		return t.ColumnTypeDatabaseTypeName(i)
	}
	return ""
}

// ColumnTypeScanType is the driver's.
func (r *dbRows) ColumnTypeScanType(i int) reflect.Type {
	if t, ok := r.Rows.(driver.RowsColumnTypeScanType); ok {
		return t.ColumnTypeScanType(i)
	}
	return reflect.TypeFor[any]()
}

// driverError gives the driver's errors the form of our own.
func driverError(err error) error {
	if e, ok := errors.AsType[*base.Error](err); ok {
		return e
	}
	if e, ok := errors.AsType[*trinodriver.ErrTrino](err); ok {
		return &ServerError{Code: e.ErrorCode, Name: e.ErrorName, Type: e.ErrorType, Message: e.Message}
	}
	e, ok := errors.AsType[*trinodriver.ErrQueryFailed](err)
	if !ok || e.StatusCode < http.StatusMultipleChoices {
		return err
	}
	typed := refused(rest.Response{Status: e.StatusCode, Header: http.Header{}})
	if typed == nil {
		typed = base.NewError(base.KindUnavailable, err)
		if e.StatusCode < http.StatusInternalServerError && e.StatusCode != http.StatusTooManyRequests {
			typed = base.NewError(base.KindInvalid, err)
		}
	}
	typed.Sent, typed.Code = base.Answered, strconv.Itoa(e.StatusCode)
	return typed
}
