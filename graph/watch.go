package graph

import (
	"encoding/binary"
	"fmt"
	"slices"
)

// Bounds that the driver leaves out: it makes room for whatever a length announces, before that has come.
const (
	// maxMessage bounds one message of the server, in bytes and in values: a record is far smaller.
	maxMessage = 16 << 20
	// maxNested bounds lists and maps inside each other; the plan of a long statement has two levels for each step.
	maxNested = 10_000
	// maxOffers is how many versions of the protocol a server may offer.
	maxOffers = 64
)

// The parts of what a server sends before its first message.
const (
	greetVersion   = iota // four bytes: the version, or that offers follow
	greetCount            // how many offers
	greetOffers           // four bytes each
	greetAbilities        // a number of up to ten bytes
	greeted
)

// watch reads along what the server sends, value by value, before the driver does. Only the side that reads uses it.
type watch struct {
	greeting int
	piece    []byte // of the greeting, or the length of a chunk
	offers   int    // bytes of them to come

	chunk int // bytes of the chunk to come
	size  int // bytes of the message so far, the chunk as a whole

	begun  bool     // the message has its value
	open   []uint32 // values to come at each level of nesting
	all    uint64   // values that were announced: each takes a byte, so there are no more than bytes
	skip   int      // bytes that hold no value
	digits int      // bytes of a length to come
	length uint32   // so far
	kind   kind     // of the value that has it
}

// kind is what follows the first byte of a value.
type kind uint8

const (
	kindNone  kind = iota // there is no such value
	kindPlain             // so many bytes
	kindText              // bytes, as a length says
	kindList
	kindMap
	kindStruct
)

// form is a first byte of a value as PackStream has them: n is a number of bytes or values, or, where digits are, nothing.
type form struct {
	kind   kind
	digits uint8
	n      uint8
}

var forms = makeForms()

func makeForms() (all [256]form) {
	for i := range all {
		low := uint8(i & 0x0F) //nolint:gosec // four bits
		switch {
		case i < 0x80, i >= 0xF0, i == 0xC0, i == 0xC2, i == 0xC3:
			all[i] = form{kind: kindPlain}
		case i < 0x90:
			all[i] = form{kind: kindText, n: low}
		case i < 0xA0:
			all[i] = form{kind: kindList, n: low}
		case i < 0xB0:
			all[i] = form{kind: kindMap, n: low}
		case i < 0xC0:
			all[i] = form{kind: kindStruct, n: low}
		case i == 0xC1, i == 0xCB:
			all[i] = form{kind: kindPlain, n: 8}
		case i >= 0xC8 && i <= 0xCA:
			all[i] = form{kind: kindPlain, n: 1 << (i - 0xC8)}
		case i >= 0xCC && i <= 0xCE:
			all[i] = form{kind: kindText, digits: 1 << (i - 0xCC)}
		case i >= 0xD0 && i <= 0xD2:
			all[i] = form{kind: kindText, digits: 1 << (i - 0xD0)}
		case i >= 0xD4 && i <= 0xD6:
			all[i] = form{kind: kindList, digits: 1 << (i - 0xD4)}
		case i >= 0xD8 && i <= 0xDA:
			all[i] = form{kind: kindMap, digits: 1 << (i - 0xD8)}
		}
	}
	return all
}

func malformed(format string, args ...any) error {
	return &malformedError{fmt.Sprintf(format, args...)}
}

// see takes what was read.
func (w *watch) see(p []byte) error {
	for len(p) > 0 {
		var err error
		switch {
		case w.greeting < greeted:
			err = w.greet(p[0])
			p = p[1:]
		case w.chunk > 0:
			n := min(w.chunk, len(p))
			err = w.values(p[:n])
			w.chunk, p = w.chunk-n, p[n:]
		case len(w.piece) == 0 && len(p) >= 2:
			err = w.begin(int(binary.BigEndian.Uint16(p)))
			p = p[2:]
		default:
			n := min(2-len(w.piece), len(p))
			w.piece, p = append(w.piece, p[:n]...), p[n:]
			if len(w.piece) == 2 {
				err = w.begin(int(binary.BigEndian.Uint16(w.piece)))
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// greet takes a byte of what comes before the first message. With offers the last byte of its version is 255, and the
// numbers have seven bits in each byte.
func (w *watch) greet(b byte) error {
	w.piece = append(w.piece, b)
	last := b < 0x80
	switch {
	case w.greeting == greetVersion && len(w.piece) == 4:
		w.greeting = greeted
		if slices.Equal(w.piece[2:], []byte{1, 0xFF}) {
			w.greeting = greetCount
		}
	case w.greeting == greetCount:
		if w.offers = 4 * int(b); b > maxOffers {
			return malformed("the server offers more than %d versions of the protocol", maxOffers)
		}
		w.greeting = greetOffers
		if b == 0 {
			w.greeting = greetAbilities
		}
	case w.greeting == greetOffers && len(w.piece) == w.offers:
		w.greeting = greetAbilities
	case w.greeting == greetAbilities && last:
		w.greeting = greeted
	case w.greeting == greetAbilities && len(w.piece) == binary.MaxVarintLen64:
		return malformed("a greeting with a number of more than %d bytes", binary.MaxVarintLen64)
	default:
		return nil
	}
	w.piece = w.piece[:0]
	return nil
}

// begin begins a chunk; an empty one ends the message, or keeps a connection alive between two.
func (w *watch) begin(n int) error {
	w.piece = w.piece[:0]
	if n == 0 {
		if w.skip > 0 || w.digits > 0 || slices.ContainsFunc(w.open, func(left uint32) bool { return left > 0 }) {
			return malformed("a message that ends inside a value")
		}
		w.size, w.begun, w.all, w.open = 0, false, 0, w.open[:0]
		return nil
	}
	w.chunk = n
	if w.size += n; w.size > maxMessage {
		return malformed("a message of more than %d MiB; ask for less in one row", maxMessage>>20)
	}
	return nil
}

// values takes a part of a message. It goes over every byte of an answer: what most values are is dealt with in place.
func (w *watch) values(p []byte) error {
	for i := 0; i < len(p); {
		if w.skip > 0 {
			n := min(w.skip, len(p)-i)
			w.skip, i = w.skip-n, i+n
			continue
		}
		b := p[i]
		i++
		if w.digits > 0 {
			w.length = w.length<<8 | uint32(b)
			if w.digits--; w.digits == 0 {
				if err := w.announce(w.kind, w.length); err != nil {
					return err
				}
			}
			continue
		}
		f := &forms[b]
		if last := len(w.open) - 1; last >= 0 && w.open[last] > 0 {
			w.open[last]--
		} else if !w.take() {
			return malformed("a byte %#02x where no value begins with it", b)
		}
		switch {
		case f.kind == kindNone:
			return malformed("a byte %#02x where no value begins with it", b)
		case f.digits > 0:
			w.kind, w.digits, w.length = f.kind, int(f.digits), 0
		case f.kind <= kindText:
			if n := int(f.n); n <= len(p)-i {
				i += n
			} else {
				w.skip = n
			}
		default:
			if err := w.announce(f.kind, uint32(f.n)); err != nil {
				return err
			}
		}
	}
	return nil
}

// take takes one of the values that are to come; false: there is none.
func (w *watch) take() bool {
	if !w.begun {
		w.begun = true
		return true
	}
	for last := len(w.open) - 1; last >= 0; last-- {
		if w.open[last] > 0 {
			w.open[last]--
			return true
		}
		w.open = w.open[:last]
	}
	return false
}

// announce judges how much a value says that it holds.
func (w *watch) announce(k kind, n uint32) error {
	if n > maxMessage {
		return malformed("a value that announces %d bytes or values, and the limit is %d", n, maxMessage)
	}
	switch k {
	case kindPlain, kindText:
		w.skip = int(n)
		return nil
	case kindMap:
		n *= 2
	case kindStruct:
		w.skip = 1 // what it is
	}
	w.all += uint64(n)
	w.open = append(w.open, n)
	if w.all > maxMessage || len(w.open) > maxNested {
		return malformed("a message with more than %d values or %d levels", maxMessage, maxNested)
	}
	return nil
}
