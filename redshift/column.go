package redshift

import (
	"encoding/hex"
	"errors"
	"math"
	"strconv"
	"strings"
	"unsafe"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/fourkites/sources/base/rows"
	"github.com/fourkites/sources/internal/decimal"
)

// kind is how the text of a value is read.
type kind uint8

const (
	kindText    kind = iota
	kindNumeric      // exact text
	kindInt16
	kindInt32
	kindInt64
	kindUint32
	kindFloat32
	kindFloat64
	kindBool
	kindBytes
	kindDate
	kindTime // with or without a zone
)

// shape is the name of a type and how its values are read. Any other type is text.
type shape struct {
	name string
	kind kind
}

var shapes = map[uint32]shape{
	pgtype.BoolOID: {"boolean", kindBool}, pgtype.Int2OID: {"smallint", kindInt16}, pgtype.Int4OID: {"integer", kindInt32},
	pgtype.Int8OID: {"bigint", kindInt64}, pgtype.OIDOID: {"oid", kindUint32}, pgtype.XIDOID: {"xid", kindUint32},
	pgtype.Float4OID: {"real", kindFloat32}, pgtype.Float8OID: {"double precision", kindFloat64},
	pgtype.NumericOID: {"numeric", kindNumeric}, pgtype.TextOID: {"text", kindText}, pgtype.VarcharOID: {"varchar", kindText},
	pgtype.BPCharOID: {"char", kindText}, pgtype.NameOID: {"name", kindText}, pgtype.ByteaOID: {"bytea", kindBytes},
	pgtype.DateOID: {"date", kindDate}, pgtype.TimestampOID: {"timestamp", kindTime},
	pgtype.TimestamptzOID: {"timestamptz", kindTime}, pgtype.TimeOID: {"time", kindText}, pgtype.TimetzOID: {"timetz", kindText},
	pgtype.IntervalOID: {"interval", kindText}, pgtype.UUIDOID: {"uuid", kindText}, pgtype.JSONOID: {"json", kindText},
	pgtype.JSONBOID: {"jsonb", kindText}, 4000: {"super", kindText}, 3000: {"geometry", kindText}, 3001: {"geography", kindText},
	2935: {"hllsketch", kindText}, 6551: {"varbyte", kindText},
}

// table is the columns of one answer.
type table struct {
	columns []rows.Column
	kinds   []kind
	zero    []bool // NULL reads as the zero value
}

func newTable(fields []pgconn.FieldDescription, as *layout) table {
	t := table{
		columns: make([]rows.Column, len(fields)), kinds: make([]kind, len(fields)), zero: make([]bool, len(fields)),
	}
	for i, f := range fields {
		s, known := shapes[f.DataTypeOID]
		if !known {
			s = shape{name: "oid " + strconv.FormatUint(uint64(f.DataTypeOID), 10)}
		}
		t.columns[i] = rows.Column{Name: f.Name, Type: s.name, Nullable: true}
		t.kinds[i] = s.kind
		if field, ok := as.field(f.Name); ok {
			t.columns[i].Name, t.kinds[i], t.zero[i] = field.name, field.kind, !field.nullable
		} else if as.taken(f.Name) {
			t.columns[i].Name = "other." + f.Name
		}
	}
	return t
}

// page is some consecutive rows in columns, filled again and again.
type page struct {
	cells []cells
	n     int
	size  int // bytes of the texts
}

func newPage(t *table) *page {
	p := &page{cells: make([]cells, len(t.kinds))}
	for i, k := range t.kinds {
		p.cells[i] = newCells(k)
	}
	return p
}

func (p *page) reset() {
	p.n, p.size = 0, 0
	for _, c := range p.cells {
		c.reset()
	}
}

// add takes one row: nil is NULL.
func (p *page) add(t *table, values [][]byte) error {
	if len(values) != len(p.cells) {
		return malformed("a row of %d values in an answer of %d columns", len(values), len(p.cells))
	}
	for i, text := range values {
		var err error
		if text == nil {
			p.cells[i].null(!t.zero[i])
		} else {
			err = p.cells[i].add(text)
			p.size += len(text)
		}
		if err != nil {
			return &columnError{t.columns[i].Name, t.columns[i].Type, "value " + shown(string(text)) + " " + err.Error()}
		}
	}
	p.n++
	return nil
}

func (p *page) batch(columns []rows.Column) *rows.Batch {
	vectors := make([]rows.Vector, len(p.cells))
	for i, c := range p.cells {
		vectors[i] = c.vector()
	}
	return rows.NewBatch(columns, vectors, p.n)
}

// cells are the values of one column in one page.
type cells interface {
	add(text []byte) error
	null(marked bool) // NULL, or the zero value
	vector() rows.Vector
	reset()
}

func newCells(k kind) cells {
	switch k {
	case kindInt16:
		return &numbers[int16]{parse: integer[int16](16)}
	case kindInt32:
		return &numbers[int32]{parse: integer[int32](32)}
	case kindInt64:
		return &numbers[int64]{parse: integer[int64](64)}
	case kindUint32:
		return &numbers[uint32]{parse: func(text []byte) (uint32, error) {
			v, err := strconv.ParseUint(view(text), 10, 32)
			return uint32(v), notA("number", err)
		}}
	case kindFloat32:
		return &numbers[float32]{parse: func(text []byte) (float32, error) {
			v, err := strconv.ParseFloat(view(text), 32)
			return float32(v), notA("number", err)
		}}
	case kindFloat64:
		return &numbers[float64]{parse: func(text []byte) (float64, error) {
			if v, ok := decimal.Float(text); ok {
				return v, nil
			}
			v, err := strconv.ParseFloat(view(text), 64)
			return v, notA("number", err)
		}}
	case kindBool:
		return &values[bool]{parse: truth}
	case kindNumeric:
		return &numerals{}
	case kindBytes:
		return &values[[]byte]{parse: octets}
	case kindDate:
		return &times{parse: parseDate, perSecond: 1, zero: zeroSeconds}
	case kindTime:
		return &times{parse: parseTime, perSecond: 1_000_000, zero: zeroSeconds * 1_000_000}
	}
	return &texts{}
}

// view is the bytes as a text, without a copy, for a parser that keeps none of it.
func view(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

func notA(what string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, strconv.ErrRange):
		return errors.New("does not fit")
	}
	return errors.New("is not a " + what)
}

// nulls are the places of NULL, made only when there is one.
type nulls struct{ flags []bool }

func (n *nulls) mark(at int) {
	for len(n.flags) < at {
		n.flags = append(n.flags, false)
	}
	n.flags = append(n.flags, true)
}

func (n *nulls) over(v rows.Vector) rows.Vector {
	if len(n.flags) == 0 {
		return v
	}
	for len(n.flags) < v.Len() {
		n.flags = append(n.flags, false)
	}
	return &rows.Nullable{Nulls: n.flags, Values: v}
}

func (n *nulls) reset() { n.flags = n.flags[:0] }

type numbers[E rows.Number] struct {
	nulls
	all   []E
	parse func([]byte) (E, error)
}

func (c *numbers[E]) add(text []byte) error {
	v, err := c.parse(text)
	c.all = append(c.all, v)
	return err
}

func (c *numbers[E]) null(marked bool) {
	if marked {
		c.mark(len(c.all))
	}
	c.all = append(c.all, 0)
}

func (c *numbers[E]) vector() rows.Vector { return c.over(rows.Numbers[E](c.all)) }

func (c *numbers[E]) reset() {
	c.nulls.reset()
	c.all = c.all[:0]
}

type values[E any] struct {
	nulls
	all   []E
	parse func([]byte) (E, error)
}

func (c *values[E]) add(text []byte) error {
	v, err := c.parse(text)
	c.all = append(c.all, v)
	return err
}

func (c *values[E]) null(marked bool) {
	if marked {
		c.mark(len(c.all))
	}
	var zero E
	c.all = append(c.all, zero)
}

func (c *values[E]) vector() rows.Vector { return c.over(rows.Values[E](c.all)) }

func (c *values[E]) reset() {
	c.nulls.reset()
	clear(c.all) // values may be pieces of memory that the caller keeps
	c.all = c.all[:0]
}

type texts struct {
	nulls
	data    []byte
	ends    []uint32
	strings rows.Strings
}

func (c *texts) add(text []byte) error {
	c.data = append(c.data, text...)
	c.ends = append(c.ends, uint32(len(c.data))) //nolint:gosec // a page is bounded far below
	return nil
}

func (c *texts) null(marked bool) {
	if marked {
		c.mark(len(c.ends))
	}
	_ = c.add(nil)
}

func (c *texts) vector() rows.Vector {
	c.strings.Reset(c.data, c.ends)
	return c.over(&c.strings)
}

func (c *texts) reset() {
	c.nulls.reset()
	c.data, c.ends = c.data[:0], c.ends[:0]
}

// numerals are numbers of any length, as their text.
type numerals struct{ texts }

func (c *numerals) add(text []byte) error {
	if !isNumeral(view(text)) {
		return errors.New("is not a number")
	}
	return c.texts.add(text)
}

func isNumeral(text string) bool {
	switch text {
	case "NaN", "Infinity", "-Infinity":
		return true
	}
	number, exponent := text, "0"
	if at := strings.IndexAny(text, "eE"); at >= 0 {
		number, exponent = text[:at], text[at+1:]
	}
	whole, fraction, _ := strings.Cut(unsigned(number), ".")
	return len(whole)+len(fraction) > 0 && onlyDigits(whole) && onlyDigits(fraction) && unsigned(exponent) != "" && onlyDigits(unsigned(exponent))
}

func unsigned(number string) string {
	if number != "" && (number[0] == '-' || number[0] == '+') {
		return number[1:]
	}
	return number
}

func onlyDigits(text string) bool { return strings.Trim(text, "0123456789") == "" }

// integer reads what the server writes: digits with a sign or none.
func integer[E int16 | int32 | int64](bits int) func([]byte) (E, error) {
	most := uint64(1) << (bits - 1)
	return func(text []byte) (E, error) {
		digits, negative := text, false
		if len(text) > 0 && (text[0] == '-' || text[0] == '+') {
			digits, negative = text[1:], text[0] == '-'
		}
		if len(digits) == 0 || len(digits) > 19 {
			return 0, errors.New("is not a whole number that fits")
		}
		var v uint64
		for _, d := range digits {
			if d < '0' || d > '9' {
				return 0, errors.New("is not a whole number")
			}
			v = v*10 + uint64(d-'0')
		}
		switch {
		case negative && v <= most:
			return E(-int64(v)), nil //nolint:gosec // compared above
		case !negative && v < most && v <= math.MaxInt64:
			return E(v), nil //nolint:gosec // compared above
		}
		return 0, errors.New("does not fit")
	}
}

// truth reads what a warehouse writes for yes and no, in a boolean column or in another.
func truth(text []byte) (bool, error) {
	switch strings.ToLower(view(text)) {
	case "t", "true", "1", "y", "yes":
		return true, nil
	case "f", "false", "0", "n", "no", "":
		return false, nil
	}
	return false, errors.New("is neither true nor false")
}

// octets reads the hexadecimal form of bytea.
func octets(text []byte) ([]byte, error) {
	digits, ok := strings.CutPrefix(view(text), `\x`)
	if !ok {
		return nil, errors.New("is not in hexadecimal form; set bytea_output to hex")
	}
	b, err := hex.DecodeString(digits)
	return b, notA("hexadecimal text", err)
}
