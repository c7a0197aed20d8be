package redshift

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/fourkites/sources/base"
)

var opLoadEvents = &base.Op{Name: "LoadEvents", System: base.SystemDB}

// LoadEvent is one event of the stream that a load's history is. Times are in UTC.
type LoadEvent struct {
	TrackingID string         `json:"tracking_id" db:"tracking_id"`
	Status     string         `json:"status,omitempty" db:"status"` // the event, one of some 300
	Message    string         `json:"message,omitempty" db:"message"`
	UpdateTime time.Time      `json:"update_time,omitzero" db:"update_time"` // when it happened
	Source     string         `json:"source,omitempty" db:"source"`
	CreatedAt  time.Time      `json:"created_at,omitzero" db:"created_at"` // when it was written
	Extras     map[string]any `json:"extras,omitempty" db:",extras"`
}

// EventsQuery asks for the events of a load. The table takes millions of rows a day: the window is required, and may
// be 93 days long.
type EventsQuery struct {
	TrackingID string      `json:"tracking_id" jsonschema:"digits"`
	Window     base.Window `json:"window" jsonschema:"from included, to excluded, RFC 3339; at most 93 days"`
	Statuses   []string    `json:"statuses,omitempty" jsonschema:"only these events; empty: all"`
	Limit      int         `json:"limit,omitempty" jsonschema:"events; default 1000"`
}

const (
	maxHistory    = 93 * 24 * time.Hour
	defaultEvents = 1000
	eventPage     = 1000
)

func (q EventsQuery) check() error {
	err := errors.Join(checkTrackingID("tracking_id", q.TrackingID), checkAll("statuses", q.Statuses, checkText), q.Window.Validate())
	if d := q.Window.Duration(); d > maxHistory {
		err = errors.Join(err, fmt.Errorf("window: %.1f days long, and the limit is %d; ask for a shorter one", d.Hours()/24, maxHistory/(24*time.Hour)))
	}
	return err
}

// LoadEvents yields the events of a load in the window, the oldest first, page by page; nothing is held while the loop's
// body runs. Without a Limit it stops at 1,000: where there are more, an *[base.IncompleteError] with the cursor to go on
// from ends the loop; a negative Limit gives all. A loop that ends without an error has seen all of them.
func (c *Client) LoadEvents(ctx context.Context, q EventsQuery) iter.Seq2[LoadEvent, error] {
	return walkEvents(c.Name(), q, c.limit(q.Limit, defaultEvents), func(q EventsQuery, cursor string) (base.Page[LoadEvent], error) {
		return c.LoadEventsPage(ctx, q, cursor)
	})
}

// walkEvents goes through the pages up to limit events, negative = all.
func walkEvents(source string, q EventsQuery, limit int, fetch func(EventsQuery, string) (base.Page[LoadEvent], error)) iter.Seq2[LoadEvent, error] {
	return func(yield func(LoadEvent, error) bool) {
		seen := 0
		pages := base.Pages(func(cursor string) (base.Page[LoadEvent], error) {
			q := q
			if q.Limit = eventPage; limit >= 0 {
				q.Limit = min(eventPage, limit-seen)
			}
			p, err := fetch(q, cursor)
			seen += len(p.Items)
			if err == nil && p.More && limit >= 0 && seen >= limit {
				p.More = false
				e := base.NewIncomplete(base.Truncated, source, opLoadEvents.Name, int64(seen), "more match than the limit; raise it, or go on from the cursor", nil)
				e.Cursor = p.Cursor
				return p, e
			}
			return p, err
		})
		for item, err := range pages {
			if !yield(item, err) {
				return
			}
		}
	}
}

// LoadEventsPage returns one page of the events, the oldest first. The cursor is empty for the first page, else that of
// the page before; query and window must then be the same.
func (c *Client) LoadEventsPage(ctx context.Context, q EventsQuery, cursor string) (base.Page[LoadEvent], error) {
	if err := q.check(); err != nil {
		return base.Page[LoadEvent]{}, c.invalid(opLoadEvents, err)
	}
	at := place{from: q.Window.From}
	if cursor != "" {
		var err error
		if at, err = decodeCursor(q.binding(), cursor); err == nil {
			err = at.check(q.Window)
		}
		if err != nil {
			return base.Page[LoadEvent]{}, c.invalid(opLoadEvents, err)
		}
	}
	limit := c.limit(q.Limit, defaultEvents)
	var p base.Page[LoadEvent]
	ctx = base.WithStats(ctx, &p.Stats)
	found, err := c.eventsFrom(ctx, q, at, limit)
	if err != nil {
		return base.Page[LoadEvent]{}, err
	}
	p.Items, p.More = first(found, limit)
	base.AddStats(ctx, base.Stats{Asked: q.Window, Covered: q.covered(p)})
	p.Outcome = base.OutcomeOf(len(p.Items), incomplete(c.Name(), opLoadEvents.Name, len(p.Items), p.More))
	if p.More {
		p.Cursor = encodeCursor(q.binding(), at.after(p.Items))
	}
	if p.Items == nil {
		p.Items = []LoadEvent{}
	}
	return p, nil
}

// covered is the part of the window that the pages up to this one came through: before the last event, where there are
// more of them. It is the zero window where that is none of it.
func (q EventsQuery) covered(p base.Page[LoadEvent]) base.Window {
	w := q.Window
	if !p.More {
		return w
	}
	if len(p.Items) == 0 || !p.Items[len(p.Items)-1].UpdateTime.After(w.From) {
		return base.Window{}
	}
	w.To = p.Items[len(p.Items)-1].UpdateTime
	return w
}

// eventsFrom reads from an instant on, without what was handed out of that instant: events have no id to go on from.
func (c *Client) eventsFrom(ctx context.Context, q EventsQuery, at place, limit int) ([]LoadEvent, error) {
	s := newSelect(opLoadEvents, c.tables.newLayout("events", c.tables.Events))
	s.and(s.is("tracking_id", "=", q.TrackingID))
	s.window("update_time", base.Window{From: at.from, To: q.Window.To})
	s.and(s.in("status", q.Statuses))
	s.by("update_time", "created_at", "status", "source", "message")
	s.skip = at.skip
	return read[LoadEvent](ctx, c, s, above(limit))
}
