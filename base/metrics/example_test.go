package metrics_test

import (
	"context"
	"fmt"
	"iter"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/metrics"
)

// series is a source of metrics in memory.
type series []metrics.Point

func (series) Name() string { return "memory" }

func (s series) Metrics(_ context.Context, q metrics.Query) iter.Seq2[metrics.Point, error] {
	return func(yield func(metrics.Point, error) bool) {
		for _, p := range s {
			if q.Window.Contains(p.Time) && (q.Metric == "" || p.Metric == q.Metric) && !yield(p, nil) {
				return
			}
		}
	}
}

func ExampleSource() {
	noon := time.Date(2025, 3, 4, 12, 0, 0, 0, time.UTC)
	var source metrics.Source = series{
		{Time: noon, Metric: "cpu", Labels: map[string]string{"service.name": "billing"}, Value: 0.5},
		{Time: noon.Add(time.Minute), Metric: "cpu", Labels: map[string]string{"service.name": "billing"}, Value: 0.9},
		{Time: noon.Add(time.Hour), Metric: "cpu", Value: 0.1},
	}
	for p, err := range source.Metrics(context.Background(), metrics.Query{Window: base.Around(noon, 0, 5*time.Minute), Metric: "cpu"}) {
		fmt.Println(p.Time.Format(time.TimeOnly), p.Labels["service.name"], p.Value, err)
	}
	// Output:
	// 12:00:00 billing 0.5 <nil>
	// 12:01:00 billing 0.9 <nil>
}
