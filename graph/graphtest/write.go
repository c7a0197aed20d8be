package graphtest

import (
	"maps"
	"slices"
)

// counted adds to a counter of the summary.
func (e *evaluation) counted(name string, n int) {
	if n == 0 {
		return
	}
	before, _ := e.stats[name].(int64)
	e.stats[name] = before + int64(n)
	e.stats["contains-updates"] = true
}

func (p *parser) create() (clause, error) {
	patterns, _, err := p.matching()
	return func(e *evaluation, rows []row) ([]row, error) {
		for i, r := range rows {
			for _, one := range patterns {
				var err error
				if r, err = e.create(one, r); err != nil {
					return nil, err
				}
			}
			rows[i] = r
		}
		return rows, nil
	}, err
}

// create makes what of a pattern is not bound.
func (e *evaluation) create(one path, r row) (row, error) {
	from, r, err := e.createNode(one.start, r)
	if err != nil {
		return nil, err
	}
	for _, s := range one.steps {
		var to *node
		if to, r, err = e.createNode(s.to, r); err != nil {
			return nil, err
		}
		if len(s.kinds) != 1 || s.many {
			return nil, failure(CodeSyntax, "Exactly one relationship type must be specified for each relationship to create")
		}
		props, err := e.fields(s.props, r)
		if err != nil {
			return nil, err
		}
		start, end := from, to
		if s.in && !s.out {
			start, end = to, from
		}
		made := e.graph.addRelationship(s.kinds[0], start.id, end.id, props)
		e.counted("relationships-created", 1)
		e.counted("properties-set", len(props))
		if s.name != "" {
			r = r.with(s.name, made)
		}
		from = to
	}
	return r, nil
}

func (e *evaluation) createNode(p place, r row) (*node, row, error) {
	if v, bound := r[p.name]; bound && p.name != "" {
		n, ok := v.(*node)
		if !ok {
			return nil, nil, failure(CodeType, "Failed to create relationship, node is missing")
		}
		return n, r, nil
	}
	props, err := e.fields(p.props, r)
	if err != nil {
		return nil, nil, err
	}
	n := e.graph.addNode(slices.Concat(p.labels...), props)
	if e.nodes != nil {
		e.nodes = append(e.nodes, n)
	}
	e.counted("nodes-created", 1)
	e.counted("labels-added", len(n.labels))
	e.counted("properties-set", len(props))
	if p.name != "" {
		r = r.with(p.name, n)
	}
	return n, r, e.grow()
}

// fields are the properties of what is made: those that are not null.
func (e *evaluation) fields(x expression, r row) (map[string]any, error) {
	props := map[string]any{}
	if x == nil {
		return props, nil
	}
	v, err := x(e, r)
	dict, _ := v.(map[string]any)
	maps.Copy(props, dict)
	maps.DeleteFunc(props, func(_ string, v any) bool { return v == nil })
	return props, err
}

// merger is MERGE with what it sets when it makes and when it finds.
type merger struct {
	path             path
	created, matched []assignment
}

func (p *parser) merge() (clause, error) {
	one, err := p.named()
	if err != nil {
		return nil, err
	}
	m := merger{path: one}
	for p.accept("ON") {
		list := &m.matched
		if p.accept("CREATE") {
			list = &m.created
		} else if err := p.expect("MATCH"); err != nil {
			return nil, err
		}
		if err := p.expect("SET"); err != nil {
			return nil, err
		}
		more, err := p.assignments()
		if err != nil {
			return nil, err
		}
		*list = append(*list, more...)
	}
	return m.rows, nil
}

func (m merger) rows(e *evaluation, rows []row) ([]row, error) {
	var out []row
	for _, r := range rows {
		found, err := e.match([]path{m.path}, nil, r)
		if err != nil {
			return nil, err
		}
		list := m.matched
		if len(found) == 0 {
			if r, err = e.create(m.path, r); err != nil {
				return nil, err
			}
			found, list = []row{r}, m.created
		}
		for _, one := range found {
			if err := e.assign(list, one); err != nil {
				return nil, err
			}
		}
		out = append(out, found...)
	}
	return out, nil
}

// assignment is one part of SET: a property, all properties, more properties, or labels.
type assignment struct {
	name     string
	property string
	labels   labels
	add      bool // +=
	value    expression
}

func (p *parser) set() (clause, error) {
	list, err := p.assignments()
	return func(e *evaluation, rows []row) ([]row, error) {
		for _, r := range rows {
			if err := e.assign(list, r); err != nil {
				return nil, err
			}
		}
		return rows, nil
	}, err
}

func (p *parser) assignments() (list []assignment, err error) {
	for {
		var a assignment
		if a.name, err = p.name(); err != nil {
			return nil, err
		}
		switch {
		case p.peek().is(":"):
			a.labels, err = p.labels()
		case p.accept("+="):
			a.add = true
			a.value, err = p.expression()
		case p.accept("="):
			a.value, err = p.expression()
		default:
			if err = p.expect("."); err != nil {
				return nil, err
			}
			if a.property, err = p.name(); err != nil {
				return nil, err
			}
			if err = p.expect("="); err == nil {
				a.value, err = p.expression()
			}
		}
		if err != nil {
			return nil, err
		}
		if list = append(list, a); !p.accept(",") {
			return list, nil
		}
	}
}

func (e *evaluation) assign(list []assignment, r row) error {
	for _, a := range list {
		n, _ := r[a.name].(*node)
		props := propsOf(r[a.name])
		if props == nil {
			continue
		}
		if a.value == nil {
			for _, label := range slices.Concat(a.labels...) {
				if n != nil && !slices.Contains(n.labels, label) {
					n.labels = append(n.labels, label)
					e.counted("labels-added", 1)
				}
			}
			continue
		}
		v, err := a.value(e, r)
		if err != nil {
			return err
		}
		changes := map[string]any{a.property: v}
		if a.property == "" {
			changes, _ = propertiesOf(v)
			if !a.add {
				clear(props)
			}
		}
		for name, value := range changes {
			props[name] = value
			if value == nil {
				delete(props, name)
			}
		}
		e.counted("properties-set", len(changes))
	}
	return nil
}

// propsOf are the properties of a node or relationship; nil for anything else.
func propsOf(v any) map[string]any {
	switch v := v.(type) {
	case *node:
		return v.props
	case *relationship:
		return v.props
	}
	return nil
}

// propertiesOf is what = and += take: a map, or what has properties.
func propertiesOf(v any) (map[string]any, bool) {
	if dict, ok := v.(map[string]any); ok {
		return dict, true
	}
	return maps.Clone(propsOf(v)), propsOf(v) != nil
}

// remove reads REMOVE n.property and n:Label.
func (p *parser) remove() (clause, error) {
	var list []assignment
	for {
		var a assignment
		var err error
		if a.name, err = p.name(); err != nil {
			return nil, err
		}
		if p.peek().is(":") {
			a.labels, err = p.labels()
		} else if err = p.expect("."); err == nil {
			a.property, err = p.name()
		}
		if err != nil {
			return nil, err
		}
		if list = append(list, a); !p.accept(",") {
			break
		}
	}
	return func(e *evaluation, rows []row) ([]row, error) {
		for _, r := range rows {
			for _, a := range list {
				if n, ok := r[a.name].(*node); ok && a.labels != nil {
					gone := slices.Concat(a.labels...)
					n.labels = slices.DeleteFunc(n.labels, func(l string) bool { return slices.Contains(gone, l) })
				} else if props := propsOf(r[a.name]); props != nil {
					delete(props, a.property)
				}
			}
		}
		return rows, nil
	}, nil
}

func (p *parser) delete(detach bool) (clause, error) {
	items, err := p.expression()
	all := []expression{items}
	for err == nil && p.accept(",") {
		if items, err = p.expression(); err == nil {
			all = append(all, items)
		}
	}
	return func(e *evaluation, rows []row) ([]row, error) {
		for _, r := range rows {
			values, err := e.all(all, r)
			if err != nil {
				return nil, err
			}
			for _, v := range values {
				if err := e.remove(v, detach); err != nil {
					return nil, err
				}
			}
		}
		return rows, nil
	}, err
}

func (e *evaluation) remove(v any, detach bool) error {
	switch v := v.(type) {
	case *relationship:
		if e.graph.relationships[v.id] != nil {
			e.counted("relationships-deleted", 1)
		}
		e.graph.removeRelationship(v.id)
	case *node:
		if e.graph.nodes[v.id] == nil {
			return nil
		}
		attached := slices.Concat(e.graph.out[v.id], e.graph.in[v.id])
		if len(attached) > 0 && !detach {
			return failure("Neo.ClientError.Schema.ConstraintValidationFailed",
				"Cannot delete node<%d>, because it still has relationships. To delete this node, you must first delete its relationships.", v.id)
		}
		e.counted("relationships-deleted", len(attached))
		for _, id := range attached {
			e.graph.removeRelationship(id)
		}
		delete(e.graph.nodes, v.id)
		e.nodes = nil
		e.counted("nodes-deleted", 1)
	}
	return nil
}
