// Package instant reads dates, times and instants as Trino's SQL writes them, for the sources that speak it.
package instant

const (
	secondsPerDay = 24 * 60 * 60
	maxPrecision  = 12                      // digits of a second: picoseconds
	maxSeconds    = (1<<63 - 1) / 1_000_000 // from 1970, that timestamps reach: they are microseconds of 64 bits
)

// Scanner takes a text apart; the first thing that does not fit makes it fail for good.
type Scanner struct {
	Text   string
	at     int
	failed bool
}

// Take takes the character, if that is next.
func (s *Scanner) Take(c byte) bool {
	if s.at < len(s.Text) && s.Text[s.at] == c {
		s.at++
		return true
	}
	return false
}

// Need takes the character, which must be next.
func (s *Scanner) Need(c byte) {
	if !s.Take(c) {
		s.failed = true
	}
}

// Digits reads a number of so many digits.
func (s *Scanner) Digits(least, most int) int64 {
	var n int64
	start := s.at
	for s.at < len(s.Text) && s.at-start < most && s.Text[s.at]-'0' <= 9 {
		n = n*10 + int64(s.Text[s.at]-'0')
		s.at++
	}
	if s.at-start < least {
		s.failed = true
	}
	return n
}

// Done reports whether the whole text was taken and fitted.
func (s *Scanner) Done() bool { return !s.failed && s.at == len(s.Text) }

// Days reads a date as the number of days since 1970, by the proleptic Gregorian calendar.
func (s *Scanner) Days() int64 {
	negative := s.Take('-')
	if !negative {
		s.Take('+')
	}
	year := s.Digits(1, 9)
	if negative {
		year = -year
	}
	s.Need('-')
	month := s.Digits(2, 2)
	s.Need('-')
	day := s.Digits(2, 2)
	if month < 1 || month > 12 || day < 1 || day > daysOf(year, month) {
		s.failed = true
		return 0
	}
	if month <= 2 { // the year begins with March, so that a leap day is its last
		year--
	}
	era := floorDiv(year, 400)
	ofEra := year - era*400
	ofYear := (153*((month+9)%12)+2)/5 + day - 1
	return era*146097 + ofEra*365 + ofEra/4 - ofEra/100 + ofYear - 719468
}

// daysOf is how many days a month has.
func daysOf(year, month int64) int64 {
	switch {
	case month == 2 && year%4 == 0 && (year%100 != 0 || year%400 == 0):
		return 29
	case month == 2:
		return 28
	case month == 4, month == 6, month == 9, month == 11:
		return 30
	}
	return 31
}

func floorDiv(a, b int64) int64 {
	if a < 0 {
		return -((-a + b - 1) / b)
	}
	return a / b
}

// Clock reads a time of day; digits beyond nanoseconds are cut off.
func (s *Scanner) Clock() (seconds, nanos int64) {
	h := s.Digits(2, 2)
	s.Need(':')
	m := s.Digits(2, 2)
	s.Need(':')
	sec := s.Digits(2, 2)
	if h > 23 || m > 59 || sec > 59 {
		s.failed = true
	}
	seconds = h*3600 + m*60 + sec
	if s.Take('.') {
		nanos = s.nanos()
	}
	return seconds, nanos
}

func (s *Scanner) nanos() int64 {
	start := s.at
	n := s.Digits(1, 9)
	for range 9 - (s.at - start) {
		n *= 10
	}
	s.Digits(0, maxPrecision-9)
	return n
}

// Date reads 2006-01-02 as days since 1970.
func Date(text string) (days int64, ok bool) {
	s := Scanner{Text: text}
	days = s.Days()
	return days, s.Done()
}

// Timestamp reads 2006-01-02 15:04:05.999999999 as seconds since 1970 and nanoseconds; digits beyond those are cut off.
func Timestamp(text string) (seconds, nanos int64, ok bool) {
	s := Scanner{Text: text}
	days := s.Days()
	s.Need(' ')
	seconds, nanos = s.Clock()
	seconds += days * secondsPerDay
	return seconds, nanos, s.Done() && seconds > -maxSeconds && seconds < maxSeconds
}
