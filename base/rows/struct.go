package rows

import (
	"fmt"
	"iter"
	"reflect"
	"unsafe"

	"github.com/fourkites/sources/base"
)

// chunk is how many structs are filled at a time: few enough to stay in the processor's cache.
const chunk = 1024

// ToStruct yields each row as a T, a struct. A column goes into the field with the tag `db:"column"` (a
// struct made for clickhouse-go may have `ch:"column"` instead), else into the exported field of that name, without regard to case and underscores; fields of embedded structs count as the
// struct's own. Fields without a column stay zero; a column without a field is an error unless a map[string]any is
// tagged `db:",extras"`. NULL goes into a pointer, an any, or a type with a Scan method such as sql.Null; into another
// field it is an error, as is a number that does not fit: both name the column and the field.
//
// Memory does not grow with the answer: strings of one batch share one piece of memory, and nothing is allocated per
// row. The Rows are closed at the end.
func ToStruct[T any](r *Rows) iter.Seq2[T, error] { return toStruct[T](r, false) }

// ToStructLax is ToStruct that leaves out columns without a field.
func ToStructLax[T any](r *Rows) iter.Seq2[T, error] { return toStruct[T](r, true) }

func toStruct[T any](r *Rows, lax bool) iter.Seq2[T, error] {
	return planned[T](r, func() (*plan, error) { return planFor(reflect.TypeFor[T](), r.columns, lax) })
}

// To yields the values of the only column as T.
func To[T any](r *Rows) iter.Seq2[T, error] {
	return planned[T](r, func() (*plan, error) {
		t := reflect.TypeFor[T]()
		if len(r.columns) != 1 {
			return nil, fmt.Errorf("%d columns, and To reads one; use ToStruct", len(r.columns))
		}
		fill := fillerFor(t)
		if fill == nil {
			return nil, fmt.Errorf("type %s, which no column can fill", t)
		}
		return &plan{slots: []slot{{field: t.String(), fill: fill}}}, nil
	})
}

func planned[T any](r *Rows, prepare func() (*plan, error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		defer func() { _ = r.Close() }()
		var zero T
		p, err := prepare()
		if err != nil {
			yield(zero, r.fail(r.seen, err))
			return
		}
		handed := r.seen
		structs := make([]T, chunk)
		for b, err := range r.Batches() {
			if err != nil {
				yield(zero, err)
				return
			}
			for from := 0; from < b.n; from += chunk {
				n := min(chunk, b.n-from)
				if err := p.fill(b, from, n, unsafe.Pointer(&structs[0]), unsafe.Sizeof(zero)); err != nil {
					yield(zero, r.fail(handed, err))
					return
				}
				for i := range n {
					handed++
					if !yield(structs[i], nil) {
						return
					}
				}
			}
		}
	}
}

// ToMap yields each row as a map from column to value; NULL is nil. The Rows are closed at the end.
func ToMap(r *Rows) iter.Seq2[map[string]any, error] {
	return func(yield func(map[string]any, error) bool) {
		for row, err := range r.All() {
			if err != nil {
				yield(nil, err)
				return
			}
			if !yield(row.Map(), nil) {
				return
			}
		}
	}
}

// Scan copies the values of the row that Next went to into the places that dest points to, one for each column, by the
// rules of ToStruct for fields.
func (r *Rows) Scan(dest ...any) error {
	if r.batch == nil || r.row < 0 {
		return r.invalid(fmt.Errorf("Scan before Next, or after the end"))
	}
	if len(dest) != len(r.columns) {
		return r.invalid(fmt.Errorf("Scan into %d places, and there are %d columns", len(dest), len(r.columns)))
	}
	if r.scans == nil {
		r.scans, r.targets = make([]filler, len(dest)), make([]reflect.Type, len(dest))
	}
	for i, d := range dest {
		v := reflect.ValueOf(d)
		if v.Kind() != reflect.Pointer || v.IsNil() {
			return r.invalid(fmt.Errorf("column %q: Scan needs a pointer that is not nil, not a %T", r.columns[i].Name, d))
		}
		if t := v.Type().Elem(); r.targets[i] != t {
			r.targets[i], r.scans[i] = t, fillerFor(t)
		}
		if r.scans[i] == nil {
			return r.invalid(fmt.Errorf("column %q: no column can fill a %T", r.columns[i].Name, d))
		}
		if err := r.scans[i](target{v.UnsafePointer(), 0, 1}, r.batch.vectors[i], r.row); err != nil {
			return r.invalid(fmt.Errorf("column %q (%s) into %T: %w", r.columns[i].Name, r.columns[i].Type, d, err))
		}
	}
	return nil
}

// invalid is the error of a reader that asks for what the answer does not hold.
func (r *Rows) invalid(err error) error {
	e := base.NewError(base.KindInvalid, err).WithText(err.Error())
	e.Source, e.Op, e.Sent = r.options.Source, r.options.Op, base.Answered
	return e
}
