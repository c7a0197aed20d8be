package clickhouse

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/logs"
)

var opLogContext = &base.Op{Name: "LogContext", System: base.SystemDB}

// LogContextOptions names a record, or an instant of a service, and how much around it is wanted.
type LogContextOptions struct {
	ID      string    `json:"id,omitempty" jsonschema:"id of the record; or give time and service"`
	Time    time.Time `json:"time,omitzero" jsonschema:"time of the record, or the instant to look at; with an id it makes the search fast"`
	Service string    `json:"service,omitempty" jsonschema:"service whose records are wanted; default: that of the record"`
	Before  int       `json:"before,omitempty" jsonschema:"records before it; default 10, at most 1000, negative: none"`
	After   int       `json:"after,omitempty" jsonschema:"records after it; default 10, at most 1000, negative: none"`
}

// LogContext is what a service logged around one record, oldest first.
type LogContext struct {
	Before []logs.Record `json:"before"`
	Record *logs.Record  `json:"record,omitempty"` // nil when an instant was asked for
	After  []logs.Record `json:"after"`
	Stats  base.Stats    `json:"stats,omitzero"`
}

// LogContext returns the records of the same service just before and after a record or an instant, as many as are
// asked for within a day of it. Without a time the record is looked for in the last 30 days. A record that is not
// there is an [base.ErrNotFound].
func (c *Client) LogContext(ctx context.Context, o LogContextOptions) (LogContext, error) {
	var out LogContext
	ctx = base.WithStats(ctx, &out.Stats)
	if err := o.check(); err != nil {
		return out, c.invalid(opLogContext, err)
	}
	known, err := c.schema(ctx)
	if err != nil {
		return out, err
	}
	at := position{Nanos: o.Time.UnixNano()}
	if o.ID != "" {
		if out.Record, err = c.logByID(ctx, c.tables.logLayout(known), o); err != nil {
			return out, err
		}
		at = position{Nanos: out.Record.Time.UnixNano(), ID: out.Record.ID}
		if o.Service == "" {
			o.Service = out.Record.Service
		}
	}
	if out.Before, err = c.beside(ctx, o.Service, at, logs.NewestFirst, amount(o.Before)); err != nil {
		return out, err
	}
	slices.Reverse(out.Before)
	out.After, err = c.beside(ctx, o.Service, at, logs.OldestFirst, amount(o.After))
	return out, err
}

// maxContext is how many records around one are handed out on each side.
const maxContext = 1000

func amount(n int) int {
	if n == 0 {
		return 10
	}
	return max(n, 0)
}

func (o LogContextOptions) check() error {
	switch {
	case o.ID == "" && o.Time.IsZero():
		return errors.New("id: missing; give the id of a record, or a time and a service")
	case o.ID == "" && o.Service == "":
		return errors.New("service: missing; a time alone does not say whose records are wanted")
	case !o.Time.IsZero() && (o.Time.Before(earliest) || o.Time.After(latest)):
		return errors.New("time: not a time that records can have")
	case o.Before > maxContext:
		return errors.New("before: more than 1000")
	case o.After > maxContext:
		return errors.New("after: more than 1000")
	}
	if o.Service != "" {
		if err := checkLabel("service", o.Service); err != nil {
			return err
		}
	}
	return checkID("id", o.ID)
}

// logByID finds one record by its id. The time, if it is given, is believed to a minute first, then to a day.
func (c *Client) logByID(ctx context.Context, l logLayout, o LogContextOptions) (*logs.Record, error) {
	now := time.Now()
	windows := []base.Window{{From: now.Add(-24 * time.Hour), To: now.Add(time.Hour)}, {From: now.Add(-30 * 24 * time.Hour), To: now.Add(time.Hour)}}
	if !o.Time.IsZero() {
		windows = []base.Window{base.Around(o.Time, time.Minute, time.Minute), base.Around(o.Time, 24*time.Hour, 24*time.Hour)}
	}
	for _, w := range windows {
		s := newStatement()
		l.bound(s, w)
		s.and("%s = %s", quote(l.idName), s.text(o.ID))
		found, err := read[logRow](ctx, c, opLogContext, Query{
			SQL: "SELECT " + l.projection() + "\nFROM " + quoteTable(l.table) + s.clause() + "\nLIMIT 1", Args: s.args,
		})
		if err != nil {
			return nil, err
		}
		if len(found) > 0 {
			r := found[0].record()
			return &r, nil
		}
	}
	return nil, c.notFound(opLogContext, "no record has this id in the time that was searched",
		"give the time of the record; without it the last 30 days are searched")
}

// beside gathers n records of the service on one side of the position: within an hour, and if they are too few within a
// day.
func (c *Client) beside(ctx context.Context, service string, at position, order logs.Order, n int) ([]logs.Record, error) {
	if n == 0 {
		return []logs.Record{}, nil
	}
	instant := time.Unix(0, at.Nanos).UTC()
	w := base.Window{From: instant.Add(-24 * time.Hour), To: instant.Add(1)}
	if order == logs.OldestFirst {
		w = base.Window{From: instant, To: instant.Add(24 * time.Hour)}
	}
	q := logs.Query{Window: w, Order: order}
	if service != "" {
		q.Services = []string{service}
	}
	scan, err := c.logScan(ctx, opLogContext, q, "")
	if err != nil {
		return nil, err
	}
	if at.ID != "" || order == logs.NewestFirst {
		scan.after = &at // an instant alone belongs to what comes after it
	}
	found, more, err := scan.take(ctx, n)
	if err == nil && more && len(found) < n {
		err = scan.incomplete(len(found), more, nil)
	}
	return found, err
}
