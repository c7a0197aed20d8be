package trino

import (
	"strings"
	"sync"
	"time"

	"github.com/fourkites/sources/base/rows"
)

const (
	secondsPerDay = 24 * 60 * 60
	maxPrecision  = 12                      // digits of a second: picoseconds
	maxSeconds    = (1<<63 - 1) / 1_000_000 // from 1970, that Trino's timestamps reach: they are microseconds of 64 bits
	maxOffset     = 18                      // hours that a zone may be away from UTC
	tickPrecision = 6                       // up to which instants are ticks; more would not reach the years that Trino has
)

// newTime makes the columns of dates, times and intervals; nil for another type.
func newTime(t typeName, zones *zones) (column, error) {
	switch t.base {
	case "date":
		return &ticks{v: rows.Times{PerSecond: 1}, parse: parseDate}, nil
	case "interval day to second":
		return newParsed(parseInterval), nil
	case "interval year to month":
		return &months{}, nil
	case "time":
		return newParsed(parseTimeOfDay), nil
	case "timestamp with time zone":
		return newParsed(zones.parse), nil
	case "timestamp":
	default:
		return nil, nil
	}
	precision, err := t.number(0, 3, 0, maxPrecision)
	if err != nil {
		return nil, malformed("%s", err)
	}
	if precision > tickPrecision {
		return newParsed(parseInstant), nil
	}
	perSecond := int64(1)
	for range precision {
		perSecond *= 10
	}
	c := &calendar{precision: precision, perSecond: perSecond}
	return &timestamps{ticks{v: rows.Times{PerSecond: perSecond}, parse: c.parse}, c}, nil
}

// ticks are instants as whole parts of a second.
type ticks struct {
	v     rows.Times
	parse func(string) (int64, error)
}

func (c *ticks) decode(in *input) error {
	t, err := in.plain()
	if err != nil {
		return err
	}
	n, err := c.parse(view(t))
	c.v.Ticks = append(c.v.Ticks, n)
	return err
}

func (c *ticks) null()               { c.v.Ticks = append(c.v.Ticks, 0) }
func (c *ticks) vector() rows.Vector { return &c.v }
func (c *ticks) reset()              { c.v.Ticks = c.v.Ticks[:0] }

// timestamps are ticks of which most come in one form, and so in one length.
type timestamps struct {
	ticks
	calendar *calendar
}

func (c *timestamps) decode(in *input) error {
	if t := in.sized(c.calendar.width()); t != nil {
		if n, ok := c.calendar.usual(view(t)); ok {
			in.at += len(t) + 2
			c.v.Ticks = append(c.v.Ticks, n)
			return nil
		}
	}
	return c.ticks.decode(in)
}

// months are intervals of years and months, as a number of months.
type months struct{ v rows.Numbers[int32] }

func (c *months) decode(in *input) error {
	t, err := in.plain()
	if err != nil {
		return err
	}
	s := scanner{text: view(t)}
	negative := s.take('-')
	years := s.digits(1, 9)
	s.need('-')
	n := years*12 + s.digits(1, 2)
	if !s.done() || n > 1<<31-1 {
		return malformed("%s is not an interval of years and months", told(t))
	}
	if negative {
		n = -n
	}
	c.v = append(c.v, int32(n))
	return nil
}

func (c *months) null()               { c.v = append(c.v, 0) }
func (c *months) vector() rows.Vector { return c.v }
func (c *months) reset()              { c.v = c.v[:0] }

// scanner takes a text apart; the first thing that does not fit makes it fail for good.
type scanner struct {
	text   string
	at     int
	failed bool
}

func (s *scanner) take(c byte) bool {
	if s.at < len(s.text) && s.text[s.at] == c {
		s.at++
		return true
	}
	return false
}

func (s *scanner) need(c byte) {
	if !s.take(c) {
		s.failed = true
	}
}

// digits reads a number of so many digits.
func (s *scanner) digits(least, most int) int64 {
	var n int64
	start := s.at
	for s.at < len(s.text) && s.at-start < most && s.text[s.at]-'0' <= 9 {
		n = n*10 + int64(s.text[s.at]-'0')
		s.at++
	}
	if s.at-start < least {
		s.failed = true
	}
	return n
}

func (s *scanner) done() bool { return !s.failed && s.at == len(s.text) }

// days reads a date as the number of days since 1970, by the proleptic Gregorian calendar.
func (s *scanner) days() int64 {
	negative := s.take('-')
	if !negative {
		s.take('+')
	}
	year := s.digits(1, 9)
	if negative {
		year = -year
	}
	s.need('-')
	month := s.digits(2, 2)
	s.need('-')
	day := s.digits(2, 2)
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

// clock reads a time of day; digits beyond nanoseconds are cut off.
func (s *scanner) clock() (seconds, nanos int64) {
	h := s.digits(2, 2)
	s.need(':')
	m := s.digits(2, 2)
	s.need(':')
	sec := s.digits(2, 2)
	if h > 23 || m > 59 || sec > 59 {
		s.failed = true
	}
	seconds = h*3600 + m*60 + sec
	if s.take('.') {
		nanos = s.nanos()
	}
	return seconds, nanos
}

func (s *scanner) nanos() int64 {
	start := s.at
	n := s.digits(1, 9)
	for range 9 - (s.at - start) {
		n *= 10
	}
	s.digits(0, maxPrecision-9)
	return n
}

func parseDate(text string) (int64, error) {
	s := scanner{text: text}
	days := s.days()
	if !s.done() {
		return 0, malformed("%s is not a date", told(text))
	}
	return days * secondsPerDay, nil
}

func parseTimestamp(text string) (seconds, nanos int64, ok bool) {
	s := scanner{text: text}
	days := s.days()
	s.need(' ')
	seconds, nanos = s.clock()
	seconds += days * secondsPerDay
	return seconds, nanos, s.done() && seconds > -maxSeconds && seconds < maxSeconds
}

func parseInstant(text string) (time.Time, error) {
	seconds, nanos, ok := parseTimestamp(text)
	if !ok {
		return time.Time{}, malformed("%s is not a timestamp", told(text))
	}
	return time.Unix(seconds, nanos).UTC(), nil
}

func parseTimeOfDay(text string) (time.Duration, error) {
	s := scanner{text: text}
	seconds, nanos := s.clock()
	if !s.done() {
		return 0, malformed("%s is not a time of day", told(text))
	}
	return time.Duration(seconds)*time.Second + time.Duration(nanos), nil
}

// parseInterval reads days and a time, such as -2 03:04:05.678.
func parseInterval(text string) (time.Duration, error) {
	s := scanner{text: text}
	negative := s.take('-')
	days := s.digits(1, 6)
	s.need(' ')
	seconds, nanos := s.clock()
	if !s.done() || days > 106_000 {
		return 0, malformed("%s is not an interval of less than 290 years", told(text))
	}
	d := time.Duration(days*secondsPerDay+seconds)*time.Second + time.Duration(nanos)
	if negative {
		d = -d
	}
	return d, nil
}

// zones are the zones that an answer names.
type zones struct {
	mu    sync.Mutex
	known map[string]*time.Location
}

const maxZones = 1000

// parse reads an instant with the zone that it is shown in.
func (z *zones) parse(text string) (time.Time, error) {
	at := strings.LastIndexByte(text, ' ')
	if at < 0 {
		return time.Time{}, malformed("%s is not a timestamp with a zone", told(text))
	}
	seconds, nanos, ok := parseTimestamp(text[:at])
	if !ok {
		return time.Time{}, malformed("%s is not a timestamp", told(text))
	}
	zone, err := z.zone(text[at+1:])
	if err != nil {
		return time.Time{}, err
	}
	if zone == time.UTC {
		return time.Unix(seconds, nanos).UTC(), nil
	}
	u := time.Unix(seconds, nanos).UTC() // its clock is that of the zone
	return time.Date(u.Year(), u.Month(), u.Day(), u.Hour(), u.Minute(), u.Second(), u.Nanosecond(), zone), nil
}

func (z *zones) zone(name string) (*time.Location, error) {
	if name == "UTC" {
		return time.UTC, nil
	}
	z.mu.Lock()
	defer z.mu.Unlock()
	if zone, ok := z.known[name]; ok {
		return zone, nil
	}
	name = strings.Clone(name) // it shares the memory of the page
	zone, err := loadZone(name)
	if err != nil {
		return nil, err
	}
	if z.known == nil || len(z.known) >= maxZones {
		z.known = map[string]*time.Location{}
	}
	z.known[name] = zone
	return zone, nil
}

func loadZone(name string) (*time.Location, error) {
	s := scanner{text: name}
	if negative := s.take('-'); negative || s.take('+') {
		h := s.digits(2, 2)
		s.need(':')
		m := s.digits(2, 2)
		offset := int(h*3600 + m*60)
		if !s.done() || m > 59 || offset > maxOffset*3600 {
			return nil, malformed("%s is not a zone", told(name))
		}
		if negative {
			offset = -offset
		}
		return time.FixedZone(name, offset), nil
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return nil, &zoneError{told(name)}
	}
	return zone, nil
}

// zoneError is a zone that this machine does not know: the instant cannot be told.
type zoneError struct{ name string }

func (e *zoneError) Error() string { return "this machine does not know the zone " + e.name }
