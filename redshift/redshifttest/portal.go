package redshifttest

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/fourkites/sources/base/fault"
)

// portal is a statement with its values, ready to run: its columns are known.
type portal struct {
	request Request
	control string // tag of a statement about the session, which is done already
	columns []Column
	rows    [][]any
	reply   *Reply
	tag     string
	empty   bool
}

const textOID = 25

var typeOIDs = map[string]uint32{
	"boolean": 16, "bytea": 17, "name": 19, "bigint": 20, "smallint": 21, "integer": 23, "text": 25, "oid": 26, "json": 114, "real": 700,
	"double precision": 701, "char": 1042, "varchar": 1043, "date": 1082, "time": 1083, "timestamp": 1114, "timestamptz": 1184,
	"interval": 1186, "numeric": 1700, "uuid": 2950, "super": 4000,
}

func rowDescription(columns []Column) *pgproto3.RowDescription {
	d := &pgproto3.RowDescription{}
	for _, c := range columns {
		oid, ok := typeOIDs[c.Type]
		if !ok {
			oid = textOID
		}
		d.Fields = append(d.Fields, pgproto3.FieldDescription{Name: []byte(c.Name), DataTypeOID: oid, DataTypeSize: -1, TypeModifier: -1})
	}
	return d
}

// bind finds out what answers a statement. count says that it will run.
func (c *conn) bind(sql string, params [][]byte, extended bool) (*portal, error) {
	tokens, problem := lex(sql)
	if problem != nil {
		return nil, problem
	}
	if tokens[0].kind == tokEnd {
		return &portal{empty: true}, nil
	}
	tag, done, err := c.session.control(tokens)
	if err != nil || done {
		return &portal{control: tag}, err
	}
	p := &portal{request: Request{
		SQL: sql, User: c.user, Database: c.database, PID: c.pid, Extended: extended, ReadOnly: c.session.readOnly,
		Settings: c.session.settings, Received: time.Now(),
	}}
	for _, v := range params {
		if v == nil {
			p.request.Args = append(p.request.Args, nil)
		} else {
			p.request.Args = append(p.request.Args, string(v))
		}
	}
	find := c.server.script.Peek // a Describe asks too, before the statement runs
	if extended || params == nil {
		find = c.server.script.Next
	}
	if reply, ok := find(p.request); ok {
		p.reply = reply
		p.columns, p.rows = p.reply.Columns, p.reply.Rows
		return p, nil
	}
	return p, c.answer(p, tokens)
}

// execute runs a portal and sends its rows and its end.
func (c *conn) execute(p *portal) error {
	switch {
	case p.empty:
		c.backend.Send(&pgproto3.EmptyQueryResponse{})
		return nil
	case p.control != "":
		c.backend.Send(&pgproto3.CommandComplete{CommandTag: []byte(p.control)})
		return nil
	}
	f, _ := c.server.plan.NextAt(fault.OnRequest)
	ctx, cancel := context.WithCancelCause(c.ctx)
	defer cancel(nil)
	if limit := c.session.timeout(); limit > 0 {
		timer := time.AfterFunc(limit, func() { cancel(StatementTimeout()) })
		defer timer.Stop()
	}
	c.current.set(cancel)
	defer c.current.set(nil)
	r := &run{conn: c, portal: p, ctx: ctx, fault: f, entry: c.server.ledger.begin(p.request)}
	n, err := r.send()
	code := ""
	if e, ok := errors.AsType[*ServerError](err); ok {
		code = e.Code
		if e.Code == UserCanceled().Code {
			c.server.ledger.change(r.entry, func(r *Request) { r.Cancelled = true })
		}
	} else if err != nil && c.ctx.Err() != nil {
		c.server.ledger.change(r.entry, func(r *Request) { r.Cancelled = true })
	}
	c.server.ledger.change(r.entry, func(r *Request) { r.Rows = n })
	c.server.ledger.finish(r.entry, code)
	if err != nil {
		return err
	}
	tag := p.tag
	if tag == "" {
		tag = "SELECT"
	}
	c.backend.Send(&pgproto3.CommandComplete{CommandTag: []byte(tag)})
	return nil
}

// run is the sending of one answer.
type run struct {
	conn    *conn
	portal  *portal
	ctx     context.Context
	fault   fault.Fault
	entry   *entry
	struck  bool
	sent    int
	pending int
}

const flushAt = 32 << 10

func (r *run) send() (int, error) {
	if err := r.failBefore(); err != nil {
		return 0, err
	}
	if r.fault.Kind != fault.KindSlow && r.fault.Kind != fault.KindCut {
		return r.rows()
	}
	r.conn.wire.Shape(r.fault)
	defer r.conn.wire.Shape(fault.Fault{})
	n, err := r.rows()
	return n, errors.Join(err, r.flush())
}

func (r *run) rows() (int, error) {
	if reply := r.portal.reply; reply != nil {
		return r.scripted(reply)
	}
	for _, row := range r.portal.rows {
		if err := r.row(row); err != nil {
			return r.sent, err
		}
	}
	return r.sent, r.end(nil)
}

func (r *run) scripted(reply *Reply) (int, error) {
	if reply.Delay > 0 {
		if err := pause(r.ctx, reply.Delay); err != nil {
			return 0, r.why(err)
		}
	}
	for i := 0; i < max(1, reply.Repeat) || reply.Repeat < 0; i++ {
		for _, row := range reply.Rows {
			if reply.Pause > 0 {
				if err := r.flush(); err != nil {
					return r.sent, err
				}
				if err := pause(r.ctx, reply.Pause); err != nil {
					return r.sent, r.why(err)
				}
			}
			if err := r.row(row); err != nil {
				return r.sent, err
			}
		}
		if len(reply.Rows) == 0 && reply.Repeat < 0 {
			<-r.ctx.Done()
			return r.sent, r.why(context.Cause(r.ctx))
		}
	}
	return r.sent, r.end(reply.Err)
}

// why is the error that a stopped statement answers, or the end of the connection.
func (r *run) why(err error) error {
	if r.conn.ctx.Err() != nil {
		return errGone
	}
	return err
}

func (r *run) row(row []any) error {
	if r.ctx.Err() != nil {
		return r.why(context.Cause(r.ctx))
	}
	values := make([][]byte, len(row))
	for i, v := range row {
		values[i] = textOf(v, r.portal.columns[i].Type)
	}
	if dealt, err := r.failRow(values); dealt || err != nil {
		return err
	}
	return r.data(values)
}

func (r *run) data(values [][]byte) error {
	r.conn.backend.Send(&pgproto3.DataRow{Values: values})
	r.sent++
	for _, v := range values {
		r.pending += len(v) + 8
	}
	if r.pending < flushAt {
		return nil
	}
	return r.flush()
}

func (r *run) flush() error {
	r.pending = 0
	return r.conn.backend.Flush()
}

func (r *run) end(err *ServerError) error {
	if err == nil {
		return r.failEnd()
	}
	return err
}

// textOf is a value as the server writes it; nil for NULL.
func textOf(v any, typ string) []byte {
	switch v := v.(type) {
	case nil:
		return nil
	case string:
		return []byte(v)
	case []byte:
		return []byte(`\x` + hex.EncodeToString(v))
	case bool:
		return []byte(map[bool]string{true: "t", false: "f"}[v])
	case time.Time:
		return []byte(timeText(v, typ))
	case float64:
		return []byte(floatText(v))
	}
	return fmt.Append(nil, v)
}

func timeText(at time.Time, typ string) string {
	at = at.UTC()
	switch typ {
	case "date":
		return at.Format(time.DateOnly)
	case "timestamptz":
		return at.Format("2006-01-02 15:04:05.999999") + "+00"
	}
	return at.Format("2006-01-02 15:04:05.999999")
}

func floatText(f float64) string {
	switch {
	case math.IsInf(f, 1):
		return "Infinity"
	case math.IsInf(f, -1):
		return "-Infinity"
	}
	return strconv.FormatFloat(f, 'g', -1, 64)
}

// answer evaluates a statement over the tables.
func (c *conn) answer(p *portal, tokens []token) error {
	switch word := tokens[0].text; {
	case tokens[0].kind == tokSymbol && word == "(", tokens[0].kind == tokWord && slices.Contains([]string{"select", "with"}, word):
		return c.evaluate(p, tokens)
	case tokens[0].kind == tokWord && word == "show":
		return c.show(p, tokens)
	case tokens[0].kind == tokWord && word == "explain":
		return explain(p, tokens)
	case tokens[0].kind == tokWord && slices.Contains(writingWords, word) && c.session.readOnly:
		return fail("25006", "transaction is read-only")
	case tokens[0].kind == tokWord && slices.Contains(writingWords, word):
		return fail("0A000", "this server holds the data that the program gave it: %s is not supported", strings.ToUpper(word))
	}
	return fail("42601", "syntax error at or near %q (this server reads only simple statements; script the answer with Reply)", tokens[0].text)
}

var writingWords = []string{
	"insert", "update", "delete", "create", "drop", "alter", "truncate", "copy", "unload", "vacuum", "analyze", "grant", "revoke", "call", "merge", "lock",
	"cancel", "prepare", "execute", "deallocate",
}

func (c *conn) show(p *portal, tokens []token) error {
	name := tokens[1].text
	value, known := c.session.settings[name]
	if !known {
		return fail("42704", "unrecognized configuration parameter %q", name)
	}
	p.columns, p.rows, p.tag = []Column{{name, "text"}}, [][]any{{value}}, "SHOW"
	return nil
}

// explain answers a plan in the words of Redshift: Amazon Redshift Database Developer Guide, "EXPLAIN".
func explain(p *portal, tokens []token) error {
	table := "unknown"
	for i, t := range tokens {
		if t.text == "from" && t.kind == tokWord {
			table = tokens[i+1].text
		}
	}
	p.columns, p.tag = []Column{{"QUERY PLAN", "text"}}, "EXPLAIN"
	p.rows = [][]any{{"XN Seq Scan on " + table + "  (cost=0.00..0.01 rows=1 width=4)"}}
	return nil
}
