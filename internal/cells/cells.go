// Package cells gathers the values of one column from their texts, for the sources whose servers send every value as a text.
package cells

import (
	"errors"
	"math"
	"strconv"
	"unsafe"

	"github.com/fourkites/sources/base/rows"
	"github.com/fourkites/sources/internal/decimal"
)

// Cells are the values of one column in one batch. A vector is valid until Reset.
type Cells interface {
	Add(text []byte) error // which is not kept
	Null(marked bool)      // NULL, or the zero value
	Vector() rows.Vector
	Reset()
}

// Integers is a column of whole numbers of that width.
func Integers[E int8 | int16 | int32 | int64](bits int) *Numbers[E] {
	return &Numbers[E]{parse: parseInteger[E](bits)}
}

// NewNumbers is a column of numbers that parse reads.
func NewNumbers[E rows.Number](parse func([]byte) (E, error)) *Numbers[E] {
	return &Numbers[E]{parse: parse}
}

// Float32s is a column of numbers of 32 bits.
func Float32s() *Numbers[float32] {
	return NewNumbers(func(text []byte) (float32, error) {
		v, err := strconv.ParseFloat(View(text), 32)
		return float32(v), NotA("number", err)
	})
}

// Float64s is a column of numbers of 64 bits.
func Float64s() *Numbers[float64] {
	return NewNumbers(func(text []byte) (float64, error) {
		if v, ok := decimal.Float(text); ok {
			return v, nil
		}
		v, err := strconv.ParseFloat(View(text), 64)
		return v, NotA("number", err)
	})
}

// NewValues is a column of values that parse reads.
func NewValues[E any](parse func([]byte) (E, error)) *Values[E] { return &Values[E]{parse: parse} }

// NewTimes is a column of instants that parse reads as ticks, so many to the second; zero stands for a NULL that is none.
func NewTimes(perSecond, zero int64, parse func([]byte) (int64, error)) *Times {
	return &Times{parse: parse, perSecond: perSecond, zero: zero}
}

// View is the bytes as a text, without a copy, for a parser that keeps none of it.
func View(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// NotA is the error of a text that strconv could not read.
func NotA(what string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, strconv.ErrRange):
		return errors.New("does not fit")
	}
	return errors.New("is not a " + what)
}

// parseInteger reads what the server writes: digits with a sign or none.
func parseInteger[E int8 | int16 | int32 | int64](bits int) func([]byte) (E, error) {
	most := uint64(1) << (bits - 1)
	return func(text []byte) (E, error) {
		digits, negative := text, false
		if len(text) > 0 && (text[0] == '-' || text[0] == '+') {
			digits, negative = text[1:], text[0] == '-'
		}
		if len(digits) == 0 || len(digits) > 19 {
			return 0, errors.New("is not a whole number that fits")
		}
		var v uint64
		for _, d := range digits {
			if d < '0' || d > '9' {
				return 0, errors.New("is not a whole number")
			}
			v = v*10 + uint64(d-'0')
		}
		switch {
		case negative && v <= most:
			return E(-int64(v)), nil //nolint:gosec // compared above
		case !negative && v < most && v <= math.MaxInt64:
			return E(v), nil //nolint:gosec // compared above
		}
		return 0, errors.New("does not fit")
	}
}
