package trino

import (
	"testing"
	"time"
)

func TestAnInstantIsBoundInUTC(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 3, 4, 2, 0, 0, 0, time.FixedZone("", 5*3600+1800))
	got, err := literal(at)
	want, _ := literal(at.UTC())
	if err != nil || got != want {
		t.Errorf("%s, and not %s; %v", got, want, err)
	}
}
