package graphtest

import (
	"maps"
	"slices"
	"strings"
)

// procedures are those that CALL knows.
var procedures = map[string]func(e *evaluation, args []any) (table, error){
	"dbms.components": func(*evaluation, []any) (table, error) {
		return table{[]string{"name", "versions", "edition"}, [][]any{{"Neo4j Kernel", []any{Version}, "community"}}}, nil
	},
	"db.labels": func(e *evaluation, _ []any) (table, error) {
		names := map[string]bool{}
		for _, n := range e.graph.nodes {
			for _, l := range n.labels {
				names[l] = true
			}
		}
		return listed("label", names), nil
	},
	"db.relationshiptypes": func(e *evaluation, _ []any) (table, error) {
		names := map[string]bool{}
		for _, r := range e.graph.relationships {
			names[r.kind] = true
		}
		return listed("relationshipType", names), nil
	},
	"db.propertykeys": func(e *evaluation, _ []any) (table, error) {
		names := map[string]bool{}
		for _, n := range e.graph.nodes {
			for key := range n.props {
				names[key] = true
			}
		}
		for _, r := range e.graph.relationships {
			for key := range r.props {
				names[key] = true
			}
		}
		return listed("propertyKey", names), nil
	},
	"db.ping": func(*evaluation, []any) (table, error) { return table{[]string{"success"}, [][]any{{true}}}, nil },
	"dbms.killconnection": func(e *evaluation, args []any) (table, error) {
		t := table{columns: []string{"connectionId", "username", "message"}}
		for _, id := range args {
			name, _ := id.(string)
			t.rows = append(t.rows, []any{name, e.tx.user, e.tx.server.kill(name)})
		}
		return t, nil
	},
	"db.clearquerycaches": func(*evaluation, []any) (table, error) {
		return table{[]string{"value"}, [][]any{{"Query caches successfully cleared of 1 queries."}}}, nil
	},
}

func listed(column string, names map[string]bool) table {
	t := table{columns: []string{column}}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		t.rows = append(t.rows, []any{name})
	}
	return t
}

func (s *Server) kill(id string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.conns {
		if c.id == id {
			_ = c.raw.Close()
			return "Connection found"
		}
	}
	return "No connection found"
}

// call is CALL name(arguments) YIELD columns WHERE condition.
type call struct {
	run   func(e *evaluation, args []any) (table, error)
	args  []expression
	yield *parser // at the first column; nil: all of them
	where expression
}

// procedure reads what stands behind CALL; columns are what it yields.
func (p *parser) procedure() (clause, []string, error) {
	name, err := p.dotted()
	if err != nil {
		return nil, nil, err
	}
	run, ok := procedures[strings.ToLower(name)]
	if !ok {
		return nil, nil, failure(CodeProcedureNotFound,
			"There is no procedure with the name `%s` registered for this database instance. graphtest knows few; script others by Reply", name)
	}
	c := call{run: run}
	if p.accept("(") {
		if c.args, err = p.items(")"); err != nil {
			return nil, nil, err
		}
	}
	if p.accept("YIELD") && !p.accept("*") {
		c.yield = &parser{tokens: p.tokens, text: p.text, at: p.at}
		p.skipColumns()
	}
	if p.accept("WHERE") {
		if c.where, err = p.expression(); err != nil {
			return nil, nil, err
		}
	}
	t, err := c.table(&evaluation{graph: newState()}, nil) // the columns are the same for a graph without anything
	return c.rows, t.columns, err
}

// dotted reads a.b.c.
func (p *parser) dotted() (string, error) {
	name, err := p.name()
	for err == nil && p.accept(".") {
		var more string
		more, err = p.name()
		name += "." + more
	}
	return name, err
}

// skipColumns goes behind a, b AS c.
func (p *parser) skipColumns() {
	for {
		p.at++
		if p.accept("AS") {
			p.at++
		}
		if !p.accept(",") {
			return
		}
	}
}

func (c *call) table(e *evaluation, args []any) (table, error) {
	t, err := c.run(e, args)
	if err != nil || c.yield == nil {
		return t, err
	}
	columns := *c.yield
	return columns.yielded(t)
}

// rows calls the procedure for each row.
func (c *call) rows(e *evaluation, rows []row) ([]row, error) {
	var out []row
	for _, r := range rows {
		args, err := e.all(c.args, r)
		if err != nil {
			return nil, err
		}
		t, err := c.table(e, args)
		if err != nil {
			return nil, err
		}
		for _, line := range t.rows {
			next := maps.Clone(r)
			for i, column := range t.columns {
				next[column] = line[i]
			}
			holds := true
			if c.where != nil {
				if holds, _, err = e.condition(c.where, next); err != nil {
					return nil, err
				}
			}
			if holds {
				out = append(out, next)
			}
		}
	}
	return out, nil
}
