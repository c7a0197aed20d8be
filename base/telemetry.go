package base

import (
	"context"
	"errors"
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
	duration   metric.Float64Histogram
	retries    metric.Int64Counter
	retryDelay metric.Float64Histogram
	permitWait metric.Float64Histogram
	rejections metric.Int64Counter
}

// opAttributes are the options prepared once for an Op, so that a call makes none.
type opAttributes struct {
	name     string
	span     []trace.SpanStartOption
	duration []metric.RecordOption
	add      []metric.AddOption
	failed   [kindCount][]metric.RecordOption
	rejected [kindCount][]metric.AddOption
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
	var errs [8]error
	name := "http.client.request.duration"
	if t.guard.config.System != "http" {
		name = "db.client.operation.duration"
	}
	t.duration, errs[0] = m.Float64Histogram(name, metric.WithUnit("s"), metric.WithExplicitBucketBoundaries(buckets...))
	t.retries, errs[1] = m.Int64Counter("rca.client.call.retries", metric.WithUnit("{retry}"))
	t.retryDelay, errs[2] = m.Float64Histogram("rca.client.call.retry_delay", metric.WithUnit("s"))
	t.permitWait, errs[3] = m.Float64Histogram("rca.client.permit.wait", metric.WithUnit("s"))
	t.rejections, errs[4] = m.Int64Counter("rca.client.rejections", metric.WithUnit("{call}"))
	set := metric.WithAttributes(attribute.String("rca.source", t.guard.config.Name))
	inflight, err := m.Int64ObservableGauge("rca.client.permit.inflight", metric.WithUnit("{call}"))
	errs[5] = err
	state, err := m.Int64ObservableGauge("rca.client.breaker.state",
		metric.WithDescription("0 closed, 1 open, 2 half-open"))
	errs[6] = err
	tokens, err := m.Float64ObservableGauge("rca.client.retry_budget.tokens", metric.WithUnit("{token}"))
	errs[7] = err
	if err := errors.Join(errs[:]...); err != nil {
		return err
	}
	_, err = m.RegisterCallback(func(_ context.Context, o metric.Observer) error {
		o.ObserveInt64(inflight, t.guard.inflight.Load(), set)
		o.ObserveInt64(state, int64(t.guard.breaker.State()), set)
		o.ObserveFloat64(tokens, t.guard.budget.Tokens(), set)
		return nil
	}, inflight, state, tokens)
	return err
}

// attributes prepares what the calls of an Op record.
func (t *telemetry) attributes(g *Guard, op *Op) opAttributes {
	if t == nil {
		return opAttributes{}
	}
	set := append([]attribute.KeyValue{attribute.String("rca.source", g.config.Name)}, op.Attributes...)
	if op.System == SystemHTTP {
		set = append(set, attribute.String("server.address", g.config.Address), attribute.String("http.route", op.Name))
	} else {
		set = append(set, attribute.String("db.system.name", g.config.System),
			attribute.String("db.operation.name", op.Name), attribute.String("server.address", g.config.Address))
	}
	a := opAttributes{
		name: g.config.Name + "." + op.Name,
		span: []trace.SpanStartOption{trace.WithSpanKind(trace.SpanKindClient), trace.WithAttributes(set...)},
	}
	plain := metric.WithAttributeSet(attribute.NewSet(set...))
	a.duration, a.add = []metric.RecordOption{plain}, []metric.AddOption{plain}
	for k := range kindCount {
		with := attribute.NewSet(append(set[:len(set):len(set)], attribute.String("error.type", k.String()))...)
		a.failed[k] = []metric.RecordOption{metric.WithAttributeSet(with)}
		a.rejected[k] = []metric.AddOption{metric.WithAttributeSet(with)}
	}
	return a
}

func (t *telemetry) begin(ctx context.Context, o *opState) (context.Context, trace.Span) {
	if t.tracer == nil {
		return ctx, nil
	}
	return t.tracer.Start(ctx, o.attrs.name, o.attrs.span...)
}

func (t *telemetry) end(c *call, e *Error) {
	if t.duration != nil {
		options := c.o.attrs.duration
		if e != nil {
			options = c.o.attrs.failed[e.Kind]
		}
		t.duration.Record(c.ctx, (c.g.now() - c.start).Seconds(), options...)
		if c.delayed > 0 {
			t.retryDelay.Record(c.ctx, c.delayed.Seconds(), c.o.attrs.duration...)
		}
	}
	if c.span == nil {
		return
	}
	if c.span.IsRecording() {
		t.describe(c, e)
	}
	c.span.End()
}

// describe completes the span. A failure that a retry mended is not recorded, as the conventions ask.
func (t *telemetry) describe(c *call, e *Error) {
	if c.attempts > 1 {
		c.span.SetAttributes(attribute.Int("http.request.resend_count", c.attempts-1))
	}
	if e == nil {
		return
	}
	c.span.SetStatus(codes.Error, e.Error())
	c.span.SetAttributes(attribute.String("error.type", e.Kind.String()))
	if e.Code != "" {
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
		t.permitWait.Record(ctx, d.Seconds(), o.attrs.duration...)
	}
}

func (t *telemetry) rejected(ctx context.Context, o *opState, k Kind) {
	if t != nil && t.rejections != nil {
		t.rejections.Add(ctx, 1, o.attrs.rejected[k]...)
	}
}
