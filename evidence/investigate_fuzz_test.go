package evidence_test

import (
	"encoding/binary"
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/logs"
	"github.com/fourkites/sources/base/metrics"
	"github.com/fourkites/sources/base/traces"
	"github.com/fourkites/sources/evidence"
	"github.com/fourkites/sources/internal/incident"
)

// tangled makes spans, lines and points of bytes: parents may be missing or run in circles, times may run backwards,
// values may be no numbers.
func tangled(data []byte) incident.Case {
	c := incident.Case{Window: base.Window{From: noonUTC, To: noonUTC.Add(time.Minute)}}
	for len(data) >= 8 {
		b := data[:8]
		data = data[8:]
		at := noonUTC.Add(time.Duration(int8(b[1])) * time.Second)
		trace, span, service := fmt.Sprint("t", b[2]%16), fmt.Sprint("s", b[3]%16), fmt.Sprint("service-", b[4]%5)
		switch b[0] % 4 {
		case 0, 1:
			parent := ""
			if b[5]%5 > 0 {
				parent = fmt.Sprint("s", b[5]%16)
			}
			c.Spans = append(c.Spans, traces.Span{
				TraceID: trace, SpanID: span, ParentID: parent, Service: service, Name: fmt.Sprint("op", b[6]%4), Start: at,
				Duration: time.Duration(int8(b[7])) * 100 * time.Millisecond, Failed: b[7]%7 == 0,
			})
		case 2:
			c.Logs = append(c.Logs, logs.Record{
				Time: at, Service: service, TraceID: trace, SpanID: span, Severity: logs.Severity(b[6] % 25),
				Body: fmt.Sprintf("a.B#%d of service-%d Exception %x", b[5]%6, b[7]%5, b[5:]),
			})
		case 3:
			value := math.Float64frombits(binary.BigEndian.Uint64(b))
			c.Metrics = append(c.Metrics, metrics.Point{
				Time: at, Metric: []string{"cpu_percent", "latency_p90", "cpu", "x"}[b[5]%4], Value: value,
				Labels: map[string]string{incident.ServiceKey: service, incident.PodKey: service + "-1"},
			})
		}
	}
	return c
}

func FuzzInvestigateTangledTraces(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte("0123456789abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxyz"))
	seed := make([]byte, 0, 800)
	for i := range 800 {
		seed = append(seed, byte(i*i*31>>3))
	}
	f.Add(seed)
	f.Fuzz(func(t *testing.T, data []byte) {
		c := tangled(data[:min(len(data), 8000)])
		past := c
		past.Window = base.Window{From: noonUTC.Add(-2 * time.Minute), To: noonUTC}
		m := memory{"m", c}
		all := evidence.Sources{Logs: m, Traces: m, Metrics: m}
		r, err := evidence.Investigate(t.Context(), evidence.Incident{Window: c.Window, Baseline: past.Window}, all)
		if err != nil {
			t.Fatal(err)
		}
		known := map[string]bool{}
		for _, item := range r.Evidence {
			known[item.ID] = true
		}
		for _, cause := range r.Causes {
			if !(cause.Confidence >= 0 && cause.Confidence <= 1) || cause.Service == "" || cause.Onset.IsZero() {
				t.Errorf("%+v", cause)
			}
			for _, id := range append(append([]string{}, cause.Evidence...), cause.Compared...) {
				if !known[id] {
					t.Errorf("%s cites %s, which is not there", cause.Service, id)
				}
			}
		}
		if _, err := evidence.TraceAnomalies(t.Context(), m, c.Window, past.Window, evidence.AnomalyOptions{}); err != nil {
			t.Fatal(err)
		}
	})
}
