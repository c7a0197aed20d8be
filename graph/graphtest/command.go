package graphtest

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"
)

// table is the answer of a command or a procedure.
type table struct {
	columns []string
	rows    [][]any
}

// command answers what is no query of the graph: SHOW, TERMINATE and what changes the schema. Not known is a query.
func (e *evaluation) command(s statement, r *result) (known bool, err error) {
	switch head := s.first(0); {
	case head == "SHOW":
		return true, e.show(s, r)
	case head == "TERMINATE":
		return true, e.terminate(s, r)
	case s.kind == "s" && head != "CALL":
		r.fields = []string{}
		if !s.explain {
			err = e.schema(s, r)
		}
		return true, err
	}
	return false, nil
}

var shown = map[string]func(e *evaluation) table{
	"DATABASES": databases, "DATABASE": databases, "TRANSACTIONS": transactions, "TRANSACTION": transactions,
	"INDEXES": indexes, "INDEX": indexes,
	"CONSTRAINTS": func(*evaluation) table {
		return table{columns: []string{"id", "name", "type", "entityType", "labelsOrTypes", "properties"}}
	},
	"USERS": func(e *evaluation) table {
		e.tx.server.mu.Lock()
		defer e.tx.server.mu.Unlock()
		t := table{columns: []string{"user", "roles", "passwordChangeRequired", "suspended", "home"}}
		for _, name := range slices.Sorted(maps.Keys(e.tx.server.accounts)) {
			t.rows = append(t.rows, []any{name, nil, e.tx.server.accounts[name].expired, nil, nil})
		}
		return t
	},
}

// show answers SHOW name, with YIELD of some columns.
func (e *evaluation) show(s statement, r *result) error {
	tell, ok := shown[s.first(1)]
	if !ok {
		return failure(CodeSyntax, "graphtest does not know SHOW %s; script it by Reply", s.first(1))
	}
	t := tell(e)
	p := &parser{tokens: s.tokens, text: s.text, at: 2}
	if p.accept("YIELD") && !p.accept("*") {
		var err error
		if t, err = p.yielded(t); err != nil {
			return err
		}
	}
	if p.peek().kind != tokenEnd && !p.accept(";") {
		return p.unexpected("graphtest reads YIELD with names behind SHOW, and nothing else")
	}
	r.fields, r.records = t.columns, t.rows
	if s.explain {
		r.records = nil
	}
	return nil
}

// yielded are the named columns of a table, under other names where AS gives them.
func (p *parser) yielded(t table) (table, error) {
	var places []int
	out := table{columns: []string{}}
	for {
		name, err := p.name()
		if err != nil {
			return t, err
		}
		at := slices.Index(t.columns, name)
		if at < 0 {
			return t, failure(CodeSyntax, "Trying to YIELD non-existing column: `%s`", name)
		}
		if p.accept("AS") {
			if name, err = p.name(); err != nil {
				return t, err
			}
		}
		places, out.columns = append(places, at), append(out.columns, name)
		if !p.accept(",") {
			break
		}
	}
	for _, row := range t.rows {
		values := make([]any, len(places))
		for i, at := range places {
			values[i] = row[at]
		}
		out.rows = append(out.rows, values)
	}
	return out, nil
}

func databases(e *evaluation) table {
	t := table{columns: []string{"name", "type", "access", "address", "role", "writer", "requestedStatus", "currentStatus", "default", "home"}}
	for _, name := range []string{DefaultDatabase, "system"} {
		kind := "standard"
		if name == "system" {
			kind = "system"
		}
		own := name == DefaultDatabase
		t.rows = append(t.rows, []any{name, kind, "read-write", e.tx.server.Addr(), "primary", true, "online", "online", own, own})
	}
	return t
}

func transactions(e *evaluation) table {
	t := table{columns: []string{
		"database", "transactionId", "currentQueryId", "connectionId", "clientAddress", "username", "currentQuery", "startTime", "status", "elapsedTime", "metaData",
	}}
	s := e.tx.server
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, one := range s.sorted() {
		t.rows = append(t.rows, []any{
			one.database, one.id, "query-" + strconv.FormatInt(one.last, 10), one.conn.id, one.conn.raw.RemoteAddr().String(), one.user,
			one.statement, one.began.UTC().Format(time.RFC3339Nano), "Running", fmt.Sprintf("PT%gS", time.Since(one.began).Seconds()), orEmpty(one.metadata),
		})
	}
	return t
}

// indexes tells those that CREATE INDEX made, by its words.
func indexes(e *evaluation) table {
	t := table{columns: []string{"id", "name", "state", "populationPercent", "type", "entityType", "labelsOrTypes", "properties"}}
	for i, text := range e.graph.indexes {
		index := readIndex(text)
		t.rows = append(t.rows, []any{int64(i + 1), index.name, "ONLINE", 100.0, "RANGE", index.entity, texts(index.labels), texts(index.properties)})
	}
	return t
}

// index is what CREATE INDEX name FOR (n:Label) ON (n.property) says.
type index struct {
	name, entity       string
	labels, properties []string
	optional           bool // IF NOT EXISTS
}

func readIndex(text string) index {
	tokens, _ := lex(text)
	i := index{entity: "NODE"}
	on := false
	for at, t := range tokens {
		previous := token{}
		if at > 0 {
			previous = tokens[at-1]
		}
		switch {
		case t.is("IF"):
			i.optional = true
		case t.is("["):
			i.entity = "RELATIONSHIP"
		case t.is("ON") && at > 2:
			on = true
		case previous.is("INDEX") && !t.is("FOR") && !t.is("IF"):
			i.name = t.text
		case previous.is(":"):
			i.labels = append(i.labels, t.text)
		case previous.is(".") && on:
			i.properties = append(i.properties, t.text)
		}
	}
	return i
}

// schema makes and drops indexes, changes passwords, and takes all else of administration for done.
func (e *evaluation) schema(s statement, r *result) error {
	if s.first(0) == "ALTER" {
		return e.alter(s)
	}
	index := slices.ContainsFunc(s.tokens, func(t token) bool { return t.is("INDEX") })
	if !index {
		return nil
	}
	g, err := e.tx.write(e.ctx)
	if err != nil {
		return err
	}
	name := readIndex(s.text).name
	at := slices.IndexFunc(g.indexes, func(text string) bool { return readIndex(text).name == name })
	switch {
	case s.first(0) == "DROP" && at >= 0:
		g.indexes = slices.Delete(g.indexes, at, at+1)
		e.counted("indexes-removed", 1)
	case s.first(0) == "CREATE" && at < 0:
		g.indexes = append(g.indexes, s.text)
		e.counted("indexes-added", 1)
	case s.first(0) == "CREATE" && !readIndex(s.text).optional:
		return failure("Neo.ClientError.Schema.EquivalentSchemaRuleAlreadyExists", "There already exists an index called '%s'.", name)
	}
	r.stats = e.stats
	return nil
}

// alter reads ALTER USER name SET PASSWORD 'text' or $parameter.
func (e *evaluation) alter(s statement) error {
	at := slices.IndexFunc(s.tokens, func(t token) bool { return t.is("PASSWORD") })
	if s.first(1) != "USER" || at < 0 || at+1 >= len(s.tokens) {
		return failure(CodeSyntax, "graphtest reads ALTER USER name SET PASSWORD of what begins with ALTER; script other statements by Reply")
	}
	password := s.tokens[at+1].text
	if s.tokens[at+1].is("$") && at+2 < len(s.tokens) {
		password, _ = e.params[s.tokens[at+2].text].(string)
	}
	e.tx.server.SetPassword(s.tokens[2].text, password)
	return nil
}

// terminate reads TERMINATE TRANSACTIONS with ids as texts or parameters.
func (e *evaluation) terminate(s statement, r *result) error {
	r.fields = []string{"transactionId", "username", "message"}
	if s.explain {
		return nil
	}
	p := &parser{tokens: s.tokens, text: s.text, at: 2}
	for p.peek().kind != tokenEnd && !p.peek().is("YIELD") {
		x, err := p.expression()
		if err != nil {
			return err
		}
		v, err := x(e, row{})
		if err != nil {
			return err
		}
		ids, ok := v.([]any)
		if !ok {
			ids = []any{v}
		}
		for _, id := range ids {
			name, _ := id.(string)
			message := "Transaction not found."
			if e.tx.server.Terminate(name) {
				message = "Transaction terminated."
			}
			r.records = append(r.records, []any{name, e.tx.user, message})
		}
		if !p.accept(",") {
			break
		}
	}
	return nil
}
