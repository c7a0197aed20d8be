package rows

import (
	"fmt"

	"github.com/fourkites/sources/base"
)

// Batch is some consecutive rows of an answer as columns. It is valid until the next batch is asked for; strings taken
// from it stay.
type Batch struct {
	columns []Column
	vectors []Vector
	n       int
}

// NewBatch is a batch of n rows; each vector has at least n values and belongs to the column at the same place.
func NewBatch(columns []Column, vectors []Vector, n int) *Batch {
	return &Batch{columns: columns, vectors: vectors, n: n}
}

// Len is how many rows there are.
func (b *Batch) Len() int { return b.n }

// Columns are the columns of the answer. They must not be written to.
func (b *Batch) Columns() []Column { return b.columns }

// Vector is the column at that place. It may be longer than the batch: read Len values.
func (b *Batch) Vector(column int) Vector { return b.vectors[column] }

// Named is the column of that name; false if there is none.
func (b *Batch) Named(name string) (Vector, bool) {
	if i := indexOf(b.columns, name); i >= 0 {
		return b.vectors[i], true
	}
	return nil, false
}

// Row is the row at i.
func (b *Batch) Row(i int) Row { return Row{b, i} }

// Size is the bytes of the decoded values.
func (b *Batch) Size() int64 { return b.size(b.n) }

func (b *Batch) size(n int) int64 {
	var all int64
	for _, v := range b.vectors {
		all += sizeOf(v, n)
	}
	return all
}

// head is how many rows fit into that many bytes.
func (b *Batch) head(bytes int64) int {
	low, high := 0, b.n
	for low < high {
		if middle := (low + high + 1) / 2; b.size(middle) <= bytes {
			low = middle
		} else {
			high = middle - 1
		}
	}
	return low
}

func indexOf(columns []Column, name string) int {
	for i := range columns {
		if columns[i].Name == name {
			return i
		}
	}
	return -1
}

// Row is one row of a batch, valid as long as the batch is. The values it gives stay.
type Row struct {
	batch *Batch
	i     int
}

// Len is how many values the row has.
func (r Row) Len() int { return len(r.batch.vectors) }

// Value is the value at that place; nil for NULL.
func (r Row) Value(column int) any { return r.batch.vectors[column].Value(r.i) }

// Named is the value of the column of that name; false if there is no such column.
func (r Row) Named(name string) (any, bool) {
	i := indexOf(r.batch.columns, name)
	if i < 0 {
		return nil, false
	}
	return r.Value(i), true
}

// Map is the row as a map from column to value.
func (r Row) Map() map[string]any {
	out := make(map[string]any, r.Len())
	for i := range r.batch.columns {
		out[r.batch.columns[i].Name] = r.Value(i)
	}
	return out
}

// String shows the row for debugging.
func (r Row) String() string { return fmt.Sprint(r.Map()) }

// Cursor is what a driver implements: the answer of one query, batch by batch.
type Cursor interface {
	// Columns are known before the first batch.
	Columns() []Column
	// Next is the next batch, which has at least one row and is valid until the next call; io.EOF at the end of the
	// answer. After an error, io.EOF included, only Close and Stats are called.
	Next() (*Batch, error)
	// Close ends the answer: what has not been read is cancelled at the server. It may be called again, and beside a
	// Next that is waiting.
	Close() error
	// Stats is what answering has cost so far; final after the end.
	Stats() base.Stats
}
