package rows

// Nullable is a column in which some values are NULL.
type Nullable struct {
	Nulls  []bool // as long as Values
	Values Vector
}

// Len is how many values there are.
func (v *Nullable) Len() int { return len(v.Nulls) }

// Null reports whether the value at i is NULL.
func (v *Nullable) Null(i int) bool { return v.Nulls[i] }

// Value is the value at i; nil for NULL.
func (v *Nullable) Value(i int) any {
	if v.Nulls[i] {
		return nil
	}
	return v.Values.Value(i)
}

// Size is the bytes of the first n values.
func (v *Nullable) Size(n int) int64 {
	d, ok := v.Values.(*Dictionary)
	if !ok {
		return int64(n) + sizeOf(v.Values, n)
	}
	written := 0 // a NULL stands for no word
	for _, null := range v.Nulls[:n] {
		if !null {
			written++
		}
	}
	return int64(n) + d.Size(written)
}

// Dictionary is a column of few different values: a key per row, and the values that the keys stand for.
type Dictionary struct {
	Keys     []uint32
	Values   Vector
	NullKey0 bool // key 0 stands for NULL
}

// Len is how many values there are.
func (v *Dictionary) Len() int { return len(v.Keys) }

// Null reports whether the value at i is NULL.
func (v *Dictionary) Null(i int) bool { return v.NullKey0 && v.Keys[i] == 0 }

// Value is the value at i; nil for NULL.
func (v *Dictionary) Value(i int) any {
	if v.Null(i) {
		return nil
	}
	return v.Values.Value(int(v.Keys[i]))
}

// Size is the bytes of the first n values, counted as if each were written out.
func (v *Dictionary) Size(n int) int64 {
	all := v.Values.Len()
	if all == 0 {
		return int64(n) * 4
	}
	return int64(n) * (4 + sizeOf(v.Values, all)/int64(all))
}

// Lists is a column of arrays: one vector with the elements of all of them.
type Lists struct {
	Ends     []uint32 // where each array ends in Elements
	Elements Vector
}

// Len is how many arrays there are.
func (v *Lists) Len() int { return len(v.Ends) }

// Span is the place of the array i in Elements, from included, to excluded.
func (v *Lists) Span(i int) (from, to int) { return span(v.Ends, i) }

func span(ends []uint32, i int) (from, to int) {
	if i > 0 {
		from = int(ends[i-1])
	}
	return from, int(ends[i])
}

// Value is the array at i: []string, []uint64 and the like where the elements have one type and none can be NULL, else
// []any.
func (v *Lists) Value(i int) any {
	from, to := v.Span(i)
	return slice(v.Elements, from, to)
}

// Size is the bytes of the first n arrays.
func (v *Lists) Size(n int) int64 {
	if n == 0 {
		return 0
	}
	return int64(n)*4 + sizeOf(v.Elements, int(v.Ends[n-1]))
}

// slicer is a vector that can copy a part of itself into a slice of its own type.
type slicer interface{ slice(from, to int) any }

func (v Numbers[E]) slice(from, to int) any { return append(make([]E, 0, to-from), v[from:to]...) }

func (v Values[E]) slice(from, to int) any { return append(make([]E, 0, to-from), v[from:to]...) }

func (v *Strings) slice(from, to int) any {
	out := make([]string, to-from)
	for i := range out {
		out[i] = v.At(from + i)
	}
	return out
}

func (v *Times) slice(from, to int) any {
	out := make([]any, 0, to-from)
	for i := from; i < to; i++ {
		out = append(out, v.At(i))
	}
	return out
}

func (v *Dictionary) slice(from, to int) any {
	words, ok := v.Values.(*Strings)
	if !ok || v.NullKey0 {
		return values(v, from, to)
	}
	out := make([]string, to-from)
	for i := range out {
		out[i] = words.At(int(v.Keys[from+i]))
	}
	return out
}

func slice(v Vector, from, to int) any {
	if s, ok := v.(slicer); ok {
		return s.slice(from, to)
	}
	return values(v, from, to)
}

func values(v Vector, from, to int) []any {
	out := make([]any, to-from)
	for i := range out {
		out[i] = v.Value(from + i)
	}
	return out
}

// Maps is a column of maps: the keys of all of them in one vector, the values in another.
type Maps struct {
	Ends   []uint32 // where each map ends in Keys and Values
	Keys   Vector
	Values Vector
}

// Len is how many maps there are.
func (v *Maps) Len() int { return len(v.Ends) }

// Span is the place of the map i in Keys and Values, from included, to excluded.
func (v *Maps) Span(i int) (from, to int) { return span(v.Ends, i) }

// Value is the map at i: map[string]string, map[string]float64, map[string]bool, map[string]int64 or map[string]uint64
// by the type of its values, else map[string]any. Keys that are not text are written as text.
func (v *Maps) Value(i int) any {
	from, to := v.Span(i)
	switch values := v.Values.(type) {
	case *Strings:
		return fillMap(v.Keys, from, to, values.At)
	case Numbers[float64]:
		return fillMap(v.Keys, from, to, func(i int) float64 { return values[i] })
	case Numbers[int64]:
		return fillMap(v.Keys, from, to, func(i int) int64 { return values[i] })
	case Numbers[uint64]:
		return fillMap(v.Keys, from, to, func(i int) uint64 { return values[i] })
	case Values[bool]:
		return fillMap(v.Keys, from, to, func(i int) bool { return values[i] })
	case *Dictionary:
		if words, ok := values.Values.(*Strings); ok && !values.NullKey0 {
			return fillMap(v.Keys, from, to, func(i int) string { return words.At(int(values.Keys[i])) })
		}
	}
	return fillMap(v.Keys, from, to, v.Values.Value)
}

func fillMap[E any](keys Vector, from, to int, at func(int) E) map[string]E {
	out := make(map[string]E, to-from)
	for i := from; i < to; i++ {
		out[keyAt(keys, i)] = at(i)
	}
	return out
}

// keyAt is a key as text; one that is text is not boxed on the way.
func keyAt(keys Vector, i int) string {
	switch k := keys.(type) {
	case *Strings:
		return k.At(i)
	case *Dictionary:
		if words, ok := k.Values.(*Strings); ok && !k.NullKey0 {
			return words.At(int(k.Keys[i]))
		}
	}
	return textOf(keys.Value(i))
}

// Size is the bytes of the first n maps.
func (v *Maps) Size(n int) int64 {
	if n == 0 {
		return 0
	}
	end := int(v.Ends[n-1])
	return int64(n)*4 + sizeOf(v.Keys, end) + sizeOf(v.Values, end)
}

// Tuples is a column of records: one vector per member.
type Tuples struct {
	Names   []string // of the members; nil where they have none
	Members []Vector
	Rows    int
}

// Len is how many records there are.
func (v *Tuples) Len() int { return v.Rows }

// Value is the record at i: map[string]any where the members have names, else []any.
func (v *Tuples) Value(i int) any {
	if v.Names == nil {
		out := make([]any, len(v.Members))
		for m, member := range v.Members {
			out[m] = member.Value(i)
		}
		return out
	}
	out := make(map[string]any, len(v.Members))
	for m, member := range v.Members {
		out[v.Names[m]] = member.Value(i)
	}
	return out
}

// Size is the bytes of the first n records.
func (v *Tuples) Size(n int) int64 {
	var all int64
	for _, m := range v.Members {
		all += sizeOf(m, n)
	}
	return all
}
