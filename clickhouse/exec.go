package clickhouse

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/ClickHouse/ch-go/proto"
	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/fourkites/sources/base"
)

// Statement is one statement that changes something.
type Statement struct {
	SQL      string            // sent as it is
	Args     map[string]any    // values of {name:Type}, as in Query
	Settings map[string]string // of the server
	Timeout  time.Duration     // 0 = what the context and limits.timeout say
}

var (
	opExec   = &base.Op{Name: "Exec", System: base.SystemDB, Safety: base.Unsafe}
	opInsert = &base.Op{Name: "Insert", System: base.SystemDB, Safety: base.Unsafe}
)

// writer is clickhouse-go behind our dialer, made at the first write and anew when the password has changed.
type writer struct {
	client *Client

	mu      sync.Mutex
	conn    driver.Conn
	version string
	closed  bool
}

// Exec runs a statement that changes something. It is refused with base.ErrPermission unless Config.AllowWrites. It is
// retried only when nothing was sent; when the answer was lost the error is base.ErrOutcomeUnknown.
func (c *Client) Exec(ctx context.Context, s Statement) error {
	if err := c.mayWrite(opExec); err != nil {
		return err
	}
	word, err := keyword(s.SQL)
	if err != nil {
		return base.Invalid(c.Name(), opExec.Name, "%s", err.Error())
	}
	if slices.Contains(session, word) {
		return base.Invalid(c.Name(), opExec.Name, "sql: %s changes only the connection, and the next call may have another; use settings", word)
	}
	params, err := c.check(opExec, Query{SQL: s.SQL, Args: s.Args, Settings: s.Settings, Timeout: s.Timeout})
	if err != nil {
		return err
	}
	return c.write(ctx, opExec, s.Timeout, func(ctx context.Context, conn driver.Conn) error {
		return conn.Exec(c.writing(ctx, opExec, s.Settings, params), s.SQL)
	})
}

// Insert writes rows, each with a value per column, in one block. It is refused with base.ErrPermission unless
// Config.AllowWrites. The table is a name or database.name.
func (c *Client) Insert(ctx context.Context, table string, columns []string, values [][]any) error {
	if err := c.mayWrite(opInsert); err != nil {
		return err
	}
	sql, err := insertSQL(table, columns)
	if err != nil {
		return base.Invalid(c.Name(), opInsert.Name, "%s", err.Error())
	}
	for i, row := range values {
		if len(row) != len(columns) {
			return base.Invalid(c.Name(), opInsert.Name, "values[%d]: %d values for %d columns", i, len(row), len(columns))
		}
	}
	if len(values) == 0 {
		return nil
	}
	return c.write(ctx, opInsert, 0, func(ctx context.Context, conn driver.Conn) error {
		return sendBatch(c.writing(ctx, opInsert, nil, nil), conn, sql, values)
	})
}

func sendBatch(ctx context.Context, conn driver.Conn, sql string, values [][]any) error {
	batch, err := conn.PrepareBatch(ctx, sql)
	if err != nil {
		return err
	}
	defer func() { _ = batch.Close() }()
	for i, row := range values {
		if err := batch.Append(row...); err != nil {
			e := base.NewError(base.KindInvalid, err).WithText(fmt.Sprintf("values[%d]: %v", i, err))
			e.Sent = base.NotSent
			return e
		}
	}
	return batch.Send()
}

func insertSQL(table string, columns []string) (string, error) {
	if len(columns) == 0 {
		return "", errors.New("columns: none")
	}
	name := make([]string, 0, 2)
	for part := range strings.SplitSeq(table, ".") {
		if part == "" {
			return "", fmt.Errorf("table: %.60q is not a name or database.name", table)
		}
		name = append(name, quoteName(part))
	}
	quoted := make([]string, len(columns))
	for i, c := range columns {
		if c == "" {
			return "", fmt.Errorf("columns[%d]: empty", i)
		}
		quoted[i] = quoteName(c)
	}
	return "INSERT INTO " + strings.Join(name, ".") + " (" + strings.Join(quoted, ", ") + ")", nil
}

// quoteName makes any text a name.
func quoteName(name string) string {
	return "`" + strings.NewReplacer(`\`, `\\`, "`", "\\`").Replace(name) + "`"
}

func (c *Client) mayWrite(op *base.Op) error {
	if c.config.AllowWrites {
		return nil
	}
	e := base.NewError(base.KindPermission, nil).WithText("writes are switched off")
	e.Source, e.Op, e.Sent = c.Name(), op.Name, base.NotSent
	e.SetHint(base.HintOf("set Config.AllowWrites (allow_writes) if this program is to write"))
	return e
}

// write makes one guarded call through the driver.
func (c *Client) write(ctx context.Context, op *base.Op, timeout time.Duration, f func(context.Context, driver.Conn) error) error {
	if timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, timeout)
		defer cancel()
	}
	_, err := base.Do(ctx, c.guard, op, func(ctx context.Context) (struct{}, error) {
		if err := c.meet(ctx); err != nil {
			return struct{}{}, notSent(err)
		}
		conn, version, err := c.writer.open(ctx)
		if err != nil {
			return struct{}{}, notSent(err)
		}
		return struct{}{}, c.writeError(ctx, conn, version, f(timeless{ctx}, conn))
	})
	return err
}

// writeError makes an error of the driver one of ours; conn and the version of its password are what the write used.
func (c *Client) writeError(ctx context.Context, conn driver.Conn, version string, err error) error {
	if err == nil {
		return nil
	}
	if e, ok := errors.AsType[*clickhouse.Exception](err); ok {
		e.Message, e.StackTrace = c.credential.clean(e.Message), c.credential.clean(e.StackTrace)
		server := &ServerError{Code: int(e.Code), Name: e.Name, Message: e.Message}
		c.credential.cleanError(server)
		e.Name = server.Name
		if verdicts[server.Code].kind == base.KindUnauthenticated {
			c.writer.refused(conn, version)
		}
		return errors.Join(server, err)
	}
	if errors.Is(err, clickhouse.ErrConnectionClosed) { // the driver was closed before the write had a connection of it
		c.writer.drop(conn)
		e := base.NewError(base.KindUnavailable, err).WithText("the driver was closed, for the password was replaced")
		e.Sent = base.NotSent
		return e
	}
	if errors.Is(err, clickhouse.ErrAcquireConnTimeout) || errors.Is(err, clickhouse.ErrAcquireConnNoAddress) {
		return notSent(err)
	}
	if _, ok := errors.AsType[*dialError](err); ok {
		return notSent(err)
	}
	if cause := context.Cause(ctx); cause != nil {
		return errors.Join(cause, err)
	}
	return err
}

// timeless hides the deadline of a context, which clickhouse-go would put into max_execution_time and onto the socket,
// where it keeps the cancel from being written. Done works as before.
type timeless struct{ context.Context }

// Deadline is none.
func (timeless) Deadline() (time.Time, bool) { return time.Time{}, false }

// writing is the context of a write: its id, its settings and its values.
func (c *Client) writing(ctx context.Context, op *base.Op, settings, params map[string]string) context.Context {
	all := clickhouse.Settings{}
	if proto.FeatureSettingsSerializedAsStrings.In(int(c.revision.Load())) { // an older server does not know the setting
		all["log_comment"] = c.comment(op)
	}
	for name, value := range settings {
		all[name] = value
	}
	opts := []clickhouse.QueryOption{clickhouse.WithQueryID(newID()), clickhouse.WithSettings(all)}
	if len(params) > 0 {
		bound := clickhouse.Parameters{}
		for name, value := range maps.All(params) {
			bound[name] = unquoteParam(value)
		}
		opts = append(opts, clickhouse.WithParameters(bound))
	}
	return clickhouse.Context(ctx, opts...)
}

// unquoteParam takes off the quotes of the wire's form, which the driver adds itself.
func unquoteParam(text string) string {
	return strings.NewReplacer(`\\`, `\`, `\'`, `'`).Replace(text[1 : len(text)-1])
}

// open is the driver for the present password, with the version of that password.
func (w *writer) open(ctx context.Context) (_ driver.Conn, version string, err error) {
	shown, err := w.client.credential.get(ctx)
	if err != nil {
		return nil, "", err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case w.closed:
		return nil, "", errPoolClosed
	case w.conn != nil && w.version == shown.version:
		return w.conn, shown.version, nil
	case w.conn != nil:
		_ = w.conn.Close()
	}
	w.conn, err = clickhouse.Open(w.options(shown))
	w.version = shown.version
	return w.conn, shown.version, err
}

// maxOpen is no bound: the guard's permits say how many writes run, and may change while the driver lives.
const maxOpen = 1 << 20

func (w *writer) options(shown pass) *clickhouse.Options {
	c := w.client.config
	o := &clickhouse.Options{
		Addr:         w.client.dialer.addresses[:1], // the dialer picks the address
		Auth:         clickhouse.Auth{Database: c.Database, Username: shown.user, Password: shown.password},
		DialTimeout:  handshakeTimeout,
		ReadTimeout:  max(time.Minute, w.client.guard.Limits().Idle.D()),
		MaxOpenConns: maxOpen, MaxIdleConns: 2, ConnMaxLifetime: connLifetime,
		DialContext: func(ctx context.Context, _ string) (net.Conn, error) {
			l, err := w.client.dialer.open(ctx)
			if err != nil {
				return nil, &dialError{err}
			}
			if place, ok := ctx.Value(linkKey{}).(**link); ok {
				*place = l
			}
			return l, nil
		},
		DialStrategy: enter,
	}
	switch c.Compression {
	case "zstd":
		o.Compression = &clickhouse.Compression{Method: clickhouse.CompressionZSTD}
	case "lz4":
		o.Compression = &clickhouse.Compression{Method: clickhouse.CompressionLZ4}
	}
	return o
}

type linkKey struct{}

// enter has the driver make one connection. The driver forgets one whose login fails, open as it is, so it is closed here.
func enter(ctx context.Context, _ int, o *clickhouse.Options, dial clickhouse.Dial) (clickhouse.DialResult, error) {
	var l *link
	r, err := dial(context.WithValue(ctx, linkKey{}, &l), o.Addr[0], o)
	if err != nil && l != nil {
		_ = l.Close()
	}
	return r, err
}

// rekey goes on with the password of that version: a driver of another one is closed, and what it has under way ends with
// its call.
func (w *writer) rekey(version string) {
	w.mu.Lock()
	old := w.conn
	if w.version == version {
		old = nil
	} else {
		w.conn = nil
	}
	w.mu.Unlock()
	if old != nil {
		_ = old.Close()
	}
}

// refused says that the server rejected the password of that version, which a driver was made with. By now another may
// stand in its place, with the next password, and that one stays.
func (w *writer) refused(conn driver.Conn, version string) {
	w.drop(conn)
	w.client.credential.Refuse(version)
}

// drop closes a driver that must not be used again, unless it was replaced already.
func (w *writer) drop(conn driver.Conn) {
	w.mu.Lock()
	present := w.conn == conn
	if present {
		w.conn = nil
	}
	w.mu.Unlock()
	if present {
		_ = conn.Close()
	}
}

func (w *writer) close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.closed = true
	if w.conn == nil {
		return nil
	}
	err := w.conn.Close()
	w.conn = nil
	return err
}
