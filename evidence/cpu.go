package evidence

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/fourkites/sources/base/metrics"
)

// serviceKey is the label that names a service, in OpenTelemetry's words.
const serviceKey = "service.name"

// series is one metric of one pod, by time.
type series struct {
	metric  string
	service string
	pod     string
	points  []sample
	known   []float64 // of the baseline, any pod of the service
}

type sample struct {
	at    int64
	value float64
}

// gauges collects points into series. NaN is not a value.
type gauges map[seriesKey]*series

type seriesKey struct{ metric, service, pod string }

func (g gauges) add(p metrics.Point, baseline bool) {
	if math.IsNaN(p.Value) || math.IsInf(p.Value, 0) {
		return
	}
	key := seriesKey{p.Metric, p.Labels[serviceKey], p.Labels[podKey]}
	if baseline {
		key.pod = ""
	}
	s := g[key]
	if s == nil {
		s = &series{metric: p.Metric, service: key.service, pod: key.pod}
		g[key] = s
	}
	if baseline {
		s.known = append(s.known, p.Value)
		return
	}
	s.points = append(s.points, sample{p.Time.UnixNano(), p.Value})
}

// sorted are the series in a fixed order, each by time, with what the baseline knows of its service.
func (g gauges) sorted() []*series {
	var all []*series
	for _, key := range slices.SortedFunc(maps.Keys(g), compareKeys) {
		s := g[key]
		if len(s.points) == 0 {
			continue
		}
		slices.SortStableFunc(s.points, func(a, b sample) int { return cmp.Compare(a.at, b.at) })
		if known := g[seriesKey{key.metric, key.service, ""}]; known != nil {
			s.known = known.known
		}
		all = append(all, s)
	}
	return all
}

func compareKeys(a, b seriesKey) int {
	return cmp.Or(strings.Compare(a.service, b.service), strings.Compare(a.pod, b.pod), strings.Compare(a.metric, b.metric))
}

// unit is what a metric counts cores in.
type unit int

const (
	noCPU unit = iota
	cores
	millicores
	percent  // of the pod's limit
	fraction // of the pod's limit
)

// cpuUnit reads the name of a metric. Those of a whole node say nothing about one pod.
func cpuUnit(name string) unit {
	low := strings.ToLower(name)
	switch {
	case !strings.Contains(low, "cpu") || strings.Contains(low, "node") || strings.Contains(low, "throttl"),
		strings.Contains(low, "request"), strings.Contains(low, "mem"):
		return noCPU
	case strings.Contains(low, "%") || strings.Contains(low, "percent"):
		return percent
	case strings.Contains(low, "utilization") || strings.Contains(low, "rate"):
		return fraction
	case strings.Contains(low, "(m)") || strings.Contains(low, "milli"):
		return millicores
	}
	return cores
}

// The sign that a pod is short of cores.
const (
	highShare  = 0.5  // of the limit: below, the limit is far
	floorShare = 0.02 // of the limit: smaller changes are none
	floorCores = 0.1  // where no limit is known
	sampleNats = 8.0  // at most, of one sample
	leastCores = 12.0 // nats: one sample alone is never enough
)

// cpuSign is a pod's use of cores that rose and stayed up.
type cpuSign struct {
	series   *series
	first    int // the first high sample
	strength float64
	before   float64
	after    float64
}

// onset is about when it began: a sample tells of the time since the one before.
func (c *cpuSign) onset() int64 {
	points := c.series.points
	at := points[c.first].at
	if c.first == 0 {
		return at
	}
	return at - (at-points[c.first-1].at)/2
}

// findCPU finds the sample, not before the window begins, at which the use of cores rose the most.
func findCPU(s *series, from int64) cpuSign {
	best := cpuSign{series: s}
	for i, p := range s.points {
		if p.at < from || i == 0 && len(s.known) == 0 {
			continue
		}
		before := slices.Clone(s.known)
		for _, b := range s.points[:i] {
			before = append(before, b.value)
		}
		if sign := s.sign(i, before); sign.strength > best.strength {
			best = sign
		}
	}
	return best
}

func (s *series) sign(first int, before []float64) cpuSign {
	var after []float64
	for _, p := range s.points[first:] {
		after = append(after, p.value)
	}
	usual, high := median(before), median(after)
	if after[0] < (usual+high)/2 {
		return cpuSign{} // it begins later
	}
	full := s.full()
	spread := max(1.4826*deviation(before, usual), usual/10, s.floor())
	level := 1.0
	if full > 0 {
		level = min(1, high/full/highShare)
	}
	sign := cpuSign{series: s, first: first, before: usual, after: high}
	for _, v := range after {
		if z := (v - usual) / spread; z > 0 {
			sign.strength += min(z*z/2, sampleNats)
		} else {
			sign.strength -= sampleNats
		}
	}
	sign.strength *= level * level
	return sign
}

// full is the value at the limit, zero where the metric does not say.
func (s *series) full() float64 {
	switch cpuUnit(s.metric) {
	case percent:
		return 100
	case fraction:
		return 1
	}
	return 0
}

// floor is the least change that matters.
func (s *series) floor() float64 {
	switch cpuUnit(s.metric) {
	case cores:
		return floorCores
	case millicores:
		return 1000 * floorCores
	}
	return floorShare * s.full()
}

// limited are the series of cores that know the limit, for pods that have such, else those that do not.
func limited(all []*series) []*series {
	known := map[string]bool{}
	for _, s := range all {
		if s.full() > 0 {
			known[s.pod] = true
		}
	}
	return slices.DeleteFunc(slices.Clone(all), func(s *series) bool {
		return cpuUnit(s.metric) == noCPU || (known[s.pod] && s.full() == 0)
	})
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	if n := len(sorted); n%2 == 0 && n > 0 {
		return (sorted[n/2-1] + sorted[n/2]) / 2
	}
	return quantile(sorted, 0.5)
}

// deviation is the median distance from the middle.
func deviation(values []float64, middle float64) float64 {
	far := make([]float64, 0, len(values))
	for _, v := range values {
		far = append(far, math.Abs(v-middle))
	}
	return median(far)
}
