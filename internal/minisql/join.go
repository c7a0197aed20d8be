package minisql

import (
	"maps"
	"slices"
	"strings"
)

// join matches by the equalities of ON or USING with a hash, then tests all of ON.
func (r *runner) join(left *relation, j join) (*relation, error) {
	right, err := r.relation(j.from)
	if err != nil {
		return nil, err
	}
	both := &relation{columns: slices.Concat(left.columns, right.columns), names: maps.Clone(left.names)}
	width := len(left.columns)
	for name, at := range right.names {
		if _, taken := both.names[name]; !taken || strings.HasPrefix(name, j.from.alias+".") && j.from.alias != "" {
			both.names[name] = width + at
		}
	}
	var conditions []*node
	for _, k := range j.keys {
		l, ok1 := left.names[k]
		m, ok2 := right.names[k]
		if !ok1 || !ok2 {
			return nil, fail(47, "Unknown identifier %s in USING", k)
		}
		conditions = append(conditions, call("equals",
			&node{kind: nodePosition, value: l, text: k}, &node{kind: nodePosition, value: width + m, text: k}))
	}
	if j.on != nil {
		conditions = conjuncts(j.on)
	}
	m := matching{runner: r, both: both, width: width, left: j.left, any: j.any}
	if err := m.compile(conditions); err != nil {
		return nil, err
	}
	return both, m.run(left.rows, right)
}

func conjuncts(n *node) []*node {
	if n.kind != nodeCall || n.text != "and" {
		return []*node{n}
	}
	var all []*node
	for _, a := range n.args {
		all = append(all, conjuncts(a)...)
	}
	return all
}

// matching is one join at work.
type matching struct {
	*runner
	both      *relation
	width     int // columns of the left side
	left, any bool
	lefts     []eval // of the equalities, over the left side
	rights    []eval // over the right side, its columns where they lie in the joined row
	test      eval
}

func (m *matching) compile(conditions []*node) error {
	all := conditions[0]
	if len(conditions) > 1 {
		all = call("and", conditions...)
	}
	var err error
	if m.test, _, err = m.compiler(m.both).compile(all); err != nil {
		return err
	}
	for _, e := range conditions {
		if e.kind != nodeCall || e.text != "equals" {
			continue
		}
		a, b := e.args[0], e.args[1]
		if m.side(a, true) && m.side(b, false) {
			err = m.equality(a, b)
		} else if m.side(b, true) && m.side(a, false) {
			err = m.equality(b, a)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// side tells whether an expression uses columns of one side only.
func (m *matching) side(n *node, left bool) bool {
	used, only := false, true
	walk(n, func(n *node) {
		at, ok := m.both.names[n.text]
		if n.kind == nodePosition {
			at, ok = n.value.(int)
		} else if n.kind != nodeName {
			only = only && n.kind != nodeQuery && n.kind != nodeLambda
			return
		}
		used = true
		only = only && ok && (at < m.width) == left
	})
	return used && only
}

func (m *matching) equality(left, right *node) error {
	l, _, err := m.compiler(m.both).compile(left)
	if err != nil {
		return err
	}
	r, _, err := m.compiler(m.both).compile(right)
	m.lefts, m.rights = append(m.lefts, l), append(m.rights, r)
	return err
}

func (m *matching) run(lefts [][]any, right *relation) error {
	index, err := m.index(right)
	if err != nil {
		return err
	}
	padding := make([]any, len(right.columns))
	for i, c := range right.columns {
		padding[i] = zero(c.Type)
	}
	for i, row := range lefts {
		if i%1024 == 0 && m.ctx.Err() != nil {
			return m.ctx.Err()
		}
		key, err := keyOf(m.lefts, row)
		if err != nil {
			return err
		}
		matched, err := m.pair(row, index[key])
		if err != nil {
			return err
		}
		if !matched && m.left {
			m.both.rows = append(m.both.rows, slices.Concat(row, padding))
		}
	}
	return nil
}

func (m *matching) index(right *relation) (map[string][][]any, error) {
	index := make(map[string][][]any, len(right.rows))
	blank := make([]any, m.width)
	for _, row := range right.rows {
		key, err := keyOf(m.rights, slices.Concat(blank, row))
		if err != nil {
			return nil, err
		}
		index[key] = append(index[key], row)
	}
	return index, nil
}

func (m *matching) pair(row []any, candidates [][]any) (matched bool, err error) {
	for i, other := range candidates {
		if i%1024 == 1023 && m.ctx.Err() != nil {
			return matched, m.ctx.Err()
		}
		joined := slices.Concat(row, other)
		v, err := m.test(&frame{row: joined})
		if err != nil {
			return matched, err
		}
		if !yes(v) {
			continue
		}
		matched = true
		m.both.rows = append(m.both.rows, joined)
		if m.any {
			break
		}
	}
	return matched, nil
}

func keyOf(evals []eval, row []any) (string, error) {
	var b []byte
	for _, e := range evals {
		v, err := e(&frame{row: row})
		if err != nil {
			return "", err
		}
		b = appendKey(b, v)
	}
	return string(b), nil
}

// hiddenPrefix begins the names of columns that * does not show.
const hiddenPrefix = "\x00"

// hidden is the name of the column that holds what an arrayJoin call unfolds.
func hidden(n *node) string { return hiddenPrefix + n.key() }

// joinArrays is ARRAY JOIN, whose arrays unfold side by side, and arrayJoin(x), which unfold one by one.
func (r *runner) joinArrays(c *compiler, rel *relation, s *selection) error {
	if len(s.arrays) > 0 {
		names := make([]string, len(s.arrays))
		for i, a := range s.arrays {
			names[i] = a.name()
		}
		if err := r.unfold(c, rel, s.arrays, names, s.emptyToo); err != nil {
			return err
		}
	}
	var calls []*node
	for _, e := range s.expressions() {
		walk(e, func(n *node) {
			if n.kind == nodeCall && strings.EqualFold(n.text, "arrayJoin") && len(n.args) == 1 {
				calls = append(calls, n)
			}
		})
	}
	for _, n := range slices.Backward(calls) { // inner calls first
		if _, done := rel.names[hidden(n)]; done {
			continue
		}
		if err := r.unfold(c, rel, []item{{expr: n.args[0]}}, []string{hidden(n)}, false); err != nil {
			return err
		}
	}
	return nil
}

func (r *runner) unfold(c *compiler, rel *relation, arrays []item, names []string, emptyToo bool) error {
	evals := make([]eval, len(arrays))
	types := make([]string, len(arrays))
	for i, a := range arrays {
		var err error
		if evals[i], types[i], err = c.compile(a.expr); err != nil {
			return err
		}
		if !strings.HasPrefix(baseType(types[i]), "Array(") {
			return fail(53, "ARRAY JOIN requires an array argument, not %s", types[i])
		}
	}
	for i, name := range names {
		delete(rel.names, name)
		rel.add(Column{name, element(types[i:i+1], nil)}, name)
	}
	c.scope.names, c.scope.columns = rel.names, rel.columns
	rows := rel.rows
	rel.rows = nil
	for n, row := range rows {
		if n%1024 == 0 && r.ctx.Err() != nil {
			return r.ctx.Err()
		}
		lists := make([][]any, len(evals))
		for i, f := range evals {
			v, err := f(&frame{row: row})
			if err != nil {
				return err
			}
			if lists[i], _ = v.([]any); len(lists[i]) != len(lists[0]) {
				return fail(190, "Sizes of ARRAY-JOIN-ed arrays do not match")
			}
		}
		if len(lists[0]) == 0 && emptyToo {
			wider := slices.Clone(row)
			for _, t := range types {
				wider = append(wider, zero(element([]string{t}, nil)))
			}
			rel.rows = append(rel.rows, wider)
		}
		for at := range lists[0] {
			wider := slices.Clone(row)
			for _, list := range lists {
				wider = append(wider, list[at])
			}
			rel.rows = append(rel.rows, wider)
		}
	}
	return nil
}
