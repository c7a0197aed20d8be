package graphtest

import (
	"maps"
	"slices"
)

// project makes the columns of RETURN and WITH, in groups where an item aggregates.
func (e *evaluation) project(rows []row, items []item, every, distinct bool, o ordering, where expression) ([]row, error) {
	grouped := slices.ContainsFunc(items, func(i item) bool { return len(i.aggregates) > 0 })
	if grouped {
		var err error
		if rows, err = e.group(rows, items); err != nil {
			return nil, err
		}
	}
	out := make([]projected, 0, len(rows))
	for _, r := range rows {
		p := projected{before: r, row: row{}}
		if every {
			p.row = maps.Clone(r)
		}
		for _, i := range items {
			v, err := i.value(e, r)
			if err != nil {
				return nil, err
			}
			p.row[i.name] = v
		}
		out = append(out, p)
	}
	if distinct {
		out = unique(out)
	}
	if err := e.sort(out, o); err != nil {
		return nil, err
	}
	kept, err := e.cut(out, o)
	if err != nil || where == nil {
		return kept, err
	}
	var held []row
	for _, r := range kept {
		holds, _, err := e.condition(where, r)
		if err != nil {
			return nil, err
		}
		if holds {
			held = append(held, r)
		}
	}
	return held, nil
}

// projected is a row with what it was made of: ORDER BY may name both.
type projected struct{ row, before row }

func unique(rows []projected) []projected {
	seen := map[string]bool{}
	return slices.DeleteFunc(rows, func(p projected) bool {
		key := keyOf(map[string]any(p.row))
		known := seen[key]
		seen[key] = true
		return known
	})
}

// group makes one row of all those whose items without aggregates are the same.
func (e *evaluation) group(rows []row, items []item) ([]row, error) {
	groups := map[string][]row{}
	var keys []string
	alone := true
	for _, r := range rows {
		var values []any
		for _, i := range items {
			if len(i.aggregates) > 0 {
				continue
			}
			v, err := i.value(e, r)
			if err != nil {
				return nil, err
			}
			values = append(values, v)
		}
		key := keyOf(values)
		if groups[key] == nil {
			keys = append(keys, key)
		}
		groups[key] = append(groups[key], r)
	}
	for _, i := range items {
		alone = alone && len(i.aggregates) > 0
	}
	if len(rows) == 0 && alone { // count(*) of nothing is 0
		keys, groups = []string{""}, map[string][]row{"": nil}
	}
	var out []row
	for _, key := range keys {
		r, err := e.reduce(groups[key], items)
		if err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	return out, nil
}

// reduce is the first row of a group with the values of the aggregates in their slots.
func (e *evaluation) reduce(rows []row, items []item) (row, error) {
	r := row{}
	if len(rows) > 0 {
		r = maps.Clone(rows[0])
	}
	for _, i := range items {
		for _, a := range i.aggregates {
			values, err := e.values(rows, a)
			if err != nil {
				return nil, err
			}
			if r[a.slot], err = a.reduce(values); err != nil {
				return nil, err
			}
		}
	}
	return r, nil
}

// values are what an aggregate takes: without nulls, and each once where it says so.
func (e *evaluation) values(rows []row, a aggregate) ([]any, error) {
	seen := map[string]bool{}
	var values []any
	for _, r := range rows {
		if a.value == nil {
			values = append(values, true)
			continue
		}
		v, err := a.value(e, r)
		if err != nil {
			return nil, err
		}
		if v == nil || a.distinct && seen[keyOf(v)] {
			continue
		}
		if a.distinct {
			seen[keyOf(v)] = true
		}
		values = append(values, v)
	}
	return values, nil
}

func (e *evaluation) sort(rows []projected, o ordering) error {
	if len(o.keys) == 0 {
		return nil
	}
	type sorted struct {
		projected
		keys []any
	}
	all := make([]sorted, len(rows))
	for i, p := range rows {
		scope := maps.Clone(p.before)
		maps.Copy(scope, p.row)
		keys, err := e.all(o.keys, scope)
		if err != nil {
			return err
		}
		all[i] = sorted{p, keys}
	}
	slices.SortStableFunc(all, func(a, b sorted) int {
		for i := range o.keys {
			if c := order(a.keys[i], b.keys[i]); c != 0 {
				if o.descending[i] {
					return -c
				}
				return c
			}
		}
		return 0
	})
	for i := range all {
		rows[i] = all[i].projected
	}
	return nil
}

func (e *evaluation) cut(rows []projected, o ordering) ([]row, error) {
	skip, err := e.count(o.skip, 0)
	if err != nil {
		return nil, err
	}
	limit, err := e.count(o.limit, len(rows))
	if err != nil {
		return nil, err
	}
	rows = rows[min(skip, len(rows)):]
	out := make([]row, min(limit, len(rows)))
	for i := range out {
		out[i] = rows[i].row
	}
	return out, nil
}

func (e *evaluation) count(x expression, normal int) (int, error) {
	if x == nil {
		return normal, nil
	}
	v, err := x(e, row{})
	n, ok := v.(int64)
	if err == nil && (!ok || n < 0) {
		err = failure(CodeSyntax, "SKIP and LIMIT need a whole number that is not negative")
	}
	return int(n), err
}
