package base

import (
	"context"
	"slices"
	"sync"
	"time"
)

// Stats is what answering cost and how much of the question was covered. Counts of several calls add up.
type Stats struct {
	Source    string        `json:"source,omitempty"`
	Op        string        `json:"op,omitempty"`
	QueryID   string        `json:"query_id,omitempty"` // of the last call
	Calls     int           `json:"calls,omitempty"`
	Attempts  int           `json:"attempts,omitempty"`
	Rows      int64         `json:"rows,omitempty"`       // handed out
	RowsRead  int64         `json:"rows_read,omitempty"`  // by the source
	BytesRead int64         `json:"bytes_read,omitempty"` // by the source
	Elapsed   time.Duration `json:"elapsed_ns,omitempty"`
	Cost      float64       `json:"cost_usd,omitempty"` // what the source charges, in US dollars, where it charges by the question
	Asked     Window        `json:"asked,omitzero"`     // the window asked for
	Covered   Window        `json:"covered,omitzero"`   // the part of it that was looked at; of several calls, from the first to the last
	// Age is how old the answer may be: what happened in this time before the call may be missing. Of several calls it is
	// that of the oldest answer. 0 = as of the call, as far as the source tells.
	Age   time.Duration `json:"age_ns,omitempty"`
	Notes []string      `json:"notes,omitempty"` // what a reader of the answer must know, such as a lag or a limit that the server does not hold
}

// Add joins the stats of another call to these: counts add up, windows grow to cover both, words of the later call
// stand, and so does the greater age. The same note stands once.
func (s *Stats) Add(o Stats) {
	pickLast(&s.Source, o.Source)
	pickLast(&s.Op, o.Op)
	pickLast(&s.QueryID, o.QueryID)
	s.Calls += o.Calls
	s.Attempts += o.Attempts
	s.Rows += o.Rows
	s.RowsRead += o.RowsRead
	s.BytesRead += o.BytesRead
	s.Elapsed += o.Elapsed
	s.Cost += o.Cost
	s.Asked = union(s.Asked, o.Asked)
	s.Covered = union(s.Covered, o.Covered)
	s.Age = max(s.Age, o.Age)
	for _, note := range o.Notes {
		if !slices.Contains(s.Notes, note) {
			s.Notes = append(s.Notes, note)
		}
	}
}

func pickLast(field *string, value string) {
	if value != "" {
		*field = value
	}
}

func union(a, b Window) Window {
	switch {
	case a.IsZero():
		return b
	case b.IsZero():
		return a
	}
	if b.From.Before(a.From) {
		a.From = b.From
	}
	if b.To.After(a.To) {
		a.To = b.To
	}
	return a
}

type statsKey struct{}

// gathering is WithStats for a caller that does not know whether all calls have ended when it reads: gathered gives what
// was added until then.
func gathering(ctx context.Context) (_ context.Context, gathered func() Stats) {
	var s Stats
	outer, _ := ctx.Value(statsKey{}).(*collector)
	c := &collector{stats: &s, outer: outer}
	return context.WithValue(ctx, statsKey{}, c), func() Stats {
		c.mu.Lock()
		defer c.mu.Unlock()
		now := s
		now.Notes = slices.Clone(s.Notes)
		return now
	}
}

// collector guards the caller's Stats against calls that run side by side.
type collector struct {
	mu    sync.Mutex
	stats *Stats
	outer *collector
}

// WithStats returns a context under which every call adds its Stats to s. Read s when the calls have returned and the
// loops have ended. Contexts nest: an inner one adds to the outer too. With a nil s the context stays as it is.
func WithStats(ctx context.Context, s *Stats) context.Context {
	if s == nil {
		return ctx
	}
	outer, _ := ctx.Value(statsKey{}).(*collector)
	return context.WithValue(ctx, statsKey{}, &collector{stats: s, outer: outer})
}

// AddStats reports what one call of a source learned of its answer: rows, bytes, query id, windows, notes. The guard adds
// the call itself: Source, Op, Calls, Attempts and Elapsed.
func AddStats(ctx context.Context, s Stats) {
	if to, ok := ctx.Value(statsKey{}).(*collector); ok {
		to.add(s)
	}
}

func (c *collector) add(s Stats) {
	for ; c != nil; c = c.outer {
		c.mu.Lock()
		c.stats.Add(s)
		c.mu.Unlock()
	}
}
