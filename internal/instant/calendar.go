package instant

import "time"

// Calendar reads timestamps as ticks. Most come in one form and on the day of the one before: those take no search.
type Calendar struct {
	precision int // digits of a second that are kept
	perSecond int64
	day       string // that the last one began with
	midnight  int64  // of it, in seconds since 1970
}

// NewCalendar reads timestamps of so many digits of a second, at most nine.
func NewCalendar(precision int) *Calendar {
	c := &Calendar{precision: precision, perSecond: 1}
	for range precision {
		c.perSecond *= 10
	}
	return c
}

// PerSecond is how many ticks a second has.
func (c *Calendar) PerSecond() int64 { return c.perSecond }

// Parse is the timestamp in ticks since 1970; false for what is none.
func (c *Calendar) Parse(text string) (int64, bool) {
	if n, ok := c.Usual(text); ok {
		return n, true
	}
	seconds, nanos, ok := Timestamp(text)
	return seconds*c.perSecond + nanos/(int64(time.Second)/c.perSecond), ok
}

// Width is how many bytes the form has that Usual reads.
func (c *Calendar) Width() int {
	if c.precision == 0 {
		return clockLength
	}
	return clockLength + 1 + c.precision
}

const (
	dateLength  = len("2006-01-02")
	clockLength = len("2006-01-02 15:04:05")
)

// Usual reads 2006-01-02 15:04:05 with the digits of a second that the type has; false leaves the text to the Scanner, which
// says what is wrong with it.
func (c *Calendar) Usual(text string) (int64, bool) {
	if len(text) < clockLength || text[dateLength] != ' ' || text[13] != ':' || text[16] != ':' {
		return 0, false
	}
	if text[:dateLength] != c.day {
		s := Scanner{Text: text[:dateLength]}
		days := s.Days()
		if !s.Done() {
			return 0, false
		}
		c.day, c.midnight = string([]byte(text[:dateLength])), days*secondsPerDay // the text itself is the page's memory
	}
	h, m, s := twoDigits(text, 11), twoDigits(text, 14), twoDigits(text, 17)
	if h > 23 || m > 59 || s > 59 {
		return 0, false
	}
	n := c.midnight + h*3600 + m*60 + s
	fraction := text[clockLength:]
	if c.precision == 0 {
		return n, fraction == ""
	}
	if len(fraction) != c.precision+1 || fraction[0] != '.' {
		return 0, false
	}
	for _, d := range []byte(fraction[1:]) {
		if d < '0' || d > '9' {
			return 0, false
		}
		n = n*10 + int64(d-'0')
	}
	return n, true
}

// twoDigits is the number at that place; 100 where there is none.
func twoDigits(text string, at int) int64 {
	tens, ones := text[at]-'0', text[at+1]-'0'
	if tens > 9 || ones > 9 {
		return 100
	}
	return int64(tens)*10 + int64(ones)
}
