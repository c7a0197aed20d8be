package clickhousetest

import (
	"maps"
	"time"

	"github.com/fourkites/sources/base/metrics"
)

// InsertMetrics adds points as the SigNoz collector would: to samples_v4, with the labels of each series in
// time_series_v4 once per hour. Every metric is a gauge of environment "default"; NaN and infinities are kept.
func (s *Server) InsertMetrics(points ...metrics.Point) {
	z, out := s.signoz(), rowsByTable{}
	z.mu.Lock()
	defer z.mu.Unlock()
	for _, p := range points {
		z.point(out, p)
	}
	out.flush(s.tables)
}

func (z *signoz) point(out rowsByTable, p metrics.Point) {
	named := maps.Clone(p.Labels)
	if named == nil {
		named = map[string]string{}
	}
	named["__name__"] = p.Metric
	labels := labelsOf(named)
	series := hashOf(labels)
	out.add(metricsDatabase+".samples_v4", map[string]any{
		"env": "default", "temporality": "Unspecified", "metric_name": p.Metric, "fingerprint": series,
		"unix_milli": p.Time.UnixMilli(), "value": p.Value,
	})
	hour := p.Time.Truncate(time.Hour)
	if !z.first("series", series, hour.Unix()) {
		return
	}
	out.add(metricsDatabase+".time_series_v4", map[string]any{
		"env": "default", "temporality": "Unspecified", "metric_name": p.Metric, "type": "Gauge",
		"fingerprint": series, "unix_milli": hour.UnixMilli(), "labels": labels, "attrs": anyMap(p.Labels),
	})
	for name, v := range p.Labels {
		z.field(out, "metrics", "attribute", "tag", name, "string", v, p.Time)
	}
}
