package redshift

import (
	"errors"
	"math"

	"github.com/fourkites/sources/internal/cells"
)

// zeroSeconds is the zero time.Time.
const zeroSeconds = -62135596800

var (
	errTime     = errors.New("is not a time as the server writes it (ISO)")
	errInfinity = errors.New("is no instant")
)

// parseDate reads 2006-01-02, with BC behind it if need be, as seconds.
func parseDate(text []byte) (int64, error) {
	days, rest, err := civil(text)
	if err != nil {
		return 0, err
	}
	if len(rest) > 0 && cells.View(rest) != " BC" {
		return 0, errTime
	}
	return days * 86400, nil
}

// parseTime reads 2006-01-02 15:04:05.999999+07:30:15 BC, the fraction, the zone and BC if they are there, as
// microseconds. A date alone is its midnight.
func parseTime(text []byte) (int64, error) {
	days, rest, err := civil(text)
	if err != nil {
		return 0, err
	}
	seconds, micros := days*86400, int64(0)
	if len(rest) > 0 && cells.View(rest) != " BC" {
		var clock int64
		if clock, micros, rest, err = parseClock(rest); err != nil {
			return 0, err
		}
		seconds += clock
	}
	if len(rest) > 0 && cells.View(rest) != " BC" {
		return 0, errTime
	}
	if seconds > math.MaxInt64/1_000_000-1 || seconds < math.MinInt64/1_000_000+1 {
		return 0, errors.New("does not fit")
	}
	return seconds*1_000_000 + micros, nil
}

// civil reads the date as days since 1970; a text that ends in BC counts its years backwards.
func civil(text []byte) (days int64, rest []byte, err error) {
	year, rest, ok := digits(text, 4, 7)
	if !ok {
		if cells.View(text) == "infinity" || cells.View(text) == "-infinity" {
			return 0, nil, errInfinity
		}
		return 0, nil, errTime
	}
	if len(rest) < 6 || rest[0] != '-' || rest[3] != '-' {
		return 0, nil, errTime
	}
	month, a := pair(rest[1:])
	day, b := pair(rest[4:])
	if !a || !b || month < 1 || month > 12 || day < 1 || day > 31 {
		return 0, nil, errTime
	}
	if n := len(text); n > 3 && cells.View(text[n-3:]) == " BC" {
		year = 1 - year
	}
	return daysSince1970(year, month, day), rest[6:], nil
}

// daysSince1970 counts in years that begin in March, so that the leap day is the last.
func daysSince1970(year, month, day int64) int64 {
	if month <= 2 {
		year, month = year-1, month+12
	}
	era := year / 400
	if year < 0 {
		era = (year - 399) / 400
	}
	ofEra := year - era*400
	ofYear := (153*(month-3)+2)/5 + day - 1
	return era*146097 + ofEra*365 + ofEra/4 - ofEra/100 + ofYear - 719468
}

// parseClock reads what follows the date, as seconds and microseconds in UTC.
func parseClock(text []byte) (seconds, micros int64, rest []byte, err error) {
	if len(text) < 9 || text[0] != ' ' && text[0] != 'T' || text[3] != ':' || text[6] != ':' {
		return 0, 0, nil, errTime
	}
	h, a := pair(text[1:])
	m, b := pair(text[4:])
	s, c := pair(text[7:])
	if !a || !b || !c || h > 24 || m > 59 || s > 60 {
		return 0, 0, nil, errTime
	}
	seconds, rest = h*3600+m*60+s, text[9:]
	if len(rest) > 0 && rest[0] == '.' {
		if micros, rest, err = fraction(rest[1:]); err != nil {
			return 0, 0, nil, err
		}
	}
	if len(rest) > 0 && (rest[0] == '+' || rest[0] == '-') {
		offset, after, ok := zone(rest)
		if !ok {
			return 0, 0, nil, errTime
		}
		return seconds - offset, micros, after, nil
	}
	if len(rest) > 0 && rest[0] == 'Z' {
		rest = rest[1:]
	}
	return seconds, micros, rest, nil
}

func fraction(text []byte) (micros int64, rest []byte, err error) {
	n := 0
	for scale := int64(100_000); n < len(text) && text[n] >= '0' && text[n] <= '9'; n++ {
		micros += int64(text[n]-'0') * scale
		scale /= 10
	}
	if n == 0 || n > 9 {
		return 0, nil, errTime
	}
	return micros, text[n:], nil
}

// zone reads +07, +07:30 or +07:30:15 as seconds.
func zone(text []byte) (seconds int64, rest []byte, ok bool) {
	sign, unit := int64(1), int64(3600)
	if text[0] == '-' {
		sign = -1
	}
	text = text[1:]
	for i := 0; ; i++ {
		v, ok := pair(text)
		if !ok {
			return 0, nil, false
		}
		seconds += sign * v * unit
		unit /= 60
		text = text[2:]
		if i == 2 || len(text) == 0 || text[0] != ':' {
			return seconds, text, true
		}
		text = text[1:]
	}
}

// pair reads two digits.
func pair(text []byte) (int64, bool) {
	if len(text) < 2 || text[0] < '0' || text[0] > '9' || text[1] < '0' || text[1] > '9' {
		return 0, false
	}
	return int64(text[0]-'0')*10 + int64(text[1]-'0'), true
}

// digits reads a number of so many digits.
func digits(text []byte, least, most int) (v int64, rest []byte, ok bool) {
	n := 0
	for ; n < len(text) && text[n] >= '0' && text[n] <= '9'; n++ {
		if n == most {
			return 0, nil, false
		}
		v = v*10 + int64(text[n]-'0')
	}
	return v, text[n:], n >= least
}
