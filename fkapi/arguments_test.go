package fkapi

import (
	"testing"
	"time"

	"github.com/fourkites/sources/base"
)

func TestDateRangesAreReadInEveryForm(t *testing.T) {
	t.Parallel()
	day := func(month time.Month, d int) time.Time { return time.Date(2025, month, d, 0, 0, 0, 0, time.UTC) }
	now := day(2, 3).Add(5 * time.Hour)
	for text, want := range map[string]base.Window{
		"":                         {},
		"2025-01-01..2025-01-31":   {From: day(1, 1), To: day(2, 1)},
		"2025-01-01/2025-01-01":    {From: day(1, 1), To: day(1, 2)},
		"2025-01-01 to 2025-01-31": {From: day(1, 1), To: day(2, 1)},
		"2025-01-01T00:00:00Z, 2025-01-31T00:00:00Z": {From: day(1, 1), To: day(1, 31)},
		"1d":  {From: day(2, 3), To: day(2, 4)},
		" 7d": {From: day(1, 28), To: day(2, 4)},
	} {
		got, ok := parseDateRange(text, now)
		if !ok || !got.From.Equal(want.From) || !got.To.Equal(want.To) {
			t.Errorf("%q: %v, %t", text, got, ok)
		}
	}
	for _, text := range []string{"d", "0d", "-1d", "9999d", "yesterday", "2025-01-31..2025-01-01", "2025-01-01", "..", "a..b"} {
		if w, ok := parseDateRange(text, now); ok {
			t.Errorf("%q is read as %v", text, w)
		}
	}
}
