package clickhouse

import (
	"context"
	"errors"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/rows"
)

// read runs one query and reads its whole answer, which its LIMIT keeps short; Config.MaxBytes bounds its size. Nothing
// is held when it returns.
func read[T any](ctx context.Context, c *Client, op *base.Op, q Query) ([]T, error) {
	q.MaxRows, q.MaxBytes = -1, c.config.MaxBytes
	answer, err := c.query(ctx, op, q)
	if err != nil {
		return nil, err
	}
	return rows.Collect(answer, rows.ToStruct[T])
}

// readList is read for a list that can go on from its last item: cut says that the bytes allowed no more. A first item
// that is too large is an error, for the list could never go past it.
func readList[T any](ctx context.Context, c *Client, op *base.Op, q Query) (found []T, cut bool, err error) {
	found, err = read[T](ctx, c, op, q)
	if len(found) > 0 && errors.Is(err, base.ErrTruncated) {
		return found, true, nil
	}
	return found, false, err
}

// rowLimit is the number of items that a list hands out; negative = all.
func (c *Client) rowLimit(asked int) int { return int(capped(int64(asked), c.config.MaxRows)) }

// invalid is the error of a question that is wrong before it is asked.
func (c *Client) invalid(op *base.Op, err error) error {
	return base.Invalid(c.Name(), op.Name, "%s", err.Error())
}

// notFound says that what was asked for is not there, and what could be changed.
func (c *Client) notFound(op *base.Op, text, hint string) error {
	e := base.NewError(base.KindNotFound, nil).WithText(text)
	e.Source, e.Op, e.Hint, e.Sent = c.Name(), op.Name, hint, base.Answered
	return e
}

// checkWindow reports a window that cannot have an answer, by the retention of the tables.
func (c *Client) checkWindow(w base.Window) error {
	return checkWindow(w, c.tables.Retention.D(), time.Now())
}

// match finds the resources that a question concerns. When the table of resources has none, the rows themselves are
// asked before that is believed: rows can be there whose resource was not written.
func (c *Client) match(ctx context.Context, op *base.Op, in signalTables, f resourceFilter) (resourceMatch, error) {
	switch {
	case f.empty():
		return resourceMatch{filter: f, how: matchAll}, nil
	case in.fingerprint == absent:
		return resourceMatch{filter: f, how: matchMap}, nil
	}
	s := newStatement()
	found, err := read[fingerprintRow](ctx, c, op, Query{
		SQL: f.fingerprints(in.resourceTable, s, maxFingerprints+1), Args: s.args,
	})
	switch {
	case err != nil:
		return resourceMatch{}, err
	case len(found) > maxFingerprints:
		return resourceMatch{filter: f, how: matchTable}, nil
	case len(found) > 0:
		list := make([]string, len(found))
		for i, row := range found {
			list[i] = row.Fingerprint
		}
		return resourceMatch{filter: f, how: matchList, list: list}, nil
	}
	return c.verifyNothing(ctx, op, in, f)
}

type fingerprintRow struct {
	Fingerprint string `db:"fingerprint"`
}

type oneRow struct {
	One uint8 `db:"one"`
}

// noteUnlisted tells the reader of an answer why it was slow.
const noteUnlisted = "the table of resources lacks resources that rows have, so the rows themselves were searched"

func (c *Client) verifyNothing(ctx context.Context, op *base.Op, in signalTables, f resourceFilter) (resourceMatch, error) {
	s := newStatement()
	in.bound(s, f.window)
	f.byMap(s, quote(in.resources))
	some, err := read[oneRow](ctx, c, op, Query{
		SQL: "SELECT toUInt8(1) AS one FROM " + quoteTable(in.table) + s.clause() + "\nLIMIT 1", Args: s.args,
	})
	if err != nil {
		return resourceMatch{}, err
	}
	if len(some) == 0 {
		return resourceMatch{filter: f, how: matchNothing}, nil
	}
	base.AddStats(ctx, base.Stats{Notes: []string{noteUnlisted}})
	return resourceMatch{filter: f, how: matchMap}, nil
}

// signalTables is how one kind of rows, logs or spans, is laid out.
type signalTables struct {
	table, resourceTable           string
	time, bucket                   string
	fingerprint, resources, idName string
	nanos                          bool // time is a number of nanoseconds
}

// at is an instant in the type of the column of time.
func (in signalTables) at(s *statement, t time.Time) string {
	if in.nanos {
		return s.bind("UInt64", uint64(max(t.UnixNano(), 0)))
	}
	return "fromUnixTimestamp64Nano(" + s.bind("Int64", t.UnixNano()) + ")"
}

// bound keeps to the rows of the window, in time and in buckets.
func (in signalTables) bound(s *statement, w base.Window) {
	column := quote(in.time)
	s.and("%s >= %s AND %s < %s", column, in.at(s, w.From), column, in.at(s, w.To))
	if in.bucket != absent {
		s.buckets(quote(in.bucket), "UInt64", w)
	}
}

// beyond keeps to the rows after the position, with the bound over time alone beside the exact one for the index.
func (in signalTables) beyond(s *statement, p position, newest bool) {
	less, sign := "<=", "<"
	if !newest {
		less, sign = ">=", ">"
	}
	at := in.at(s, time.Unix(0, p.Nanos))
	s.and("%s %s %s", quote(in.time), less, at)
	s.and("(%s, %s) %s (%s, %s)", quote(in.time), quote(in.idName), sign, at, s.text(p.ID))
}

// ordered is the end of a list's statement.
func (in signalTables) ordered(newest bool, limit string) string {
	direction := ""
	if newest {
		direction = " DESC"
	}
	text := "\nORDER BY " + quote(in.time) + direction + ", " + quote(in.idName) + direction
	if limit != "" {
		text += "\nLIMIT " + limit
	}
	return text
}

// sliced cuts a window so that a list finds its rows in little of it: an hour at the end that the list begins with,
// then twice as much each time.
func sliced(w base.Window, newest bool) []base.Window {
	var all []base.Window
	for step := time.Hour; w.To.After(w.From); step *= 2 {
		if step <= 0 || w.To.Sub(w.From) <= step+step/2 {
			return append(all, w)
		}
		if newest {
			cut := w.To.Add(-step)
			all, w.To = append(all, base.Window{From: cut, To: w.To}), cut
		} else {
			cut := w.From.Add(step)
			all, w.From = append(all, base.Window{From: w.From, To: cut}), cut
		}
	}
	return all
}
