package clickhouse

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ClickHouse/ch-go/proto"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/rows"
)

// Query is one statement that reads. The zero value of each field but SQL is its default.
type Query struct {
	// SQL is sent as it is: one statement that reads, which begins with SELECT, WITH, SHOW, DESCRIBE, EXPLAIN, EXISTS or
	// a parenthesis. Values belong into Args, settings into Settings: the server refuses those that SQL itself has.
	SQL string
	// Args are the values of {name:Type} in SQL, bound by the server: text, numbers, bool, time.Time (for DateTime and
	// DateTime64), nil, slices (Array) and maps (Map) of these. A value cannot change the statement.
	Args map[string]any
	// MaxRows is how many rows are handed out; 0 = Config.MaxRows, negative = no cap. It is never above Config.MaxRows.
	MaxRows int64
	// MaxBytes is how many decoded bytes are handed out; 0 = Config.MaxBytes, negative = no cap. It is never above
	// Config.MaxBytes.
	MaxBytes int64
	// Timeout bounds the whole answer, reading it included; 0 = what the context says.
	Timeout time.Duration
	// Settings of the server for this statement. readonly, max_execution_time and log_comment are the client's own. An
	// account that may change none is base.ErrPermission, a server too old to be sent them base.ErrInvalid.
	Settings map[string]string

	hints   map[string]string // settings that the client would like, left out where they cannot be sent
	lenient bool              // readonly is not set: the statement is the client's own, and asks what may be set
}

var opQuery = &base.Op{Name: "Query", System: base.SystemDB}

// Query asks the server and returns its answer, whose first rows have arrived. The caller reads the rows to their end or
// closes them: until then they hold a connection and a permit. The answer ends at the caps of the query, and then its
// last error is base.ErrTruncated. The statement runs read-only; a write is base.ErrPermission. Before the first row a
// failure is retried, never after.
func (c *Client) Query(ctx context.Context, q Query) (*rows.Rows, error) {
	if err := c.checkReads(opQuery, q.SQL); err != nil {
		return nil, err
	}
	q.MaxRows = capped(q.MaxRows, c.config.MaxRows)
	q.MaxBytes = capped(q.MaxBytes, c.config.MaxBytes)
	return c.query(ctx, opQuery, q)
}

// capped is the smaller of what a caller and the operator allow, negative for no cap.
func capped(asked, operator int64) int64 {
	if asked == 0 || operator > 0 && (asked < 0 || asked > operator) {
		return operator
	}
	return asked
}

// query is the way of all methods that read: their SQL limits itself, so a negative or zero MaxRows is no cap.
func (c *Client) query(ctx context.Context, op *base.Op, q Query) (*rows.Rows, error) {
	params, err := c.check(op, q)
	if err != nil {
		return nil, err
	}
	cancel := context.CancelFunc(func() {})
	if q.Timeout > 0 {
		ctx, cancel = context.WithTimeout(ctx, q.Timeout)
	}
	a := &ask{client: c, op: op, query: q, params: params, caller: ctx, began: time.Now()}
	s, hold, err := base.Open(ctx, c.guard, op, a.open)
	if err != nil {
		cancel()
		return nil, err
	}
	s.attach(hold, cancel)
	return rows.New(s, rows.Options{Source: c.Name(), Op: op.Name, MaxRows: q.MaxRows, MaxBytes: q.MaxBytes}), nil
}

// maxSQL is far above what the server reads by default (max_query_size, 256 KiB).
const maxSQL = 1 << 20

func (c *Client) check(op *base.Op, q Query) (map[string]string, error) {
	invalid := func(format string, args ...any) error { return base.Invalid(c.Name(), op.Name, format, args...) }
	switch {
	case strings.TrimSpace(q.SQL) == "":
		return nil, invalid("sql: empty; write one statement that reads")
	case len(q.SQL) > maxSQL:
		return nil, invalid("sql: %d bytes, and the limit is %d; move long lists into args", len(q.SQL), maxSQL)
	case strings.Contains(q.SQL, "\x00"):
		return nil, invalid("sql: holds a NUL byte")
	case q.Timeout < 0:
		return nil, invalid("timeout: negative; 0 takes that of the context")
	}
	for name := range q.Settings {
		if !isIdentifier(name) || slices.Contains(ownSettings, name) {
			return nil, invalid("settings: %.60q is the client's own, or no name of a setting", name)
		}
	}
	params, err := encodeParams(q.Args)
	if err != nil {
		return nil, invalid("%s", err.Error())
	}
	return params, nil
}

var ownSettings = []string{"readonly", "max_execution_time", "log_comment", "max_result_rows", "max_result_bytes", "result_overflow_mode"}

// ask is one logical query; open is one attempt at it.
type ask struct {
	client *Client
	op     *base.Op
	query  Query
	params map[string]string
	caller context.Context

	began    time.Time // zero = with the attempt
	attempts int
}

func (a *ask) open(ctx context.Context) (*stream, error) {
	a.attempts++
	known := a.client.kind()
	s, err := a.attempt(ctx, known)
	if err == nil || !isCode(err, codeReadOnly) || known == accountBare {
		return s, err
	}
	found := a.client.learn(ctx)
	if found == known {
		return nil, err
	}
	return a.attempt(ctx, found)
}

func (a *ask) attempt(ctx context.Context, as account) (*stream, error) {
	if as == accountBare && len(a.query.Settings) > 0 {
		return nil, a.unset(base.KindPermission, "the account may change no setting", "leave them out, or have the account's profile changed")
	}
	k, err := a.client.pool.get(ctx)
	if err != nil {
		return nil, notSent(err)
	}
	if len(a.query.Settings) > 0 && !proto.FeatureSettingsSerializedAsStrings.In(k.v) {
		a.client.pool.put(k)
		return nil, a.unset(base.KindInvalid, "the server is too old to be sent them", "leave them out, or ask a newer server")
	}
	s := newStream(ctx, a, k)
	r := request{sql: a.query.SQL, id: s.id, params: a.params}
	if as == accountBare {
		s.notes = append(s.notes, noteBare)
	} else {
		r.settings = a.settings(as)
	}
	if err := s.start(r); err != nil {
		return nil, &queryError{s.id, err, slices.Sorted(maps.Keys(a.params))}
	}
	return s, nil
}

// unset says that the caller's settings would not hold: without them the answer may be another.
func (a *ask) unset(kind base.Kind, why, hint string) error {
	names := strings.Join(slices.Sorted(maps.Keys(a.query.Settings)), ", ")
	e := base.NewError(kind, nil).WithText(fmt.Sprintf("settings: %s: %s", names, why))
	e.Sent, e.Hint = base.NotSent, hint
	return e
}

// noteBare tells the reader of an answer what did not hold.
const noteBare = "the account may change no setting, so the server itself held no limit on time; max_execution, " +
	"deadline and cap were held by cancelling"

// settings are what goes with each query of an account that may set something. readonly = 1 holds for the statement and
// for what its own SETTINGS say; 2, which an account may have of its own, would let it read from and write to other hosts
// through table functions such as url.
func (a *ask) settings(as account) []setting {
	all := []setting{
		{name: "log_comment", value: a.client.comment(a.op), modern: true},
		{name: "output_format_native_write_json_as_string", value: "1", modern: true},
		{name: "send_profile_events", value: "0", modern: true},
	}
	if as == accountFree && !a.query.lenient {
		all = append(all, setting{name: "readonly", value: "1", number: true})
	}
	if seconds := a.seconds(); seconds > 0 {
		all = append(all, setting{name: "max_execution_time", value: strconv.Itoa(seconds), number: true})
	}
	for _, given := range []map[string]string{a.query.hints, a.query.Settings} {
		for _, name := range slices.Sorted(maps.Keys(given)) {
			all = append(all, setting{name: name, value: given[name], modern: true})
		}
	}
	return all
}

// comment names the method in the server's log of queries.
func (c *Client) comment(op *base.Op) string { return c.Name() + "." + op.Name }

// seconds is the time that the server may take: the caller's remaining time or that of the configuration, whichever is
// less, rounded up so that the caller's own deadline is met first; 0 is no limit.
func (a *ask) seconds() int {
	limit := max(0, a.client.config.MaxExecution.D())
	if at, ok := a.caller.Deadline(); ok {
		if left := max(time.Until(at), time.Millisecond); limit == 0 || left < limit {
			limit = left
		}
	}
	return int(math.Ceil(limit.Seconds()))
}

// overtimeGrace is how much longer than max_execution a server is waited for that holds that limit itself: its own error
// says more.
const overtimeGrace = 10 * time.Second

// patience is how long a server may be waited for within one answer, and whether there is such a bound. It holds
// max_execution for accounts for which the server does not, and for a server that never ends.
func (c *Client) patience() (bounded bool, limit time.Duration) {
	limit = c.config.MaxExecution.D()
	if limit <= 0 {
		return false, 0
	}
	if c.kind() != accountBare {
		limit += overtimeGrace
	}
	return true, limit
}

// newID is a random UUID.
func newID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	b[6], b[8] = b[6]&0x0F|0x40, b[8]&0x3F|0x80
	h := hex.EncodeToString(b[:])
	return fmt.Sprintf("%s-%s-%s-%s-%s", h[:8], h[8:12], h[12:16], h[16:20], h[20:])
}
