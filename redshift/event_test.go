package redshift_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/redshift"
)

// What lies behind the last event of a page was not looked at, whatever the window is.
func TestAPageOfEventsCoversTheTimeThatItCameThrough(t *testing.T) {
	t.Parallel()
	server := fake(t)
	c := newClient(t, server.Config())
	for i := range 10 {
		server.Insert(redshift.LoadEvent{TrackingID: "7", Status: fmt.Sprintf("E%d", i), UpdateTime: noon.Add(time.Duration(i) * time.Hour)})
	}
	q := redshift.EventsQuery{TrackingID: "7", Window: day, Limit: 4}
	cursor := ""
	for _, want := range []base.Window{{From: day.From, To: noon.Add(3 * time.Hour)}, {From: day.From, To: noon.Add(7 * time.Hour)}, day} {
		p, err := c.LoadEventsPage(t.Context(), q, cursor)
		if err != nil || p.Stats.Asked != day || p.Stats.Covered != want {
			t.Errorf("%v, covered %v and not %v", err, p.Stats.Covered, want)
		}
		cursor = p.Cursor
	}
	var stats base.Stats
	for _, err := range c.LoadEvents(base.WithStats(t.Context(), &stats), q) {
		if err != nil && stats.Covered.To != noon.Add(3*time.Hour) {
			t.Errorf("%v, covered %v", err, stats.Covered)
		}
	}
	q.Window.From = noon
	for range 10 {
		server.Insert(redshift.LoadEvent{TrackingID: "8", Status: "E", UpdateTime: noon})
	}
	q.TrackingID = "8"
	if p, err := c.LoadEventsPage(t.Context(), q, ""); err != nil || !p.More || !p.Stats.Covered.IsZero() {
		t.Errorf("%v, covered %v, though the first instant goes on", err, p.Stats.Covered)
	}
}
