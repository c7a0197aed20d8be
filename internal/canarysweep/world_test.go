package canarysweep_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"

	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/secret"
	"github.com/fourkites/sources/internal/canary"
)

// world is everything that listens to one client.
type world struct {
	set    *canary.Set
	logs   output
	spans  *tracetest.SpanRecorder
	reader *metric.ManualReader

	mu    sync.Mutex
	leaks map[string]bool // by where and form, so that one leak is told once
	order []string

	redacted int // texts of which a secret was taken out
	given    []base.Option
}

func newWorld(name string) *world {
	w := &world{set: canary.New(name), spans: tracetest.NewSpanRecorder(), reader: metric.NewManualReader(), leaks: map[string]bool{}}
	w.given = []base.Option{
		base.WithLogger(w.logger()), base.WithTracerProvider(trace.NewTracerProvider(trace.WithSpanProcessor(w.spans))),
		base.WithMeterProvider(metric.NewMeterProvider(metric.WithReader(w.reader))),
	}
	return w
}

// output is what loggers write, from any goroutine.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(b)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

func (w *world) logger() *slog.Logger {
	all := &slog.HandlerOptions{Level: slog.LevelDebug - 4, AddSource: true}
	return slog.New(slog.NewMultiHandler(slog.NewJSONHandler(&w.logs, all), slog.NewTextHandler(&w.logs, all)))
}

func (w *world) options() []base.Option { return slices.Clone(w.given) }

// text searches a text.
func (w *world) text(where, text string) { w.note(w.set.Sweep(where, text)) }

// value searches a value in every way to print it, an error with all below it.
func (w *world) value(where string, v any) {
	if v == nil {
		return
	}
	if err, ok := v.(error); ok && strings.Contains(err.Error(), secret.Redacted) {
		w.mu.Lock()
		w.redacted++
		w.mu.Unlock()
	}
	w.note(w.set.SweepValue(where, v))
}

func (w *world) note(leaks []canary.Leak) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, l := range leaks {
		if key := l.Where + l.Form + l.Field; !w.leaks[key] {
			w.leaks[key] = true
			w.order = append(w.order, l.String())
		}
	}
}

// telemetry searches what was logged, traced and measured.
func (w *world) telemetry() {
	w.text("the log", w.logs.String())
	for _, span := range tracetest.SpanStubsFromReadOnlySpans(w.spans.Ended()) {
		text := fmt.Sprintf("%s %+v %v", span.Name, span.Status, span.Attributes)
		for _, event := range span.Events {
			text += fmt.Sprintf("\n%s %v", event.Name, event.Attributes)
		}
		w.text("a span", text)
	}
	var measured metricdata.ResourceMetrics
	if err := w.reader.Collect(context.Background(), &measured); err != nil {
		w.note([]canary.Leak{{Where: "the metrics: " + err.Error()}})
	}
	encoded, _ := json.Marshal(measured)
	w.text("a metric", fmt.Sprintf("%+v\n%s", measured, encoded))
}

// verdict fails the test for every leak.
func (w *world) verdict(t *testing.T) {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, leak := range w.order {
		t.Error(leak)
	}
	total.add(w.set.Tally())
}

// sum is the tally of all worlds.
type sum struct {
	mu  sync.Mutex
	all canary.Tally
}

var total sum

func (s *sum) add(t canary.Tally) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all.Secrets += t.Secrets
	s.all.Fields += t.Fields
	s.all.Texts += t.Texts
	s.all.Bytes += t.Bytes
	s.all.Found += t.Found
}
