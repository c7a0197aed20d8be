package cells

import "github.com/fourkites/sources/base/rows"

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

// Numbers is a column of numbers.
type Numbers[E rows.Number] struct {
	nulls
	all   []E
	parse func([]byte) (E, error)
}

// Add takes one text.
func (c *Numbers[E]) Add(text []byte) error {
	v, err := c.parse(text)
	c.all = append(c.all, v)
	return err
}

// Null takes a NULL, or the zero value in its place.
func (c *Numbers[E]) Null(marked bool) {
	if marked {
		c.mark(len(c.all))
	}
	c.all = append(c.all, 0)
}

// Vector is what was gathered.
func (c *Numbers[E]) Vector() rows.Vector { return c.over(rows.Numbers[E](c.all)) }

// Reset begins the next batch.
func (c *Numbers[E]) Reset() {
	c.reset()
	c.all = c.all[:0]
}

// Values is a column of any other Go type.
type Values[E any] struct {
	nulls
	all   []E
	parse func([]byte) (E, error)
}

// Add takes one text.
func (c *Values[E]) Add(text []byte) error {
	v, err := c.parse(text)
	c.all = append(c.all, v)
	return err
}

// Null takes a NULL, or the zero value in its place.
func (c *Values[E]) Null(marked bool) {
	if marked {
		c.mark(len(c.all))
	}
	var zero E
	c.all = append(c.all, zero)
}

// Vector is what was gathered.
func (c *Values[E]) Vector() rows.Vector { return c.over(rows.Values[E](c.all)) }

// Reset begins the next batch.
func (c *Values[E]) Reset() {
	c.reset()
	clear(c.all) // values may be pieces of memory that the caller keeps
	c.all = c.all[:0]
}

// Texts is a column of texts, which share one arena. The zero value is ready.
type Texts struct {
	nulls
	data    []byte
	ends    []uint32
	strings rows.Strings
}

// Add takes one text.
func (c *Texts) Add(text []byte) error {
	c.data = append(c.data, text...)
	c.ends = append(c.ends, uint32(len(c.data))) //nolint:gosec // a page is bounded far below
	return nil
}

// Null takes a NULL, or the zero value in its place.
func (c *Texts) Null(marked bool) {
	if marked {
		c.mark(len(c.ends))
	}
	_ = c.Add(nil)
}

// Vector is what was gathered.
func (c *Texts) Vector() rows.Vector {
	c.strings.Reset(c.data, c.ends)
	return c.over(&c.strings)
}

// Reset begins the next batch.
func (c *Texts) Reset() {
	c.reset()
	c.data, c.ends = c.data[:0], c.ends[:0]
}

// Times are instants in UTC; a text without a zone is in UTC.
type Times struct {
	nulls
	ticks     []int64
	perSecond int64
	zero      int64
	parse     func([]byte) (int64, error)
	vec       rows.Times
}

// Add takes one text.
func (c *Times) Add(text []byte) error {
	v, err := c.parse(text)
	c.ticks = append(c.ticks, v)
	return err
}

// Null takes a NULL, or the zero value in its place.
func (c *Times) Null(marked bool) {
	if marked {
		c.mark(len(c.ticks))
	}
	c.ticks = append(c.ticks, c.zero)
}

// Vector is what was gathered.
func (c *Times) Vector() rows.Vector {
	c.vec = rows.Times{Ticks: c.ticks, PerSecond: c.perSecond}
	return c.over(&c.vec)
}

// Reset begins the next batch.
func (c *Times) Reset() {
	c.reset()
	c.ticks = c.ticks[:0]
}
