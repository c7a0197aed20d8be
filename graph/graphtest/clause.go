package graphtest

import (
	"context"
	"slices"
	"strings"
)

// What one statement may take: rows between its clauses, and steps of its work.
const (
	maxRows  = 1_000_000
	maxTicks = 50_000_000
)

// clause makes rows of rows.
type clause func(e *evaluation, rows []row) ([]row, error)

// evaluation is one statement at work.
type evaluation struct {
	ctx     context.Context
	tx      *transaction
	graph   *state
	params  map[string]any
	explain bool
	stats   map[string]any
	ticks   int
	rows    int
	nodes   []*node // in order, once asked for
}

// tick counts a step, and ends a statement that takes too many or is stopped.
func (e *evaluation) tick() error {
	if e.ticks++; e.ticks > maxTicks {
		return failure(CodeMemoryPool, "graphtest: the statement takes more than %d steps", maxTicks)
	}
	if e.ticks%1024 == 0 && e.ctx.Err() != nil {
		return context.Cause(e.ctx)
	}
	return nil
}

// grow counts a row.
func (e *evaluation) grow() error {
	if e.rows++; e.rows > maxRows {
		return failure(CodeMemoryPool, "graphtest: the statement has more than %d rows", maxRows)
	}
	return nil
}

func (e *evaluation) sorted() []*node {
	if e.nodes == nil {
		e.nodes = e.graph.sortedNodes()
	}
	return e.nodes
}

func (e *evaluation) condition(x expression, r row) (value, known bool, err error) {
	v, err := x(e, r)
	if err != nil {
		return false, false, err
	}
	return truth(v)
}

// execute parses and runs a statement and puts its answer into r.
func (t *transaction) execute(ctx context.Context, s statement, params map[string]any, r *result) error {
	if s.broken != nil {
		return s.broken
	}
	e := &evaluation{ctx: ctx, tx: t, graph: t.view(), params: params, explain: s.explain, stats: map[string]any{}}
	if known, err := e.command(s, r); known || err != nil {
		return err
	}
	p := &parser{tokens: s.tokens, text: s.text}
	clauses, columns, err := p.clauses()
	if err != nil {
		return err
	}
	r.fields = orNone(columns)
	if s.explain {
		return nil
	}
	if s.kind == "w" || s.kind == "rw" {
		if e.graph, err = t.write(ctx); err != nil {
			return err
		}
	}
	rows := []row{{}}
	for _, c := range clauses {
		if rows, err = c(e, rows); err != nil {
			return err
		}
		if len(rows) > maxRows {
			return failure(CodeMemoryPool, "graphtest: the statement has more than %d rows", maxRows)
		}
	}
	for _, one := range rows {
		if len(columns) == 0 {
			break
		}
		values := make([]any, len(columns))
		for i, column := range columns {
			values[i] = e.graph.outward(one[column])
		}
		r.records = append(r.records, values)
	}
	r.stats = e.stats
	return nil
}

// clauses reads a whole statement; columns are what it returns.
func (p *parser) clauses() (all []clause, columns []string, err error) {
	for ended := false; !ended && p.peek().kind != tokenEnd && !p.peek().is(";"); {
		var c clause
		switch {
		case p.accept("RETURN"):
			c, columns, err = p.projection(true)
			ended = true
		case p.accept("WITH"):
			c, _, err = p.projection(false)
		case p.accept("CALL"):
			c, columns, err = p.procedure()
		default:
			columns = nil
			c, err = p.clause()
		}
		if err != nil {
			return nil, nil, err
		}
		all = append(all, c)
	}
	if len(all) == 0 {
		return nil, nil, failure(CodeSyntax, "Unexpected end of input: expected a clause")
	}
	return all, columns, p.end()
}

// end is behind the last clause, and perhaps a semicolon.
func (p *parser) end() error {
	second := p.accept(";")
	switch {
	case p.peek().kind == tokenEnd:
		return nil
	case second:
		return failure(CodeSyntax, "Expected exactly one statement per query but got: 2")
	}
	return p.unexpected("expected the end of the statement")
}

func (p *parser) clause() (clause, error) {
	switch {
	case p.accept("OPTIONAL", "MATCH"):
		return p.match(true)
	case p.accept("MATCH"):
		return p.match(false)
	case p.accept("UNWIND"):
		return p.unwind()
	case p.accept("CREATE"):
		return p.create()
	case p.accept("MERGE"):
		return p.merge()
	case p.accept("SET"):
		return p.set()
	case p.accept("REMOVE"):
		return p.remove()
	case p.accept("DETACH", "DELETE"):
		return p.delete(true)
	case p.accept("DELETE"):
		return p.delete(false)
	}
	return nil, p.unexpected("expected a clause that graphtest knows; script other statements by Reply")
}

func (p *parser) match(optional bool) (clause, error) {
	patterns, where, err := p.matching()
	if err != nil {
		return nil, err
	}
	names := namesOf(patterns)
	return func(e *evaluation, rows []row) ([]row, error) {
		var out []row
		for _, r := range rows {
			found, err := e.match(patterns, where, r)
			if err != nil {
				return nil, err
			}
			if len(found) == 0 && optional {
				for _, name := range names {
					if _, bound := r[name]; !bound {
						r = r.with(name, nil)
					}
				}
				found = []row{r}
			}
			out = append(out, found...)
		}
		return out, nil
	}, nil
}

// namesOf are the variables that patterns bring.
func namesOf(patterns []path) (names []string) {
	for _, p := range patterns {
		names = append(names, p.name, p.start.name)
		for _, s := range p.steps {
			names = append(names, s.name, s.to.name)
		}
	}
	return slices.DeleteFunc(names, func(name string) bool { return name == "" })
}

func (p *parser) unwind() (clause, error) {
	list, err := p.expression()
	if err == nil {
		err = p.expect("AS")
	}
	if err != nil {
		return nil, err
	}
	name, err := p.name()
	return func(e *evaluation, rows []row) ([]row, error) {
		var out []row
		for _, r := range rows {
			v, err := list(e, r)
			if err != nil {
				return nil, err
			}
			values, ok := v.([]any)
			if !ok && v != nil {
				values = []any{v}
			}
			for _, one := range values {
				if err := e.grow(); err != nil {
					return nil, err
				}
				out = append(out, r.with(name, one))
			}
		}
		return out, nil
	}, err
}

// item is one column of RETURN or WITH.
type item struct {
	name       string
	value      expression
	aggregates []aggregate
}

// projection reads what stands behind RETURN or WITH.
func (p *parser) projection(last bool) (clause, []string, error) {
	distinct := p.accept("DISTINCT")
	every := p.accept("*")
	var items []item
	if !every || p.accept(",") {
		for {
			one, err := p.item(last)
			if err != nil {
				return nil, nil, err
			}
			if items = append(items, one); !p.accept(",") {
				break
			}
		}
	}
	o, err := p.ordering()
	var where expression
	if err == nil && !last && p.accept("WHERE") {
		where, err = p.expression()
	}
	columns := make([]string, len(items))
	for i, one := range items {
		columns[i] = one.name
	}
	return func(e *evaluation, rows []row) ([]row, error) {
		return e.project(rows, items, every, distinct, o, where)
	}, columns, err
}

func (p *parser) item(last bool) (item, error) {
	var one item
	var err error
	from := p.peek().start
	p.aggregates = &one.aggregates
	one.value, err = p.expression()
	p.aggregates = nil
	if err != nil {
		return one, err
	}
	one.name = strings.TrimSpace(p.text[from:p.tokens[p.at-1].end])
	if p.at > 0 && p.tokens[p.at-1].kind == tokenName && p.tokens[p.at-1].start == from {
		one.name = p.tokens[p.at-1].text
	}
	if p.accept("AS") {
		one.name, err = p.name()
	} else if !last && strings.ContainsAny(one.name, ".([ +-*/") {
		err = failure(CodeSyntax, "Expression in WITH must be aliased (use AS)")
	}
	return one, err
}

// ordering is ORDER BY, SKIP and LIMIT.
type ordering struct {
	keys        []expression
	descending  []bool
	skip, limit expression
}

func (p *parser) ordering() (o ordering, err error) {
	if p.accept("ORDER", "BY") {
		for {
			key, err := p.expression()
			if err != nil {
				return o, err
			}
			down := p.accept("DESC") || p.accept("DESCENDING")
			if !down && !p.accept("ASC") {
				p.accept("ASCENDING")
			}
			o.keys, o.descending = append(o.keys, key), append(o.descending, down)
			if !p.accept(",") {
				break
			}
		}
	}
	if p.accept("SKIP") || p.accept("OFFSET") {
		if o.skip, err = p.expression(); err != nil {
			return o, err
		}
	}
	if p.accept("LIMIT") {
		o.limit, err = p.expression()
	}
	return o, err
}
