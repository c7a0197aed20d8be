package instant

import (
	"strings"
	"sync"
	"time"
)

// Zones are the zones that an answer names. The zero value is ready; it is safe for concurrent use.
type Zones struct {
	mu    sync.Mutex
	known map[string]*time.Location
}

const (
	maxZones  = 1000
	maxOffset = 18 // hours that a zone may be away from UTC
)

// Parse reads an instant with the zone that it is shown in.
func (z *Zones) Parse(text string) (time.Time, error) {
	at := strings.LastIndexByte(text, ' ')
	if at < 0 {
		return time.Time{}, &FormError{text, "a timestamp with a zone"}
	}
	seconds, nanos, ok := Timestamp(text[:at])
	if !ok {
		return time.Time{}, &FormError{text, "a timestamp"}
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

func (z *Zones) zone(name string) (*time.Location, error) {
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
	s := Scanner{Text: name}
	if negative := s.Take('-'); negative || s.Take('+') {
		h := s.Digits(2, 2)
		s.Need(':')
		m := s.Digits(2, 2)
		offset := int(h*3600 + m*60)
		if !s.Done() || m > 59 || offset > maxOffset*3600 {
			return nil, &FormError{name, "a zone"}
		}
		if negative {
			offset = -offset
		}
		return time.FixedZone(name, offset), nil
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return nil, &ZoneError{name}
	}
	return zone, nil
}

// FormError is a text that is not of the form that it should have.
type FormError struct {
	Text   string
	Wanted string
}

// Error does not repeat the text.
func (e *FormError) Error() string { return "not " + e.Wanted }

// ZoneError is a zone that this machine does not know: the instant cannot be told.
type ZoneError struct{ Name string }

// Error does not repeat the name.
func (e *ZoneError) Error() string { return "this machine does not know the zone" }
