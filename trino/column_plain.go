package trino

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"net/netip"
	"strconv"
	"unsafe"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/rows"
	"github.com/fourkites/sources/internal/decimal"
)

type integers[E ~int8 | ~int16 | ~int32 | ~int64] struct{ v rows.Numbers[E] }

func (c *integers[E]) decode(in *input) error {
	n, err := in.integer()
	if err != nil {
		return err
	}
	e := E(n)
	if int64(e) != n {
		return malformed("%d does not fit the type", n)
	}
	c.v = append(c.v, e)
	return nil
}

func (c *integers[E]) null()               { c.v = append(c.v, 0) }
func (c *integers[E]) vector() rows.Vector { return c.v }
func (c *integers[E]) reset()              { c.v = c.v[:0] }

type floats[E ~float32 | ~float64] struct {
	bits int
	v    rows.Numbers[E]
}

// decode takes numbers, and the texts NaN, Infinity and -Infinity.
func (c *floats[E]) decode(in *input) error {
	if c.bits == 64 {
		if f, n := decimal.Leading(in.b[in.at:]); n > 0 && in.ends(in.at+n) {
			in.at += n
			c.v = append(c.v, E(f))
			return nil
		}
	}
	read := in.token
	if in.peek() == '"' {
		read = in.plain
	}
	t, err := read()
	if err != nil {
		return err
	}
	f, err := strconv.ParseFloat(view(t), c.bits)
	if err != nil {
		return malformed("%s is not a number", told(t))
	}
	c.v = append(c.v, E(f))
	return nil
}

func (c *floats[E]) null()               { c.v = append(c.v, 0) }
func (c *floats[E]) vector() rows.Vector { return c.v }
func (c *floats[E]) reset()              { c.v = c.v[:0] }

// view is a text that shares the memory of the bytes, for functions that do not keep it.
func view(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

type bools struct{ v rows.Values[bool] }

func (c *bools) decode(in *input) error {
	if yes := in.word("true"); yes || in.word("false") {
		c.v = append(c.v, yes)
		return nil
	}
	t, err := in.token()
	if err != nil {
		return err
	}
	if word := view(t); word != "true" && word != "false" {
		return malformed("%s is neither true nor false", told(t))
	}
	c.v = append(c.v, t[0] == 't')
	return nil
}

func (c *bools) null()               { c.v = append(c.v, false) }
func (c *bools) vector() rows.Vector { return c.v }
func (c *bools) reset()              { c.v = c.v[:0] }

// texts share one arena.
type texts struct {
	numbers bool // a number is taken as it is written
	data    []byte
	ends    []uint32
	v       rows.Strings
}

func (c *texts) decode(in *input) error {
	var err error
	if c.numbers && in.peek() != '"' {
		var t []byte
		t, err = in.token()
		c.data = append(c.data, t...)
	} else {
		c.data, err = in.text(c.data)
	}
	c.ends = append(c.ends, uint32(len(c.data)))
	return err
}

func (c *texts) null() { c.ends = append(c.ends, uint32(len(c.data))) }

func (c *texts) vector() rows.Vector {
	c.v.Reset(c.data, c.ends)
	return &c.v
}

func (c *texts) reset() { c.data, c.ends = c.data[:0], c.ends[:0] }

// binaries come in base64.
type binaries struct{ v rows.Values[[]byte] }

func (c *binaries) decode(in *input) error {
	t, err := in.plain()
	if err != nil {
		return err
	}
	b, err := base64.StdEncoding.AppendDecode(make([]byte, 0, len(t)*3/4), t)
	if err != nil {
		return malformed("a value that is not base64")
	}
	c.v = append(c.v, b)
	return nil
}

func (c *binaries) null()               { c.v = append(c.v, nil) }
func (c *binaries) vector() rows.Vector { return c.v }
func (c *binaries) reset()              { c.v = c.v[:0] }

// parsed are values that come as texts and stand for something else.
type parsed[E any] struct {
	parse func(string) (E, error)
	v     rows.Values[E]
}

func newParsed[E any](parse func(string) (E, error)) *parsed[E] { return &parsed[E]{parse: parse} }

func (c *parsed[E]) decode(in *input) error {
	t, err := in.plain()
	if err != nil {
		return err
	}
	e, err := c.parse(view(t))
	c.v = append(c.v, e)
	return err
}

func (c *parsed[E]) null() {
	var zero E
	c.v = append(c.v, zero)
}

func (c *parsed[E]) vector() rows.Vector { return c.v }
func (c *parsed[E]) reset()              { c.v = c.v[:0] }

func parseAddress(text string) (netip.Addr, error) {
	a, err := netip.ParseAddr(text)
	if err != nil {
		return a, malformed("%s is not an address", told(text))
	}
	return a, nil
}

// anything is a column of a type without a form of its own here: its values are those of JSON, numbers as json.Number.
// They take much more memory than their text, so what they take of a page is bounded.
type anything struct {
	typ  string
	room *int
	v    rows.Any
}

func (c *anything) decode(in *input) error {
	raw, err := in.skip()
	if err != nil {
		return err
	}
	if *c.room -= cost(raw); *c.room < 0 {
		e := base.NewError(base.KindTooLarge, nil).WithText("values of type " + told(c.typ) + " take too much memory")
		e.Sent, e.Hint = base.Answered, "select such a column CAST(… AS json), or leave it out"
		return e
	}
	if raw[0] == '"' { // as most of them are
		text, err := (&input{b: raw}).text(nil)
		c.v = append(c.v, string(text))
		return err
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var x any
	if err := d.Decode(&x); err != nil {
		return malformed("%s", err)
	}
	c.v = append(c.v, x)
	return nil
}

// Bytes that values take beside those of their texts, at most.
const (
	costValue  = 64
	costObject = 400
)

// cost is how many bytes a value of JSON takes, at most, when it has been decoded.
func cost(raw []byte) int {
	n, in := len(raw)+costValue, &input{b: raw}
	for in.at < len(raw) {
		switch raw[in.at] {
		case '"':
			if _, _, err := in.raw(); err != nil {
				return n // the decoder will refuse it
			}
			continue
		case '[', ',':
			n += costValue
		case '{':
			n += costObject
		}
		in.at++
	}
	return n
}

func (c *anything) null()               { c.v = append(c.v, nil) }
func (c *anything) vector() rows.Vector { return c.v }
func (c *anything) reset()              { c.v = c.v[:0] }
