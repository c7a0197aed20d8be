// Package traces is the vocabulary of spans that sources of distributed traces share.
package traces

import (
	"context"
	"iter"
	"time"

	"github.com/fourkites/sources/base"
)

// Span is one operation of one service within a trace.
type Span struct {
	TraceID       string            `json:"trace_id"`
	SpanID        string            `json:"span_id"`
	ParentID      string            `json:"parent_id,omitempty"` // empty for a root
	Service       string            `json:"service"`
	Name          string            `json:"name"`
	Kind          string            `json:"kind,omitempty"` // Server, Client, Internal, Producer, Consumer
	Start         time.Time         `json:"start"`
	Duration      time.Duration     `json:"duration_ns"`
	Failed        bool              `json:"failed,omitempty"`
	StatusMessage string            `json:"status_message,omitempty"`
	Attributes    map[string]any    `json:"attributes,omitempty"` // string, float64 or bool
	Resources     map[string]string `json:"resources,omitempty"`
}

// End is the instant at which the span ended.
func (s Span) End() time.Time { return s.Start.Add(s.Duration) }

// Query says which spans are wanted. Every condition that is set must hold. Window is required unless TraceID is set.
type Query struct {
	Window      base.Window       `json:"window"`
	Services    []string          `json:"services,omitempty"`
	Name        string            `json:"name,omitempty"`
	TraceID     string            `json:"trace_id,omitempty"`
	Failed      bool              `json:"failed,omitempty"`       // only spans that failed
	MinDuration time.Duration     `json:"min_duration,omitempty"` // zero = any
	MaxDuration time.Duration     `json:"max_duration,omitempty"` // zero = any
	Attributes  map[string]string `json:"attributes,omitempty"`
	Limit       int               `json:"limit,omitempty"` // rows; 0 = the client's default, negative = none
}

// Source answers span queries, newest first. The sequence ends without an error only when everything that matched
// was yielded.
type Source interface {
	Name() string
	Spans(ctx context.Context, q Query) iter.Seq2[Span, error]
}
