package basetest

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"runtime/pprof"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"

	"github.com/fourkites/sources/base"
)

// watch gives a row a harness whose clients are listened to, and checks at the end of the row what every row promises:
// no secret in a log, a span or a measurement, no connection and no goroutine left of a closed client.
func watch(t testing.TB, h Harness) Harness {
	label := strconv.FormatInt(watched.Add(1), 10)
	pprof.SetGoroutineLabels(pprof.WithLabels(t.Context(), pprof.Labels(labelKey, label))) // who is started from here inherits it
	said := &capture{}
	h.plant()
	t.Cleanup(func() { // the last of all
		pprof.SetGoroutineLabels(context.Background())
		h.search(t, "a log, a span or a measurement", said.String())
		if !soon(func() bool { return labelled(label) == "" }) {
			t.Errorf("goroutines are left:\n%s", labelled(label))
		}
	})
	fresh := h.New
	h.New = func(t testing.TB, s Settings) Subject {
		s.Options = append([]base.Option{
			base.WithLogger(slog.New(slog.NewJSONHandler(said, &slog.HandlerOptions{Level: slog.LevelDebug}))), base.WithTracerProvider(said),
			base.WithMeterProvider(meters{said: said}),
		}, s.Options...)
		subject := fresh(t, s)
		t.Cleanup(func() { // before the fake is closed
			_ = subject.Client.Close() // a row may have left calls running
			eventually(t, "the connections of the closed client are closed", func() bool { return subject.Fake.Connections() == 0 })
		})
		return subject
	}
	return h
}

const labelKey = "basetest"

var watched atomic.Int64

// labelled is the stacks of the running goroutines that were started by the row of that label.
func labelled(label string) string {
	var all bytes.Buffer
	_ = pprof.Lookup("goroutine").WriteTo(&all, 1) // a buffer takes everything
	var found strings.Builder
	for record := range strings.SplitSeq(all.String(), "\n\n") {
		if strings.Contains(record, fmt.Sprintf("%q:%q", labelKey, label)) {
			found.WriteString(record + "\n")
		}
	}
	return found.String()
}

// capture keeps what a client logs and traces.
type capture struct {
	noop.TracerProvider
	mu   sync.Mutex
	text bytes.Buffer
}

// maxCapture bounds what is kept of one row.
const maxCapture = 16 << 20

func (c *capture) say(all ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.text.Len() < maxCapture {
		fmt.Fprintln(&c.text, all...)
	}
}

// String is all that was captured.
func (c *capture) String() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.text.String()
}

// Write takes what a logger writes.
func (c *capture) Write(b []byte) (int, error) {
	c.say(string(b))
	return len(b), nil
}

// Tracer gives spans that are captured.
func (c *capture) Tracer(string, ...trace.TracerOption) trace.Tracer { return tracer{said: c} }

type tracer struct {
	noop.Tracer
	said *capture
}

func (t tracer) Start(ctx context.Context, name string, opts ...trace.SpanStartOption) (context.Context, trace.Span) {
	config := trace.NewSpanStartConfig(opts...)
	t.said.say(name, config.Attributes())
	s := &span{said: t.said}
	return trace.ContextWithSpan(ctx, s), s
}

type span struct {
	noop.Span
	said *capture
}

func (s *span) IsRecording() bool                                { return true }
func (s *span) SetName(name string)                              { s.said.say(name) }
func (s *span) SetStatus(_ codes.Code, text string)              { s.said.say(text) }
func (s *span) SetAttributes(all ...attribute.KeyValue)          { s.said.say(all) }
func (s *span) RecordError(err error, opts ...trace.EventOption) { s.AddEvent(err.Error(), opts...) }

func (s *span) AddEvent(name string, opts ...trace.EventOption) {
	config := trace.NewEventConfig(opts...)
	s.said.say(name, config.Attributes())
}
