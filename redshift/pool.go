package redshift

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgconn/ctxwatch"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/fourkites/sources/base"
)

const (
	connLifetime = 24 * time.Minute // and up to connJitter more
	connJitter   = 6 * time.Minute
	connIdle     = 5 * time.Minute
	pingAfter    = 10 * time.Second // of idling; what closed the connection meanwhile is seen without a ping
	pingTimeout  = 5 * time.Second

	// cancelGrace is how long a server may take to obey a request to cancel before the connection is given up.
	cancelGrace = 2 * time.Second
	// maxMessage bounds one message of the server: a row is far smaller, SUPER values included.
	maxMessage = 64 << 20
)

var errPoolClosed = errors.New("redshift: the client was closed")

// spareConns are connections beyond those of answers, for the requests that stop a statement.
const spareConns = 2

// mostConns is how many connections there may be. One of an answer that was given up stays in use for some seconds
// longer than the answer has its permit, until the server lets go; so there may be twice as many as permits, and no more
// whatever becomes of the server.
func mostConns(l base.Limits) int32 {
	if l.Concurrency <= 0 || l.Concurrency >= math.MaxInt16/2 {
		return math.MaxInt16
	}
	return int32(2*l.Concurrency + spareConns)
}

// acquire takes a connection, and waits for one while all are in use.
func (c *Client) acquire(ctx context.Context) (*pgxpool.Conn, error) {
	for {
		p := c.pool.Load()
		k, err := p.Acquire(ctx)
		if err == nil {
			return k, nil
		}
		if ctx.Err() == nil && c.pool.Load() != p { // the limits changed meanwhile
			continue
		}
		if s := p.Stat(); errors.Is(ctx.Err(), context.DeadlineExceeded) && s.AcquiredConns() >= s.MaxConns() {
			return nil, &fullError{s.MaxConns(), context.Cause(ctx)}
		}
		return nil, err
	}
}

// resize exchanges the pool for one of the present limits. Answers keep the connections that they have.
func (c *Client) resize() error {
	c.resizing.Lock()
	defer c.resizing.Unlock()
	old := c.pool.Load()
	if c.ending.Load() || old.Stat().MaxConns() == mostConns(c.guard.Limits()) {
		return nil
	}
	pool, err := c.newPool()
	if err != nil {
		return err
	}
	c.pool.Store(pool)
	c.background.Go(old.Close) // it ends with the last answer, which Close ends
	return nil
}

// newPool makes a pool for the present limits. It connects to nothing.
func (c *Client) newPool() (*pgxpool.Pool, error) {
	pc, err := poolConfig(c.config)
	if err != nil {
		return nil, err
	}
	limits := c.guard.Limits()
	pc.MaxConns = mostConns(limits)
	c.dialer.bound(limits.Concurrency)
	cc := pc.ConnConfig
	cc.DialFunc = c.dialer.connect // see authenticate
	cc.BuildContextWatcherHandler = func(k *pgconn.PgConn) ctxwatch.Handler {
		return &pgconn.CancelRequestContextWatcherHandler{Conn: k, DeadlineDelay: cancelGrace}
	}
	pc.BeforeConnect = c.authenticate
	pc.AfterConnect = c.prepare
	pc.PrepareConn = func(_ context.Context, k *pgx.Conn) (bool, error) {
		l, ok := k.PgConn().Conn().(*link)
		return !c.outdated(k) && (!ok || !l.gone(l.watch.private)), nil
	}
	pc.ShouldPing = func(_ context.Context, p pgxpool.ShouldPingParams) bool { return p.IdleDuration > pingAfter }
	return pgxpool.NewWithConfig(context.Background(), pc)
}

// poolConfig is the driver's configuration, made from a text without a password and cleaned of what the driver takes
// from the process's environment and home.
func poolConfig(c Config) (*pgxpool.Config, error) {
	var text strings.Builder
	for _, s := range []struct{ key, value string }{
		{"host", c.Host},
		{"port", strconv.Itoa(c.Port)},
		{"user", "nobody"},
		{"dbname", c.Database},
		{"sslmode", "disable"},
		{"sslcertmode", "disable"},
		{"sslnegotiation", "postgres"},
		{"target_session_attrs", "any"},
		{"connect_timeout", "10"},
		{"passfile", "-"},
		{"min_protocol_version", "3.0"},
		{"max_protocol_version", "3.0"},
		{"channel_binding", "disable"},
		{"require_auth", ""},
		{"sslrootcert", ""},
		{"sslcert", ""},
		{"sslkey", ""},
		{"sslpassword", ""},
		{"sslsni", ""},
	} {
		text.WriteString(setting(s.key, s.value))
	}
	pc, err := parseDriver(text.String())
	if err != nil {
		return nil, fmt.Errorf("the driver refuses the settings: %w", err)
	}
	cc := pc.ConnConfig
	cc.Host, cc.Port, cc.Database = c.Host, uint16(c.Port), c.Database //nolint:gosec // Validate bounds the port
	cc.User, cc.Password, cc.TLSConfig, cc.Fallbacks = "", "", nil, nil
	cc.ConnectTimeout = connectTimeout
	cc.RequireAuth = ""
	// Redshift refuses parameters that it does not know.
	cc.RuntimeParams = map[string]string{"application_name": c.Name, "client_encoding": "UTF8"}
	cc.LookupFunc = func(_ context.Context, host string) ([]string, error) { return []string{host}, nil }
	cc.DefaultQueryExecMode = pgx.QueryExecModeExec
	cc.StatementCacheCapacity, cc.DescriptionCacheCapacity = 0, 0
	cc.MaxProtocolMessageBodyLen = maxMessage
	pc.MinConns, pc.MinIdleConns = 0, 0
	pc.MaxConnLifetime, pc.MaxConnLifetimeJitter, pc.MaxConnIdleTime = connLifetime, connJitter, connIdle
	pc.HealthCheckPeriod, pc.PingTimeout = time.Minute, pingTimeout
	return pc, nil
}

// authenticate gives a new connection the present credential; one that the server refuses is not sent again.
func (c *Client) authenticate(ctx context.Context, cc *pgx.ConnConfig) error {
	user, password, version, err := c.credential.get(ctx)
	if err != nil {
		return notSent(err)
	}
	cc.User, cc.Password = user, password
	cc.DialFunc = c.dialer.login()
	cc.AfterConnect = func(_ context.Context, k *pgconn.PgConn) error {
		k.CustomData()[versionKey] = version
		return nil
	}
	cc.OnPgError = func(_ *pgconn.PgConn, e *pgconn.PgError) bool {
		if verdictOf(e).kind == unauthenticated.kind {
			c.credential.Refuse(version)
		}
		return !strings.EqualFold(e.SeverityUnlocalized, "FATAL") && !strings.EqualFold(e.Severity, "FATAL")
	}
	return nil
}

// versionKey is where a connection keeps the version of the password that it logged in with.
const versionKey = "password"

// outdated reports whether a connection logged in with another password than the present one.
func (c *Client) outdated(k *pgx.Conn) bool {
	present := c.version.Load()
	used, ok := k.PgConn().CustomData()[versionKey].(string)
	return ok && present != nil && used != *present
}

// rekey goes on with the password of that version: idle connections of another one are closed now, those in use at the
// end of their answer.
func (c *Client) rekey(version string) {
	c.version.Store(&version)
	for _, k := range c.pool.Load().AcquireAllIdle(context.Background()) { // it drops what is outdated, see newPool
		k.Release()
	}
}

// release gives a connection back, and ends one whose password is not the present one.
func (c *Client) release(k *pgxpool.Conn) {
	if c.outdated(k.Conn()) {
		ctx, cancel := context.WithTimeout(context.Background(), cancelGrace)
		defer cancel()
		_ = k.Conn().Close(ctx)
	}
	k.Release()
}

// prepare sets what every statement of the connection relies on. Redshift's own defaults are the same; an account or a
// proxy that refuses a setting is noticed, and the client goes on without the server's bound.
func (c *Client) prepare(ctx context.Context, k *pgx.Conn) error {
	if l, ok := k.PgConn().Conn().(*link); ok {
		defer l.entered()
	}
	for _, set := range []string{
		"SET TimeZone TO 'UTC'", "SET DateStyle TO 'ISO, YMD'",
		"SET statement_timeout TO " + strconv.FormatInt(max(0, c.config.MaxExecution.D()).Milliseconds(), 10),
	} {
		err := execAll(ctx, k, set)
		e, answered := errors.AsType[*pgconn.PgError](err)
		switch {
		case err == nil:
		case answered && e.Severity != "FATAL" && !k.IsClosed():
			c.bare.Store(c.bare.Load() || strings.Contains(set, "statement_timeout"))
		default:
			return err
		}
	}
	return nil
}

// execAll runs statements of our own, which answer nothing, in one round trip.
func execAll(ctx context.Context, k *pgx.Conn, sql string) error {
	r := k.PgConn().Exec(ctx, sql)
	for r.NextResult() {
		_, _ = r.ResultReader().Close()
	}
	return r.Close()
}
