package redshift

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgtype"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/rows"
)

// statement is a SELECT of this package in the making. Every value is bound.
type statement struct {
	op     *base.Op
	layout *layout
	where  []string
	order  []string
	args   []any
	err    error // what was asked of columns that the table lacks
	skip   int   // rows before the first that is wanted
}

func newSelect(op *base.Op, l *layout) *statement { return &statement{op: op, layout: l} }

func (s *statement) bind(v any) string {
	if at, ok := v.(time.Time); ok { // columns without a zone are in UTC
		v = pgtype.Timestamp{Time: at.UTC().Round(0), Valid: true}
	}
	s.args = append(s.args, v)
	return fmt.Sprintf("$%d", len(s.args))
}

// and adds a condition; an empty one is none.
func (s *statement) and(condition string) {
	if condition != "" {
		s.where = append(s.where, condition)
	}
}

// has is the quoted name of a column that is asked of; where the table lacks it the statement is not sent, for an answer
// that leaves out a condition is another answer.
func (s *statement) has(column string) string {
	name := s.layout.column(column)
	if name == "" {
		s.err = errors.Join(s.err, fmt.Errorf("%s: tables.columns says that the table %s has no such column; ask without it", column, s.layout.table))
	}
	return name
}

// is compares a column.
func (s *statement) is(column, operator string, v any) string {
	return s.has(column) + " " + operator + " " + s.bind(v)
}

// oneOf is a condition on some of the columns, of which one is enough; those that the table lacks do not count.
func (s *statement) oneOf(columns []string, condition func(column string) string) string {
	var all []string
	for _, column := range columns {
		if s.layout.column(column) != "" {
			all = append(all, condition(column))
		}
	}
	if len(all) == 0 {
		s.has(columns[0])
	}
	return either(all...)
}

// in is a column that has one of the values.
func (s *statement) in(column string, values []string) string {
	if len(values) == 0 {
		return ""
	}
	name := s.has(column)
	marks := make([]string, len(values))
	for i, v := range values {
		marks[i] = s.bind(v)
	}
	return name + " IN (" + strings.Join(marks, ", ") + ")"
}

// like is a column that holds the text, in any case.
func (s *statement) like(column, text string) string {
	return "lower(" + s.has(column) + ") LIKE " + s.bind("%"+escapeLike(strings.ToLower(text))+"%") + " ESCAPE '^'"
}

// always is a condition that nobody asks for. Where the table lacks the column it does not hold, and the answer says so.
func (s *statement) always(column, condition string, args ...any) {
	name := s.layout.column(column)
	if name == "" {
		s.layout.notes = append(s.layout.notes, "the table "+s.layout.table+" has no column "+column+", so that was not asked of it")
		return
	}
	for _, arg := range args {
		condition += " " + s.bind(arg)
	}
	s.and(strings.ReplaceAll(condition, "?", name))
}

func (s *statement) isNotTrue(column string) { s.always(column, "? IS NOT TRUE") }

func (s *statement) isTrue(column string) { s.always(column, "? IS TRUE") }

// window is a column of time within the window; an end that is not set does not bound.
func (s *statement) window(column string, w base.Window) {
	if !w.From.IsZero() {
		s.and(s.is(column, ">=", w.From))
	}
	if !w.To.IsZero() {
		s.and(s.is(column, "<", w.To))
	}
}

// either joins conditions of which one is enough.
func either(conditions ...string) string {
	var all []string
	for _, c := range conditions {
		if c != "" {
			all = append(all, c)
		}
	}
	if len(all) == 0 {
		return ""
	}
	return "(" + strings.Join(all, " OR ") + ")"
}

func both(conditions ...string) string {
	return "(" + strings.Join(conditions, " AND ") + ")"
}

// by adds to the order; newest puts the last first.
func (s *statement) by(columns ...string) {
	for _, column := range columns {
		if name := s.layout.column(column); name != "" {
			s.order = append(s.order, name)
		}
	}
}

func (s *statement) newest(columns ...string) {
	for _, column := range columns {
		if name := s.layout.column(column); name != "" {
			s.order = append(s.order, name+" DESC NULLS LAST")
		}
	}
}

// query is the statement with its limit.
func (s *statement) query(limit int) Query {
	var b strings.Builder
	b.WriteString(comment(s.op) + "SELECT * FROM " + s.layout.table)
	if len(s.where) > 0 {
		b.WriteString("\nWHERE " + strings.Join(s.where, " AND "))
	}
	if len(s.order) > 0 {
		b.WriteString("\nORDER BY " + strings.Join(s.order, ", "))
	}
	if limit > 0 {
		fmt.Fprintf(&b, "\nLIMIT %d", limit)
	}
	if s.skip > 0 {
		fmt.Fprintf(&b, "\nOFFSET %d", s.skip)
	}
	return Query{SQL: b.String(), Args: s.args, MaxRows: -1, MaxBytes: -1}
}

// escapeLike takes the meaning from the signs of a pattern.
func escapeLike(text string) string {
	return strings.NewReplacer("^", "^^", "%", "^%", "_", "^_").Replace(text)
}

// read runs one statement and reads its whole answer, which its LIMIT keeps small. Nothing is held when it returns.
func read[T any](ctx context.Context, c *Client, s *statement, limit int) ([]T, error) {
	if s.err != nil {
		return nil, c.invalid(s.op, s.err)
	}
	answer, err := c.query(ctx, s.op, s.query(limit), s.layout)
	if err != nil {
		return nil, err
	}
	return rows.Collect(answer, rows.ToStruct[T])
}

// first cuts what was asked for beyond the limit.
func first[T any](all []T, limit int) (kept []T, more bool) {
	if limit >= 0 && len(all) > limit {
		return all[:limit:limit], true
	}
	return all, false
}

// list reads at most limit items, and asks for one more to know whether there are more.
func list[T any](ctx context.Context, c *Client, s *statement, limit int) ([]T, error) {
	found, err := read[T](ctx, c, s, above(limit))
	if err != nil {
		return nil, err
	}
	kept, more := first(found, limit)
	return kept, incomplete(c.Name(), s.op.Name, len(kept), more)
}

// above is one more than the limit, 0 for none.
func above(limit int) int {
	if limit < 0 {
		return 0
	}
	return limit + 1
}

func incomplete(source, op string, seen int, more bool) error {
	if !more {
		return nil
	}
	return base.NewIncomplete(base.Truncated, source, op, int64(seen), "more match than the limit; raise it, or narrow the question", nil)
}

// limit is how many items a typed method hands out: what was asked for, else the default, and never above the
// operator's cap; negative = all.
func (c *Client) limit(asked, fallback int) int {
	if asked == 0 {
		asked = fallback
	}
	return int(capped(int64(asked), c.config.MaxRows))
}

// invalid is the error of a question that is wrong before it is asked.
func (c *Client) invalid(op *base.Op, err error) error {
	return base.Invalid(c.Name(), op.Name, "%s", c.guard.Clean(err.Error()))
}

// notFound says that what was asked for is not there.
func (c *Client) notFound(op *base.Op, text, hint string) error {
	e := base.NewError(base.KindNotFound, nil).WithText(text)
	e.Source, e.Op, e.Hint, e.Sent = c.Name(), op.Name, hint, base.Answered
	return e
}

const maxID = 200

// checkText allows what an id, a number or a name is in practice.
func checkText(field, text string) error {
	switch {
	case strings.TrimSpace(text) == "":
		return fmt.Errorf("%s: is empty", field)
	case len(text) > maxID:
		return fmt.Errorf("%s: is longer than %d bytes", field, maxID)
	case strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r == 0x7F || r == 0xFFFD }):
		return fmt.Errorf("%s: has control characters, or is not UTF-8", field)
	}
	return nil
}

// checkTrackingID allows digits: a load is named by a number.
func checkTrackingID(field, id string) error {
	if id == "" || len(id) > 19 || strings.Trim(id, "0123456789") != "" {
		return fmt.Errorf("%s: %s is not a tracking id; it is a number such as 123456789", field, shown(id))
	}
	return nil
}

func checkAll(field string, all []string, check func(field, text string) error) error {
	if len(all) > maxIDs {
		return fmt.Errorf("%s: %d of them, and the limit is %d", field, len(all), maxIDs)
	}
	var problems []error
	for i, one := range all {
		problems = append(problems, check(fmt.Sprintf("%s[%d]", field, i), one))
	}
	return errors.Join(problems...)
}
