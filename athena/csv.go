package athena

import "bytes"

// field is the place of one value of a record.
type field struct {
	from, to int
	quoted   bool
	doubled  bool // there are doubled quotes within
}

// records takes the CSV of a file of results apart, record by record, in one pass: every value stands in quotes, a quote
// within is doubled, and nothing at all between two commas is NULL.
type records struct {
	fields  []field
	scratch []byte
}

// next finds the record that begins at the start of b, and where the one after it begins. It is false where b ends before
// the record does.
func (r *records) next(b []byte) (end int, ok bool, err error) {
	r.fields = r.fields[:0]
	for i := 0; ; {
		f, stop, ok, err := scanField(b, i)
		if err != nil || !ok {
			return 0, false, err
		}
		r.fields = append(r.fields, f)
		if b[stop] == '\n' {
			return stop + 1, true, nil
		}
		if len(r.fields) > maxColumns {
			return 0, false, errColumns
		}
		i = stop + 1
	}
}

var (
	errColumns = malformed("a row of more than %d values", maxColumns)
	errQuote   = malformed("a value whose closing quote is followed by something else")
)

// scanField finds the value that begins at i; stop is the place of the comma or the newline behind it.
func scanField(b []byte, i int) (f field, stop int, ok bool, err error) {
	if i >= len(b) {
		return f, 0, false, nil
	}
	if b[i] != '"' {
		return bareField(b, i)
	}
	f = field{from: i + 1, quoted: true}
	for i++; ; {
		q := bytes.IndexByte(b[i:], '"')
		if q < 0 || i+q+1 >= len(b) {
			return f, 0, false, nil
		}
		i += q + 1
		if b[i] == '"' {
			f.doubled = true
			i++
			continue
		}
		f.to = i - 1
		if b[i] == '\r' {
			if i++; i >= len(b) {
				return f, 0, false, nil
			}
		}
		if b[i] != ',' && b[i] != '\n' {
			return f, 0, false, errQuote
		}
		return f, i, true, nil
	}
}

// bareField is a value without quotes: nothing is NULL.
func bareField(b []byte, i int) (f field, stop int, ok bool, err error) {
	n := bytes.IndexAny(b[i:], ",\n")
	if n < 0 {
		return f, 0, false, nil
	}
	f = field{from: i, to: i + n}
	if b[i+n] == '\n' && n > 0 && b[i+n-1] == '\r' {
		f.to--
	}
	return f, i + n, true, nil
}

// value is the text of a field of the record, nil for NULL. It is valid until the next one is asked for.
func (r *records) value(b []byte, f field) []byte {
	text := b[f.from:f.to:f.to]
	switch {
	case !f.quoted && len(text) == 0:
		return nil
	case !f.doubled:
		return text
	}
	r.scratch = r.scratch[:0]
	for {
		q := bytes.IndexByte(text, '"')
		if q < 0 {
			r.scratch = append(r.scratch, text...)
			return r.scratch
		}
		r.scratch = append(r.scratch, text[:q+1]...)
		text = text[q+2:]
	}
}

// add puts a record into the table.
func (r *records) add(b []byte, t *table) error {
	if len(r.fields) != len(t.cells) {
		return malformed("a row of %d values in an answer of %d columns", len(r.fields), len(t.cells))
	}
	for i, f := range r.fields {
		if err := t.add(i, r.value(b, f)); err != nil {
			return err
		}
	}
	t.n++
	return nil
}
