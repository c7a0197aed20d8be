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
	s, err := parse(sql, params)
	if err != nil {
		return Result{}, err
	}
	defer func() {
		if value := recover(); value != nil {
			b, ok := value.(bail)
			if !ok {
				panic(value)
			}
			err = b.err
		}
	}()
	var read uint64
	run := &runner{ctx: ctx, db: d, ctes: map[string]*cte{}, database: database, read: &read}
	if s.estimated {
		return run.estimate(s)
	}
	r, err = run.selection(s)
	r.ReadRows = read
	return r, err
}

type runner struct {
	ctx      context.Context
	db       *DB
	ctes     map[string]*cte
	database string
	read     *uint64
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
	if err != nil || s.union == nil {
		return out, err
	}
	more, err := (&runner{r.ctx, r.db, r.ctes, r.database, r.read}).selection(s.union)
	if err != nil {
		return out, err
	}
	if len(more.Columns) != len(out.Columns) {
		return out, fail(258, "Different number of columns in UNION ALL elements")
	}
	out.Rows = append(out.Rows, more.Rows...)
	return out, nil
}

func (r *runner) one(s *selection) (Result, error) {
	outer := r.ctes
	defer func() { r.ctes = outer }()
	r.ctes = maps.Clone(outer)
	for i := range s.with {
		r.ctes[s.with[i].name] = &s.with[i]
	}
	rel, err := r.from(s)
	if err != nil {
		return Result{}, err
	}
	c := r.compiler(rel)
	r.aliases(c, s)
	if err := r.filter(c, rel, s); err != nil {
		return Result{}, err
	}
	items := r.expand(rel, s.items)
	rows, columns, err := r.project(c, rel, s, items)
	if err != nil {
		return Result{}, err
	}
	return Result{Columns: columns, Rows: rows}, nil
}

func (r *runner) compiler(rel *relation) *compiler {
	return &compiler{
		ctx: r.ctx, db: r.db, ctes: r.ctes, database: r.database, read: r.read, within: map[string]bool{},
		scope: &scope{names: rel.names, columns: rel.columns, aliases: map[string]*node{}},
	}
}

func (r *runner) aliases(c *compiler, s *selection) {
	var visit func(n *node)
	visit = func(n *node) {
		if n == nil {
			return
		}
		if n.kind == nodeAlias {
			c.scope.aliases[n.text] = n.args[0]
		}
		for _, a := range n.args {
			visit(a)
		}
	}
	for _, it := range s.items {
		visit(it.expr)
		if it.alias != "" && !(it.expr.kind == nodeName && it.expr.text == it.alias) {
			c.scope.aliases[it.alias] = it.expr
		}
	}
	visit(s.where)
}

func (r *runner) expand(rel *relation, items []item) []item {
	var all []item
	for _, it := range items {
		if it.expr.kind != nodeStar {
			all = append(all, it)
			continue
		}
		for _, c := range rel.columns {
			all = append(all, item{expr: &node{kind: nodeName, text: c.Name}})
		}
	}
	return all
}

func (r *runner) from(s *selection) (*relation, error) {
	rel := &relation{names: map[string]int{}, rows: [][]any{{}}}
	if s.from == nil {
		return rel, nil
	}
	var err error
	if rel, err = r.relation(*s.from); err != nil {
		return nil, err
	}
	for _, j := range s.joins {
		if rel, err = r.join(rel, j); err != nil {
			return nil, err
		}
	}
	for _, a := range s.arrays {
		if err := r.unfold(rel, a); err != nil {
			return nil, err
		}
	}
	return rel, nil
}

// relation reads one source of FROM or JOIN.
func (r *runner) relation(src source) (*relation, error) {
	rel := &relation{names: map[string]int{}}
	query := src.query
	if e, ok := r.ctes[src.table]; ok && query == nil && e.query != nil {
		query = e.query
	}
	prefix := src.alias
	switch {
	case query != nil:
		inner := &runner{r.ctx, r.db, r.ctes, r.database, r.read}
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
	name := src.table
	if !strings.Contains(name, ".") {
		name = r.database + "." + name
	}
	t, err := r.db.find(name)
	if err != nil {
		return nil, err
	}
	*r.read += uint64(len(t.Rows))
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

func (r *runner) numbers(src source) (*relation, error) {
	n := uint64(maxNumbers)
	if src.call != nil {
		if !strings.EqualFold(src.table, "numbers") || len(src.call.args) == 0 {
			return nil, fail(46, "Unknown table function %s", src.table)
		}
		v, _ := src.call.args[len(src.call.args)-1].value.(uint64)
		n = min(n, v)
	}
	rel := &relation{names: map[string]int{}}
	rel.add(Column{"number", "UInt64"}, "number")
	for i := range n {
		rel.rows = append(rel.rows, []any{i})
	}
	*r.read += n
	return rel, nil
}

// join matches by the equalities of ON or USING with a hash, then tests what is left of ON.
func (r *runner) join(left *relation, j join) (*relation, error) {
	right, err := r.relation(j.from)
	if err != nil {
		return nil, err
	}
	both := &relation{columns: slices.Clone(left.columns), names: maps.Clone(left.names)}
	width := len(left.columns)
	for i, c := range right.columns {
		both.columns = append(both.columns, c)
		for name, at := range right.names {
			if _, taken := both.names[name]; at == i && !taken {
				both.names[name] = width + i
			}
		}
	}
	on := j.on
	for _, k := range j.keys {
		i, ok1 := left.names[k]
		m, ok2 := right.names[k]
		if !ok1 || !ok2 {
			return nil, fail(47, "Unknown identifier %s in USING", k)
		}
		both.names["\x00l"+k], both.names["\x00r"+k] = i, width+m
		e := call("equals", &node{kind: nodeName, text: "\x00l" + k}, &node{kind: nodeName, text: "\x00r" + k})
		if on == nil {
			on = e
		} else {
			on = call("and", on, e)
		}
	}
	return both, r.match(left, right, both, on, j.left)
}

func (r *runner) match(left, right, both *relation, on *node, keep bool) error {
	var lefts, rights []eval
	for _, e := range conjuncts(on) {
		if e.kind != nodeCall || e.text != "equals" {
			continue
		}
		a, errA := r.side(left, both, e.args[0])
		b, errB := r.side(right, both, e.args[1])
		if errA != nil || errB != nil {
			a, errA = r.side(left, both, e.args[1])
			b, errB = r.side(right, both, e.args[0])
		}
		if errA == nil && errB == nil {
			lefts, rights = append(lefts, a), append(rights, b)
		}
	}
	test, _, err := r.compiler(both).compile(on)
	if err != nil {
		return err
	}
	index := map[string][][]any{}
	for _, row := range right.rows {
		padded := append(make([]any, len(left.columns)), row...)
		k, err := keyOf(rights, padded)
		if err != nil {
			return err
		}
		index[k] = append(index[k], row)
	}
	for _, row := range left.rows {
		if err := r.ctx.Err(); err != nil {
			return err
		}
		k, err := keyOf(lefts, row)
		if err != nil {
			return err
		}
		matched := false
		for _, other := range index[k] {
			joined := append(slices.Clone(row), other...)
			v, err := test(&frame{row: joined})
			if err != nil {
				return err
			}
			if yes(v) {
				matched = true
				both.rows = append(both.rows, joined)
			}
		}
		if !matched && keep {
			both.rows = append(both.rows, append(slices.Clone(row), zeros(right.columns)...))
		}
	}
	return nil
}

// side compiles an expression that uses columns of one side only, as they lie in the joined row.
func (r *runner) side(of, both *relation, n *node) (eval, error) {
	names := map[string]int{}
	low, high := 0, len(of.columns)
	if len(both.columns) > 0 && both.rows == nil && !sameStart(of, both) {
		low, high = len(both.columns)-len(of.columns), len(both.columns)
	}
	for name, at := range both.names {
		if at >= low && at < high {
			names[name] = at
		}
	}
	f, _, err := r.compiler(&relation{columns: both.columns, names: names}).compile(n)
	return f, err
}

func sameStart(of, both *relation) bool {
	for name, at := range of.names {
		if b, ok := both.names[name]; ok && b == at && strings.Contains(name, ".") {
			return true
		}
	}
	return false
}

func conjuncts(n *node) []*node {
	if n != nil && n.kind == nodeCall && n.text == "and" {
		return append(conjuncts(n.args[0]), conjuncts(n.args[1])...)
	}
	return []*node{n}
}

func keyOf(evals []eval, row []any) (string, error) {
	var b strings.Builder
	for _, e := range evals {
		v, err := e(&frame{row: row})
		if err != nil {
			return "", err
		}
		b.WriteString(text(v) + "\x00")
	}
	return b.String(), nil
}

func zeros(columns []Column) []any {
	all := make([]any, len(columns))
	for i, c := range columns {
		switch t := c.Type; {
		case strings.HasPrefix(t, "Nullable"):
		case strings.HasPrefix(t, "UInt"):
			all[i] = uint64(0)
		case strings.HasPrefix(t, "Int"):
			all[i] = int64(0)
		case strings.HasPrefix(t, "Float"):
			all[i] = 0.0
		case strings.HasPrefix(t, "Map"):
			all[i] = map[string]any{}
		case strings.HasPrefix(t, "Array"):
			all[i] = []any{}
		case strings.HasPrefix(t, "Bool"):
			all[i] = false
		case strings.HasPrefix(t, "Date"):
		default:
			all[i] = ""
		}
	}
	return all
}

// unfold is ARRAY JOIN.
func (r *runner) unfold(rel *relation, a item) error {
	f, typ, err := r.compiler(rel).compile(a.expr)
	if err != nil {
		return err
	}
	rows := rel.rows
	rel.rows = nil
	delete(rel.names, a.name())
	rel.add(Column{a.name(), element([]string{typ}, nil)}, a.name())
	for _, row := range rows {
		v, err := f(&frame{row: row})
		if err != nil {
			return err
		}
		items, _ := v.([]any)
		for _, e := range items {
			rel.rows = append(rel.rows, append(slices.Clone(row), e))
		}
	}
	return nil
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
		return out, err
	}
	if s.from != nil && s.from.table != "" {
		name := s.from.table
		if !strings.Contains(name, ".") {
			name = r.database + "." + name
		}
		if t, ok := r.db.Table(name); ok {
			database, table, _ := strings.Cut(name, ".")
			n := uint64(len(t.Rows))
			out.Rows = append(out.Rows, []any{database, table, uint64(1), n, n/8192 + 1})
		}
	}
	return out, nil
}
