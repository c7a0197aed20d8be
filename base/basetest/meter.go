package basetest

import (
	"context"

	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/metric/noop"
)

// meters captures what a client measures: the names and the attributes, not the numbers. Gauges, which are asked for by
// a reader, have none.
type meters struct {
	noop.MeterProvider
	said *capture
}

// Meter gives instruments that are captured.
func (m meters) Meter(string, ...metric.MeterOption) metric.Meter { return meter{said: m.said} }

type meter struct {
	noop.Meter
	said *capture
}

func (m meter) Float64Histogram(name string, _ ...metric.Float64HistogramOption) (metric.Float64Histogram, error) {
	return histogram{said: m.said, name: name}, nil
}

type histogram struct {
	noop.Float64Histogram
	said *capture
	name string
}

func (h histogram) Enabled(context.Context) bool { return true }

func (h histogram) Record(_ context.Context, _ float64, opts ...metric.RecordOption) {
	attributes := metric.NewRecordConfig(opts).Attributes()
	h.said.say(h.name, attributes.ToSlice())
}
