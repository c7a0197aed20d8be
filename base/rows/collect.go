package rows

import (
	"iter"
	"slices"
	"unsafe"
)

const (
	firstPiece = 16
	lastPiece  = 1 << 20 // values; a piece is never larger than pieceBytes
	pieceBytes = 64 << 20
)

// Collect gathers all that an iterator such as ToStruct[Load] yields. On an error what came before it is returned too.
// The Rows are closed. The values are gathered in pieces and then moved into the slice that is returned, which has no
// room to spare; on Linux a piece's memory goes back to the system at once, elsewhere it is taken twice for a moment.
func Collect[T any](r *Rows, to func(*Rows) iter.Seq2[T, error]) ([]T, error) {
	var p pieces[T]
	for v, err := range to(r) {
		if err != nil {
			return p.join(), err
		}
		if len(p.last) == cap(p.last) {
			p.grow()
		}
		p.last = append(p.last, v)
	}
	return p.join(), nil
}

// pieces are values gathered without moving them.
type pieces[T any] struct {
	full [][]T
	last []T
	n    int
}

func (p *pieces[T]) grow() {
	if p.last != nil {
		p.full = append(p.full, p.last)
		p.n += len(p.last)
	}
	var zero T
	size := max(1, int(unsafe.Sizeof(zero)))
	p.last = fresh[T](min(lastPiece, max(1, pieceBytes/size), max(firstPiece, 4*cap(p.last))))[:0]
}

// join is all values in one slice.
func (p *pieces[T]) join() []T {
	if p.full == nil {
		return slices.Clip(p.last)
	}
	all := fresh[T](p.n + len(p.last))
	at := 0
	for i, piece := range p.full {
		at += copy(all[at:], piece)
		p.full[i] = nil
		giveBack(unsafe.Pointer(&piece[0]), uintptr(cap(piece))*unsafe.Sizeof(piece[0])) // nobody else has seen the piece
	}
	copy(all[at:], p.last)
	return all
}

// fresh is a slice in memory that is cheap to write for the first time.
func fresh[T any](n int) []T {
	s := make([]T, n)
	if n > 0 {
		advise(unsafe.Pointer(&s[0]), uintptr(n)*unsafe.Sizeof(s[0]))
	}
	return s
}
