package redshift_test

import (
	"errors"
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

func TestWhatWasCutIsNeverPlainData(t *testing.T) {
	t.Parallel()
	server := fake(t)
	c := newClient(t, server.Config())
	for i := range 1001 {
		file := fmt.Sprintf("f%04d", i)
		server.Insert(redshift.LoadFileRecord{FileName: "loads.csv", LoadID: "7"}, redshift.CarrierFile{ID: "f", Records: []redshift.CarrierRecord{{FileID: "f", Identifier1: "LN-1", Identifier2: file}}})
	}
	server.Insert(redshift.LoadFile{Name: "loads.csv"})
	if files, err := c.LoadFiles(t.Context(), "7"); !errors.Is(err, base.ErrTruncated) || len(files) != 1 {
		t.Errorf("records of load files: %d, %v", len(files), err)
	}
	if _, err := c.CarrierFiles(t.Context(), redshift.CarrierFilesQuery{Identifiers: []string{"LN-1"}, Limit: -1}); !errors.Is(err, base.ErrTruncated) {
		t.Errorf("records of carriers' files: %v", err)
	}
	for range 3 {
		server.Insert(redshift.ValidationAttempt{LoadID: "7", Status: "Success", ProcessedAt: noon})
	}
	if got, err := c.ValidationAttempts(t.Context(), redshift.AttemptsQuery{TrackingID: "7", Limit: 2}); err != nil || got.Outcome != base.Truncated || len(got.Items) != 2 {
		t.Errorf("attempts: %s, %v", got.Outcome, err)
	}
}
