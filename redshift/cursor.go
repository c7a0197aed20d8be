package redshift

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/internal/cursor"
)

// cursorEvents is the list that gives cursors.
const cursorEvents cursor.Kind = 'e'

// The place in a cursor: the microseconds of the last event, and how many events of that instant were handed out.
const (
	cursorPlace = 8 + 4
	maxCursor   = 64
)

// place is where a list goes on: at an instant, after so many items of it.
type place struct {
	from time.Time
	skip int
}

// after is the place behind these items.
func (at place) after(items []LoadEvent) place {
	last := items[len(items)-1].UpdateTime
	next := place{from: last}
	for i := len(items) - 1; i >= 0 && items[i].UpdateTime.Equal(last); i-- {
		next.skip++
	}
	if last.Equal(at.from) {
		next.skip += at.skip
	}
	return next
}

// maxSkip is how many events of one instant can be gone through, far more than a load has.
const maxSkip = 100_000

// check refuses a place that no page can end at: a checksum is no proof, for anybody can make it.
func (at place) check(w base.Window) error {
	if at.from.Before(w.From.Truncate(time.Microsecond)) || !at.from.Before(w.To) {
		return errors.New("cursor: lies outside of the window; pass the cursor of the last page unchanged")
	}
	if at.skip > maxSkip {
		return fmt.Errorf("cursor: %d events of one instant are behind it, and the limit is %d; ask for some statuses only", at.skip, maxSkip)
	}
	return nil
}

// binding is a short hash of the question; the limit may differ from page to page.
func (q EventsQuery) binding() string {
	q.Limit = 0
	q.Window.From, q.Window.To = q.Window.From.UTC(), q.Window.To.UTC()
	return cursor.Binding(q)
}

func encodeCursor(bound string, at place) string {
	raw := binary.BigEndian.AppendUint64(nil, uint64(at.from.UnixMicro()))        //nolint:gosec // decoded the same way
	raw = binary.BigEndian.AppendUint32(raw, uint32(min(at.skip, math.MaxInt32))) //nolint:gosec // bounded here
	return cursorEvents.Encode(bound, raw)
}

// decodeCursor refuses what encodeCursor did not make for this question.
func decodeCursor(bound, text string) (place, error) {
	raw, err := cursorEvents.Decode(bound, text, maxCursor)
	if err != nil {
		return place{}, err
	}
	if len(raw) != cursorPlace {
		return place{}, cursor.ErrForeign
	}
	micros, skip := int64(binary.BigEndian.Uint64(raw)), binary.BigEndian.Uint32(raw[8:]) //nolint:gosec // as encoded
	if skip > math.MaxInt32 {
		return place{}, cursor.ErrDamaged
	}
	return place{time.UnixMicro(micros).UTC(), int(skip)}, nil
}
