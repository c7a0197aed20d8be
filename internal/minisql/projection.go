package minisql

import (
	"cmp"
	"math"
	"slices"
)

// output is the compiled part of a statement that makes its rows.
type output struct {
	columns []Column
	evals   []eval // one per column
	extra   []eval // what ORDER BY and LIMIT BY look at
	having  eval
}

// project computes the output of a statement: groups, HAVING, ORDER BY, DISTINCT, LIMIT BY and LIMIT.
func (r *runner) project(c *compiler, rel *relation, s *selection, items []item) ([][]any, []Column, error) {
	keys, err := c.grouping(s)
	if err != nil {
		return nil, nil, err
	}
	var aggs []aggregate
	c.aggs = &aggs
	out, err := c.output(s, items)
	if err == nil && len(aggs) > 0 && c.group == nil { // all rows are one group: compile again, without the columns
		aggs, c.group = nil, map[string]int{}
		out, err = c.output(s, items)
	}
	if err != nil {
		return nil, nil, err
	}
	frames, err := r.frames(rel, keys, aggs, len(s.group) > 0)
	if err != nil {
		return nil, nil, err
	}
	rows, err := r.evaluate(frames, out)
	if err != nil {
		return nil, nil, err
	}
	rows, err = c.shape(s, rows, len(out.evals))
	markNulls(out.columns, rows)
	return rows, out.columns, err
}

func (c *compiler) output(s *selection, items []item) (output, error) {
	out, err := c.items(items)
	if err != nil {
		return out, err
	}
	if s.having != nil {
		if out.having, _, err = c.compile(s.having); err != nil {
			return out, err
		}
	}
	for _, o := range s.order {
		f, _, err := c.compile(o.expr)
		if err != nil {
			return out, err
		}
		out.extra = append(out.extra, f)
	}
	for _, n := range s.limitBy {
		f, _, err := c.compile(n)
		if err != nil {
			return out, err
		}
		out.extra = append(out.extra, f)
	}
	return out, nil
}

// markNulls makes the type of a column say that it holds NULL.
func markNulls(columns []Column, rows [][]any) {
	for i := range columns {
		if isNullable(columns[i].Type) {
			continue
		}
		if slices.ContainsFunc(rows, func(row []any) bool { return row[i] == nil }) {
			columns[i].Type = nullable(columns[i].Type)
		}
	}
}

// grouping compiles the keys of GROUP BY; from then on expressions that equal a key read it from the group.
func (c *compiler) grouping(s *selection) ([]eval, error) {
	var keys []eval
	group, columns, types := map[string]int{}, map[int]int{}, []string{}
	for _, n := range s.group {
		at := len(keys)
		column, named := c.scope.names[n.text]
		if n.kind == nodeName {
			if a, ok := c.scope.aliases[n.text]; ok {
				group[a.key()] = at
				column, named = c.scope.names[a.text]
				named = named && a.kind == nodeName
			}
			if named {
				columns[column] = at
			}
		}
		f, typ, err := c.compile(n)
		if err != nil {
			return nil, err
		}
		group[n.key()] = at
		keys, types = append(keys, f), append(types, typ)
	}
	if len(keys) > 0 {
		c.group, c.columns, c.types = group, columns, types
	}
	return keys, nil
}

func (c *compiler) items(items []item) (output, error) {
	var out output
	for _, it := range items {
		if it.alias != "" {
			c.within[it.alias] = true
		}
		f, typ, err := c.compile(it.expr)
		delete(c.within, it.alias)
		if err != nil {
			return out, err
		}
		out.evals = append(out.evals, f)
		out.columns = append(out.columns, Column{it.name(), typ})
	}
	return out, nil
}

// frames are what the output is computed from: the rows themselves, or one frame per group.
func (r *runner) frames(rel *relation, keys []eval, aggs []aggregate, grouped bool) ([]frame, error) {
	if len(aggs) == 0 && !grouped {
		all := make([]frame, len(rel.rows))
		for i, row := range rel.rows {
			all[i].row = row
		}
		return all, nil
	}
	var all []*frame
	index := map[string]*frame{}
	if !grouped {
		index[""] = newGroup(nil, aggs)
		all = append(all, index[""])
	}
	f := &frame{}
	var name []byte
	values := make([]any, len(keys))
	for i, row := range rel.rows {
		if i%1024 == 0 && r.ctx.Err() != nil {
			return nil, r.ctx.Err()
		}
		f.row, name = row, name[:0]
		for j, k := range keys {
			v, err := k(f)
			if err != nil {
				return nil, err
			}
			values[j] = v
			name = appendKey(name, v)
		}
		g, ok := index[string(name)]
		if !ok {
			g = newGroup(slices.Clone(values), aggs)
			index[string(name)] = g
			all = append(all, g)
		}
		if err := g.add(f, aggs); err != nil {
			return nil, err
		}
	}
	out := make([]frame, len(all))
	for i, g := range all {
		out[i] = *g
	}
	return out, nil
}

func newGroup(keys []any, aggs []aggregate) *frame {
	g := &frame{keys: keys}
	for _, a := range aggs {
		g.states = append(g.states, a.make())
	}
	return g
}

func (f *frame) add(row *frame, aggs []aggregate) error {
	for i, a := range aggs {
		args := make([]any, len(a.args))
		for j, e := range a.args {
			v, err := e(row)
			if err != nil {
				return err
			}
			args[j] = v
		}
		f.states[i].add(args)
	}
	return nil
}

// evaluate computes the output columns, followed by those that only order the rows.
func (r *runner) evaluate(frames []frame, out output) ([][]any, error) {
	rows := make([][]any, 0, len(frames))
	for i := range frames {
		if i%1024 == 0 && r.ctx.Err() != nil {
			return nil, r.ctx.Err()
		}
		if out.having != nil {
			v, err := out.having(&frames[i])
			if err != nil {
				return nil, err
			}
			if !yes(v) {
				continue
			}
		}
		row := make([]any, 0, len(out.evals)+len(out.extra))
		for _, list := range [][]eval{out.evals, out.extra} {
			for _, e := range list {
				v, err := e(&frames[i])
				if err != nil {
					return nil, err
				}
				row = append(row, v)
			}
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// shape orders, thins out and cuts the rows, and takes the ordering columns off.
func (c *compiler) shape(s *selection, rows [][]any, width int) ([][]any, error) {
	if s.distinct {
		rows = unique(rows, func(row []any) []any { return row[:width] }, 1)
	}
	if len(s.order) > 0 {
		rows = sorted(rows, func(a, b []any) int { return ordered(s.order, a[width:], b[width:]) })
	}
	if s.limitBy != nil {
		n, err := c.count(s.limitByN)
		if err != nil {
			return nil, err
		}
		from := width + len(s.order)
		rows = unique(rows, func(row []any) []any { return row[from:] }, n)
	}
	if s.offset != nil {
		n, err := c.count(s.offset)
		if err != nil {
			return nil, err
		}
		rows = rows[min(len(rows), n):]
	}
	if s.limit != nil {
		n, err := c.count(s.limit)
		if err != nil {
			return nil, err
		}
		rows = rows[:min(len(rows), n)]
	}
	for i := range rows {
		rows[i] = rows[i][:width:width]
	}
	return rows, nil
}

// sorted keeps the order of equal rows. A permutation is sorted, because that takes no longer than needed where the rows
// are in order already, or in the opposite one.
func sorted(rows [][]any, order func(a, b []any) int) [][]any {
	places := make([]int32, len(rows))
	for i := range places {
		places[i] = int32(i)
	}
	slices.SortFunc(places, func(a, b int32) int { return cmp.Or(order(rows[a], rows[b]), cmp.Compare(a, b)) })
	out := make([][]any, len(rows))
	for i, at := range places {
		out[i] = rows[at]
	}
	return out
}

// ordered compares two rows by ORDER BY. NULL and NaN come last, whichever way the order goes.
func ordered(by []order, a, b []any) int {
	for i, o := range by {
		n := sortOrder(a[i], b[i])
		switch empty := last(a[i]) || last(b[i]); {
		case n == 0:
			continue
		case empty && o.nullsFirst, !empty && o.desc:
			return -n
		}
		return n
	}
	return 0
}

func last(v any) bool { return v == nil || nan(v) }

// count is the number of LIMIT or OFFSET.
func (c *compiler) count(n *node) (int, error) {
	v, err := c.constant(n)
	if err != nil {
		return 0, err
	}
	i, ok := v.(uint64)
	if !ok {
		return 0, fail(440, "The value %v of LIMIT or OFFSET is not a non-negative integer", v)
	}
	return int(min(i, math.MaxInt)), nil
}

// unique keeps the first n rows of each key.
func unique(rows [][]any, key func([]any) []any, n int) [][]any {
	seen := map[string]int{}
	var kept [][]any
	var name []byte
	for _, row := range rows {
		name = appendKey(name[:0], key(row))
		if seen[string(name)]++; seen[string(name)] <= n {
			kept = append(kept, row)
		}
	}
	return kept
}
