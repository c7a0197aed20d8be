package document

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// zoned and naive are the forms in which times have been seen. Abbreviations of zones other than UTC are not among
// them, for they do not name an offset.
var (
	zoned = []string{
		time.RFC3339Nano, "2006-01-02T15:04:05.999999999Z0700", "2006-01-02T15:04Z07:00",
		"2006-01-02 15:04:05.999999999Z07:00", "2006-01-02 15:04:05.999999999 Z0700", "2006-01-02 15:04:05.999999999 Z07:00",
	}
	naive = []string{
		"2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05.999999999", "2006-01-02T15:04", "2006-01-02 15:04",
		"2006-01-02", "20060102150405", "01/02/2006 15:04:05", "01/02/2006 15:04",
	}
)

// ParseTime reads an instant and keeps its zone. zone is false where the text names none: then it is read as UTC.
func ParseTime(text string) (at time.Time, zone, ok bool) {
	text = strings.TrimSpace(text)
	if at, ok := parseEpoch(text); ok {
		return at, true, true
	}
	for _, name := range []string{" UTC", " GMT"} {
		if bare, cut := strings.CutSuffix(text, name); cut && !strings.Contains(text, ",") {
			text = bare + " Z"
		}
	}
	for _, layout := range zoned {
		if at, err := time.Parse(layout, text); err == nil {
			return plausible(at, true)
		}
	}
	for _, layout := range naive {
		if at, err := time.Parse(layout, text); err == nil {
			return plausible(at, false)
		}
	}
	if at, err := http.ParseTime(text); err == nil {
		return plausible(at, true)
	}
	return time.Time{}, false, false
}

// plausible refuses years that cannot be encoded again.
func plausible(at time.Time, zone bool) (time.Time, bool, bool) {
	if at.Year() < 1 || at.Year() > 9999 || at.IsZero() {
		return time.Time{}, false, false
	}
	return at, zone, true
}

// parseEpoch reads Unix seconds (9 to 11 digits, with a fraction) or milliseconds (12 or 13 digits).
func parseEpoch(text string) (time.Time, bool) {
	whole, fraction, _ := strings.Cut(text, ".")
	if len(whole) < 9 || len(whole) > 13 || strings.Trim(whole+fraction, "0123456789") != "" {
		return time.Time{}, false
	}
	n, err := strconv.ParseInt(whole, 10, 64)
	if err != nil {
		return time.Time{}, false
	}
	if len(whole) >= 12 {
		return time.UnixMilli(n).UTC(), true
	}
	nanos, _ := strconv.ParseInt((fraction + "000000000")[:9], 10, 64)
	return time.Unix(n, nanos).UTC(), true
}
