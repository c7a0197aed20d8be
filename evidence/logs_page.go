package evidence

import (
	"context"
	"encoding/binary"
	"errors"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/logs"
	"github.com/fourkites/sources/internal/cursor"
	"github.com/fourkites/sources/internal/output"
)

// LogPage is one page of a list of logs, and who answered for which part of the window.
type LogPage struct {
	base.Page[logs.Record]
	Coverage LogCoverage `json:"coverage"`
}

// LogsPage is one page of what [Logs] yields; cursor is empty for the first. A page has q.Limit records, by default 100,
// at most 10,000. The cursor is the place after the last record, by time and by what the record is, so that records of one
// instant are neither lost nor repeated; it is bound to the query, its limit excepted. The coverage of a page is that of
// the part of the window between the place of its cursor and its last record.
//
// A page of which a part is missing is partial and no error: its coverage names the gaps. Where nobody answered anything
// the error is that of [Logs].
func LogsPage(ctx context.Context, tiers LogTiers, q logs.Query, cursor string) (LogPage, error) {
	failed := LogPage{Page: base.Page[logs.Record]{Outcome: base.Failed, Items: []logs.Record{}}, Coverage: LogCoverage{Parts: []LogPart{}, Gaps: []LogGap{}}}
	question, err := tiers.question(opLogsPage, q, cursor)
	if err != nil {
		return failed, err
	}
	question.limit = output.PageSize(q.Limit)
	page := failed
	err = question.answer(base.WithStats(ctx, &page.Stats), &page.Coverage, func(r logs.Record) bool {
		page.Items = append(page.Items, r)
		return true
	})
	page.Outcome = base.OutcomeOf(len(page.Items), err)
	cut, ok := errors.AsType[*base.IncompleteError](err)
	if !ok {
		return page, err
	}
	if page.Cursor = cut.Cursor; page.Cursor != "" {
		page.More = true
	}
	if page.Outcome == base.Truncated {
		page.Outcome = base.Data // the page is whole; the list goes on
	}
	return page, nil
}

// cursorLogs is the one list of this package that gives cursors.
const cursorLogs cursor.Kind = 'l'

const (
	maxLogCursor = 1024
	placeHead    = 8 + 4 // instant and count
)

// logBinding binds a cursor to the question.
func logBinding(q logs.Query) string {
	q.Limit, q.Window = 0, utc(q.Window)
	return cursor.Binding(q)
}

// cursor names the place behind the last record that was handed out.
func (m *logMerge) cursor() string {
	p := placeAfter(m.last, m.after)
	place := binary.BigEndian.AppendUint64(nil, uint64(p.at.UnixNano())) //nolint:gosec // decoded alike
	place = binary.BigEndian.AppendUint32(place, p.count)
	return cursorLogs.Encode(m.binding, append(place, p.rank...))
}

// resume goes on from a cursor; an empty one is the beginning.
func (l *logQuestion) resume(text string) error {
	if text == "" {
		return nil
	}
	place, err := cursorLogs.Decode(l.binding, text, maxLogCursor)
	if err == nil && len(place) < placeHead {
		err = cursor.ErrForeign
	}
	if err != nil {
		return base.Invalid(evidenceName, l.op, "%v", err)
	}
	at := time.Unix(0, int64(binary.BigEndian.Uint64(place))).UTC() //nolint:gosec // as encoded
	if !l.window.Contains(at) {
		return base.Invalid(evidenceName, l.op, "%v", cursor.ErrForeign)
	}
	l.after = &logPlace{at: at, count: binary.BigEndian.Uint32(place[8:]), rank: string(place[placeHead:])}
	if l.newest() {
		l.window.To = at.Add(1)
	} else {
		l.window.From = at
	}
	return nil
}
