package graphtest

//lint:file-ignore SA1019 the protocol has both forms of an id

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/neo4j/neo4j-go-driver/v5/neo4j/dbtype"
)

// structure is a value of PackStream that has a tag: a message, a node, a time.
type structure struct {
	tag    byte
	fields []any
}

// maxNesting bounds lists in lists: what clients send has a handful.
const maxNesting = 64

var (
	errShort  = errors.New("the message ends within a value")
	errNested = errors.New("values are nested too deeply")
)

// unpack reads one value that is the whole of data.
func unpack(data []byte) (any, error) {
	u := unpacker{data: data}
	v, err := u.value(0)
	if err == nil && len(u.data) > 0 {
		err = fmt.Errorf("%d bytes behind the value", len(u.data))
	}
	return v, err
}

// unpacker reads values from its data, which gets shorter. Sizes are believed only as far as there are bytes: every item
// takes one at least.
type unpacker struct{ data []byte }

func (u *unpacker) take(n int) ([]byte, error) {
	if n < 0 || n > len(u.data) {
		return nil, errShort
	}
	taken := u.data[:n]
	u.data = u.data[n:]
	return taken, nil
}

// size reads a big-endian number of 1, 2 or 4 bytes.
func (u *unpacker) size(bytes int) (int, error) {
	b, err := u.take(bytes)
	if err != nil {
		return 0, err
	}
	n := 0
	for _, c := range b {
		n = n<<8 | int(c)
	}
	return n, nil
}

func (u *unpacker) value(depth int) (any, error) {
	if depth > maxNesting {
		return nil, errNested
	}
	b, err := u.take(1)
	if err != nil {
		return nil, err
	}
	switch m := b[0]; {
	case m < 0x80 || m >= 0xF0:
		return int64(int8(m)), nil
	case m < 0x90:
		return u.text(int(m & 0x0F))
	case m < 0xA0:
		return u.list(int(m&0x0F), depth)
	case m < 0xB0:
		return u.dict(int(m&0x0F), depth)
	case m < 0xC0:
		return u.structure(int(m&0x0F), depth)
	default:
		return u.marked(m, depth)
	}
}

// marked reads what has a marker of a whole byte.
func (u *unpacker) marked(m byte, depth int) (any, error) {
	switch m {
	case 0xC0:
		return nil, nil
	case 0xC2, 0xC3:
		return m == 0xC3, nil
	case 0xC1, 0xC8, 0xC9, 0xCA, 0xCB:
		return u.number(m)
	}
	bytes, ok := map[byte]int{
		0xCC: 1, 0xCD: 2, 0xCE: 4, 0xD0: 1, 0xD1: 2, 0xD2: 4, 0xD4: 1, 0xD5: 2, 0xD6: 4, 0xD8: 1, 0xD9: 2, 0xDA: 4,
	}[m]
	if !ok {
		return nil, fmt.Errorf("no value begins with %#02x", m)
	}
	n, err := u.size(bytes)
	if err != nil {
		return nil, err
	}
	switch m & 0xFC {
	case 0xCC:
		b, err := u.take(n)
		return append([]byte{}, b...), err
	case 0xD0:
		return u.text(n)
	case 0xD4:
		return u.list(n, depth)
	default:
		return u.dict(n, depth)
	}
}

func (u *unpacker) number(m byte) (any, error) {
	bytes := 8
	if m != 0xC1 {
		bytes = 1 << (m - 0xC8)
	}
	b, err := u.take(bytes)
	if err != nil {
		return nil, err
	}
	switch m {
	case 0xC1:
		return math.Float64frombits(binary.BigEndian.Uint64(b)), nil
	case 0xC8:
		return int64(int8(b[0])), nil
	case 0xC9:
		return int64(int16(binary.BigEndian.Uint16(b))), nil //nolint:gosec // the sign is in the bits
	case 0xCA:
		return int64(int32(binary.BigEndian.Uint32(b))), nil //nolint:gosec // as above
	default:
		return int64(binary.BigEndian.Uint64(b)), nil //nolint:gosec // as above
	}
}

func (u *unpacker) text(n int) (string, error) {
	b, err := u.take(n)
	return string(b), err
}

func (u *unpacker) list(n, depth int) ([]any, error) {
	if n > len(u.data) {
		return nil, errShort
	}
	list := make([]any, n)
	for i := range list {
		var err error
		if list[i], err = u.value(depth + 1); err != nil {
			return nil, err
		}
	}
	return list, nil
}

func (u *unpacker) dict(n, depth int) (map[string]any, error) {
	if n > len(u.data)/2 {
		return nil, errShort
	}
	dict := make(map[string]any, n)
	for range n {
		key, err := u.value(depth + 1)
		if err != nil {
			return nil, err
		}
		name, ok := key.(string)
		if !ok {
			return nil, fmt.Errorf("the key of a map is %T", key)
		}
		if dict[name], err = u.value(depth + 1); err != nil {
			return nil, err
		}
	}
	return dict, nil
}

func (u *unpacker) structure(n, depth int) (any, error) {
	tag, err := u.take(1)
	if err != nil {
		return nil, err
	}
	fields, err := u.list(n, depth)
	return &structure{tag[0], fields}, err
}

// packer writes values; before is true for Bolt 4, whose nodes have no element ids and whose times are local.
type packer struct {
	out    []byte
	before bool
	err    error
}

// pack writes one message.
func pack(before bool, tag byte, fields ...any) ([]byte, error) {
	p := packer{before: before}
	p.structure(tag, fields...)
	return p.out, p.err
}

func (p *packer) structure(tag byte, fields ...any) {
	p.out = append(p.out, 0xB0|byte(len(fields)), tag) //nolint:gosec // at most eight
	for _, f := range fields {
		p.value(f)
	}
}

func (p *packer) value(v any) {
	switch v := v.(type) {
	case nil:
		p.out = append(p.out, 0xC0)
	case bool:
		p.out = append(p.out, 0xC2)
		if v {
			p.out[len(p.out)-1] = 0xC3
		}
	case int:
		p.integer(int64(v))
	case int32:
		p.integer(int64(v))
	case int64:
		p.integer(v)
	case float64:
		p.out = binary.BigEndian.AppendUint64(append(p.out, 0xC1), math.Float64bits(v))
	case string:
		p.head(len(v), 0x80, 0xD0)
		p.out = append(p.out, v...)
	case []byte:
		p.head(len(v), 0, 0xCC)
		p.out = append(p.out, v...)
	case []any:
		packList(p, v)
	case []string:
		packList(p, v)
	case []int64:
		packList(p, v)
	case map[string]any:
		p.head(len(v), 0xA0, 0xD8)
		for key, value := range v {
			p.value(key)
			p.value(value)
		}
	default:
		p.tagged(v)
	}
}

func packList[T any](p *packer, list []T) {
	p.head(len(list), 0x90, 0xD4)
	for _, v := range list {
		p.value(v)
	}
}

func (p *packer) integer(v int64) {
	switch {
	case v >= -16 && v <= math.MaxInt8:
		p.out = append(p.out, byte(v)) //nolint:gosec // the bits are the value
	case v == int64(int8(v)): //nolint:gosec // asked for
		p.out = append(p.out, 0xC8, byte(v)) //nolint:gosec // as above
	case v == int64(int16(v)): //nolint:gosec // asked for
		p.out = binary.BigEndian.AppendUint16(append(p.out, 0xC9), uint16(v)) //nolint:gosec // as above
	case v == int64(int32(v)): //nolint:gosec // asked for
		p.out = binary.BigEndian.AppendUint32(append(p.out, 0xCA), uint32(v)) //nolint:gosec // as above
	default:
		p.out = binary.BigEndian.AppendUint64(append(p.out, 0xCB), uint64(v)) //nolint:gosec // as above
	}
}

// head writes the size of text, bytes, a list or a map: in the marker where it has room, or behind it.
func (p *packer) head(n int, tiny, marker byte) {
	switch {
	case tiny != 0 && n < 16:
		p.out = append(p.out, tiny|byte(n)) //nolint:gosec // below 16
	case n <= math.MaxUint8:
		p.out = append(p.out, marker, byte(n)) //nolint:gosec // it fits
	case n <= math.MaxUint16:
		p.out = binary.BigEndian.AppendUint16(append(p.out, marker+1), uint16(n)) //nolint:gosec // it fits
	default:
		p.out = binary.BigEndian.AppendUint32(append(p.out, marker+2), uint32(n)) //nolint:gosec // less than memory
	}
}

// tagged writes what has a structure of its own.
func (p *packer) tagged(v any) {
	switch v := v.(type) {
	case *structure:
		p.structure(v.tag, v.fields...)
	case dbtype.Node:
		p.element('N', []any{v.Id, v.Labels, orEmpty(v.Props)}, v.ElementId) //nolint:staticcheck // the protocol has both
	case dbtype.Relationship:
		p.element('R', []any{v.Id, v.StartId, v.EndId, v.Type, orEmpty(v.Props)}, //nolint:staticcheck // as above
			v.ElementId, v.StartElementId, v.EndElementId)
	case dbtype.Path:
		p.path(v)
	case time.Time:
		p.instant(v)
	case dbtype.Date:
		t := time.Time(v)
		p.structure('D', time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC).Unix()/86_400)
	case dbtype.LocalDateTime:
		t := time.Time(v)
		_, offset := t.Zone()
		p.structure('d', t.Unix()+int64(offset), t.Nanosecond())
	case dbtype.Duration:
		p.structure('E', v.Months, v.Days, v.Seconds, v.Nanos)
	case dbtype.Point2D:
		p.structure('X', int64(v.SpatialRefId), v.X, v.Y)
	default:
		p.err = fmt.Errorf("graphtest: no value of Neo4j is a %T", v)
		p.out = append(p.out, 0xC0)
	}
}

// element writes a node or a relationship; its element ids came with Bolt 5.
func (p *packer) element(tag byte, fields []any, ids ...any) {
	if !p.before {
		fields = append(fields, ids...)
	}
	p.structure(tag, fields...)
}

// path writes nodes and relationships once each, and then the way by their numbers.
func (p *packer) path(v dbtype.Path) {
	nodes, relationships, steps := []any{}, []any{}, []any{}
	position := map[string]int64{}
	for _, n := range v.Nodes {
		if _, known := position[n.ElementId]; !known {
			position[n.ElementId] = int64(len(nodes))
			nodes = append(nodes, n)
		}
	}
	for i, r := range v.Relationships {
		fields := []any{r.Id, r.Type, orEmpty(r.Props)} //nolint:staticcheck // as above
		if !p.before {
			fields = append(fields, r.ElementId)
		}
		relationships = append(relationships, &structure{'r', fields})
		number := int64(i + 1)
		if r.StartElementId != v.Nodes[i].ElementId {
			number = -number
		}
		steps = append(steps, number, position[v.Nodes[i+1].ElementId])
	}
	p.structure('P', nodes, relationships, steps)
}

func (p *packer) instant(t time.Time) {
	_, offset := t.Zone()
	if p.before {
		p.structure('F', t.Unix()+int64(offset), t.Nanosecond(), offset)
		return
	}
	p.structure('I', t.Unix(), t.Nanosecond(), offset)
}

func orEmpty(m map[string]any) map[string]any {
	if m == nil {
		return map[string]any{}
	}
	return m
}
