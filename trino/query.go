package trino

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	trinodriver "github.com/trinodb/trino-go-client/trino"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/rows"
	"github.com/fourkites/sources/internal/partition"
	"github.com/fourkites/sources/internal/sqlguard"
)

// Query is one statement that reads. The zero value of each field but SQL is its default.
type Query struct {
	// SQL is sent as it is, but for one semicolon at its end. Values belong into Args.
	// A statement over a table of history must bound Tables.Partition from below by days written YYYY-MM-DD, as text or as
	// Args, none of them before Tables.Retention.
	SQL string
	// Args are the values of the question marks in SQL, in their order: text, numbers, json.Number, bool, time.Time (a timestamp with
	// its zone), []byte, nil, slices (ARRAY) and maps (MAP) of these, and the values that Date, Timestamp, Time and Numeric
	// of trino-go-client make. The statement is prepared and they are bound: a value cannot change it.
	Args []any
	// MaxRows is how many rows are handed out; 0 = Config.MaxRows, negative = no cap. It is never above Config.MaxRows.
	MaxRows int64
	// MaxBytes is how many decoded bytes are handed out; 0 = Config.MaxBytes, negative = no cap. It is never above
	// Config.MaxBytes.
	MaxBytes int64
	// Timeout bounds the whole answer, reading it included; 0 = what the context says.
	Timeout time.Duration
	// Catalog and Schema replace those of Config for names without one.
	Catalog, Schema string
	// Session is properties for this statement, beside those of Config. query_max_run_time and
	// query_max_scan_physical_bytes are the client's own.
	Session Session
	// Progress is called after each answer of the server, from the goroutine that waits for it. It must not block.
	Progress func(Progress)

	explain string // stands before the statement
}

var opQuery = method("Query")

// Query asks the server and returns its answer, whose first rows have arrived. The caller reads the rows to their end or
// closes them: until then the query lives at the server, but while the caller works on rows nothing is held here. The
// answer ends at the caps of the query, and then its last error is base.ErrTruncated. A statement that does not only read
// is base.ErrPermission, before it is sent. Until the first row a statement that the cluster could not run is run anew;
// after that each page is asked for anew where it was lost. A coordinator that was restarted while rows were read has
// forgotten the query: the error is base.ErrUnavailable with the Code 404, and the query may be asked again.
func (c *Client) Query(ctx context.Context, q Query) (*rows.Rows, error) {
	q.MaxRows = partition.Capped(q.MaxRows, c.config.MaxRows)
	q.MaxBytes = partition.Capped(q.MaxBytes, c.config.MaxBytes)
	q.SQL = sqlguard.Unterminated(q.SQL)
	if err := c.checkReading(ctx, opQuery, q); err != nil {
		return nil, err
	}
	return c.query(ctx, opQuery, q)
}

// checkReading holds a caller's own statement to what may be run.
func (c *Client) checkReading(ctx context.Context, op *base.Op, q Query) error {
	return c.reading.Check(ctx, op, q.statement())
}

// query is the way of all methods that read: their SQL limits itself, so a negative or zero MaxRows is no cap.
func (c *Client) query(ctx context.Context, op *base.Op, q Query) (*rows.Rows, error) {
	a := &ask{client: c, op: op, query: q, caller: ctx}
	if err := a.prepare(); err != nil {
		return nil, base.Invalid(c.Name(), op.Name, "%s", err)
	}
	bare := c.bare.Load()
	s, err := a.open(ctx, bare)
	if err != nil && !bare && isDenied(err) && c.mayNotSet(ctx, op) {
		bare = true
		s, err = a.open(ctx, bare)
	}
	if err != nil {
		return nil, err
	}
	return rows.New(s, rows.Options{Source: c.Name(), Op: op.Name, MaxRows: q.MaxRows, MaxBytes: q.MaxBytes}), nil
}

// noteBare tells the reader of an answer what did not hold.
const noteBare = "the account may set no session property, so the server itself held no limit on time; deadline and cap " +
	"were held by cancelling"

func isDenied(err error) bool {
	e, ok := errors.AsType[*ServerError](err)
	return ok && e.Name == "PERMISSION_DENIED"
}

// mayNotSet asks, once, whether it is the session properties that the account may not set.
func (c *Client) mayNotSet(ctx context.Context, op *base.Op) bool {
	if c.settable.Load() {
		return false
	}
	a := &ask{client: c, op: op, query: Query{SQL: "SELECT 1"}, caller: ctx, body: "SELECT 1"}
	s, err := a.open(ctx, false)
	if err == nil {
		_ = s.Close()
		return false
	}
	if isDenied(err) {
		c.bare.Store(true)
	}
	return isDenied(err)
}

// maxSQL is the server's own default (query.max-length).
const maxSQL = 1_000_000

// ask is one logical statement.
type ask struct {
	client   *Client
	op       *base.Op
	query    Query
	body     string
	prepared string // value of the header; empty = none
	caller   context.Context
}

const (
	preparedName = "statement1"
	maxPrepared  = 4 << 10 // bytes of a header; what is longer goes into the body
)

// prepare checks the statement and binds its values.
func (a *ask) prepare() error {
	q := a.query
	switch {
	case strings.TrimSpace(q.SQL) == "":
		return errors.New("sql: empty; write one statement that reads")
	case len(q.SQL) > maxSQL:
		return fmt.Errorf("sql: %d bytes, and the limit is %d; move long lists into args", len(q.SQL), maxSQL)
	case strings.Contains(q.SQL, "\x00"):
		return errors.New("sql: holds a NUL byte")
	case q.Timeout < 0:
		return errors.New("timeout: negative; 0 takes that of the context")
	case !headerText(q.Catalog), !headerText(q.Schema):
		return errors.New("catalog, schema: control characters or letters beyond ASCII")
	}
	if err := q.Session.validate("session"); err != nil {
		return err
	}
	a.body = q.explain + q.SQL
	if len(q.Args) == 0 {
		return nil
	}
	values := make([]string, len(q.Args))
	for i, v := range q.Args {
		text, err := literal(v)
		if err != nil {
			return fmt.Errorf("args[%d]: %w", i, err)
		}
		values[i] = text
	}
	using := " USING " + strings.Join(values, ", ")
	a.prepared = preparedName + "=" + url.QueryEscape(q.SQL)
	a.body = q.explain + "EXECUTE " + preparedName + using // a prepared EXPLAIN would take no values
	if len(a.prepared) > maxPrepared {
		a.prepared = ""
		a.body = q.explain + "EXECUTE IMMEDIATE " + sqlguard.QuoteText(q.SQL) + using
	}
	return nil
}

// literal is a value as the server reads it.
func literal(v any) (string, error) {
	switch v := v.(type) {
	case time.Time:
		if y := v.UTC().Year(); y < 1 || y > 9999 {
			return "", errors.New("a time of a year that is not between 1 and 9999")
		}
		return trinodriver.Serial(v.UTC())
	case string:
		if strings.Contains(v, "\x00") {
			return "", errors.New("a text with a NUL byte")
		}
	case json.Number:
		if _, err := strconv.ParseInt(v.String(), 10, 64); err == nil {
			return v.String(), nil
		}
		return trinodriver.Serial(trinodriver.Numeric(v.String())) // refuses what is no number
	case uint8:
		return strconv.Itoa(int(v)), nil
	}
	text, err := trinodriver.Serial(v)
	if err != nil {
		return "", fmt.Errorf("a %T cannot be bound; convert it to text, a number, a time, or a list of these", v)
	}
	return text, nil
}

// header goes with every request to the coordinator.
func (c *Client) header() http.Header {
	h := http.Header{
		"Accept":                      {"application/json"},
		"Accept-Encoding":             {acceptEncoding(c.config.Compression)},
		"User-Agent":                  {"fourkites-sources"},
		"X-Trino-Source":              {c.config.Source},
		"X-Trino-Time-Zone":           {c.config.TimeZone},
		"X-Trino-Client-Capabilities": {"PARAMETRIC_DATETIME"},
	}
	if c.config.User != "" {
		h["X-Trino-User"] = []string{c.config.User}
	}
	if len(c.config.Tags) > 0 {
		h["X-Trino-Client-Tags"] = []string{strings.Join(c.config.Tags, ",")}
	}
	return h
}

// headers go with the statement itself.
func (a *ask) headers(bare bool) http.Header {
	c := a.client.config
	h := http.Header{
		"Content-Type":        {"text/plain; charset=utf-8"},
		"X-Trino-Catalog":     {or(a.query.Catalog, c.Catalog)},
		"X-Trino-Schema":      {or(a.query.Schema, c.Schema)},
		"X-Trino-Client-Info": {a.client.Name() + "." + a.op.Name},
	}
	if a.prepared != "" {
		h["X-Trino-Prepared-Statement"] = []string{a.prepared}
	}
	if c.Spooling == spoolingAuto {
		h["X-Trino-Query-Data-Encoding"] = []string{encodingZstd + "," + encodingJSON}
	}
	if !bare {
		h["X-Trino-Session"] = a.properties()
	}
	return h
}

func or(text, otherwise string) string {
	if text != "" {
		return text
	}
	return otherwise
}

func (a *ask) properties() []string {
	var all []string
	set := func(name, value string) { all = append(all, name+"="+url.QueryEscape(value)) }
	if seconds := a.seconds(); seconds > 0 {
		set("query_max_run_time", strconv.Itoa(seconds)+"s")
	}
	if limit := a.client.config.MaxScan; limit > 0 {
		set("query_max_scan_physical_bytes", strconv.FormatInt(limit, 10)+"B")
	}
	merged := maps.Clone(a.client.config.Session)
	if merged == nil {
		merged = Session{}
	}
	maps.Copy(merged, a.query.Session)
	for _, name := range slices.Sorted(maps.Keys(merged)) {
		set(name, merged[name])
	}
	return all
}

// seconds is the time that the server may take: the caller's remaining time or that of the configuration, whichever is
// less, rounded up so that the caller's own deadline is met first; 0 is no limit.
func (a *ask) seconds() int {
	limit := max(0, a.client.config.MaxExecution.D())
	shorten := func(left time.Duration) {
		if left = max(left, time.Millisecond); limit == 0 || left < limit {
			limit = left
		}
	}
	if at, ok := a.caller.Deadline(); ok {
		shorten(time.Until(at))
	}
	if a.query.Timeout > 0 {
		shorten(a.query.Timeout)
	}
	return int(math.Ceil(limit.Seconds()))
}
