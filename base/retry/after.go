package retry

import (
	"errors"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// After reads how long a server asks its client to wait: Retry-After in seconds (whole or with a fraction) or as a
// date in any of the three forms of RFC 9110, and Azure's retry-after-ms, which wins for it is the finer. Of several
// headers the longest wait counts. A past date or a negative number is zero. What cannot be read is no hint: ok is
// false. The wait is not capped here; it never overflows.
func After(h http.Header, now time.Time) (wait time.Duration, ok bool) {
	for _, v := range h.Values("Retry-After-Ms") {
		if d, good := number(v, time.Millisecond); good {
			wait, ok = max(wait, d), true
		}
	}
	if ok {
		return wait, true
	}
	for _, v := range h.Values("Retry-After") {
		d, good := number(v, time.Second)
		if !good {
			d, good = date(v, now)
		}
		if good {
			wait, ok = max(wait, d), true
		}
	}
	return wait, ok
}

// number reads a decimal number of units. One that is too large for a float is still a number: the longest wait.
func number(text string, unit time.Duration) (time.Duration, bool) {
	text = strings.TrimSpace(text)
	if strings.Trim(text, "0123456789.eE+-") != "" { // ParseFloat also reads inf, nan and hexadecimal
		return 0, false
	}
	n, err := strconv.ParseFloat(text, 64)
	switch {
	case err != nil && !errors.Is(err, strconv.ErrRange):
		return 0, false
	case n <= 0:
		return 0, true
	case n >= float64(math.MaxInt64/int64(unit)):
		return math.MaxInt64, true
	}
	return time.Duration(n * float64(unit)), true
}

func date(text string, now time.Time) (time.Duration, bool) {
	at, err := http.ParseTime(strings.TrimSpace(text))
	if err != nil {
		return 0, false
	}
	return max(0, at.Sub(now)), true
}
