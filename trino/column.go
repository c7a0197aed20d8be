package trino

import (
	"github.com/fourkites/sources/base/rows"
	"github.com/fourkites/sources/internal/instant"
)

// column gathers the values of one column. A vector is valid until reset.
type column interface {
	decode(in *input) error // one value that is not null
	null()                  // a placeholder where a value is NULL
	vector() rows.Vector
	reset()
}

// cell is a column of which every value may be NULL, as all are in Trino.
type cell struct {
	column
	n     int
	some  bool // some value is NULL
	nulls []bool
	both  rows.Nullable
}

func (c *cell) decode(in *input) error {
	if in.peek() != 'n' {
		c.n++
		if c.some {
			c.nulls = append(c.nulls, false)
		}
		return c.column.decode(in)
	}
	if _, err := in.null(); err != nil {
		return err
	}
	c.null()
	return nil
}

func (c *cell) null() {
	if !c.some { // those before it were not
		c.some, c.nulls = true, append(c.nulls[:0], make([]bool, c.n)...)
	}
	c.n++
	c.nulls = append(c.nulls, true)
	c.column.null()
}

func (c *cell) vector() rows.Vector {
	if !c.some {
		return c.column.vector()
	}
	c.both = rows.Nullable{Nulls: c.nulls, Values: c.column.vector()}
	return &c.both
}

func (c *cell) reset() {
	c.n, c.some = 0, false
	c.column.reset()
}

// newCell makes the column of a type.
func newCell(name string, k *kinds, depth int) (*cell, error) {
	t, err := parseType(name)
	if err != nil {
		return nil, malformed("%s", err)
	}
	if k.cells++; k.cells > maxColumns {
		return nil, malformed("types of more than %d columns and members; select fewer", maxColumns)
	}
	if depth > maxTypeDepth {
		return nil, malformed("type %s is nested deeper than %d", told(name), maxTypeDepth)
	}
	c, err := newColumn(t, k, depth)
	return &cell{column: c}, err
}

func newColumn(t typeName, k *kinds, depth int) (column, error) {
	switch t.base {
	case "boolean":
		return &bools{}, nil
	case "tinyint":
		return &integers[int8]{}, nil
	case "smallint":
		return &integers[int16]{}, nil
	case "integer":
		return &integers[int32]{}, nil
	case "bigint":
		return &integers[int64]{}, nil
	case "real":
		return &floats[float32]{bits: 32}, nil
	case "double":
		return &floats[float64]{bits: 64}, nil
	case "varchar", "char", "uuid", "json", "time with time zone":
		return &texts{}, nil
	case "decimal", "number":
		return &texts{numbers: true}, nil
	case "varbinary":
		return &binaries{}, nil
	case "ipaddress":
		return newParsed(parseAddress), nil
	case "array", "map", "row":
		return newComposed(t, k, depth)
	}
	if c, err := newTime(t, &k.zones); c != nil || err != nil {
		return c, err
	}
	return &anything{typ: t.full, room: &k.room}, nil
}

// kinds makes the columns of an answer, and bounds what they may take together.
type kinds struct {
	zones instant.Zones
	cells int // columns and members that were made
	room  int // bytes that values of a type without a form of its own may take of the present page
}

// table is the columns of an answer and what was decoded of them.
type table struct {
	columns []rows.Column
	cells   []*cell
	vectors []rows.Vector
	kinds   kinds
}

type wireColumn struct {
	Name string `json:"name"`
	Type string `json:"type"`
}

const (
	maxColumns = 1 << 14 // of an answer, the members of their types included
	spareRoom  = 1 << 20
	growth     = 8 // that a page may have in memory, beside spareRoom
)

func (t *table) define(all []wireColumn) error {
	t.kinds.cells = 0
	columns, cells := make([]rows.Column, 0, len(all)), make([]*cell, 0, len(all))
	for _, w := range all {
		c, err := newCell(w.Type, &t.kinds, 0)
		if err != nil {
			return err
		}
		columns = append(columns, rows.Column{Name: w.Name, Type: w.Type, Nullable: true})
		cells = append(cells, c)
	}
	t.columns, t.cells, t.vectors = columns, cells, make([]rows.Vector, len(cells))
	return nil
}

// decode reads a list of rows and returns how many it had. What was decoded before is gone.
func (t *table) decode(in *input) (int, error) {
	for _, c := range t.cells {
		c.reset()
	}
	t.kinds.room = spareRoom + growth*len(in.b)
	if err := in.expect('['); err != nil {
		return 0, err
	}
	n := 0
	for {
		more, err := in.more(n == 0, ']')
		if err != nil || !more {
			return n, err
		}
		if err := t.row(in); err != nil {
			return n, err
		}
		n++
	}
}

func (t *table) row(in *input) error {
	if err := in.expect('['); err != nil {
		return err
	}
	for i, c := range t.cells {
		if i > 0 && in.expect(',') != nil {
			return t.short(in, i)
		}
		at := in.at
		if err := c.decode(in); err != nil {
			if in.at = at; in.peek() == ']' {
				return t.short(in, i)
			}
			return &cellError{t.columns[i], err}
		}
	}
	if in.peek() == ',' {
		return malformed("a row of more than %d columns", len(t.cells))
	}
	return in.expect(']')
}

func (t *table) short(in *input, have int) error {
	if in.peek() == ']' {
		return malformed("a row of %d columns, and there are %d", have, len(t.cells))
	}
	return in.bad("',' or ']'")
}

// batch is what the last decode gave.
func (t *table) batch(n int) *rows.Batch {
	for i, c := range t.cells {
		t.vectors[i] = c.vector()
	}
	return rows.NewBatch(t.columns, t.vectors, n)
}

// cellError names the column of a value that cannot be decoded.
type cellError struct {
	column rows.Column
	err    error
}

func (e *cellError) Error() string {
	name, typ := e.column.Name, e.column.Type
	if len(name)+len(typ) > maxTold {
		name, typ = told(name), told(typ)
	}
	return "column " + name + " (" + typ + "): " + e.err.Error()
}

func (e *cellError) Unwrap() error { return e.err }
