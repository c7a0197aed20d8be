package rows

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"unicode"
	"unsafe"
)

// plan says which column goes into which field. It is made once for a type and the columns of an answer.
type plan struct {
	slots    []slot
	extras   []int   // columns that go into the map
	extrasAt uintptr // of the map in the struct
}

type slot struct {
	column int
	offset uintptr
	field  string
	fill   filler
}

type planKey struct {
	t       reflect.Type
	columns string
	lax     bool
}

// maxPlans bounds the cache: a program has few types and questions, but one that makes its SQL up may have many.
const maxPlans = 1000

var plans struct {
	sync.RWMutex
	byKey map[planKey]*plan
}

func planFor(t reflect.Type, columns []Column, lax bool) (*plan, error) {
	key := planKey{t, signature(columns), lax}
	plans.RLock()
	p := plans.byKey[key]
	plans.RUnlock()
	if p != nil {
		return p, nil
	}
	p, err := newPlan(t, columns, lax)
	if err != nil {
		return nil, err
	}
	plans.Lock()
	defer plans.Unlock()
	if plans.byKey == nil || len(plans.byKey) >= maxPlans {
		plans.byKey = map[planKey]*plan{}
	}
	plans.byKey[key] = p
	return p, nil
}

func signature(columns []Column) string {
	var b strings.Builder
	for _, c := range columns {
		b.WriteString(c.Name)
		b.WriteByte(0)
	}
	return b.String()
}

// field is one field of the struct, embedded ones included.
type field struct {
	name, column, loose string
	offset              uintptr
	t                   reflect.Type
	fill                filler
	tagged              bool
	depth               int // of embedding
}

func newPlan(t reflect.Type, columns []Column, lax bool) (*plan, error) {
	if t.Kind() != reflect.Struct {
		return nil, fmt.Errorf("%s is not a struct; read a single column with To", t)
	}
	p := &plan{}
	var fields []field
	extras, err := collect(t, 0, 0, &fields, p)
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(fields, func(a, b field) int { return cmp.Compare(a.depth, b.depth) })
	taken := map[uintptr]string{}
	for i, c := range columns {
		f := match(fields, c.Name)
		switch {
		case f == nil && extras:
			p.extras = append(p.extras, i)
			continue
		case f == nil && lax:
			continue
		case f == nil:
			return nil, fmt.Errorf("column %q has no field in %s; name one with the tag db:%q, collect such columns in "+
				"a map[string]any tagged db:\",extras\", or use ToStructLax", c.Name, t, c.Name)
		case f.fill == nil:
			return nil, fmt.Errorf("column %q: field %s has type %s, which no column can fill", c.Name, f.name, f.t)
		case taken[f.offset] != "":
			return nil, fmt.Errorf("columns %q and %q both go into field %s; rename one with AS", taken[f.offset], c.Name, f.name)
		}
		taken[f.offset] = c.Name
		p.slots = append(p.slots, slot{column: i, offset: f.offset, field: f.name, fill: f.fill})
	}
	return p, nil
}

var mapType = reflect.TypeFor[map[string]any]()

// collect gathers the fields of a struct and of those embedded in it; it reports whether there is a map for the rest.
func collect(t reflect.Type, offset uintptr, depth int, fields *[]field, p *plan) (extras bool, err error) {
	for f := range t.Fields() {
		text, ok := f.Tag.Lookup("db")
		if !ok {
			text = f.Tag.Get("ch")
		}
		tag, option, _ := strings.Cut(text, ",")
		switch {
		case tag == "-":
		case option == "extras":
			if f.Type != mapType || !f.IsExported() {
				return false, fmt.Errorf("field %s: db:\",extras\" belongs on an exported map[string]any", f.Name)
			}
			extras, p.extrasAt = true, offset+f.Offset
		case f.Anonymous && tag == "" && f.Type.Kind() == reflect.Struct && f.Type != timeType:
			inner, err := collect(f.Type, offset+f.Offset, depth+1, fields, p)
			if err != nil {
				return false, err
			}
			extras = extras || inner
		case f.IsExported():
			name := tag
			if name == "" {
				name = f.Name
			}
			*fields = append(*fields, field{
				name: f.Name, column: name, loose: loose(name), offset: offset + f.Offset, t: f.Type,
				fill: fillerFor(f.Type), tagged: tag != "", depth: depth,
			})
		}
	}
	return extras, nil
}

// match finds the field of a column: by its exact tag or name, else without regard to case and underscores. The fields
// are in the order of their depth, so the outer one wins over an embedded one, as in Go.
func match(fields []field, column string) *field {
	for i := range fields {
		if fields[i].column == column {
			return &fields[i]
		}
	}
	want := loose(column)
	for i := range fields {
		if !fields[i].tagged && fields[i].loose == want {
			return &fields[i]
		}
	}
	return nil
}

func loose(name string) string {
	return strings.Map(func(r rune) rune {
		if r == '_' || r == '.' || r == '-' || r == ' ' {
			return -1
		}
		return unicode.ToLower(r)
	}, name)
}

// fill copies n rows of the batch into the structs from first on.
func (p *plan) fill(b *Batch, from, n int, first unsafe.Pointer, stride uintptr) error {
	for i := range p.slots {
		s := &p.slots[i]
		t := target{unsafe.Add(first, s.offset), stride, n}
		if err := s.fill(t, b.vectors[s.column], from); err != nil {
			c := b.columns[s.column]
			return fmt.Errorf("column %q (%s) into field %s: %w", c.Name, c.Type, s.field, err)
		}
	}
	if len(p.extras) == 0 {
		return nil
	}
	t := target{unsafe.Add(first, p.extrasAt), stride, n}
	for i := range n {
		rest := make(map[string]any, len(p.extras))
		for _, c := range p.extras {
			rest[b.columns[c].Name] = b.vectors[c].Value(from + i)
		}
		*at[map[string]any](t, i) = rest
	}
	return nil
}
