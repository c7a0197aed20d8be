package evidence_test

import (
	"context"
	"fmt"
	"iter"
	"testing"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/logs"
	"github.com/fourkites/sources/evidence"
)

// madeUp yields n records of 60 kinds of line, a third of each form of body.
type madeUp int

func (madeUp) Name() string { return "made up" }

func (n madeUp) Logs(context.Context, logs.Query) iter.Seq2[logs.Record, error] {
	return func(yield func(logs.Record, error) bool) {
		for i := range int(n) {
			kind, id := i%20, 482900000+i
			body := fmt.Sprintf("2026-03-04 12:00:%02d.123 INFO Worker%c#%d load %d of carrier swift moved from 10.0.%d.1 in %dms", i%60, 'A'+kind, kind+1, id, i%200, i%900)
			switch i % 3 {
			case 1:
				body = fmt.Sprintf(`{"level":"info","msg":"step %c done","site":"Step%c#%d","load_id":%d,"took_ms":%d}`, 'a'+kind, 'A'+kind, kind+1, id, i%900)
			case 2:
				body = fmt.Sprintf(`[0a1b2c3d4e5f] {"event"=>"record_%c", "tracking_id"=>"%d", "row"=>%d, "ok"=>true}`, 'a'+kind, id, i%900)
			}
			if !yield(logs.Record{Time: noon, Service: "worker", Body: body}, nil) {
				return
			}
		}
	}
}

func BenchmarkLogPatterns(b *testing.B) {
	const records = 10_000
	b.ReportAllocs()
	for b.Loop() {
		p, err := evidence.LogPatterns(b.Context(), madeUp(records), logs.Query{Window: base.Around(noon, 1, 1)}, evidence.PatternOptions{})
		if err != nil || p.Distinct > 100 {
			b.Fatal(p.Distinct, err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*records), "ns/record")
}
