package traces_test

import (
	"context"
	"fmt"
	"iter"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/traces"
)

// spans is a source of spans in memory.
type spans []traces.Span

func (spans) Name() string { return "memory" }

func (s spans) Spans(_ context.Context, q traces.Query) iter.Seq2[traces.Span, error] {
	return func(yield func(traces.Span, error) bool) {
		for _, span := range s {
			if q.Window.Contains(span.Start) && span.Failed == q.Failed && !yield(span, nil) {
				return
			}
		}
	}
}

func ExampleSource() {
	noon := time.Date(2025, 3, 4, 12, 0, 0, 0, time.UTC)
	var source traces.Source = spans{
		{TraceID: "t1", SpanID: "a", Service: "billing", Name: "charge", Start: noon, Duration: 1500 * time.Millisecond, Failed: true},
		{TraceID: "t2", SpanID: "b", Service: "billing", Name: "charge", Start: noon, Duration: time.Millisecond},
	}
	for span, err := range source.Spans(context.Background(), traces.Query{Window: base.Around(noon, 0, time.Minute), Failed: true}) {
		fmt.Println(span.TraceID, span.Service, span.Name, span.End().Format("15:04:05.000"), err)
	}
	// Output: t1 billing charge 12:00:01.500 <nil>
}
