package trino

import (
	"errors"
	"time"

	"github.com/fourkites/sources/base/rows"
	"github.com/fourkites/sources/internal/instant"
)

const (
	secondsPerDay = 24 * 60 * 60
	maxPrecision  = 12 // digits of a second: picoseconds
	tickPrecision = 6  // up to which instants are ticks; more would not reach the years that Trino has
)

// newTime makes the columns of dates, times and intervals; nil for another type.
func newTime(t typeName, zones *instant.Zones) (column, error) {
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
		return newParsed(zoned(zones)), nil
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
	c := instant.NewCalendar(precision)
	return &timestamps{ticks{v: rows.Times{PerSecond: c.PerSecond()}, parse: func(text string) (int64, error) {
		n, ok := c.Parse(text)
		if !ok {
			return 0, malformed("%s is not a timestamp", told(text))
		}
		return n, nil
	}}, c}, nil
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
	calendar *instant.Calendar
}

func (c *timestamps) decode(in *input) error {
	if t := in.sized(c.calendar.Width()); t != nil {
		if n, ok := c.calendar.Usual(view(t)); ok {
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
	s := instant.Scanner{Text: view(t)}
	negative := s.Take('-')
	years := s.Digits(1, 9)
	s.Need('-')
	n := years*12 + s.Digits(1, 2)
	if !s.Done() || n > 1<<31-1 {
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

func parseDate(text string) (int64, error) {
	s := instant.Scanner{Text: text}
	days := s.Days()
	if !s.Done() {
		return 0, malformed("%s is not a date", told(text))
	}
	return days * secondsPerDay, nil
}

func parseInstant(text string) (time.Time, error) {
	seconds, nanos, ok := instant.Timestamp(text)
	if !ok {
		return time.Time{}, malformed("%s is not a timestamp", told(text))
	}
	return time.Unix(seconds, nanos).UTC(), nil
}

func parseTimeOfDay(text string) (time.Duration, error) {
	s := instant.Scanner{Text: text}
	seconds, nanos := s.Clock()
	if !s.Done() {
		return 0, malformed("%s is not a time of day", told(text))
	}
	return time.Duration(seconds)*time.Second + time.Duration(nanos), nil
}

// parseInterval reads days and a time, such as -2 03:04:05.678.
func parseInterval(text string) (time.Duration, error) {
	s := instant.Scanner{Text: text}
	negative := s.Take('-')
	days := s.Digits(1, 6)
	s.Need(' ')
	seconds, nanos := s.Clock()
	if !s.Done() || days > 106_000 {
		return 0, malformed("%s is not an interval of less than 290 years", told(text))
	}
	d := time.Duration(days*secondsPerDay+seconds)*time.Second + time.Duration(nanos)
	if negative {
		d = -d
	}
	return d, nil
}

// zoned reads instants with the zone that they are shown in.
func zoned(zones *instant.Zones) func(string) (time.Time, error) {
	return func(text string) (time.Time, error) {
		at, err := zones.Parse(text)
		if e, ok := errors.AsType[*instant.FormError](err); ok {
			err = malformed("%s is not %s", told(e.Text), e.Wanted)
		}
		if e, ok := errors.AsType[*instant.ZoneError](err); ok {
			err = &zoneError{told(e.Name)}
		}
		return at, err
	}
}

// zoneError is a zone that this machine does not know: the instant cannot be told.
type zoneError struct{ name string }

func (e *zoneError) Error() string { return "this machine does not know the zone " + e.name }
