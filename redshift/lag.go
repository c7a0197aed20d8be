package redshift

import (
	"context"
	"fmt"
	"time"

	"github.com/fourkites/sources/base"
)

var opLag = &base.Op{Name: "Lag", System: base.SystemDB}

const (
	// lagKept is how long a measured lag counts.
	lagKept = 10 * time.Minute
	// lagWithin is how far back the newest load is looked for: a warehouse that is older has stopped.
	lagWithin = 24 * time.Hour
)

// measured is a lag as it was at that time.
type measured struct {
	lag time.Duration
	at  time.Time
}

// Lag measures how far the warehouse is behind its sources: the age of its newest load, which is more than the lag when
// few loads are made. Answers of typed methods in the next ten minutes give it in Stats.Lag, in place of Config.Lag. No
// load of the last day is base.ErrNotFound.
func (c *Client) Lag(ctx context.Context) (time.Duration, error) {
	s := newSelect(opLag, c.tables.newLayout("loads", c.tables.Loads))
	s.layout.lags = false
	now := time.Now()
	s.and(s.is("created_at", ">=", now.Add(-lagWithin)))
	s.newest("created_at")
	found, err := read[Load](ctx, c, s, 1)
	switch {
	case err != nil:
		return 0, err
	case len(found) == 0:
		return 0, c.notFound(opLag, "no load of the last day is there", "the warehouse is not being filled, or the table is another")
	}
	lag := max(0, now.Sub(found[0].CreatedAt)).Round(time.Second)
	c.lag.Store(&measured{lag, now})
	return lag, nil
}

// lagNow is what is known of the lag, and a note about that; zero where nothing is to be said.
func (c *Client) lagNow() (lag time.Duration, note string) {
	if c.config.Lag <= 0 {
		return 0, ""
	}
	now := time.Now()
	if m := c.lag.Load(); m != nil && now.Sub(m.at) < lagKept {
		return m.lag, fmt.Sprintf("the warehouse was %s behind its sources, measured at %s by its newest load: what happened since %s may be missing",
			m.lag, m.at.UTC().Format(time.RFC3339), now.UTC().Add(-m.lag).Format(time.RFC3339))
	}
	lag = c.config.Lag.D()
	return lag, fmt.Sprintf("the warehouse is up to %s behind its sources, as assumed (Config.Lag): what happened since %s may be missing",
		lag, now.UTC().Add(-lag).Truncate(time.Minute).Format(time.RFC3339))
}

// behind notes that the answer may lack what is new.
func (s *stream) behind(lag time.Duration, note string) {
	if s.lag = lag; note != "" {
		s.notes = append(s.notes, note)
	}
}
