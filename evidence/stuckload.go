package evidence

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/fkapi"
)

// StuckLoadQuestion names a load that does not get on.
type StuckLoadQuestion struct {
	TrackingID string // digits; required
	// Window is what logs and traces are looked at in. Zero: from an hour before the load was created to an hour after it
	// was terminated, or to Now; where the load cannot be read, the last seven days.
	Window   base.Window
	Shipper  string    // permalink; empty: that of the load
	Carrier  string    // permalink; empty: that of the load
	Now      time.Time // zero: time.Now
	Progress Progress
}

// StuckLoadReport says why a load does not get on. Its JSON form is that of Report with more fields.
type StuckLoadReport struct {
	Report
	TrackingID string                  `json:"tracking_id"`
	Headline   string                  `json:"headline"`          // Conclusion in a few words
	Conclusion string                  `json:"conclusion"`        // the answer in a sentence, also where there is no cause
	Load       *Sourced[fkapi.Load]    `json:"load,omitempty"`    // nil where no source gave it
	Network    *Sourced[fkapi.Network] `json:"network,omitempty"` // nil where no source gave it
	Patterns   []Pattern               `json:"patterns"`          // of the log lines that name the load
	Timeline   []TimelineEntry         `json:"timeline"`          // oldest first
	Next       []string                `json:"next,omitempty"`    // what a person should look at or do next
}

// Sourced is a value with who gave it.
type Sourced[T any] struct {
	Value    T      `json:"value"`
	Source   string `json:"source"`
	Degraded string `json:"degraded,omitempty"` // what the value lacks, as it came from a lesser source
}

// TimelineEntry is something that happened to a load, or is expected to.
type TimelineEntry struct {
	At       time.Time `json:"at"`
	Source   string    `json:"source"` // the client that says so
	Service  string    `json:"service,omitempty"`
	What     string    `json:"what"`
	Times    int64     `json:"times,omitempty"`    // how often, where it is more than once; What says so too
	Until    time.Time `json:"until,omitzero"`     // the last of these times; it has an entry of its own where it is a warning
	Expected bool      `json:"expected,omitempty"` // planned or foreseen, not seen
	Evidence string    `json:"evidence,omitempty"` // id of the Item
}

const opStuckLoad = "StuckLoad"

// StuckLoad finds why a load does not get on, in the order of a person who knows: what the load is, whether the network
// lets its carrier be tracked for its shipper, what the logs that name it say, and the traces that those logs belong to.
// What does not depend on one another is asked side by side.
//
// A source that fails or is missing leaves its part out, and the report says so; the verdict is given if what is left
// carries it. The error is base.ErrNotFound where every source of loads was asked and none knows the load, and
// base.ErrInvalid where the question makes no sense or a source is a nil client. When the context is canceled, the error says so; when its deadline
// passes, the report tells what was seen until then.
func StuckLoad(ctx context.Context, question StuckLoadQuestion, sources Sources) (StuckLoadReport, error) {
	if err := question.check(); err != nil {
		return StuckLoadReport{}, err
	}
	if err := sources.check(opStuckLoad); err != nil {
		return StuckLoadReport{}, err
	}
	c := newStuckCase(question, sources)
	if err := c.gather(ctx); err != nil {
		return StuckLoadReport{}, err
	}
	if errors.Is(ctx.Err(), context.Canceled) {
		e := base.NewError(base.KindCanceled, context.Cause(ctx))
		e.Source, e.Op = "evidence", opStuckLoad
		return StuckLoadReport{}, e
	}
	return c.report(ctx), nil
}

func (q StuckLoadQuestion) check() error {
	switch {
	case q.TrackingID == "":
		return base.Invalid("evidence", opStuckLoad, "tracking_id: missing")
	case len(q.TrackingID) > 20 || !allBytes(q.TrackingID, isDigit):
		return base.Invalid("evidence", opStuckLoad, "tracking_id: not a tracking id, which is made of at most 20 digits; a load number is another thing")
	case q.Window.IsZero():
		return nil
	}
	if err := q.Window.Validate(); err != nil {
		return base.Invalid("evidence", opStuckLoad, "%s", err)
	}
	return nil
}

// stuckCase is what is known of a stuck load in the course of the question.
type stuckCase struct {
	question StuckLoadQuestion
	sources  Sources
	inquiry  *inquiry
	now      time.Time
	window   base.Window

	load     *Sourced[fkapi.Load]
	network  *Sourced[fkapi.Network]
	lines    []stuckLine // oldest first
	spans    []spanOf    // oldest first
	patterns []Pattern   // of the lines
}

func newStuckCase(question StuckLoadQuestion, sources Sources) *stuckCase {
	c := &stuckCase{
		question: question, sources: sources, now: question.Now, window: question.Window,
		inquiry: newInquiry(question.Window, question.Progress),
	}
	if c.now.IsZero() {
		c.now = time.Now()
	}
	return c
}

// gather asks all sources. What can be asked without knowing the load does not wait for it.
func (c *stuckCase) gather(ctx context.Context) error {
	var others sync.WaitGroup
	defer others.Wait()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil) // an unknown load ends the other questions
	early := !c.window.IsZero()
	if early {
		others.Go(func() { c.askTelemetry(ctx) })
	}
	named := c.question.Shipper != "" && c.question.Carrier != ""
	if named {
		others.Go(func() { c.askNetwork(ctx, c.question.Shipper, c.question.Carrier) })
	}
	if err := c.askLoad(ctx); err != nil {
		return err
	}
	if !early {
		c.window = c.lifetime()
		c.inquiry.about(c.window)
		others.Go(func() { c.askTelemetry(ctx) })
	}
	if shipper, carrier := c.parties(); !named {
		others.Go(func() { c.askNetwork(ctx, shipper, carrier) })
	}
	others.Wait()
	return nil
}

// lifetime is the window that the load's own times give.
func (c *stuckCase) lifetime() base.Window {
	if c.load == nil || c.load.Value.CreatedAt.IsZero() {
		c.inquiry.unseen("logs and traces older than seven days: when the load was created is not known")
		return base.Around(c.now, 7*24*time.Hour, 0)
	}
	load := c.load.Value
	w := base.Window{From: load.CreatedAt.Add(-time.Hour).UTC(), To: c.now.UTC()}
	if !load.TerminatedAt.IsZero() {
		w.To = load.TerminatedAt.Add(time.Hour).UTC()
	}
	if !w.To.After(w.From) { // clocks that differ, or a load of the future
		w.To = w.From.Add(2 * time.Hour)
	}
	return w
}

// parties are the shipper and the carrier of the question, or else of the load.
func (c *stuckCase) parties() (shipper, carrier string) {
	shipper, carrier = c.question.Shipper, c.question.Carrier
	if c.load != nil {
		if shipper == "" {
			shipper = c.load.Value.Shipper.ID
		}
		if carrier == "" {
			carrier = c.load.Value.Carrier.ID
		}
	}
	return shipper, carrier
}
