package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/logs"
	"github.com/fourkites/sources/evidence"
	"github.com/fourkites/sources/internal/command"
	"github.com/fourkites/sources/redshift"
	"github.com/fourkites/sources/trino"
)

// life is all that was found of a load. Its JSON form is what -format json prints; lists are never null.
type life struct {
	Demo         string                       `json:"demo,omitempty"`
	TrackingID   string                       `json:"tracking_id"`
	Load         *evidence.LoadMetadataReport `json:"load,omitempty"` // nil: no source gave it
	Window       base.Window                  `json:"window"`         // that events and history were looked for in
	Stops        []redshift.Stop              `json:"stops"`
	Events       []redshift.LoadEvent         `json:"events"`
	Attempts     redshift.Attempts            `json:"validation_attempts"`
	CarrierFiles []redshift.CarrierFile       `json:"carrier_files"`
	LoadFiles    []redshift.LoadFile          `json:"load_files"`
	Relationship *redshift.Relationship       `json:"relationship,omitempty"`
	Days         []day                        `json:"days"` // of the history, in order
	History      history                      `json:"history"`
	Asked        []command.Asked              `json:"asked"`
	NotSeen      []string                     `json:"not_seen"`
}

// history is what Trino has of the load, the oldest first.
type history struct {
	Callbacks []trino.Callback `json:"callbacks"`
	LoadFiles []trino.LoadFile `json:"load_files"`
	Locations []trino.Location `json:"locations"`
	Logs      []logs.Record    `json:"logs"`
}

// Bounds of what is read and looked back on.
const (
	most         = 1000 // events, log lines, and rows of each kind of history
	around       = time.Hour
	longest      = 93 * 24 * time.Hour // what Redshift gives events of at once
	withoutStart = 30 * 24 * time.Hour // looked back on where it is not known when the load was created
)

// The questions, in words.
const (
	aboutLoad         = "what the load is"
	aboutStops        = "stops"
	aboutEvents       = "events"
	aboutAttempts     = "validation attempts"
	aboutCarrierFiles = "carrier files"
	aboutLoadFiles    = "load files"
	aboutRelationship = "relationship"
	aboutCallbacks    = "callbacks by day"
	aboutHistoryFiles = "load files by day"
	aboutLocations    = "location processing by day"
	aboutLogs         = "log lines by day"
)

// tellLife asks what the load is, and then everything else side by side. The error is that of a load that no source
// knows, or of the context, or that no question had an answer: with the last two what was found until then comes.
func tellLife(ctx context.Context, id string, now time.Time, c *clients, p *command.Progress) (*life, error) {
	q := command.NewInquiry(p)
	l := &life{TrackingID: id, Stops: []redshift.Stop{}, Events: []redshift.LoadEvent{}, CarrierFiles: []redshift.CarrierFile{}, LoadFiles: []redshift.LoadFile{}}
	l.Attempts.Items = []redshift.ValidationAttempt{}
	l.History = history{[]trino.Callback{}, []trino.LoadFile{}, []trino.Location{}, []logs.Record{}}
	if err := l.askLoad(ctx, q, c); err != nil {
		return nil, err
	}
	l.Window = l.lifetime(now, q)
	l.askRedshift(ctx, q, c.redshift)
	l.askTrino(ctx, q, c.trino)
	q.Wait()
	l.History.turn()
	l.Days = l.History.days()
	l.Asked, l.NotSeen = q.Account()
	return l, cmp.Or(context.Cause(ctx), l.blind())
}

// blind is the error of a report of which no question had an answer.
func (l *life) blind() error {
	for _, a := range l.Asked {
		if a.Outcome != command.Skipped && a.Outcome != base.Failed.String() {
			return nil
		}
	}
	return errors.New("nothing could be told of the load: no question had an answer; see Not seen in the report")
}

// askLoad compares what the sources say that the load is. Where none could be asked, the rest goes on without it.
func (l *life) askLoad(ctx context.Context, q *command.Inquiry, c *clients) error {
	sources := c.loads()
	if len(sources) == 0 {
		q.Skip("tracking, redshift", "FK_API_APP_ID and REDSHIFT_HOST are not set", aboutLoad)
		return nil
	}
	if c.tracking == nil {
		q.Skip("tracking", "FK_API_APP_ID is not set", aboutLoad)
	}
	answer, err := evidence.CompareLoadMetadata(ctx, l.TrackingID, sources...)
	if errors.Is(err, base.ErrNotFound) || ctx.Err() != nil {
		return err
	}
	report := answer.Report()
	for _, s := range report.Steps {
		step(q, s)
	}
	if err == nil {
		l.Load = &report
	}
	return nil
}

// step takes over how a source did with the question what the load is.
func step(q *command.Inquiry, s evidence.LoadStep) {
	row := command.Asked{
		Source: s.Source, Question: aboutLoad, Outcome: s.Outcome, ElapsedMS: s.ElapsedMS, Calls: s.Calls, Attempts: s.Attempts,
		Age: s.Age, Reason: s.Reason,
	}
	if s.Outcome == base.Data.String() {
		row.Found = 1
	}
	q.Add(&row)
	if !row.Whole() {
		q.Unseen("%s: %s: %s", s.Source, aboutLoad, s.Reason)
	}
	q.Say("%s: %s: %s after %d ms", s.Source, aboutLoad, s.Outcome, s.ElapsedMS)
}

// lifetime is from an hour before the load was created to an hour after it ended, or to now.
func (l *life) lifetime(now time.Time, q *command.Inquiry) base.Window {
	w := base.Window{From: now.Add(-withoutStart), To: now}
	if l.Load != nil {
		load := l.Load.Load
		if end := latest(load.DeliveredAt, load.TerminatedAt); !end.IsZero() {
			w.To = end.Add(around)
		}
		if !load.CreatedAt.IsZero() {
			w.From = load.CreatedAt.Add(-around)
		}
	}
	if l.Load == nil || l.Load.Load.CreatedAt.IsZero() {
		w.From = w.To.Add(-withoutStart)
		q.Unseen("events and history before %s: no source tells when the load was created", w.From.UTC().Format(time.DateTime))
	}
	if !w.To.After(w.From) {
		w.To = now
	}
	if w.Duration() > longest {
		w.From = w.To.Add(-longest)
		q.Unseen("events and history before %s: the load is older than the %d days that are looked back on", w.From.UTC().Format(time.DateTime), int(longest.Hours()/24))
	}
	return base.Window{From: w.From.UTC(), To: w.To.UTC()}
}

func latest(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// numbers are how a file may name the load.
func (l *life) numbers() []string {
	if l.Load == nil {
		return nil
	}
	load := l.Load.Load
	all := append([]string{load.LoadNumber, load.PRONumber, load.BOLNumber}, load.ReferenceNumbers...)
	all = slices.DeleteFunc(all, func(s string) bool { return strings.TrimSpace(s) == "" })
	slices.Sort(all)
	return slices.Compact(all)
}

// parties are the permalinks of shipper and carrier.
func (l *life) parties() (shipper, carrier string) {
	if l.Load == nil {
		return "", ""
	}
	return l.Load.Load.Shipper.ID, l.Load.Load.Carrier.ID
}

func (l *life) askRedshift(ctx context.Context, q *command.Inquiry, c *redshift.Client) {
	if c == nil {
		q.Skip("redshift", "REDSHIFT_HOST is not set", aboutStops, aboutEvents, aboutAttempts, aboutCarrierFiles, aboutLoadFiles, aboutRelationship)
		return
	}
	ask := func(about string, run func(context.Context) (int, error)) { q.Start(ctx, c.Name(), about, run) }
	ask(aboutStops, func(ctx context.Context) (int, error) { return into(&l.Stops)(c.Stops(ctx, l.TrackingID)) })
	ask(aboutEvents, func(ctx context.Context) (int, error) {
		return into(&l.Events)(base.Collect(c.LoadEvents(ctx, redshift.EventsQuery{TrackingID: l.TrackingID, Window: l.Window, Limit: most})))
	})
	ask(aboutAttempts, func(ctx context.Context) (int, error) { return l.askAttempts(ctx, c) })
	ask(aboutLoadFiles, func(ctx context.Context) (int, error) { return into(&l.LoadFiles)(c.LoadFiles(ctx, l.TrackingID)) })
	if numbers := l.numbers(); len(numbers) == 0 {
		q.Skip(c.Name(), "no source gives a number of the load, by which carriers name it", aboutCarrierFiles)
	} else {
		ask(aboutCarrierFiles, func(ctx context.Context) (int, error) {
			return into(&l.CarrierFiles)(c.CarrierFiles(ctx, redshift.CarrierFilesQuery{Identifiers: numbers}))
		})
	}
	if shipper, carrier := l.parties(); shipper == "" || carrier == "" {
		q.Skip(c.Name(), "no source gives the permalinks of both shipper and carrier", aboutRelationship)
	} else {
		ask(aboutRelationship, func(ctx context.Context) (int, error) { return l.askRelationship(ctx, c, shipper, carrier) })
	}
}

// into puts a list into its place, also one that is not whole, and counts it.
func into[T any](place *[]T) func([]T, error) (int, error) {
	return func(all []T, err error) (int, error) {
		if len(all) > 0 {
			*place = all
		}
		return len(all), err
	}
}

// askAttempts also asks by the number: an attempt of which no load came has no tracking id.
func (l *life) askAttempts(ctx context.Context, c *redshift.Client) (int, error) {
	query := redshift.AttemptsQuery{TrackingID: l.TrackingID}
	if l.Load != nil {
		query.LoadNumber = l.Load.Load.LoadNumber
	}
	found, err := c.ValidationAttempts(ctx, query)
	if err != nil {
		return 0, err
	}
	l.Attempts = found
	if found.Outcome == base.Truncated {
		err = base.NewIncomplete(base.Truncated, c.Name(), "ValidationAttempts", int64(len(found.Items)), "older attempts were not read", nil)
	}
	return len(found.Items), err
}

func (l *life) askRelationship(ctx context.Context, c *redshift.Client, shipper, carrier string) (int, error) {
	found, err := c.Relationship(ctx, shipper, carrier)
	if err != nil {
		return 0, fmt.Errorf("%s and %s: %w", shipper, carrier, err)
	}
	l.Relationship = &found
	return len(found.Company) + len(found.Network), nil
}

func (l *life) askTrino(ctx context.Context, q *command.Inquiry, c *trino.Client) {
	if c == nil {
		q.Skip("trino", "TRINO_HOST is not set", aboutCallbacks, aboutHistoryFiles, aboutLocations, aboutLogs)
		return
	}
	h, files := &l.History, trino.FilesOptions{TrackingID: l.TrackingID, Window: l.Window, Limit: most} // the newest, where there are more
	ask := func(about string, run func(context.Context) (int, error)) { q.Start(ctx, c.Name(), about, run) }
	ask(aboutCallbacks, func(ctx context.Context) (int, error) {
		o := trino.CallbacksOptions{Window: l.Window, TrackingID: l.TrackingID, Limit: most}
		return into(&h.Callbacks)(base.Collect(c.Callbacks(ctx, o)))
	})
	ask(aboutHistoryFiles, func(ctx context.Context) (int, error) {
		return into(&h.LoadFiles)(base.Collect(c.LoadFiles(ctx, files)))
	})
	ask(aboutLocations, func(ctx context.Context) (int, error) {
		return into(&h.Locations)(base.Collect(c.LocationProcessing(ctx, files)))
	})
	ask(aboutLogs, func(ctx context.Context) (int, error) {
		return into(&h.Logs)(base.Collect(c.Logs(ctx, logs.Query{Window: l.Window, TrackingID: l.TrackingID, Limit: most})))
	})
}

// day is what one day of the history has.
type day struct {
	Date         string `json:"date"`
	Delivered    int    `json:"callbacks_delivered"`
	NotDelivered int    `json:"callbacks_not_delivered"`
	LoadFiles    int    `json:"load_files"`
	Locations    int    `json:"location_steps"`
	Lines        int    `json:"log_lines"`
	Warnings     int    `json:"log_warnings"` // of the lines: warnings and worse
}

// turn puts the oldest first.
func (h *history) turn() {
	slices.Reverse(h.Callbacks)
	slices.Reverse(h.LoadFiles)
	slices.Reverse(h.Locations)
	slices.Reverse(h.Logs)
}

// days counts the history by day. A day without anything is not among them.
func (h history) days() []day {
	all := map[string]*day{}
	of := func(date string) *day {
		if all[date] == nil {
			all[date] = &day{Date: date}
		}
		return all[date]
	}
	for _, c := range h.Callbacks {
		if c.Delivered {
			of(c.Date).Delivered++
		} else {
			of(c.Date).NotDelivered++
		}
	}
	for _, f := range h.LoadFiles {
		of(f.Date).LoadFiles++
	}
	for _, one := range h.Locations {
		of(one.Date).Locations++
	}
	for _, r := range h.Logs {
		d := of(r.Time.UTC().Format(time.DateOnly))
		d.Lines++
		if r.Severity >= logs.SeverityWarn {
			d.Warnings++
		}
	}
	days := make([]day, 0, len(all))
	for _, d := range all {
		days = append(days, *d)
	}
	slices.SortFunc(days, func(a, b day) int { return strings.Compare(a.Date, b.Date) })
	return days
}
