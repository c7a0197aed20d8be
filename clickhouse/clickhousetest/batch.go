package clickhousetest

import (
	"slices"
	"strings"
)

// batch gathers rows per table, so that each table is appended to once.
type batch struct {
	tables *tables
	piles  map[string][]*pile // by the name of the local table
}

// pile is new rows of tables that look alike: the distributed table and its local one.
type pile struct {
	names []string
	shape *shape
	rows  [][]any
	slab  []any // room for further rows
}

func newBatch(t *tables) batch { return batch{t, map[string][]*pile{}} }

// record is the row that add made last.
type record []*pile

// add begins a row of a distributed table and of its local one, whose name is given. Its values are those that stand in
// columns that are left out. A table that was dropped has no row.
func (b batch) add(name string) record {
	piles, ok := b.piles[name]
	if !ok {
		piles = b.tables.piles(name)
		b.piles[name] = piles
	}
	for _, p := range piles {
		p.grow()
	}
	return piles
}

func (t *tables) piles(name string) []*pile {
	database, table, _ := strings.Cut(name, ".")
	var all []*pile
	for _, name := range []string{database + ".distributed_" + table, name} {
		sh, ok := t.shape(name)
		switch {
		case !ok:
		case len(all) == 1 && slices.Equal(all[0].shape.columns, sh.columns):
			all[0].names = append(all[0].names, name)
		default:
			all = append(all, &pile{names: []string{name}, shape: sh})
		}
	}
	return all
}

// slabRows is how many rows are allocated at a time.
const slabRows = 64

func (p *pile) grow() {
	width := len(p.shape.defaults)
	if len(p.slab) < width {
		p.slab = make([]any, slabRows*width)
	}
	row := p.slab[:width:width]
	p.slab = p.slab[width:]
	copy(row, p.shape.defaults)
	p.rows = append(p.rows, row)
}

// set puts a value into a column; a column that the table lacks is left out.
func (r record) set(column string, v any) {
	for _, p := range r {
		if at, ok := p.shape.position[column]; ok {
			p.rows[len(p.rows)-1][at] = v
		}
	}
}

// flush appends the rows to their tables.
func (b batch) flush() {
	for _, piles := range b.piles {
		for _, p := range piles {
			for _, name := range p.names {
				_ = b.tables.append(name, p.rows) // the rows have the shape of the table
			}
		}
	}
}
