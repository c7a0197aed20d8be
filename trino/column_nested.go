package trino

import (
	"strings"

	"github.com/fourkites/sources/base/rows"
)

func newComposed(t typeName, k *kinds, depth int) (column, error) {
	switch {
	case t.base == "array" && len(t.args) == 1:
		elements, err := newCell(t.args[0], k, depth+1)
		return &lists{elements: elements}, err
	case t.base == "map" && len(t.args) == 2:
		return newObjects(t, k, depth)
	case t.base == "row" && len(t.args) > 0:
		return newTuples(t, k, depth)
	}
	return nil, malformed("type %s has %d arguments", told(t.full), len(t.args))
}

type lists struct {
	elements *cell
	ends     []uint32
	v        rows.Lists
}

func (c *lists) decode(in *input) error {
	if err := in.expect('['); err != nil {
		return err
	}
	for first := true; ; first = false {
		more, err := in.more(first, ']')
		if err != nil {
			return err
		}
		if !more {
			c.null()
			return nil
		}
		if err := c.elements.decode(in); err != nil {
			return err
		}
	}
}

func (c *lists) null() { c.ends = append(c.ends, uint32(c.elements.n)) }

func (c *lists) vector() rows.Vector {
	c.v = rows.Lists{Ends: c.ends, Elements: c.elements.vector()}
	return &c.v
}

func (c *lists) reset() {
	c.ends = c.ends[:0]
	c.elements.reset()
}

// objects are maps, which JSON writes as objects, whose keys are texts whatever their type is.
type objects struct {
	keys, values *cell
	bare         bool // the key is written without quotes where it is a value
	ends         []uint32
	v            rows.Maps
}

func newObjects(t typeName, k *kinds, depth int) (column, error) {
	keyType, err := parseType(t.args[0])
	if err != nil {
		return nil, malformed("%s", err)
	}
	c := &objects{}
	name := t.args[0]
	switch keyType.base {
	case "boolean", "tinyint", "smallint", "integer", "bigint", "real", "double":
		c.bare = true
	case "array", "map", "row": // a text of Java's making
		name = "varchar"
	}
	if c.keys, err = newCell(name, k, depth+1); err != nil {
		return nil, err
	}
	c.values, err = newCell(t.args[1], k, depth+1)
	return c, err
}

func (c *objects) decode(in *input) error {
	if err := in.expect('{'); err != nil {
		return err
	}
	for first := true; ; first = false {
		more, err := in.more(first, '}')
		if err != nil {
			return err
		}
		if !more {
			c.null()
			return nil
		}
		if err := c.pair(in); err != nil {
			return err
		}
	}
}

func (c *objects) pair(in *input) error {
	from := in
	if c.bare && in.peek() == '"' {
		raw, _, err := in.raw()
		if err != nil {
			return err
		}
		if from = (&input{b: raw}); strings.ContainsAny(view(raw), "NI") { // NaN and Infinity are texts
			from = &input{b: []byte(`"` + string(raw) + `"`)}
		}
	}
	if from.peek() == 'n' {
		return malformed("a map with the key NULL")
	}
	if err := c.keys.decode(from); err != nil {
		return err
	}
	if from != in && from.peek() != 0 {
		return malformed("a map with the key %s, of which only the start fits the type", told(from.b))
	}
	if err := in.expect(':'); err != nil {
		return err
	}
	return c.values.decode(in)
}

func (c *objects) null() { c.ends = append(c.ends, uint32(c.keys.n)) }

func (c *objects) vector() rows.Vector {
	c.v = rows.Maps{Ends: c.ends, Keys: c.keys.vector(), Values: c.values.vector()}
	return &c.v
}

func (c *objects) reset() {
	c.ends = c.ends[:0]
	c.keys.reset()
	c.values.reset()
}

// tuples are rows within rows.
type tuples struct {
	names   []string // nil where a member has none, or two have the same
	members []*cell
	n       int // that are not NULL
	v       rows.Tuples

	some   bool // some is NULL
	places []uint32
	picked rows.Dictionary
}

func newTuples(t typeName, k *kinds, depth int) (column, error) {
	c := &tuples{}
	seen := map[string]bool{"": true}
	named := true
	for _, arg := range t.args {
		name, typ := member(arg)
		m, err := newCell(typ, k, depth+1)
		if err != nil {
			return nil, err
		}
		named = named && !seen[name]
		seen[name] = true
		c.names, c.members = append(c.names, name), append(c.members, m)
	}
	if !named {
		c.names = nil
	}
	return c, nil
}

func (c *tuples) decode(in *input) error {
	if err := in.expect('['); err != nil {
		return err
	}
	for i, m := range c.members {
		if i > 0 {
			if err := in.expect(','); err != nil {
				return err
			}
		}
		if err := m.decode(in); err != nil {
			return err
		}
	}
	if c.some {
		c.places = append(c.places, uint32(c.n))
	}
	c.n++
	return in.expect(']')
}

// null takes no place in the members: a page of few bytes could hold as many NULLs as it has columns, each with thousands
// of members.
func (c *tuples) null() {
	if !c.some {
		c.some, c.places = true, c.places[:0]
		for i := range c.n {
			c.places = append(c.places, uint32(i))
		}
	}
	c.places = append(c.places, 0)
}

func (c *tuples) vector() rows.Vector {
	c.v = rows.Tuples{Names: c.names, Rows: c.n, Members: make([]rows.Vector, len(c.members))}
	for i, m := range c.members {
		c.v.Members[i] = m.vector()
	}
	if !c.some {
		return &c.v
	}
	c.picked = rows.Dictionary{Keys: c.places, Values: &c.v}
	return &c.picked
}

func (c *tuples) reset() {
	c.n, c.some = 0, false
	for _, m := range c.members {
		m.reset()
	}
}
