package clickhousetest

import (
	"fmt"
	"reflect"
	"slices"

	"github.com/ClickHouse/ch-go/proto"
)

// mapCodec writes maps as an array of pairs, sorted by key so that answers are the same each time: where each map ends,
// the keys of all of them, and then the values.
type mapCodec struct{ keys, values codec }

func newMapCodec(t typeName) (codec, error) {
	keys, err := codecFor(t.args[0])
	if err != nil {
		return nil, err
	}
	values, err := codecFor(t.args[1])
	return mapCodec{keys, values}, err
}

func (c mapCodec) state(b *proto.Buffer) {
	c.keys.state(b)
	c.values.state(b)
}

func (c mapCodec) readState(r *proto.Reader) error {
	if err := c.keys.readState(r); err != nil {
		return err
	}
	return c.values.readState(r)
}

func (c mapCodec) zero() any { return map[string]any{} }

func (c mapCodec) encode(b *proto.Buffer, values []any) error {
	flat := pairs{names: map[string]any{}, seen: map[uintptr][2]int{}}
	total := 0
	for _, v := range values {
		if m, ok := v.(map[string]any); ok {
			total += len(m)
		}
	}
	flat.keys, flat.values = make([]any, 0, total), make([]any, 0, total)
	for i, v := range values {
		if !flat.add(v) {
			return fmt.Errorf("row %d: %T does not fit a Map", i, v)
		}
		b.PutUInt64(uint64(len(flat.keys)))
	}
	if err := c.keys.encode(b, flat.keys); err != nil {
		return err
	}
	return c.values.encode(b, flat.values)
}

// pairs are the entries of maps, one map after the other. Rows often share a map, and nearly always the names in it.
type pairs struct {
	keys, values []any
	names        map[string]any
	seen         map[uintptr][2]int // place of a map's entries
	order        []string
}

func (p *pairs) add(v any) bool {
	switch m := v.(type) {
	case nil:
	case map[string]any:
		addPairs(p, m)
	case map[string]string:
		addPairs(p, m)
	case map[string]float64:
		addPairs(p, m)
	case map[string]bool:
		addPairs(p, m)
	default:
		return false
	}
	return true
}

// maxShared bounds the memory of maps that were seen.
const maxShared = 4096

func addPairs[V any](p *pairs, m map[string]V) {
	if len(m) == 0 {
		return
	}
	id := reflect.ValueOf(m).Pointer()
	if at, again := p.seen[id]; again {
		p.keys = append(p.keys, p.keys[at[0]:at[1]]...)
		p.values = append(p.values, p.values[at[0]:at[1]]...)
		return
	}
	p.order = p.order[:0]
	for k := range m {
		p.order = append(p.order, k)
	}
	slices.Sort(p.order)
	from := len(p.keys)
	for _, k := range p.order {
		name, known := p.names[k]
		if !known {
			name = k
			p.names[k] = name
		}
		p.keys, p.values = append(p.keys, name), append(p.values, m[k])
	}
	if len(p.seen) < maxShared {
		p.seen[id] = [2]int{from, len(p.keys)}
	}
}

func (c mapCodec) decode(r *proto.Reader, rows int) ([]any, error) {
	lists, err := arrayCodec{tupleCodec{[]codec{c.keys, c.values}}}.decode(r, rows)
	if err != nil {
		return nil, err
	}
	for i, list := range lists {
		m := map[string]any{}
		for _, pair := range list.([]any) {
			kv := pair.([]any)
			m[fmt.Sprint(kv[0])] = kv[1]
		}
		lists[i] = m
	}
	return lists, nil
}
