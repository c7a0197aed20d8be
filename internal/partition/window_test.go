package partition

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fourkites/sources/base"
)

// abroad is a zone whose days are not those of the partitions.
var abroad = time.FixedZone("", 5*3600+1800)

func TestThePartitionsOfAWindowAreDaysOfUTCWhateverItsZone(t *testing.T) {
	t.Parallel()
	w := base.Window{From: time.Date(2026, 3, 4, 2, 0, 0, 0, abroad), To: time.Date(2026, 3, 6, 2, 0, 0, 0, abroad)}
	var s statement
	s.days("datestr", w)
	if diff := cmp.Diff([]any{"2026-03-03", "2026-03-05"}, s.args); diff != "" {
		t.Error(diff)
	}
	day := func(d, hour, minute int) time.Time { return time.Date(2026, 3, d, hour, minute, 0, 0, time.UTC) }
	want := []base.Window{{From: day(3, 20, 30), To: day(4, 0, 0)}, {From: day(4, 0, 0), To: day(5, 0, 0)}, {From: day(5, 0, 0), To: day(5, 20, 30)}}
	if diff := cmp.Diff(want, chunks(w, 1, false)); diff != "" {
		t.Error(diff)
	}
	s = statement{}
	s.days("datestr", base.Window{From: day(4, 0, 0), To: day(5, 0, 0)})
	if diff := cmp.Diff([]any{"2026-03-04", "2026-03-04"}, s.args); diff != "" {
		t.Errorf("an end at midnight is excluded: %s", diff)
	}
}

// Rows of one instant may lie on two pages: the next page begins with that instant, and its condition leaves out what
// was handed out.
func TestAPageGoesOnWithinTheInstantOfItsCursor(t *testing.T) {
	t.Parallel()
	w := base.Window{From: time.Unix(100, 0).UTC(), To: time.Unix(200, 0).UTC()}
	at := time.Unix(150, 7).UTC()
	for newest, want := range map[bool]base.Window{true: {From: w.From, To: at.Add(1)}, false: {From: at, To: w.To}} {
		s := &scan[int, int]{left: w, newest: newest, kind: cursorLogs, binding: "12345678"}
		err := s.resume(cursorLogs.EncodePosition("12345678", &position{Nanos: at.UnixNano(), ID: "x"}))
		if diff := cmp.Diff(want, s.left); diff != "" || err != nil {
			t.Errorf("newest %v: %s%v", newest, diff, err)
		}
	}
}

func TestABoundBetweenTwoUnitsOfAColumnIsTheNextOne(t *testing.T) {
	t.Parallel()
	millis := timeColumn{unit: time.Millisecond}
	for nanos, want := range map[int64]int64{5_000_000: 5, 5_000_001: 6, 5_999_999: 6, -5_000_001: -5, 0: 0} {
		if got := millis.bound(time.Unix(0, nanos)); got != want {
			t.Errorf("%d ns: %v, and not %d", nanos, got, want)
		}
	}
}
