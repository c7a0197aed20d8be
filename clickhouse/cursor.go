package clickhouse

import (
	"github.com/fourkites/sources/base/logs"
	"github.com/fourkites/sources/base/traces"
	"github.com/fourkites/sources/internal/cursor"
)

// position is the place of a row in the order of its list.
type position = cursor.Position

// The lists that give cursors.
const (
	cursorLogs       cursor.Kind = 'l'
	cursorSpans      cursor.Kind = 's'
	cursorExceptions cursor.Kind = 'e'
)

// maxCursor is more than the cursor with the longest id.
const maxCursor = 2*maxID + 36

// logBinding leaves out the limit, which may differ from page to page.
func logBinding(q logs.Query) string {
	q.Limit = 0
	q.Window.From, q.Window.To = q.Window.From.UTC(), q.Window.To.UTC()
	return cursor.Binding(q)
}

func spanBinding(q traces.Query) string {
	q.Limit = 0
	q.Window.From, q.Window.To = q.Window.From.UTC(), q.Window.To.UTC()
	return cursor.Binding(q)
}

func exceptionBinding(o ExceptionsOptions) string {
	o.Limit = 0
	o.Window.From, o.Window.To = o.Window.From.UTC(), o.Window.To.UTC()
	return cursor.Binding(o)
}

// resume is the place that a cursor goes on from; nil for the first page.
func resume(kind cursor.Kind, bound, text string) (*position, error) {
	if text == "" {
		return nil, nil
	}
	at, err := kind.DecodePosition(bound, text, maxCursor)
	return &at, err
}
