package redshift

import (
	"encoding/hex"
	"errors"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/fourkites/sources/base/rows"
	"github.com/fourkites/sources/internal/cells"
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
	cells []cells.Cells
	n     int
	size  int // bytes of the texts
}

func newPage(t *table) *page {
	p := &page{cells: make([]cells.Cells, len(t.kinds))}
	for i, k := range t.kinds {
		p.cells[i] = newCells(k)
	}
	return p
}

func (p *page) reset() {
	p.n, p.size = 0, 0
	for _, c := range p.cells {
		c.Reset()
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
			p.cells[i].Null(!t.zero[i])
		} else {
			err = p.cells[i].Add(text)
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
		vectors[i] = c.Vector()
	}
	return rows.NewBatch(columns, vectors, p.n)
}

func newCells(k kind) cells.Cells {
	switch k {
	case kindInt16:
		return cells.Integers[int16](16)
	case kindInt32:
		return cells.Integers[int32](32)
	case kindInt64:
		return cells.Integers[int64](64)
	case kindUint32:
		return cells.NewNumbers(func(text []byte) (uint32, error) {
			v, err := strconv.ParseUint(cells.View(text), 10, 32)
			return uint32(v), cells.NotA("number", err)
		})
	case kindFloat32:
		return cells.Float32s()
	case kindFloat64:
		return cells.Float64s()
	case kindBool:
		return cells.NewValues(truth)
	case kindNumeric:
		return &numerals{}
	case kindBytes:
		return cells.NewValues(octets)
	case kindDate:
		return cells.NewTimes(1, zeroSeconds, parseDate)
	case kindTime:
		return cells.NewTimes(1_000_000, zeroSeconds*1_000_000, parseTime)
	}
	return &cells.Texts{}
}

// numerals are numbers of any length, as their text.
type numerals struct{ cells.Texts }

// Add takes one text.
func (c *numerals) Add(text []byte) error {
	if !isNumeral(cells.View(text)) {
		return errors.New("is not a number")
	}
	return c.Texts.Add(text)
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

// truth reads what a warehouse writes for yes and no, in a boolean column or in another.
func truth(text []byte) (bool, error) {
	switch strings.ToLower(cells.View(text)) {
	case "t", "true", "1", "y", "yes":
		return true, nil
	case "f", "false", "0", "n", "no", "":
		return false, nil
	}
	return false, errors.New("is neither true nor false")
}

// octets reads the hexadecimal form of bytea.
func octets(text []byte) ([]byte, error) {
	digits, ok := strings.CutPrefix(cells.View(text), `\x`)
	if !ok {
		return nil, errors.New("is not in hexadecimal form; set bytea_output to hex")
	}
	b, err := hex.DecodeString(digits)
	return b, cells.NotA("hexadecimal text", err)
}
