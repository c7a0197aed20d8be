package redshifttest

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// version is what Redshift answers: Amazon Redshift Database Developer Guide, "VERSION".
const version = "PostgreSQL 8.0.2 on i686-pc-linux-gnu, compiled by GCC gcc (GCC) 3.4.2 20041017 (Red Hat 3.4.2-6.fc3), Redshift 1.0.105480"

// evaluate answers a SELECT over the tables as they are now.
func (c *conn) evaluate(p *portal, tokens []token) error {
	s, err := parse(tokens)
	if err != nil {
		return err
	}
	from := table{rows: [][]any{nil}}
	if s.table != "" {
		found, ok := c.server.find(s.table, c.session.settings["search_path"])
		if !ok {
			return fail("42P01", "relation %q does not exist", s.table)
		}
		from = found
	}
	e := &evaluator{conn: c, args: p.request.Args, columns: from.columns}
	rows, err := e.rows(s, from.rows)
	if err != nil {
		return err
	}
	if s.all {
		p.columns, p.rows = from.columns, rows
		return nil
	}
	return e.project(p, s, rows)
}

// evaluator computes expressions over one row.
type evaluator struct {
	conn    *conn
	args    []any
	columns []Column
	row     []any
}

// rows are those that match, in order, from the offset up to the limit.
func (e *evaluator) rows(s *selection, all [][]any) ([][]any, error) {
	kept := [][]any{}
	for _, row := range all {
		e.row = row
		if s.where != nil {
			v, err := e.eval(s.where)
			if err != nil {
				return nil, err
			}
			if v != true {
				continue
			}
		}
		kept = append(kept, row)
	}
	if len(all) == 0 && s.where != nil { // names are checked, rows or none
		e.row = make([]any, len(e.columns))
		if _, err := e.eval(s.where); err != nil {
			return nil, err
		}
	}
	if err := e.sort(kept, s.orders); err != nil {
		return nil, err
	}
	kept = kept[min(s.offset, len(kept)):]
	if s.limit >= 0 && len(kept) > s.limit {
		kept = kept[:s.limit]
	}
	return kept, nil
}

func (e *evaluator) sort(rows [][]any, orders []order) error {
	keys := make(map[int][]any, len(rows))
	at := make([]int, len(rows))
	for i, row := range rows {
		e.row, at[i] = row, i
		for _, o := range orders {
			v, err := e.eval(o.expr)
			if err != nil {
				return err
			}
			keys[i] = append(keys[i], v)
		}
	}
	slices.SortStableFunc(at, func(a, b int) int {
		for k, o := range orders {
			if n := compareFor(o, keys[a][k], keys[b][k]); n != 0 {
				return n
			}
		}
		return 0
	})
	sorted := make([][]any, len(rows))
	for i, from := range at {
		sorted[i] = rows[from]
	}
	copy(rows, sorted)
	return nil
}

func compareFor(o order, a, b any) int {
	if a == nil || b == nil {
		n := 0
		switch {
		case a == nil && b != nil:
			n = -1
		case a != nil && b == nil:
			n = 1
		}
		if !o.nullsFirst {
			n = -n
		}
		return n
	}
	n, _ := compare(a, b)
	if o.descending {
		n = -n
	}
	return n
}

// project computes the items of the list.
func (e *evaluator) project(p *portal, s *selection, rows [][]any) error {
	for _, i := range s.items {
		p.columns = append(p.columns, Column{i.name, e.typeOf(i.expr)})
	}
	p.rows = [][]any{}
	for _, row := range rows {
		e.row = row
		out := make([]any, len(s.items))
		for i, one := range s.items {
			v, err := e.eval(one.expr)
			if err != nil {
				return err
			}
			out[i] = v
		}
		p.rows = append(p.rows, out)
	}
	return nil
}

func (e *evaluator) typeOf(x *expr) string {
	switch x.op {
	case "column":
		for _, c := range e.columns {
			if c.Name == x.name {
				return c.Type
			}
		}
	case "value":
		switch x.value.(type) {
		case int64:
			return "integer"
		case float64:
			return "numeric"
		case bool:
			return "boolean"
		}
	case "call":
		if x.name == "pg_cancel_backend" || x.name == "pg_terminate_backend" {
			return "boolean"
		}
	case "param":
	default:
		return "boolean"
	}
	return "text"
}

func (e *evaluator) eval(x *expr) (any, error) {
	switch x.op {
	case "value":
		return x.value, nil
	case "param":
		if n := x.value.(int); n >= 1 && n <= len(e.args) {
			return e.args[n-1], nil
		}
		return nil, fail("42P02", "there is no parameter $%v", x.value)
	case "column":
		for i, c := range e.columns {
			if c.Name == strings.ToLower(x.name) {
				return e.row[i], nil
			}
		}
		return nil, fail("42703", "column %q does not exist", x.name)
	}
	args := make([]any, len(x.args))
	for i, a := range x.args {
		v, err := e.eval(a)
		if err != nil {
			return nil, err
		}
		args[i] = v
	}
	if x.op == "call" {
		return e.call(x.name, args)
	}
	return operate(x.op, args)
}

func (e *evaluator) call(name string, args []any) (any, error) {
	switch {
	case name == "lower" && len(args) == 1:
		if s, ok := args[0].(string); ok {
			return strings.ToLower(s), nil
		}
		return args[0], nil
	case name == "version" && len(args) == 0:
		return version, nil
	case name == "pg_backend_pid" && len(args) == 0:
		return int64(e.conn.pid), nil
	case (name == "pg_cancel_backend" || name == "pg_terminate_backend") && len(args) == 1:
		return e.conn.server.interrupt(name, fmt.Sprint(args[0])), nil
	case name == "current_setting" && len(args) >= 1:
		v, known := e.conn.session.settings[strings.ToLower(fmt.Sprint(args[0]))]
		if !known {
			return nil, fail("42704", "unrecognized configuration parameter %q", args[0])
		}
		return v, nil
	}
	return nil, fail("42883", "function %s() does not exist here; script the answer with Reply", name)
}

// interrupt stops what a session works on, or the session.
func (s *Server) interrupt(name, pid string) bool {
	n, _ := strconv.ParseUint(pid, 10, 32)
	c := s.session(uint32(n))
	if c == nil {
		return false
	}
	if name == "pg_terminate_backend" {
		reset(c.raw)
		return true
	}
	c.current.stop(UserCanceled())
	return true
}

// operate applies an operator; nil is unknown.
func operate(op string, args []any) (any, error) {
	switch op {
	case "is null":
		return args[0] == nil, nil
	case "is true":
		return args[0] == true, nil
	case "is false":
		return args[0] == false, nil
	case "not":
		if v, ok := args[0].(bool); ok {
			return !v, nil
		}
		return nil, nil
	case "and":
		return connect(args, false), nil
	case "or":
		return connect(args, true), nil
	case "in":
		return member(args)
	case "like":
		return like(args)
	}
	if args[0] == nil || args[1] == nil {
		return nil, nil
	}
	n, err := compare(args[0], args[1])
	if err != nil {
		return nil, err
	}
	switch op {
	case "=":
		return n == 0, nil
	case "<>":
		return n != 0, nil
	case "<":
		return n < 0, nil
	case "<=":
		return n <= 0, nil
	case ">":
		return n > 0, nil
	}
	return n >= 0, nil
}

// connect is OR with decides true, and AND with decides false.
func connect(args []any, decides bool) any {
	var unknown bool
	for _, v := range args {
		switch v {
		case decides:
			return decides
		case nil:
			unknown = true
		}
	}
	if unknown {
		return nil
	}
	return !decides
}

func member(args []any) (any, error) {
	var unknown bool
	for _, one := range args[1:] {
		v, err := operate("=", []any{args[0], one})
		if err != nil {
			return nil, err
		}
		if v == true {
			return true, nil
		}
		unknown = unknown || v == nil
	}
	if unknown {
		return nil, nil
	}
	return false, nil
}

func like(args []any) (any, error) {
	text, a := args[0].(string)
	pattern, b := args[1].(string)
	if !a || !b {
		return nil, nil
	}
	escape := `\`
	if len(args) == 3 {
		escape, _ = args[2].(string)
	}
	return matches(text, pattern, escape), nil
}

func matches(text, pattern, escape string) bool {
	for len(pattern) > 0 {
		switch {
		case escape != "" && strings.HasPrefix(pattern, escape) && len(pattern) > len(escape):
			pattern = pattern[len(escape):]
			if text == "" || text[0] != pattern[0] {
				return false
			}
		case pattern[0] == '%':
			for i := 0; i <= len(text); i++ {
				if matches(text[i:], pattern[1:], escape) {
					return true
				}
			}
			return false
		case text == "" || pattern[0] != '_' && pattern[0] != text[0]:
			return false
		}
		text, pattern = text[1:], pattern[1:]
	}
	return text == ""
}

// compare orders two values; a text is read as the type of the other.
func compare(a, b any) (int, error) {
	if text, ok := b.(string); ok {
		if _, both := a.(string); !both {
			v, err := readAs(a, text)
			if err != nil {
				return 0, err
			}
			b = v
		}
	} else if text, ok := a.(string); ok {
		n, err := compare(b, text)
		return -n, err
	}
	switch x := a.(type) {
	case string:
		return strings.Compare(x, b.(string)), nil
	case time.Time:
		if y, ok := b.(time.Time); ok {
			return x.Compare(y), nil
		}
	case bool:
		if y, ok := b.(bool); ok {
			return cmp.Compare(fmt.Sprint(x), fmt.Sprint(y)), nil
		}
	}
	x, ok1 := asFloat(a)
	y, ok2 := asFloat(b)
	if !ok1 || !ok2 {
		return 0, fail("42883", "operator does not exist: %T = %T", a, b)
	}
	return cmp.Compare(x, y), nil
}

func asFloat(v any) (float64, bool) {
	switch v := v.(type) {
	case int64:
		return float64(v), true
	case float64:
		return v, true
	}
	return 0, false
}

// readAs reads a text as a value of the same type as the example.
func readAs(example any, text string) (any, error) {
	switch example.(type) {
	case int64:
		if v, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64); err == nil {
			return v, nil
		}
		return nil, fail("22P02", "invalid input syntax for integer: %q", text)
	case float64:
		if v, err := strconv.ParseFloat(text, 64); err == nil {
			return v, nil
		}
	case bool:
		switch strings.ToLower(text) {
		case "t", "true", "1":
			return true, nil
		case "f", "false", "0":
			return false, nil
		}
	case time.Time:
		for _, layout := range []string{"2006-01-02 15:04:05.999999999Z07:00", "2006-01-02 15:04:05.999999999", time.DateOnly} {
			if at, err := time.Parse(layout, text); err == nil {
				return at.UTC(), nil
			}
		}
	}
	return nil, fail("22007", "invalid input syntax: %q", text)
}
