package base

import (
	"context"
	"errors"
	"net"
	"slices"
	"strconv"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"
)

const scope = "github.com/fourkites/sources/base"

// telemetry records calls through the OpenTelemetry API. A nil *telemetry records nothing and costs nothing.
type telemetry struct {
	guard      *Guard
	tracer     trace.Tracer
	durations  map[System]metric.Float64Histogram
	retries    metric.Int64Counter
	retryDelay metric.Float64Histogram
	permitWait metric.Float64Histogram
	rejections metric.Int64Counter
	gauges     metric.Registration // given back by close, for a provider outlives its clients
}

// opAttributes are the options prepared once for an Op, so that a call makes none.
type opAttributes struct {
	name     string
	span     []trace.SpanStartOption
	duration metric.Float64Histogram
	record   []metric.RecordOption
	add      []metric.AddOption
	failed   [kindCount][]metric.RecordOption
	rejected [kindCount][]metric.AddOption
}

// durationNames are the names that the conventions give to the duration of a call.
var durationNames = map[System]string{
	SystemHTTP:  "http.client.request.duration",
	SystemDB:    "db.client.operation.duration",
	SystemGenAI: "gen_ai.client.operation.duration",
	SystemMCP:   "mcp.client.operation.duration",
}

// buckets reach from the milliseconds of an API to the minutes of a warehouse.
var buckets = []float64{.001, .005, .01, .05, .1, .5, 1, 5, 10, 30, 60, 300}

func newTelemetry(g *Guard, o Options) (*telemetry, error) {
	if o.TracerProvider == nil && o.MeterProvider == nil {
		return nil, nil
	}
	t := &telemetry{guard: g}
	if o.TracerProvider != nil {
		t.tracer = o.TracerProvider.Tracer(scope)
	}
	if o.MeterProvider != nil {
		return t, t.instruments(o.MeterProvider.Meter(scope))
	}
	return t, nil
}

func (t *telemetry) instruments(m metric.Meter) error {
	var errs [5]error
	t.durations = map[System]metric.Float64Histogram{}
	for system, name := range durationNames {
		h, err := m.Float64Histogram(name, metric.WithUnit("s"), metric.WithExplicitBucketBoundaries(buckets...),
			metric.WithDescription("Duration of a call, retries and waits included."))
		t.durations[system], errs[0] = h, errors.Join(errs[0], err)
	}
	t.retries, errs[1] = m.Int64Counter("rca.client.call.retries", metric.WithUnit("{retry}"),
		metric.WithDescription("Attempts after the first one."))
	t.retryDelay, errs[2] = m.Float64Histogram("rca.client.call.retry_delay", metric.WithUnit("s"),
		metric.WithDescription("Time that a call waited between its attempts."))
	t.permitWait, errs[3] = m.Float64Histogram("rca.client.permit.wait", metric.WithUnit("s"),
		metric.WithDescription("Time that an attempt stood in line for a permit."))
	t.rejections, errs[4] = m.Int64Counter("rca.client.rejections", metric.WithUnit("{call}"),
		metric.WithDescription("Calls and retries that the guard did not let out, by kind."))
	return errors.Join(append(errs[:], t.observe(m))...)
}

// observe registers what is read when somebody asks.
func (t *telemetry) observe(m metric.Meter) error {
	inflight, err1 := m.Int64ObservableGauge("rca.client.permit.inflight", metric.WithUnit("{permit}"),
		metric.WithDescription("Weight of the attempts that hold a permit."))
	state, err2 := m.Int64ObservableGauge("rca.client.breaker.state",
		metric.WithDescription("0 closed, 1 open, 2 half-open."))
	tokens, err3 := m.Float64ObservableGauge("rca.client.retry_budget.tokens", metric.WithUnit("{token}"),
		metric.WithDescription("Retries that the budget has left."))
	if err := errors.Join(err1, err2, err3); err != nil {
		return err
	}
	set := metric.WithAttributes(attribute.String("rca.source", t.guard.config.Name))
	var err error
	t.gauges, err = m.RegisterCallback(func(_ context.Context, o metric.Observer) error {
		o.ObserveInt64(inflight, t.guard.permits.Usage().Used, set)
		o.ObserveInt64(state, int64(t.guard.breaker.State()), set)
		o.ObserveFloat64(tokens, t.guard.budget.Tokens(), set)
		return nil
	}, inflight, state, tokens)
	return err
}

func (t *telemetry) close() {
	if t != nil && t.gauges != nil {
		guarded(func() { _ = t.gauges.Unregister() })
	}
}

// attributes prepares what the calls of an Op record.
func (t *telemetry) attributes(g *Guard, op *Op) opAttributes {
	if t == nil {
		return opAttributes{}
	}
	set := describe(g, op)
	a := opAttributes{
		name:     g.config.Name + "." + op.Name,
		span:     []trace.SpanStartOption{trace.WithSpanKind(trace.SpanKindClient), trace.WithAttributes(set...)},
		duration: t.durations[op.System],
	}
	plain := metric.WithAttributeSet(attribute.NewSet(set...))
	a.record, a.add = []metric.RecordOption{plain}, []metric.AddOption{plain}
	for k := range kindCount {
		with := attribute.NewSet(append(slices.Clip(set), attribute.String("error.type", k.String()))...)
		a.failed[k] = []metric.RecordOption{metric.WithAttributeSet(with)}
		a.rejected[k] = []metric.AddOption{metric.WithAttributeSet(with)}
	}
	return a
}

// describe is what is known of a method before it is called. Each value is one of few.
func describe(g *Guard, op *Op) []attribute.KeyValue {
	set := []attribute.KeyValue{attribute.String("rca.source", g.config.Name), attribute.String("rca.operation", op.Name)}
	if host, port := hostPort(g.config.Address); host != "" {
		set = append(set, attribute.String("server.address", host))
		if port > 0 {
			set = append(set, attribute.Int("server.port", port))
		}
	}
	switch op.System {
	case SystemDB:
		set = append(set, attribute.String("db.system.name", g.config.System), attribute.String("db.operation.name", op.Name))
	case SystemGenAI:
		set = append(set, attribute.String("gen_ai.operation.name", op.Name))
	case SystemMCP:
		set = append(set, attribute.String("mcp.method.name", op.Name))
	}
	return append(set, op.Attributes...)
}

// hostPort takes an address apart; without a port the whole is the host.
func hostPort(address string) (string, int) {
	host, text, err := net.SplitHostPort(address)
	if err != nil {
		return address, 0
	}
	port, _ := strconv.Atoi(text)
	return host, port
}

func (t *telemetry) begin(ctx context.Context, o *opState) (context.Context, trace.Span) {
	if t.tracer == nil {
		return ctx, nil
	}
	return t.tracer.Start(ctx, o.attrs.name, o.attrs.span...)
}

func (t *telemetry) end(c *call, e *Error) {
	if c.o.attrs.duration != nil {
		options := c.o.attrs.record
		if e != nil {
			options = c.o.attrs.failed[e.Kind]
		}
		c.o.attrs.duration.Record(c.ctx, (c.g.now() - c.start).Seconds(), options...)
		if c.delayed > 0 {
			t.retryDelay.Record(c.ctx, c.delayed.Seconds(), c.o.attrs.record...)
		}
	}
	if c.span == nil {
		return
	}
	if c.span.IsRecording() {
		t.complete(c, e)
	}
	c.span.End()
}

// complete tells the span how the call went. A failure that a retry mended is not recorded, as the conventions ask.
func (t *telemetry) complete(c *call, e *Error) {
	http := c.op.System == SystemHTTP
	if c.attempts > 1 {
		name := attribute.Key("rca.client.call.retries")
		if http {
			name = "http.request.resend_count"
		}
		c.span.SetAttributes(name.Int(c.attempts - 1))
	}
	if e == nil {
		return
	}
	c.span.SetStatus(codes.Error, e.Error())
	c.span.SetAttributes(attribute.String("error.type", e.Kind.String()))
	switch status, err := strconv.Atoi(e.Code); {
	case e.Code == "":
	case http && err == nil:
		c.span.SetAttributes(attribute.Int("http.response.status_code", status))
	case c.op.System == SystemDB:
		c.span.SetAttributes(attribute.String("db.response.status_code", e.Code))
	}
}

func (t *telemetry) retried(ctx context.Context, o *opState) {
	if t != nil && t.retries != nil {
		t.retries.Add(ctx, 1, o.attrs.add...)
	}
}

func (t *telemetry) waited(ctx context.Context, o *opState, d time.Duration) {
	if t != nil && t.permitWait != nil {
		t.permitWait.Record(ctx, d.Seconds(), o.attrs.record...)
	}
}

func (t *telemetry) rejected(ctx context.Context, o *opState, k Kind) {
	if t != nil && t.rejections != nil {
		t.rejections.Add(ctx, 1, o.attrs.rejected[k]...)
	}
}
