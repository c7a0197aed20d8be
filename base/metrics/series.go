// Package metrics is the vocabulary of measurements over time that sources of metrics share.
package metrics

import (
	"context"
	"iter"
	"time"

	"github.com/fourkites/sources/base"
)

// Point is one measurement. Value may be NaN where the source holds one; it is never turned into zero.
type Point struct {
	Time   time.Time         `json:"time"`
	Metric string            `json:"metric"`
	Labels map[string]string `json:"labels,omitempty"` // service.name, k8s.pod.name, and what else the source holds
	Value  float64           `json:"value"`
}

// Query says which points are wanted. Window is required; an empty Metric means all.
type Query struct {
	Window base.Window       `json:"window"`
	Metric string            `json:"metric,omitempty"`
	Labels map[string]string `json:"labels,omitempty"`
	Limit  int               `json:"limit,omitempty"` // points; 0 = the client's default, negative = none
}

// Source answers metric queries, oldest first within a series. The sequence ends without an error only when
// everything that matched was yielded.
type Source interface {
	Name() string
	Metrics(ctx context.Context, q Query) iter.Seq2[Point, error]
}
