package partition

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/internal/sqlguard"
)

// Timestamp is an instant that is bound without its zone, for a column of timestamps without one.
type Timestamp time.Time

// question is one statement with the values of its question marks.
type question struct {
	sql  string
	args []any
}

// statement gathers conditions and the values of their question marks.
type statement struct {
	conditions []string
	args       []any
}

func (s *statement) and(condition string, args ...any) {
	s.conditions = append(s.conditions, condition)
	s.args = append(s.args, args...)
}

func (s *statement) where() string { return " WHERE " + strings.Join(s.conditions, " AND ") }

func either(all ...string) string { return "(" + strings.Join(all, " OR ") + ")" }

// marks are n question marks in a list.
func marks(n int) string { return "(" + strings.TrimSuffix(strings.Repeat("?, ", n), ", ") + ")" }

func anys(all []string) []any {
	out := make([]any, len(all))
	for i, v := range all {
		out[i] = v
	}
	return out
}

// text is a column as text, whatever its type is.
func (c columns) text(name string) string {
	switch c.base(name) {
	case "varchar", "char":
		return sqlguard.Quote(name)
	}
	return "CAST(" + sqlguard.Quote(name) + " AS varchar)"
}

// projected selects a column as text under a name; NULL where the table lacks it.
func (c columns) projected(name, as string) string {
	if !c.has(name) {
		return "CAST(NULL AS varchar) AS " + as
	}
	return c.text(name) + " AS " + as
}

// timeColumn is a column of instants in one of the forms that tables have them in.
type timeColumn struct {
	expression string
	zoned      bool          // it compares with instants that have a zone
	unit       time.Duration // of whole numbers; 0 = timestamps
}

// timeOf is the column of instants of that name; numbers are so many of the unit since 1970.
func (c columns) timeOf(name string, unit time.Duration) (timeColumn, error) {
	q := sqlguard.Quote(name)
	switch c.base(name) {
	case "timestamp":
		return timeColumn{expression: q}, nil
	case "timestamp with time zone":
		return timeColumn{expression: q, zoned: true}, nil
	case "bigint", "integer":
		return timeColumn{expression: q, unit: unit}, nil
	case "varchar", "char":
		return timeColumn{zoned: true, expression: "COALESCE(TRY_CAST(" + q + " AS timestamp(9) with time zone), " +
			"TRY(from_iso8601_timestamp_nanos(" + q + ")))"}, nil
	case "":
		return timeColumn{}, fmt.Errorf("the table has no column %s", name)
	}
	return timeColumn{}, fmt.Errorf("the column %s is a %s, which is no time", name, c[strings.ToLower(name)])
}

// bound is an instant as it compares with the column.
func (t timeColumn) bound(at time.Time) any {
	at = at.UTC()
	switch {
	case t.unit > 0:
		n := at.UnixNano()
		return n/int64(t.unit) + min(1, max(0, n%int64(t.unit))) // the next whole unit
	case t.zoned:
		return at
	}
	return Timestamp(at)
}

// within adds the conditions of the window: its days by the partition, its instants by the column.
func (s *statement) within(partition string, t timeColumn, w base.Window) {
	s.days(partition, w)
	s.and(t.expression+" >= ?", t.bound(w.From))
	s.and(t.expression+" < ?", t.bound(w.To))
}

// days bounds the partition: each statement of this package has it.
func (s *statement) days(partition string, w base.Window) {
	first, last := w.From.UTC().Format(time.DateOnly), w.To.Add(-1).UTC().Format(time.DateOnly)
	s.and(sqlguard.Quote(partition)+" BETWEEN ? AND ?", first, last)
}

// beyond adds that a row lies after the position, in the direction of the list.
func (s *statement) beyond(t timeColumn, id string, at position, newest bool) {
	sign := ">"
	if newest {
		sign = "<"
	}
	instant := t.bound(time.Unix(0, at.Nanos))
	s.and(either(t.expression+" "+sign+" ?", "("+t.expression+" = ? AND "+id+" "+sign+" ?)"), instant, instant, at.ID)
}

func direction(newest bool) string {
	if newest {
		return " DESC"
	}
	return " ASC"
}

// read is an instant as it came.
func (t timeColumn) read(v any) (time.Time, error) {
	switch v := v.(type) {
	case time.Time:
		return v.UTC(), nil
	case int64:
		return time.Unix(0, v*int64(t.unit)).UTC(), nil
	case int32:
		return time.Unix(0, int64(v)*int64(t.unit)).UTC(), nil
	}
	return time.Time{}, fmt.Errorf("%w: a time that came as %T", errMalformed, v)
}

// checkNumber refuses an id that is no number.
func checkNumber(field, id string) error {
	if id == "" {
		return nil
	}
	if len(id) > 20 || strings.ContainsFunc(id, func(r rune) bool { return r < '0' || r > '9' }) {
		return fmt.Errorf("%s: %.40q is not a number", field, id)
	}
	return nil
}

const maxText = 1000

func checkText(field, text string) error {
	if len(text) > maxText || strings.Contains(text, "\x00") {
		return errors.New(field + ": longer than 1000 bytes, or holds a NUL byte")
	}
	return nil
}
