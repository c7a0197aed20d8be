package redshift

import (
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgtype"
)

// A server whose zone could not be set writes another one behind the time.
func TestATimeWithAZoneIsTheInstantThatItNames(t *testing.T) {
	t.Parallel()
	noon := time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC).UnixMicro()
	for _, text := range []string{
		"2026-03-04 12:00:00", "2026-03-04 12:00:00Z", "2026-03-04 12:00:00+00", "2026-03-04 17:30:00+05:30", "2026-03-04 07:00:00-05",
		"2026-03-05 00:00:30+12:00:30",
	} {
		if got, err := parseTime([]byte(text)); got != noon || err != nil {
			t.Errorf("%s: %d µs away, %v", text, got-noon, err)
		}
	}
}

// The driver binds the clock of a time without its zone.
func TestAnInstantIsBoundInUTC(t *testing.T) {
	t.Parallel()
	s := newSelect(opLoad, (&Tables{}).newLayout("loads", "loads"))
	s.bind(time.Date(2026, 3, 4, 17, 30, 0, 0, time.FixedZone("", 5*3600+1800)))
	got, ok := s.args[0].(pgtype.Timestamp)
	if !ok || got.Time.Format(time.DateTime) != "2026-03-04 12:00:00" {
		t.Errorf("%+v", s.args)
	}
}
