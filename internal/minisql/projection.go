package minisql

import (
	"slices"
	"strings"
)

// project computes the output of a statement: groups, HAVING, ORDER BY, DISTINCT, LIMIT BY and LIMIT.
func (r *runner) project(c *compiler, rel *relation, s *selection, items []item) ([][]any, []Column, error) {
	grouped, err := r.grouping(c, s)
	if err != nil {
		return nil, nil, err
	}
	var aggs []aggregate
	c.aggs = &aggs
	evals, columns, err := compileItems(c, items)
	if err != nil {
		return nil, nil, err
	}
	var having eval
	if s.having != nil {
		if having, _, err = c.compile(s.having); err != nil {
			return nil, nil, err
		}
	}
	extra := make([]eval, 0, len(s.order)+len(s.limitBy))
	for _, o := range s.order {
		f, _, err := c.compile(o.expr)
		if err != nil {
			return nil, nil, err
		}
		extra = append(extra, f)
	}
	for _, n := range s.limitBy {
		f, _, err := c.compile(n)
		if err != nil {
			return nil, nil, err
		}
		extra = append(extra, f)
	}
	frames, err := r.frames(rel, grouped, aggs, len(s.group) > 0)
	if err != nil {
		return nil, nil, err
	}
	rows, err := evaluate(r, frames, evals, extra, having)
	if err != nil {
		return nil, nil, err
	}
	return r.shape(c, s, rows, len(evals)), columns, nil
}

// grouping compiles the keys of GROUP BY; from then on expressions that equal a key read it from the group.
func (r *runner) grouping(c *compiler, s *selection) ([]eval, error) {
	var keys []eval
	group, types := map[string]int{}, []string{}
	for _, n := range s.group {
		if n.kind == nodeName && !c.within[n.text] {
			if a, ok := c.scope.aliases[n.text]; ok {
				group[a.key()] = len(keys)
			}
		}
		f, typ, err := c.compile(n)
		if err != nil {
			return nil, err
		}
		group[n.key()] = len(keys)
		keys, types = append(keys, f), append(types, typ)
	}
	if len(keys) > 0 {
		c.group, c.types = group, types
	}
	return keys, nil
}

func compileItems(c *compiler, items []item) ([]eval, []Column, error) {
	var evals []eval
	var columns []Column
	for _, it := range items {
		if it.alias != "" {
			c.within[it.alias] = true
		}
		f, typ, err := c.compile(it.expr)
		delete(c.within, it.alias)
		if err != nil {
			return nil, nil, err
		}
		evals = append(evals, f)
		columns = append(columns, Column{it.name(), typ})
	}
	return evals, columns, nil
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
	for i, row := range rel.rows {
		if i%1024 == 0 && r.ctx.Err() != nil {
			return nil, r.ctx.Err()
		}
		f.row = row
		values := make([]any, len(keys))
		var name strings.Builder
		for j, k := range keys {
			v, err := k(f)
			if err != nil {
				return nil, err
			}
			values[j] = v
			name.WriteString(text(v) + "\x00")
		}
		g, ok := index[name.String()]
		if !ok {
			g = newGroup(values, aggs)
			g.row = row
			index[name.String()] = g
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
func evaluate(r *runner, frames []frame, evals, extra []eval, having eval) ([][]any, error) {
	rows := make([][]any, 0, len(frames))
	for i := range frames {
		if i%1024 == 0 && r.ctx.Err() != nil {
			return nil, r.ctx.Err()
		}
		if having != nil {
			v, err := having(&frames[i])
			if err != nil {
				return nil, err
			}
			if !yes(v) {
				continue
			}
		}
		row := make([]any, 0, len(evals)+len(extra))
		for _, list := range [][]eval{evals, extra} {
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
func (r *runner) shape(c *compiler, s *selection, rows [][]any, width int) [][]any {
	if s.distinct {
		rows = unique(rows, func(row []any) []any { return row[:width] }, 1)
	}
	if len(s.order) > 0 {
		slices.SortStableFunc(rows, func(a, b []any) int {
			for i, o := range s.order {
				if n := sortOrder(a[width+i], b[width+i]); n != 0 {
					if o.desc && a[width+i] != nil && b[width+i] != nil {
						return -n
					}
					return n
				}
			}
			return 0
		})
	}
	if s.limitBy != nil {
		from := width + len(s.order)
		rows = unique(rows, func(row []any) []any { return row[from:] }, r.count(c, s.limitByN))
	}
	if s.offset != nil {
		rows = rows[min(len(rows), r.count(c, s.offset)):]
	}
	if s.limit != nil {
		rows = rows[:min(len(rows), r.count(c, s.limit))]
	}
	for i := range rows {
		rows[i] = rows[i][:width:width]
	}
	return rows
}

func (r *runner) count(c *compiler, n *node) int {
	plain := *c
	plain.group, plain.aggs = nil, nil
	f, _, err := plain.compile(n)
	if err != nil {
		panic(bail{err})
	}
	v, err := f(&frame{})
	if err != nil {
		panic(bail{err})
	}
	i, _ := whole(v)
	return int(max(0, i))
}

// unique keeps the first n rows of each key.
func unique(rows [][]any, key func([]any) []any, n int) [][]any {
	seen := map[string]int{}
	var kept [][]any
	for _, row := range rows {
		k := text(key(row))
		if seen[k]++; seen[k] <= n {
			kept = append(kept, row)
		}
	}
	return kept
}
