package graphtest

import "slices"

// match finds the rows in which all the patterns hold. A relationship is used once in a row.
func (e *evaluation) match(patterns []path, where expression, r row) ([]row, error) {
	type partial struct {
		row  row
		used []*relationship
	}
	rows := []partial{{row: r}}
	for _, one := range patterns {
		var next []partial
		for _, before := range rows {
			w := &walk{evaluation: e, path: one, used: before.used, found: func(found row, used []*relationship) {
				next = append(next, partial{found, slices.Clone(used)})
			}}
			if err := w.run(before.row); err != nil {
				return nil, err
			}
		}
		rows = next
	}
	var kept []row
	for _, one := range rows {
		if where != nil {
			if holds, _, err := e.condition(where, one.row); err != nil {
				return nil, err
			} else if !holds {
				continue
			}
		}
		kept = append(kept, one.row)
	}
	return kept, nil
}

// walk matches one pattern from its start on.
type walk struct {
	*evaluation
	path  path
	used  []*relationship
	way   pathValue
	found func(row, []*relationship)
}

func (w *walk) run(r row) error {
	w.turn(r)
	for _, n := range w.candidates(w.path.start, r) {
		next, ok, err := w.arrive(w.path.start, n, r)
		if err != nil {
			return err
		}
		if !ok {
			continue
		}
		w.way = pathValue{nodes: []*node{n}}
		if w.path.shortest && len(w.path.steps) == 1 {
			err = w.shortest(n, next)
		} else {
			err = w.steps(0, n, next)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// turn begins at the other end where that one is known and this one is not.
func (w *walk) turn(r row) {
	steps := w.path.steps
	if len(steps) == 0 || w.path.name != "" || w.path.shortest || r[w.path.start.name] != nil {
		return
	}
	last := steps[len(steps)-1].to
	if _, bound := r[last.name].(*node); !bound {
		return
	}
	for _, s := range steps {
		if s.many {
			return
		}
	}
	turned := path{start: last}
	for i, s := range slices.Backward(steps) {
		s.out, s.in = s.in, s.out
		s.to = w.path.start
		if i > 0 {
			s.to = steps[i-1].to
		}
		turned.steps = append(turned.steps, s)
	}
	w.path = turned
}

// candidates are where a pattern may begin.
func (w *walk) candidates(p place, r row) []*node {
	if v, bound := r[p.name]; bound && p.name != "" {
		if n, ok := v.(*node); ok {
			return []*node{n}
		}
		return nil
	}
	return w.sorted()
}

// arrive checks a node against its place and names it.
func (w *walk) arrive(p place, n *node, r row) (row, bool, error) {
	if err := w.tick(); err != nil {
		return nil, false, err
	}
	if !p.labels.match(n.labels) {
		return nil, false, nil
	}
	if v, bound := r[p.name]; bound && p.name != "" {
		if v != any(n) {
			return nil, false, nil
		}
	} else if p.name != "" {
		r = r.with(p.name, n)
	}
	if ok, err := w.have(p.props, n.props, r); !ok || err != nil {
		return nil, false, err
	}
	if p.where != nil {
		holds, _, err := w.condition(p.where, r)
		return r, holds, err
	}
	return r, true, nil
}

// have reports whether the properties are all there with these values.
func (e *evaluation) have(wanted expression, props map[string]any, r row) (bool, error) {
	if wanted == nil {
		return true, nil
	}
	v, err := wanted(e, r)
	dict, _ := v.(map[string]any)
	for name, value := range dict {
		if equal(props[name], value) != true {
			return false, err
		}
	}
	return true, err
}

// steps takes the step of this number from n.
func (w *walk) steps(number int, n *node, r row) error {
	if number == len(w.path.steps) {
		if w.path.name != "" {
			r = r.with(w.path.name, &pathValue{slices.Clone(w.way.nodes), slices.Clone(w.way.relationships)})
		}
		w.found(r, w.used)
		return w.grow()
	}
	s := &w.path.steps[number]
	if s.many {
		return w.far(number, n, r, nil)
	}
	return w.each(s, n, r, func(rel *relationship, other *node) error {
		next := r
		if s.name != "" {
			if v, bound := r[s.name]; bound && v != any(rel) {
				return nil
			}
			next = r.with(s.name, rel)
		}
		return w.along(rel, other, func() error {
			next, ok, err := w.arrive(s.to, other, next)
			if err != nil || !ok {
				return err
			}
			return w.steps(number+1, other, next)
		})
	})
}

// far takes a step of several relationships; taken are those so far.
func (w *walk) far(number int, n *node, r row, taken []any) error {
	s := &w.path.steps[number]
	if len(taken) >= s.min {
		next, ok, err := w.arrive(s.to, n, r)
		if err != nil {
			return err
		}
		if ok {
			if s.name != "" {
				next = next.with(s.name, slices.Clone(taken))
			}
			if err := w.steps(number+1, n, next); err != nil {
				return err
			}
		}
	}
	if len(taken) >= s.max {
		return nil
	}
	return w.each(s, n, r, func(rel *relationship, other *node) error {
		return w.along(rel, other, func() error { return w.far(number, other, r, append(taken, rel)) })
	})
}

// along uses the relationship while f runs.
func (w *walk) along(rel *relationship, other *node, f func() error) error {
	w.used = append(w.used, rel)
	w.way.nodes, w.way.relationships = append(w.way.nodes, other), append(w.way.relationships, rel)
	err := f()
	w.used = w.used[:len(w.used)-1]
	w.way.nodes, w.way.relationships = w.way.nodes[:len(w.way.nodes)-1], w.way.relationships[:len(w.way.relationships)-1]
	return err
}

// each calls f for the relationships of the step that leave n and are not used yet.
func (w *walk) each(s *step, n *node, r row, f func(*relationship, *node) error) error {
	visit := func(numbers []int64, end func(*relationship) int64) error {
		for _, number := range numbers {
			rel := w.graph.relationships[number]
			if slices.Contains(w.used, rel) || len(s.kinds) > 0 && !slices.Contains(s.kinds, rel.kind) {
				continue
			}
			if err := w.tick(); err != nil {
				return err
			}
			if ok, err := w.have(s.props, rel.props, r); err != nil {
				return err
			} else if !ok {
				continue
			}
			if err := f(rel, w.graph.nodes[end(rel)]); err != nil {
				return err
			}
		}
		return nil
	}
	if s.out || !s.in {
		if err := visit(w.graph.out[n.id], func(rel *relationship) int64 { return rel.to }); err != nil {
			return err
		}
	}
	if s.in || !s.out {
		return visit(w.graph.in[n.id], func(rel *relationship) int64 { return rel.from })
	}
	return nil
}

// shortest goes level by level: the first way to each end, or all of that length.
func (w *walk) shortest(from *node, r row) error {
	s := &w.path.steps[0]
	seen := map[int64]int{from.id: 0}
	level := []pathValue{{nodes: []*node{from}}}
	for depth := 1; depth <= s.max && len(level) > 0; depth++ {
		var next []pathValue
		for _, way := range level {
			err := w.each(s, way.nodes[len(way.nodes)-1], r, func(rel *relationship, other *node) error {
				if at, known := seen[other.id]; known && (at < depth || !w.path.every) {
					return nil
				}
				seen[other.id] = depth
				longer := pathValue{append(slices.Clone(way.nodes), other), append(slices.Clone(way.relationships), rel)}
				next = append(next, longer)
				end, ok, err := w.arrive(s.to, other, r)
				if err != nil || !ok || depth < s.min {
					return err
				}
				if s.name != "" {
					end = end.with(s.name, anys(longer.relationships))
				}
				if w.path.name != "" {
					end = end.with(w.path.name, &longer)
				}
				w.found(end, longer.relationships)
				return w.grow()
			})
			if err != nil {
				return err
			}
		}
		level = next
	}
	return nil
}
