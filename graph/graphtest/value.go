package graphtest

//lint:file-ignore SA1019 the protocol has both forms of an id

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"reflect"
	"slices"
	"strings"

	"github.com/neo4j/neo4j-go-driver/v5/neo4j/dbtype"
)

// row is the variables of one line of work.
type row map[string]any

func (r row) with(name string, value any) row {
	c := maps.Clone(r)
	c[name] = value
	return c
}

// pathValue is a path that was matched.
type pathValue struct {
	nodes         []*node
	relationships []*relationship
}

// outward is a value as clients get it.
func (s *state) outward(v any) any {
	switch v := v.(type) {
	case *node:
		return dbtype.Node{Id: v.id, ElementId: v.elementID(), Labels: v.labels, Props: v.props} //nolint:staticcheck // the protocol has both
	case *relationship:
		return s.outwardRelationship(v)
	case *pathValue:
		var p dbtype.Path
		for _, n := range v.nodes {
			p.Nodes = append(p.Nodes, s.outward(n).(dbtype.Node)) //nolint:forcetypeassert // as above
		}
		for _, r := range v.relationships {
			p.Relationships = append(p.Relationships, s.outwardRelationship(r))
		}
		return p
	case []any:
		list := make([]any, len(v))
		for i := range v {
			list[i] = s.outward(v[i])
		}
		return list
	case map[string]any:
		dict := make(map[string]any, len(v))
		for key, value := range v {
			dict[key] = s.outward(value)
		}
		return dict
	}
	return v
}

func (s *state) outwardRelationship(r *relationship) dbtype.Relationship {
	from, to := &node{id: r.from}, &node{id: r.to}
	return dbtype.Relationship{
		Id: r.id, ElementId: r.elementID(), Type: r.kind, Props: r.props, StartId: r.from, EndId: r.to, //nolint:staticcheck // as above
		StartElementId: from.elementID(), EndElementId: to.elementID(),
	}
}

// truth is a condition's value: true, false, or null for unknown.
func truth(v any) (value, known bool, err error) {
	if v == nil {
		return false, false, nil
	}
	b, ok := v.(bool)
	if !ok {
		return false, false, failure(CodeType, "Type mismatch: expected Boolean but was %T", v)
	}
	return b, true, nil
}

func asFloat(v any) (float64, bool) {
	switch v := v.(type) {
	case int64:
		return float64(v), true
	case float64:
		return v, true
	}
	return 0, false
}

// equal is Cypher's =, where anything next to null is null.
func equal(a, b any) any {
	if a == nil || b == nil {
		return nil
	}
	if x, ok := asFloat(a); ok {
		y, ok := asFloat(b)
		return ok && x == y
	}
	x, ok := a.([]any)
	y, also := b.([]any)
	if !ok || !also {
		return same(a, b)
	}
	if len(x) != len(y) {
		return false
	}
	for i := range x {
		if e := equal(x[i], y[i]); e != true {
			return e
		}
	}
	return true
}

// same compares for DISTINCT and groups, where null is itself.
func same(a, b any) bool { return keyOf(a) == keyOf(b) }

// keyOf is a text that is the same for the same values only.
func keyOf(v any) string {
	switch v := v.(type) {
	case *node:
		return v.elementID()
	case *relationship:
		return v.elementID()
	case int64, float64:
		f, _ := asFloat(v)
		if f == math.Trunc(f) {
			return fmt.Sprintf("n%d", int64(f))
		}
		return fmt.Sprintf("n%g", f)
	case string:
		return fmt.Sprintf("s%q", v)
	case []any:
		var b strings.Builder
		for _, one := range v {
			b.WriteString(keyOf(one) + ",")
		}
		return "[" + b.String() + "]"
	case map[string]any:
		var b strings.Builder
		for _, key := range slices.Sorted(maps.Keys(v)) {
			fmt.Fprintf(&b, "%q:%s,", key, keyOf(v[key]))
		}
		return "{" + b.String() + "}"
	case *pathValue:
		var b strings.Builder
		for _, n := range v.nodes {
			b.WriteString(n.elementID() + "-")
		}
		for _, r := range v.relationships {
			b.WriteString(r.elementID() + "-")
		}
		return "p" + b.String()
	}
	return fmt.Sprintf("%T%v", v, v)
}

// rank is the order of types: ORDER BY can compare everything, and null comes last.
func rank(v any) int {
	switch v.(type) {
	case map[string]any:
		return 0
	case *node:
		return 1
	case *relationship:
		return 2
	case []any:
		return 3
	case string:
		return 5
	case bool:
		return 6
	case int64, float64:
		return 7
	case nil:
		return 9
	}
	return 8
}

func order(a, b any) int {
	if c := cmp.Compare(rank(a), rank(b)); c != 0 {
		return c
	}
	switch x := a.(type) {
	case string:
		return cmp.Compare(x, b.(string)) //nolint:forcetypeassert // of one rank
	case bool:
		return cmp.Compare(btoi(x), btoi(b.(bool))) //nolint:forcetypeassert // as above
	case int64, float64:
		p, _ := asFloat(a)
		q, _ := asFloat(b)
		return cmp.Compare(p, q)
	case []any:
		return slices.CompareFunc(x, b.([]any), order) //nolint:forcetypeassert // as above
	case *node:
		return cmp.Compare(x.id, b.(*node).id) //nolint:forcetypeassert // as above
	case *relationship:
		return cmp.Compare(x.id, b.(*relationship).id) //nolint:forcetypeassert // as above
	}
	return cmp.Compare(keyOf(a), keyOf(b))
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// compare is <, <=, > and >=: null for what cannot be compared.
func compare(mark string, a, b any) any {
	_, number := asFloat(a)
	_, also := asFloat(b)
	if a == nil || b == nil || !(number && also) && reflect.TypeOf(a) != reflect.TypeOf(b) {
		return nil
	}
	c := order(a, b)
	switch mark {
	case "<":
		return c < 0
	case "<=":
		return c <= 0
	case ">":
		return c > 0
	}
	return c >= 0
}
