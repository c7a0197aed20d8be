package base_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"
	tracenoop "go.opentelemetry.io/otel/trace/noop"

	"github.com/fourkites/sources/base"
)

// recorder is a guard whose spans and metrics are kept.
type recorder struct {
	*base.Guard
	spans   *tracetest.SpanRecorder
	tracer  *sdktrace.TracerProvider
	metrics *metric.ManualReader
}

func newRecorder(t *testing.T, limits base.Limits, change ...func(*base.GuardConfig)) *recorder {
	t.Helper()
	r := &recorder{spans: tracetest.NewSpanRecorder(), metrics: metric.NewManualReader()}
	r.tracer = sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(r.spans))
	config := base.GuardConfig{Name: "fake", System: "fakedb", Address: "db.example:9000", Limits: limits}
	for _, c := range change {
		c(&config)
	}
	var err error
	r.Guard, err = base.NewGuard(config, base.Options{
		TracerProvider: r.tracer, MeterProvider: metric.NewMeterProvider(metric.WithReader(r.metrics)),
	})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// one is the only span that has ended, its attributes as text.
func (r *recorder) one(t *testing.T) (sdktrace.ReadOnlySpan, map[string]string) {
	t.Helper()
	ended := r.spans.Ended()
	if len(ended) != 1 || len(r.spans.Started()) != 1 {
		t.Fatalf("%d spans of one call", len(ended))
	}
	return ended[0], texts(ended[0].Attributes())
}

func texts(set []attribute.KeyValue) map[string]string {
	all := map[string]string{}
	for _, kv := range set {
		all[string(kv.Key)] = kv.Value.String()
	}
	return all
}

// measured are the data points by metric, as "count or value {attributes}".
func (r *recorder) measured(t *testing.T) map[string][]string {
	t.Helper()
	var data metricdata.ResourceMetrics
	if err := r.metrics.Collect(t.Context(), &data); err != nil {
		t.Fatal(err)
	}
	all := map[string][]string{}
	for _, scope := range data.ScopeMetrics {
		for _, m := range scope.Metrics {
			all[m.Name] = points(m.Data)
		}
	}
	return all
}

func points(data metricdata.Aggregation) []string {
	var all []string
	point := func(value any, set attribute.Set) {
		all = append(all, fmt.Sprint(value, " ", texts(set.ToSlice())["error.type"]))
	}
	switch d := data.(type) {
	case metricdata.Histogram[float64]:
		for _, p := range d.DataPoints {
			point(p.Count, p.Attributes)
		}
	case metricdata.Sum[int64]:
		for _, p := range d.DataPoints {
			point(p.Value, p.Attributes)
		}
	case metricdata.Gauge[int64]:
		for _, p := range d.DataPoints {
			point(p.Value, p.Attributes)
		}
	case metricdata.Gauge[float64]:
		for _, p := range d.DataPoints {
			point(p.Value, p.Attributes)
		}
	}
	slices.Sort(all)
	return all
}

func TestACallIsOneSpanThoughItTookSeveralAttempts(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRecorder(t, noBreaker(base.Limits{}))
		ctx, parent := r.tracer.Tracer("test").Start(t.Context(), "parent")
		attempts := 0
		_, err := base.Do(ctx, r.Guard, read, func(ctx context.Context) (int, error) {
			if trace.SpanContextFromContext(ctx).TraceID() != parent.SpanContext().TraceID() {
				t.Error("the attempt does not know its trace")
			}
			if attempts++; attempts < 3 {
				return 0, unavailable()
			}
			return 0, nil
		})
		if err != nil {
			t.Fatal(err)
		}
		ended := r.spans.Ended()
		if len(ended) != 1 {
			t.Fatalf("%d spans", len(ended))
		}
		span := ended[0]
		if span.Status().Code != codes.Unset || len(span.Events()) != 0 {
			t.Errorf("a failure that a retry mended is recorded: %v, %v", span.Status(), span.Events())
		}
		if span.Name() != "fake.Read" || span.SpanKind() != trace.SpanKindClient || span.Parent().SpanID() != parent.SpanContext().SpanID() {
			t.Errorf("%s, %s", span.Name(), span.SpanKind())
		}
		if diff := cmp.Diff(map[string]string{
			"rca.source": "fake", "rca.operation": "Read", "server.address": "db.example", "server.port": "9000",
			"db.system.name": "fakedb", "db.operation.name": "Read", "rca.client.call.retries": "2",
		}, texts(span.Attributes())); diff != "" {
			t.Error(diff)
		}
	})
}

func TestAFailedSpanSaysWhyInTheWordsOfItsSystem(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		op   *base.Op
		code string
		want map[string]string
		not  string
	}{
		"database": {&base.Op{Name: "Read", System: base.SystemDB}, "42P01", map[string]string{"error.type": "not found", "db.response.status_code": "42P01"}, "http.response.status_code"},
		"HTTP":     {&base.Op{Name: "Load", System: base.SystemHTTP}, "404", map[string]string{"error.type": "not found", "http.response.status_code": "404"}, "db.response.status_code"},
		"no code":  {&base.Op{Name: "Load", System: base.SystemHTTP}, "tls", map[string]string{"error.type": "not found"}, "http.response.status_code"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRecorder(t, base.Limits{})
			e := base.NewError(base.KindNotFound, errDown)
			e.Code = c.code
			_, _ = base.Do(t.Context(), r.Guard, c.op, fails(e))
			span, got := r.one(t)
			if span.Status().Code != codes.Error || span.Status().Description == "" {
				t.Errorf("%+v", span.Status())
			}
			for key, value := range c.want {
				if got[key] != value {
					t.Errorf("%s is %q, want %q", key, got[key], value)
				}
			}
			if _, ok := got[c.not]; ok {
				t.Errorf("%v", got)
			}
		})
	}
}

func TestEveryEndOfACallEndsItsSpan(t *testing.T) {
	t.Parallel()
	for name, run := range map[string]func(ctx context.Context, g *base.Guard){
		"panic": func(ctx context.Context, g *base.Guard) {
			_, _ = base.Do(ctx, g, read, func(context.Context) (int, error) { panic("x") })
		},
		"left stream": func(ctx context.Context, g *base.Guard) {
			for _, err := range base.Stream(ctx, g, read, func(context.Context) seq { return items(3, nil) }) {
				if err == nil {
					break
				}
			}
		},
		"broken stream": func(ctx context.Context, g *base.Guard) {
			_, _ = base.Collect(base.Stream(ctx, g, read, func(context.Context) seq { return items(3, unavailable()) }))
		},
		"closed": func(ctx context.Context, g *base.Guard) {
			_ = g.Close(ctx)
			_, _ = base.Do(ctx, g, read, answer)
		},
		"foreign loop": func(ctx context.Context, g *base.Guard) { _ = base.Begin(ctx, g, read).End(nil) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRecorder(t, base.Limits{})
			run(t.Context(), r.Guard)
			r.one(t)
		})
	}
}

func TestMetricsTellWhatTheGuardDid(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRecorder(t, base.Limits{Concurrency: 1, Breaker: base.Breaker{MinCalls: 4, OpenFor: base.Duration(time.Hour)}})
		done := make(chan struct{})
		hold := make(chan struct{})
		go func() {
			_, _ = base.Do(t.Context(), r.Guard, read, func(context.Context) (int, error) { <-hold; return 0, nil })
			close(done)
		}()
		synctest.Wait()
		if got := r.measured(t)["rca.client.permit.inflight"]; !cmp.Equal(got, []string{"1 "}) {
			t.Errorf("in flight: %v", got)
		}
		go func() { time.Sleep(2 * time.Second); close(hold) }()
		_, _ = base.Do(t.Context(), r.Guard, read, fails(unavailable())) // waits for its permit; the third attempt opens the breaker
		<-done
		_, _ = base.Do(t.Context(), r.Guard, read, answer)
		if diff := cmp.Diff(map[string][]string{
			"db.client.operation.duration":   {"1 ", "1 circuit open", "1 unavailable"},
			"rca.client.call.retries":        {"2 "},
			"rca.client.call.retry_delay":    {"1 "},
			"rca.client.permit.wait":         {"1 "},
			"rca.client.permit.inflight":     {"0 "},
			"rca.client.breaker.state":       {"1 "},
			"rca.client.retry_budget.tokens": {"7.1 "},
			"rca.client.rejections":          {"2 circuit open"},
		}, r.measured(t)); diff != "" {
			t.Error(diff)
		}
	})
}

func TestDurationsHaveTheNameOfTheirConvention(t *testing.T) {
	t.Parallel()
	for system, name := range map[base.System]string{
		base.SystemHTTP: "http.client.request.duration", base.SystemDB: "db.client.operation.duration",
		base.SystemGenAI: "gen_ai.client.operation.duration", base.SystemMCP: "mcp.client.operation.duration",
	} {
		r := newRecorder(t, base.Limits{})
		_, _ = base.Do(t.Context(), r.Guard, &base.Op{Name: "x", System: system, Attributes: []attribute.KeyValue{attribute.String("kind", "few")}}, answer)
		if got := r.measured(t); !cmp.Equal(got[name], []string{"1 "}) {
			t.Errorf("%s: %v", name, got)
		}
		if _, got := r.one(t); got["kind"] != "few" {
			t.Errorf("the Op's own attributes are missing: %v", got)
		}
	}
}

func TestNoTelemetryHoldsASecret(t *testing.T) {
	t.Parallel()
	r := newRecorder(t, base.Limits{}, func(c *base.GuardConfig) { c.Secrets = func() []string { return []string{canary} } })
	for _, form := range canaries() {
		e := base.NewError(base.KindPermission, errors.New("refused "+form))
		e.Code, e.Hint = form, form
		_, _ = base.Do(t.Context(), r.Guard, read, fails(e))
		_, _ = base.Do(t.Context(), r.Guard, read, func(context.Context) (int, error) { panic(form) })
	}
	var data metricdata.ResourceMetrics
	if err := r.metrics.Collect(t.Context(), &data); err != nil {
		t.Fatal(err)
	}
	for _, span := range tracetest.SpanStubsFromReadOnlySpans(r.spans.Ended()) {
		if text, err := json.Marshal(span); err != nil || spills(string(text)) {
			t.Errorf("%s, %v", text, err)
		}
	}
	if text := fmt.Sprintf("%+v", data); spills(text) {
		t.Error(text)
	}
}

func TestAClosedClientLeavesNoGaugeWithItsProvider(t *testing.T) {
	t.Parallel()
	r := newRecorder(t, base.Limits{})
	if got := r.measured(t)["rca.client.breaker.state"]; len(got) != 1 {
		t.Errorf("before: %v", got)
	}
	if err := r.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := r.measured(t)["rca.client.breaker.state"]; len(got) != 0 {
		t.Errorf("after Close: %v", got)
	}
}

func TestTracesAndMetricsAreIndependent(t *testing.T) {
	t.Parallel()
	spans, reader := tracetest.NewSpanRecorder(), metric.NewManualReader()
	for name, o := range map[string]base.Options{
		"traces alone":  {TracerProvider: sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(spans))},
		"metrics alone": {MeterProvider: metric.NewMeterProvider(metric.WithReader(reader))},
	} {
		g, err := base.NewGuard(base.GuardConfig{Name: "fake"}, o)
		if err != nil {
			t.Fatal(err)
		}
		for _, err := range []error{nil, unavailable()} {
			_, _ = base.Do(t.Context(), g, write, fails(err))
		}
		if len(spans.Ended()) > 2 {
			t.Errorf("%s: %d spans", name, len(spans.Ended()))
		}
		idle(t, g)
	}
}

func TestCallsAllocateNothingForTelemetryThatIsOff(t *testing.T) {
	g := newGuard(t, base.Limits{Concurrency: 10})
	ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
	defer cancel()
	if n := testing.AllocsPerRun(200, func() { _, _ = base.Do(ctx, g, read, answer) }); n > 0 {
		t.Errorf("%v allocations with the caller's deadline", n)
	}
	noop, err := base.NewGuard(base.GuardConfig{Name: "fake"}, base.Options{TracerProvider: tracenoop.NewTracerProvider()})
	if err != nil {
		t.Fatal(err)
	}
	if n := testing.AllocsPerRun(200, func() { _, _ = base.Do(context.Background(), noop, timed, answer) }); n > 2 {
		t.Errorf("%v allocations with an own timeout and the no-op tracer", n)
	}
}
