package instant

import (
	"testing"
	"time"
	"unsafe"
)

func FuzzTheUsualTimestampIsReadAsAllOthersAre(f *testing.F) {
	for _, seed := range []string{
		"2024-02-29 12:34:56.789", "2024-02-30 00:00:00.000", "1969-12-31 23:59:59.999", "0001-01-01 00:00:00", "2024-01-01 24:00:00.000",
		"2024-01-01 00:00:60.000", "2024-01-01 00:00:00.12", "2024-01-01 00:00:00.1234567", "-024-01-01 00:00:00.000", "12345-01-01 00:00:00.000", "2024-01-01 0a:00:00.000",
	} {
		f.Add(seed, 3)
	}
	f.Fuzz(func(t *testing.T, text string, precision int) {
		precision = max(0, precision%7)
		perSecond := int64(1)
		for range precision {
			perSecond *= 10
		}
		c := NewCalendar(precision)
		for range 2 { // the second time on a day that is known
			got, ok := c.Usual(text)
			if !ok {
				continue
			}
			seconds, nanos, valid := Timestamp(text)
			if want := seconds*perSecond + nanos/(int64(time.Second)/perSecond); !valid || got != want {
				t.Errorf("%q: %d and not %d, %v", text, got, want, valid)
			}
		}
	})
}

func TestADayIsNotTakenForTheOneBefore(t *testing.T) {
	t.Parallel()
	c := NewCalendar(3)
	page := make([]byte, len("2024-02-28 23:59:59.999")) // whose memory is used again
	for _, text := range []string{"2024-02-28 23:59:59.999", "2024-02-29 00:00:00.000", "2024-02-29 00:00:00.001", "1970-01-01 00:00:00.000", "2024-02-29 12:00:00.000"} {
		copy(page, text)
		got, ok := c.Parse(unsafe.String(unsafe.SliceData(page), len(page)))
		seconds, nanos, _ := Timestamp(text)
		if want := seconds*1000 + nanos/1_000_000; !ok || got != want {
			t.Errorf("%s: %d and not %d, %v", text, got, want, ok)
		}
	}
}
