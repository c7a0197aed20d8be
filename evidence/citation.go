package evidence

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// citer gathers the items that speak for one suspect.
type citer struct {
	*scene
	*inquiry
	evidence []string // ids of items of the incident
	compared []string // ids of items of quiet times
	metric   string
}

// cite adds the evidence for a suspect, what it rests on first.
func (c *citer) cite(x *suspect) {
	lead := c.lead(x)
	if lead == coresLead {
		c.cores(x.cpu)
	}
	signals := c.leading(x)
	if lead == coresLead {
		signals = worth(append(append([]*signal{}, x.selves...), x.edges...), c.bar)
		signals = slices.DeleteFunc(signals, func(one *signal) bool { return one.step.strength < c.bar/2 })
	}
	for _, one := range signals[:min(len(signals), maxSignals)] {
		c.signal(x, one)
	}
	if lead == timeLead {
		c.latency(x)
	}
}

// signal cites traces that show it, and what they looked like before.
func (c *citer) signal(x *suspect, one *signal) {
	shown := one.shown()
	for _, p := range shown[:min(len(shown), maxExamples)] {
		for _, item := range c.items(one, p) {
			c.evidence = appendNew(c.evidence, c.add(item))
		}
		if one.service != x.service && one.broken() {
			if name, l := c.blamed(one.service, p); name == x.service {
				c.evidence = appendNew(c.evidence, c.add(c.record(p.node.tree, l, "")))
			}
		}
	}
	quiet := slices.Clone(one.quiet)
	if before := one.healthy(); len(before) > 0 {
		quiet = append(quiet, before[len(before)-1])
	}
	for _, p := range quiet {
		for _, item := range c.items(one, p) {
			item.Ref.From = "baseline"
			c.compared = appendNew(c.compared, c.add(item))
		}
	}
}

func appendNew(ids []string, id string) []string {
	if slices.Contains(ids, id) {
		return ids
	}
	return append(ids, id)
}

// items are what shows one answer to a reader.
func (c *citer) items(one *signal, p proof) []Item {
	switch one.family {
	case lineFamily:
		var all []Item
		if p.from != nil {
			all = append(all, c.record(p.node.tree, p.from, ""))
		}
		if p.line != nil {
			return append(all, c.record(p.node.tree, p.line, ""))
		}
		return append(all, c.span(p.node, "ends without a further line"))
	case callFamily:
		if p.next == nil {
			return []Item{c.span(p.node, "ends after "+one.from)}
		}
		return []Item{c.span(p.node, "calls "+callOf(p.next)+" after "+one.from)}
	case failFamily:
		return []Item{c.span(p.node, "failed")}
	case edgeFamily:
		all := []Item{c.span(p.node, fmt.Sprintf("waits %s for an answer", spell(p.node.end-p.node.start)))}
		if r := p.node.remote(); r != nil {
			all = append(all, c.span(r, fmt.Sprintf("answers within %s", spell(r.end-r.start))))
		}
		return all
	}
	return []Item{c.span(p.node, fmt.Sprintf("spends %s by itself", spell(p.took)))}
}

func spell(nanos int64) string {
	return time.Duration(nanos).Round(10 * time.Microsecond).String()
}

// forest is the one that the trace stands in.
func (c *citer) forest(t *tree) *forest {
	if t.baseline {
		return c.past
	}
	return c.now
}

func (c *citer) span(n *node, what string) Item {
	f := c.forest(n.tree)
	item := Item{
		Source: f.spans, Type: SpanItem, Time: time.Unix(0, n.start), Service: n.service,
		Ref: Ref{TraceID: n.tree.id, SpanID: n.id, Pod: n.pod}, Summary: oneLine(strings.TrimSpace(n.name + " " + what)),
	}
	if n.tree.bare {
		item.Source = f.records // known from its lines only
	}
	return c.dated(item, n.tree)
}

func (c *citer) record(t *tree, l *line, what string) Item {
	return c.dated(Item{
		Source: c.forest(t).records, Type: LogItem, Time: time.Unix(0, l.at), Service: l.service,
		Ref:     Ref{TraceID: l.trace, SpanID: l.span, TimeUnixNano: l.at, Pod: l.pod},
		Summary: oneLine(what + l.text),
	}, t)
}

// dated marks an item of the baseline.
func (c *citer) dated(item Item, t *tree) Item {
	if t.baseline {
		item.Ref.From = "baseline"
	}
	return item
}

// cores cites the samples of a pod that is short of cores, and the last one before.
func (c *citer) cores(sign *cpuSign) {
	c.metric = sign.series.metric
	for i, p := range sign.series.points {
		switch {
		case i >= sign.first && i < sign.first+maxExamples:
			c.evidence = appendNew(c.evidence, c.add(c.sample(sign.series, p)))
		case i == sign.first-1:
			item := c.sample(sign.series, p)
			item.Ref.From = "baseline"
			c.compared = appendNew(c.compared, c.add(item))
		}
	}
}

func (c *citer) sample(s *series, p sample) Item {
	return Item{
		Source: c.measured, Type: MetricItem, Time: time.Unix(0, p.at), Service: s.service,
		Ref: Ref{Pod: s.pod, Metric: s.metric, TimeUnixNano: p.at}, Summary: fmt.Sprintf("%s is %.4g", s.metric, p.value),
	}
}

// leastRise is how many times its usual value a metric of latency must be to show that calls got slow.
const leastRise = 1.2

// latency cites the metric of latency that rose the most when the service got slow: one of its own pods, else of those
// that call it, which wait for it.
func (c *citer) latency(x *suspect) {
	services := [][]string{{x.service}, nil}
	for _, e := range x.edges {
		services[1] = append(services[1], e.service)
	}
	for _, names := range services {
		if best, first := c.slowest(names, c.onset(x).UnixNano()); best != nil {
			c.metric = best.metric
			c.evidence = appendNew(c.evidence, c.add(c.sample(best, best.points[first])))
			if first > 0 {
				item := c.sample(best, best.points[first-1])
				item.Ref.From = "baseline"
				c.compared = appendNew(c.compared, c.add(item))
			}
			return
		}
	}
}

// slowest is the series of latency of these services that rose the most, and its first sample after the instant.
func (c *citer) slowest(services []string, onset int64) (*series, int) {
	var best *series
	most, first := leastRise, 0
	for _, s := range c.gauges {
		if !slices.Contains(services, s.service) || !isLatency(s.metric) {
			continue
		}
		if i, ratio := s.risen(onset); ratio > most {
			best, most, first = s, ratio, i
		}
	}
	return best, first
}

// isLatency says whether a metric is about how long calls take.
func isLatency(name string) bool {
	low := strings.ToLower(name)
	return strings.Contains(low, "latency") || strings.Contains(low, "duration") || strings.Contains(low, "response_time")
}

// risen is the first sample after the instant, and how many times the middle of those after it is that of those before.
func (s *series) risen(onset int64) (int, float64) {
	var before, after []float64
	first := -1
	for i, p := range s.points {
		if p.at < onset {
			before = append(before, p.value)
			continue
		}
		if first < 0 {
			first = i
		}
		after = append(after, p.value)
	}
	usual := median(before)
	if first < 0 || usual <= 0 {
		return 0, 0
	}
	return first, median(after) / usual
}
