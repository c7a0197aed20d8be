package clickhousetest

import (
	"maps"
	"time"

	"github.com/fourkites/sources/base/metrics"
)

// InsertMetrics adds points as the SigNoz collector would: to samples_v4, with the labels of each series in
// time_series_v4 once per hour. Every metric is a gauge of environment "default"; NaN and infinities are kept.
func (s *Server) InsertMetrics(points ...metrics.Point) {
	z, out := s.signoz(), newBatch(s.tables)
	z.mu.Lock()
	defer z.mu.Unlock()
	for i := range points {
		z.point(out, &points[i])
	}
	out.flush()
}

func (z *signoz) point(out batch, p *metrics.Point) {
	named := maps.Clone(p.Labels)
	if named == nil {
		named = map[string]string{}
	}
	named["__name__"] = p.Metric
	of := z.resource(named, "")
	series := hashOf(of.json)
	row := out.add(metricsDatabase + ".samples_v4")
	row.set("env", "default")
	row.set("temporality", "Unspecified")
	row.set("metric_name", p.Metric)
	row.set("fingerprint", series)
	row.set("unix_milli", p.Time.UnixMilli())
	row.set("value", p.Value)
	hour := p.Time.Truncate(time.Hour)
	if !z.first(seenKey{what: "series", text: of.json, number: uint64(hour.Unix())}) {
		return
	}
	row = out.add(metricsDatabase + ".time_series_v4")
	row.set("env", "default")
	row.set("temporality", "Unspecified")
	row.set("metric_name", p.Metric)
	row.set("type", "Gauge")
	row.set("fingerprint", series)
	row.set("unix_milli", hour.UnixMilli())
	row.set("labels", of.json)
	row.set("attrs", anyMap(p.Labels))
	for name, v := range p.Labels {
		z.field(out, "metrics", "attribute", "tag", name, "string", v, p.Time)
	}
}
