package clickhousetest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/ClickHouse/ch-go/proto"

	"github.com/fourkites/sources/base/fault"
)

// query is one query on its way. Its methods accept a nil receiver, for a connection that has had none.
type query struct {
	conn     *conn
	ctx      context.Context
	stop     context.CancelCauseFunc
	release  context.CancelFunc // of the timer of max_execution_time
	done     chan struct{}
	entry    *entry
	sql      string
	form     blockForm
	params   map[string]string
	settings map[string]string // that came with the query
	limits   limits
	fault    fault.Fault
}

// After a cancel, a client that reads no more gets this long before its connection is given up.
const lastWords = 200 * time.Millisecond

func (q *query) cancel() {
	if !q.running() || q.fault.Kind == fault.KindIgnoreCancel {
		return
	}
	q.conn.server.ledger.cancelled(q.entry)
	_ = q.conn.net.SetWriteDeadline(time.Now().Add(lastWords))
	q.stop(errCancelled)
}

func (q *query) disconnect() {
	if q != nil {
		q.conn.server.ledger.cancelled(q.entry)
	}
}

// running says whether the client cannot have seen the end of the answer yet.
func (q *query) running() bool {
	return q != nil && !q.conn.server.ledger.snapshot(q.entry).Finished
}

func (q *query) wait() {
	if q != nil {
		<-q.done
	}
}

// startQuery reads a query and sets it going. An INSERT is done with when it returns; anything else runs on.
func (c *conn) startQuery() (*query, error) {
	var wire proto.Query
	if err := wire.DecodeAware(c.reader, c.version); err != nil {
		return nil, err
	}
	if err := c.skipExternalTables(wire.Compression == proto.CompressionEnabled); err != nil {
		return nil, err
	}
	_ = c.net.SetWriteDeadline(time.Time{}) // that an earlier cancel may have set
	q := c.newQuery(wire)
	if planned, failing := c.server.plan.NextAt(fault.OnRequest); failing {
		q.fault = planned
	}
	scripted, ok := c.server.script.Next(c.server.ledger.snapshot(q.entry))
	switch {
	case ok:
		c.server.wait.Go(func() { q.run(func() error { return q.replyScripted(scripted) }) })
	case isInsert(q.sql):
		q.run(q.insert) // reads the client's blocks, so nobody else may read meanwhile
	default:
		c.server.wait.Go(func() { q.run(q.statement) })
	}
	return q, nil
}

func (c *conn) newQuery(wire proto.Query) *query {
	settings, params := map[string]string{}, map[string]string{}
	for _, s := range wire.Settings {
		settings[s.Key] = unquote(s.Value)
	}
	for _, p := range wire.Parameters {
		params[p.Key] = unquote(p.Value)
	}
	q := &query{
		conn: c, sql: strings.TrimSpace(wire.Body), done: make(chan struct{}), params: params, settings: settings, limits: limitsOf(settings),
		form: blockForm{c.version, wire.Compression == proto.CompressionEnabled},
	}
	q.ctx, q.release = q.limits.context(c.ctx)
	q.ctx, q.stop = context.WithCancelCause(q.ctx)
	q.entry = c.server.ledger.begin(Request{
		SQL: wire.Body, QueryID: wire.ID, User: c.account.name, Database: c.database, LogComment: settings["log_comment"],
		Settings: settings, Parameters: maps.Clone(params), Compressed: q.form.compressed, Received: time.Now(),
	}, q.stop)
	return q
}

// skipExternalTables reads the data packets that follow a query, up to the empty one that ends them.
func (c *conn) skipExternalTables(compressed bool) error {
	for {
		code, err := c.reader.UVarInt()
		if err != nil {
			return err
		}
		if proto.ClientCode(code) != proto.ClientCodeData {
			return fmt.Errorf("packet %d instead of data", code)
		}
		columns, _, err := c.readData(compressed)
		if err != nil {
			return err
		}
		if len(columns) == 0 {
			return nil
		}
	}
}

// run does the work and sends its error, if it has one, as an exception. Anything that goes wrong on the socket closes
// it, which ends the connection's reader too.
func (q *query) run(work func() error) {
	defer close(q.done)
	defer q.release()
	defer q.stop(nil)
	defer q.conn.server.ledger.finish(q.entry, 0)
	defer q.conn.wire.shape(q.ctx, fault.Fault{})
	q.conn.wire.shape(q.ctx, q.fault)
	err := q.guard(func() error {
		if err := q.failBefore(); err != nil {
			return err
		}
		if err := q.permit(); err != nil {
			return err
		}
		return work()
	})
	switch {
	case err == nil:
	case errors.Is(err, errCut):
		if errors.Is(err, errGone) { // the reader of the connection may see it later
			q.disconnect()
		}
		q.conn.server.ledger.finish(q.entry, 0)
		_ = q.conn.net.Close()
	default:
		q.fail(asException(q.ctx, err))
	}
}

// guard turns a panic of the evaluation into an exception.
func (q *query) guard(work func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = exceptionf(codeStandard, "std::exception: %v", p)
		}
	}()
	return work()
}

func (q *query) fail(e *Exception) {
	q.conn.server.ledger.finish(q.entry, e.Code)
	if q.conn.sendException(e) != nil {
		_ = q.conn.net.Close()
	}
}

var settingsClause = regexp.MustCompile(`(?i)\bSETTINGS\s+(\w+)\s*=`)

// permit refuses what a read-only account or the setting readonly forbids.
func (q *query) permit() error {
	readonly := q.settings["readonly"]
	if q.conn.account.readonly {
		for name := range q.settings {
			return exceptionf(codeReadOnly, "Cannot modify '%s' setting in readonly mode", name)
		}
		readonly = "1"
	}
	if m := settingsClause.FindStringSubmatchIndex(q.sql); m != nil && readonly == "1" && !insideQuotes(q.sql[:m[0]]) {
		return exceptionf(codeReadOnly, "Cannot modify '%s' setting in readonly mode", q.sql[m[2]:m[3]])
	}
	if (readonly == "" || readonly == "0") || isRead(q.sql) {
		return nil
	}
	if word := firstWord(q.sql); word == "SET" {
		if !q.conn.account.readonly && readonly == "2" {
			return nil
		}
		return exceptionf(codeReadOnly, "Cannot modify settings in readonly mode")
	}
	return exceptionf(codeReadOnly, "%s: Cannot execute query in readonly mode", q.conn.account.name)
}

// limits are the settings that the server obeys; zero is none.
type limits struct {
	seconds    float64
	resultRows int
	readRows   uint64
	blockRows  int
}

func limitsOf(settings map[string]string) limits {
	var l limits
	l.seconds, _ = strconv.ParseFloat(settings["max_execution_time"], 64)
	l.resultRows, _ = strconv.Atoi(settings["max_result_rows"])
	l.readRows, _ = strconv.ParseUint(settings["max_rows_to_read"], 10, 64)
	l.blockRows, _ = strconv.Atoi(settings["max_block_size"])
	if l.blockRows <= 0 {
		l.blockRows = DefaultRowsPerBlock
	}
	return l
}

func (l limits) context(parent context.Context) (context.Context, context.CancelFunc) {
	if l.seconds <= 0 {
		return parent, func() {}
	}
	return context.WithTimeoutCause(parent, time.Duration(l.seconds*float64(time.Second)), errTimeout)
}
