package redshift

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/fourkites/sources/base"
)

// A cursor is, in the URL-safe base64: version, the first eight bytes of a hash over the question, the microseconds of
// the last event, how many events of that instant were handed out, and four bytes of a hash over all of that, so that a
// cut or edited cursor is refused instead of skipping events.
const (
	cursorVersion  = 1
	cursorHead     = 1 + 8 + 8 + 4
	cursorChecksum = 4
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
	text, _ := json.Marshal(q) // plain data
	sum := sha256.Sum256(text)
	return string(sum[:8])
}

func encodeCursor(bound string, at place) string {
	raw := append([]byte{cursorVersion}, bound...)
	raw = binary.BigEndian.AppendUint64(raw, uint64(at.from.UnixMicro()))         //nolint:gosec // decoded the same way
	raw = binary.BigEndian.AppendUint32(raw, uint32(min(at.skip, math.MaxInt32))) //nolint:gosec // bounded here
	sum := sha256.Sum256(raw)
	return base64.RawURLEncoding.EncodeToString(append(raw, sum[:cursorChecksum]...))
}

// decodeCursor refuses what encodeCursor did not make for this question.
func decodeCursor(bound, cursor string) (place, error) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(cursor)
	if err != nil || len(raw) != cursorHead+cursorChecksum || strings.ContainsAny(cursor, "\r\n") {
		return place{}, errors.New("cursor: not one of this client; pass the cursor of the last page unchanged")
	}
	raw, sum := raw[:cursorHead], raw[cursorHead:]
	want := sha256.Sum256(raw)
	switch {
	case raw[0] != cursorVersion:
		return place{}, errors.New("cursor: made by another version of this client; begin with the first page")
	case string(sum) != string(want[:cursorChecksum]):
		return place{}, errors.New("cursor: damaged; pass the cursor of the last page unchanged")
	case string(raw[1:9]) != bound:
		return place{}, errors.New("cursor: belongs to another question; a cursor goes on with the same query and window")
	}
	micros, skip := int64(binary.BigEndian.Uint64(raw[9:17])), binary.BigEndian.Uint32(raw[17:]) //nolint:gosec // as encoded
	if skip > math.MaxInt32 {
		return place{}, errors.New("cursor: damaged; pass the cursor of the last page unchanged")
	}
	return place{time.UnixMicro(micros).UTC(), int(skip)}, nil
}
