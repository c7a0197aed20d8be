package partition

import (
	"fmt"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/internal/cursor"
)

// position is the place of a row in a list by time: its instant and its id.
type position = cursor.Position

// The lists that give cursors.
const (
	cursorLogs      cursor.Kind = 'l'
	cursorCallbacks cursor.Kind = 'c'
)

const maxCursor = 4096

func utc(w base.Window) base.Window { return base.Window{From: w.From.UTC(), To: w.To.UTC()} }

// of is what a pointer points at, else the zero value.
func of[T any](p *T) T {
	var zero T
	if p == nil {
		return zero
	}
	return *p
}

func plainText(v any) string {
	if text, ok := v.(string); ok {
		return text
	}
	return fmt.Sprint(v)
}
