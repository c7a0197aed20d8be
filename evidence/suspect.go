package evidence

import (
	"cmp"
	"math"
	"slices"
)

// scene is all that was read, and the signals found in it.
type scene struct {
	now, past *forest // past may be nil
	gauges    []*series
	measured  string // the client that gave the series

	signals  []*signal // by strength
	edges    []*signal // all of that family, slow or not
	cpu      []cpuSign
	bar      float64 // the strength that chance reaches in one healthy window out of fifty
	services map[string]bool
}

// falseAlarm is the chance that any signal of a healthy window passes the bar.
const falseAlarm = 0.02

// examine finds all signals.
func examine(now, past *forest, gauges []*series) *scene {
	s := &scene{now: now, past: past, gauges: gauges, services: map[string]bool{}}
	h, m := habits{}, timings{}
	for _, f := range []*forest{past, now} {
		if f != nil {
			h.learn(f)
			m.learn(f)
		}
	}
	s.signals = append(h.signals(), m.signals()...)
	s.rank()
	for _, one := range s.signals {
		if one.family == edgeFamily {
			s.edges = append(s.edges, one)
		}
	}
	for _, one := range limited(gauges) {
		if sign := findCPU(one, now.window.From.UnixNano()); sign.strength > 0 {
			s.cpu = append(s.cpu, sign)
		}
	}
	s.bar = s.barOf()
	s.count()
	return s
}

// leastQuestions is the least number of questions that the bar is for: even of one the time of the step is looked for.
const leastQuestions = 20

// barOf is the strength that chance reaches in one healthy window out of fifty. It grows with the number of questions,
// of which those do not count that are too small to pass it whatever the answers are (Tarone's correction).
func (s *scene) barOf() float64 {
	most := make([]float64, 0, len(s.signals))
	for _, one := range s.signals {
		most = append(most, -likelihood(tallyOf(one.events)))
	}
	slices.Sort(most)
	series := len(limited(s.gauges))
	for i := range most {
		if bar := barFor(len(most) - i + series); most[i] >= bar {
			return bar
		}
	}
	return barFor(series)
}

func barFor(questions int) float64 {
	return math.Log(float64(max(questions, leastQuestions)) / falseAlarm)
}

// count notes which services there are.
func (s *scene) count() {
	for _, one := range s.signals {
		s.services[one.service] = true
	}
	for _, l := range s.now.lines {
		s.services[l.service] = true
	}
	for _, one := range s.gauges {
		s.services[one.service] = true
	}
	delete(s.services, "")
}

func (s *scene) rank() {
	slices.SortFunc(s.signals, func(a, b *signal) int {
		return cmp.Or(cmp.Compare(b.step.strength, a.step.strength), compareQuestions(a.question, b.question))
	})
}

// suspect is a service, with what speaks for it being the cause.
type suspect struct {
	service  string
	strength float64

	broken  []*signal // lines, calls and failures of its own
	callers []*signal // of other services, that stop after they called this one
	named   []*signal // of other services, whose error texts name this one
	edges   []*signal // slow to or from it
	selves  []*signal // slow by itself
	cpu     *cpuSign

	behaviour float64 // what the first three weigh
	network   float64 // what the edges weigh
	slow      float64 // what the selves weigh
}

// cores is what the use of cores weighs.
func (x *suspect) cores() float64 {
	if x.cpu == nil {
		return 0
	}
	return x.cpu.strength
}

// suspects are the services by what speaks for them.
func (s *scene) suspects() []*suspect {
	s.explain()
	found := map[string]*suspect{}
	of := func(service string) *suspect {
		if found[service] == nil {
			found[service] = &suspect{service: service}
		}
		return found[service]
	}
	s.accuse(of)
	s.delays(of)
	for i := range s.cpu {
		c := &s.cpu[i]
		if x := of(c.series.service); c.strength > x.cores() {
			x.cpu = c
		}
	}
	var all []*suspect
	for _, x := range found {
		x.slow = weight(x.selves, s.bar)
		x.weigh(s.bar)
		if x.strength > 0 && x.service != "" {
			all = append(all, x)
		}
	}
	slices.SortFunc(all, func(a, b *suspect) int {
		return cmp.Or(cmp.Compare(b.strength, a.strength), cmp.Compare(a.service, b.service))
	})
	return all
}

// weigh joins what speaks for a service: evidence of different kinds supports, but the strongest has to stand by itself.
// Slow work without a sign why weighs half.
func (x *suspect) weigh(bar float64) {
	slow := x.slow
	if x.cores() < bar/2 {
		slow /= 2
	}
	parts := []float64{x.behaviour, x.network + slow, x.cores()}
	slices.Sort(parts)
	x.strength = parts[2] + parts[1]/2 + parts[0]/4
}

// surer is by how many nats the odds of a fault grow by the factor e. Above one, for signals are not as independent of
// each other as the bar takes them to be.
const surer = 1.5

// confidence is a half at the bar.
func (s *scene) confidence(x *suspect) float64 {
	return 1 / (1 + math.Exp(-(x.strength-s.bar)/surer))
}
