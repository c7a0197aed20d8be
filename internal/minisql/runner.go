package minisql

import (
	"context"
	"maps"
	"slices"
	"strings"
)

// Query runs one statement. params are the server-side parameters, as text. The error is an *Error or that of the
// context.
func (d *DB) Query(ctx context.Context, sql string, params map[string]string) (r Result, err error) {
	return d.QueryIn(ctx, "default", sql, params)
}

// QueryIn is Query with a database for the tables that name none.
func (d *DB) QueryIn(ctx context.Context, database, sql string, params map[string]string) (r Result, err error) {
	defer func() {
		if value := recover(); value != nil {
			r, err = Result{}, recovered(value)
		}
	}()
	s, err := parse(sql, params)
	if err != nil {
		return Result{}, err
	}
	run := &runner{session: &session{
		ctx: ctx, db: d.snapshot(), database: database, scanned: map[string]uint64{}, answers: map[*selection]Result{},
	}}
	if s.estimated {
		return run.estimate(s)
	}
	r, err = run.selection(s)
	r.ReadRows = run.read
	return r, err
}

// recovered is the error for what stopped a statement: its own mistake, or one of this package.
func recovered(value any) error {
	if b, ok := value.(bail); ok {
		return b.err
	}
	return fail(49, "minisql cannot evaluate this statement: %v", value)
}

// binding is what WITH gives a name to, and the names that were there before it.
type binding struct {
	query *selection
	expr  *node
	scope map[string]*binding
}

type runner struct {
	*session
	ctes map[string]*binding
}

// relation is rows with the names by which their columns can be called.
type relation struct {
	columns []Column
	names   map[string]int
	rows    [][]any
}

func (r *relation) add(c Column, names ...string) {
	for _, n := range names {
		if _, taken := r.names[n]; !taken {
			r.names[n] = len(r.columns)
		}
	}
	r.columns = append(r.columns, c)
}

func (r *runner) selection(s *selection) (Result, error) {
	out, err := r.one(s)
	if err != nil {
		return out, err
	}
	for next := s.union; next != nil; next = next.union {
		more, err := r.one(next)
		if err != nil {
			return out, err
		}
		if err := out.union(more); err != nil {
			return out, err
		}
	}
	return out, nil
}

// union adds the rows of another part of UNION ALL.
func (r *Result) union(more Result) error {
	if len(more.Columns) != len(r.Columns) {
		return fail(258, "Different number of columns in UNION ALL elements")
	}
	for i, c := range more.Columns {
		t, ok := supertype(r.Columns[i].Type, c.Type)
		if !ok {
			return fail(386, "There is no supertype for types %s, %s", r.Columns[i].Type, c.Type)
		}
		r.Columns[i].Type = t
	}
	r.Rows = append(slices.Clip(r.Rows), more.Rows...)
	for _, row := range r.Rows {
		for i, c := range r.Columns {
			row[i] = conform(row[i], c.Type)
		}
	}
	return nil
}

func (r *runner) one(s *selection) (Result, error) {
	if err := r.ctx.Err(); err != nil {
		return Result{}, err
	}
	r = r.with(s.with)
	rel, err := r.from(s)
	if err != nil {
		return Result{}, err
	}
	c := r.compiler(rel)
	aliases(c, s)
	if err := r.joinArrays(c, rel, s); err != nil {
		return Result{}, err
	}
	if err := r.filter(c, rel, s); err != nil {
		return Result{}, err
	}
	items, err := expand(rel, s.items)
	if err != nil {
		return Result{}, err
	}
	rows, columns, err := r.project(c, rel, s, items)
	if err != nil {
		return Result{}, err
	}
	return Result{Columns: columns, Rows: rows}, nil
}

// with is a runner that knows more names. Each sees those before it, so that none can use itself.
func (r *runner) with(list []cte) *runner {
	for _, e := range list {
		next := maps.Clone(r.ctes)
		if next == nil {
			next = map[string]*binding{}
		}
		next[e.name] = &binding{query: e.query, expr: e.expr, scope: r.ctes}
		r = &runner{session: r.session, ctes: next}
	}
	return r
}

func (r *runner) compiler(rel *relation) *compiler {
	return &compiler{
		session: r.session, ctes: r.ctes, within: map[string]bool{},
		scope: &scope{names: rel.names, columns: rel.columns, aliases: map[string]*node{}},
	}
}

// walk visits an expression and all within it, except subqueries.
func walk(n *node, visit func(*node)) {
	if n == nil {
		return
	}
	visit(n)
	for _, a := range n.args {
		walk(a, visit)
	}
}

// expressions are those that a statement evaluates for its rows.
func (s *selection) expressions() []*node {
	var all []*node
	for _, it := range s.items {
		all = append(all, it.expr)
	}
	all = append(all, s.group...)
	for _, o := range s.order {
		all = append(all, o.expr)
	}
	all = append(all, s.limitBy...)
	for _, n := range []*node{s.where, s.having} {
		if n != nil {
			all = append(all, n)
		}
	}
	return all
}

func aliases(c *compiler, s *selection) {
	for _, it := range s.items {
		if it.alias != "" && !(it.expr.kind == nodeName && it.expr.text == it.alias) {
			c.scope.aliases[it.alias] = it.expr
		}
	}
	for _, e := range s.expressions() {
		walk(e, func(n *node) {
			if n.kind == nodeAlias {
				c.scope.aliases[n.text] = n.args[0]
			}
		})
	}
}

// expand puts the columns in the place of *.
func expand(rel *relation, items []item) ([]item, error) {
	var all []item
	for _, it := range items {
		if it.expr.kind != nodeStar {
			all = append(all, it)
			continue
		}
		found := false
		for i, c := range rel.columns {
			at, own := rel.names[it.expr.text+"."+c.Name]
			if strings.HasPrefix(c.Name, hiddenPrefix) || it.expr.text != "" && (!own || at != i) {
				continue
			}
			found = true
			all = append(all, item{expr: &node{kind: nodePosition, value: i, text: c.Name}})
		}
		if !found {
			return nil, fail(47, "Unknown table %s of an asterisk", it.expr.text)
		}
	}
	return all, nil
}

func (r *runner) from(s *selection) (*relation, error) {
	rel := &relation{names: map[string]int{}, rows: [][]any{{}}}
	if s.from == nil {
		return rel, nil
	}
	var err error
	if rel, err = r.relation(s.source()); err != nil {
		return nil, err
	}
	for _, j := range s.joins {
		if rel, err = r.join(rel, j); err != nil {
			return nil, err
		}
	}
	return rel, nil
}

// source is FROM, with the rows that an endless one has to give: those of LIMIT, where nothing thins them out before.
func (s *selection) source() source {
	src := *s.from
	plain := s.where == nil && s.having == nil && s.group == nil && s.order == nil && s.limitBy == nil && !s.distinct && s.joins == nil
	for _, e := range s.expressions() {
		walk(e, func(n *node) {
			if _, ok := aggregates[strings.ToLower(n.text)]; ok && n.kind == nodeCall {
				plain = false
			}
		})
	}
	if plain && s.limit != nil {
		most, _ := whole(s.limit.value)
		src.needed = uint64(max(0, most))
		if s.offset != nil {
			skip, _ := whole(s.offset.value)
			src.needed += uint64(max(0, skip))
		}
	}
	return src
}

// relation reads one source of FROM or JOIN.
func (r *runner) relation(src source) (*relation, error) {
	rel := &relation{names: map[string]int{}}
	query, inner := src.query, r
	prefix := src.alias
	if e, ok := r.ctes[src.table]; ok && query == nil && e.query != nil {
		query, inner = e.query, &runner{session: r.session, ctes: e.scope}
	}
	switch {
	case query != nil:
		out, err := inner.selection(query)
		if err != nil {
			return nil, err
		}
		rel.rows = out.Rows
		if prefix == "" {
			prefix = src.table
		}
		for _, c := range out.Columns {
			rel.add(c, c.Name, prefix+"."+c.Name)
		}
		return rel, nil
	case src.call != nil || src.table == "system.numbers":
		return r.numbers(src)
	}
	name := r.qualified(src.table)
	t, err := r.db.find(name)
	if err != nil {
		return nil, err
	}
	r.read += uint64(len(t.Rows))
	if !strings.HasPrefix(name, "system.") {
		r.scanned[name] = uint64(len(t.Rows))
	}
	rel.rows = t.Rows
	_, short, _ := strings.Cut(name, ".")
	for _, c := range t.Columns {
		names := []string{c.Name, short + "." + c.Name, name + "." + c.Name}
		if prefix != "" {
			names = append(names, prefix+"."+c.Name)
		}
		rel.add(c, names...)
	}
	return rel, nil
}

// maxNumbers bounds what numbers() makes in memory.
const maxNumbers = 2_000_000

// numbers makes the rows of numbers(n), numbers(offset, n), numbers() and system.numbers. The last two have no end: they
// give as many rows as LIMIT asks for.
func (r *runner) numbers(src source) (*relation, error) {
	start, n, endless := uint64(0), uint64(0), true
	if src.call != nil {
		if !strings.EqualFold(src.table, "numbers") || len(src.call.args) > 2 {
			return nil, fail(46, "Unknown table function %s", src.table)
		}
		for _, a := range src.call.args {
			v, err := (&compiler{session: r.session, ctes: r.ctes}).constant(a)
			if err != nil {
				return nil, err
			}
			count, ok := whole(v)
			if !ok || count < 0 {
				return nil, fail(36, "Illegal argument of table function numbers: %v", v)
			}
			start, n, endless = n, uint64(count), false
		}
	}
	if endless {
		n = src.needed
	}
	if n > maxNumbers || endless && n == 0 {
		return nil, fail(158, "Limit for rows to read exceeded: numbers holds at most %d rows here; give it a LIMIT", maxNumbers)
	}
	rel := &relation{names: map[string]int{}, rows: make([][]any, 0, n)}
	rel.add(Column{"number", "UInt64"}, "number", src.alias+".number", src.table+".number")
	for i := range n {
		if i%8192 == 0 && r.ctx.Err() != nil {
			return nil, r.ctx.Err()
		}
		rel.rows = append(rel.rows, []any{start + i})
	}
	r.read += n
	return rel, nil
}

func (r *runner) filter(c *compiler, rel *relation, s *selection) error {
	if s.where == nil {
		return nil
	}
	test, _, err := c.compile(s.where)
	if err != nil {
		return err
	}
	var kept [][]any
	f := &frame{}
	for i, row := range rel.rows {
		if i%1024 == 0 && r.ctx.Err() != nil {
			return r.ctx.Err()
		}
		f.row = row
		v, err := test(f)
		if err != nil {
			return err
		}
		if yes(v) {
			kept = append(kept, row)
		}
	}
	rel.rows = kept
	return nil
}

// estimate answers EXPLAIN ESTIMATE with the sizes of the tables that are read.
func (r *runner) estimate(s *selection) (Result, error) {
	out := Result{Columns: []Column{{"database", "String"}, {"table", "String"}, {"parts", "UInt64"}, {"rows", "UInt64"}, {"marks", "UInt64"}}}
	if _, err := r.selection(s); err != nil {
		return Result{}, err
	}
	for _, name := range slices.Sorted(maps.Keys(r.scanned)) {
		database, table, _ := strings.Cut(name, ".")
		n := r.scanned[name]
		out.Rows = append(out.Rows, []any{database, table, uint64(1), n, (n + 8191) / 8192})
	}
	return out, nil
}
