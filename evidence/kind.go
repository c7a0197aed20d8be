package evidence

import (
	"regexp"
	"slices"
)

// kind is the category of a suspect's fault, as far as the evidence tells it.
func (s *scene) kind(x *suspect) CauseKind {
	switch lead := s.lead(x); {
	case lead == coresLead:
		return s.burning(x)
	case lead == timeLead:
		return s.delay(x)
	case len(x.callers) > 0 && s.strongest(x) == x.callers[0]:
		return Return // it answered to the end, and none of its callers went on with the answer
	}
	return s.broken(x)
}

// lead is what the suspicion rests on.
type lead int

const (
	behaviourLead lead = iota
	timeLead
	coresLead
)

// lead weighs the kinds of evidence. A pod that is short of cores is slow and may fail for it, not the other way round.
func (s *scene) lead(x *suspect) lead {
	switch {
	case x.cores() >= max(s.bar, leastCores):
		return coresLead
	case x.behaviour > 0 && x.behaviour >= x.network+x.slow:
		return behaviourLead
	case x.network+x.slow > 0:
		return timeLead
	}
	return coresLead
}

// strongest is the signal of behaviour that weighs the most.
func (s *scene) strongest(x *suspect) *signal {
	var best *signal
	for _, all := range [][]*signal{x.broken, x.callers, x.named} {
		for _, one := range all {
			if best == nil || one.step.strength > best.step.strength {
				best = one
			}
		}
	}
	return best
}

// broken tells an exception from a return. A line that was never seen says that the code went on with something it did
// not expect; an end, or a line that is known from elsewhere, that it was thrown out of its way.
func (s *scene) broken(x *suspect) CauseKind {
	one := s.strongest(x)
	if one == nil {
		return UnknownCause
	}
	if one.family == failFamily {
		return Exception
	}
	thrown, absent := s.thrown(x.service, one)
	switch {
	case absent:
		return Return // what was returned was nothing
	case thrown:
		return Exception
	case one.family == lineFamily && (s.novel(one) || s.onward(one)):
		return Return
	}
	return Exception
}

// onward says whether what follows now is what used to come later in the same span, and never before: a step was left
// out, and the code went on.
func (s *scene) onward(one *signal) bool {
	keys := map[string]int{}
	shown := one.shown()
	for _, p := range shown {
		if p.line != nil {
			keys[p.line.key]++
		}
	}
	for key, n := range keys {
		if 2*n > len(shown) {
			return s.follows(one, key)
		}
	}
	return false
}

// follows says whether, before the step, the line came only behind the one that the signal begins with.
func (s *scene) follows(one *signal, key string) bool {
	behind := 0
	for _, f := range []*forest{s.now, s.past} {
		if f == nil {
			continue
		}
		for _, t := range f.trees {
			for _, n := range t.nodes {
				if n.service != one.service || n.name != one.op || f == s.now && n.start >= one.onset() {
					continue
				}
				first := slices.IndexFunc(n.lines, func(l *line) bool { return l.key == key })
				from := slices.IndexFunc(n.lines, func(l *line) bool { return l.key == one.from })
				if from < 0 || first < 0 {
					continue
				}
				if first < from {
					return false
				}
				behind++
			}
		}
	}
	return behind > 0
}

// novel says whether what follows now was never seen before: a line that no trace wrote.
func (s *scene) novel(one *signal) bool {
	keys := map[string]int{}
	shown := one.shown()
	for _, p := range shown {
		if p.line != nil {
			keys[p.line.key]++
		}
	}
	for key, n := range keys {
		if 2*n > len(shown) && !s.wrote(one.service, key, one.onset()) {
			return true
		}
	}
	return false
}

// wrote says whether the service wrote the line before the instant, or in the baseline.
func (s *scene) wrote(service, key string, before int64) bool {
	match := func(l *line) bool { return l.service == service && l.key == key }
	if s.past != nil && slices.ContainsFunc(s.past.lines, match) {
		return true
	}
	return slices.ContainsFunc(s.now.lines, func(l *line) bool { return l.at < before && match(l) })
}

var (
	exceptionText = regexp.MustCompile(`\b[A-Z]\w*(Exception|Error)\b|\bpanic: |\bTraceback \(|^\s+at [\w.$]+\(`)
	absentText    = regexp.MustCompile(`\bNullPointerException\b|\bnil pointer\b|\bNoneType\b|undefined method .* for nil|\bnull reference\b|\bof (undefined|null)\b`)
)

// thrown says whether the traces of the signal hold lines of the service, not usual for it, that tell of an exception, and
// whether those tell that something was absent.
func (s *scene) thrown(service string, one *signal) (thrown, absent bool) {
	seen, missing := 0, 0
	shown := one.shown()
	for _, p := range shown {
		for _, n := range p.node.tree.nodes {
			i := slices.IndexFunc(n.lines, func(l *line) bool {
				return l.service == service && l.at >= one.onset() && exceptionText.MatchString(l.text)
			})
			if n.service != service || i < 0 {
				continue
			}
			seen++
			if absentText.MatchString(n.lines[i].text) {
				missing++
			}
			break
		}
	}
	return 2*seen > len(shown), 2*missing > len(shown)
}

// delay tells a slow network from slow work: a network delays what passes between services, and not what a service does
// by itself. Several operations that work slowly while their pod does not use more cores wait for cores that others
// have.
func (s *scene) delay(x *suspect) CauseKind {
	work, operations := 0.0, 0
	for _, one := range x.selves {
		if one.work && one.step.strength > s.bar/2 {
			work += one.step.strength
			operations++
		}
	}
	switch {
	case len(x.edges) > 0 && work <= x.network/2:
		return NetworkDelay
	case operations > 1 && s.watched(x.service):
		return CPUContention
	}
	return UnknownCause
}

// watched says whether the use of cores of the service's pods was seen.
func (s *scene) watched(service string) bool {
	return slices.ContainsFunc(limited(s.gauges), func(g *series) bool { return g.service == service })
}

const (
	// idle is how many times more core time a pod took than its spans took time, from which on others took it.
	idle = 2
	// evenly is the spread of slow calls, from the tenth to the ninetieth percentile by the median, below which they
	// all cost the same: so does code that burns cores.
	evenly = 0.5
)

// burning tells cores that others took from cores that the service's own code burns.
func (s *scene) burning(x *suspect) CauseKind {
	if s.unspent(x) {
		return CPUContention
	}
	if spread, ok := s.spread(x); ok && spread < evenly {
		return CPUConsumed
	}
	return CPUContention
}

// unspent says whether the pod used far more core time than its spans lasted longer.
func (s *scene) unspent(x *suspect) bool {
	used, ok := s.usedCores(x)
	if !ok {
		return false
	}
	onset := x.cpu.onset()
	var before, after int64
	for _, t := range s.now.trees {
		for _, n := range t.nodes {
			if n.service != x.service || t.bare {
				continue
			}
			if n.start < onset {
				before += n.exclusive()
			} else {
				after += n.exclusive()
			}
		}
	}
	from, to := s.now.window.From.UnixNano(), s.now.window.To.UnixNano()
	if after == 0 || onset <= from || onset >= to {
		return after == 0
	}
	longer := float64(after)/float64(to-onset) - float64(before)/float64(onset-from)
	return used > idle*max(longer, 0)
}

// usedCores is how many cores more the suspect's pod used, where a metric says so.
func (s *scene) usedCores(x *suspect) (float64, bool) {
	for _, g := range s.gauges {
		u := cpuUnit(g.metric)
		if g.pod != x.cpu.series.pod || u != cores && u != millicores {
			continue
		}
		var before, after []float64
		for _, p := range g.points {
			if p.at < x.cpu.series.points[x.cpu.first].at {
				before = append(before, p.value)
			} else {
				after = append(after, p.value)
			}
		}
		used := median(after) - median(before)
		if u == millicores {
			used /= 1000
		}
		return used, true
	}
	return 0, false
}

// spread is how much the slow calls of the suspect's strongest slow signal differ.
func (s *scene) spread(x *suspect) (float64, bool) {
	var best *signal
	for _, one := range slices.Concat(x.selves, x.edges) {
		if best == nil || one.step.strength > best.step.strength {
			best = one
		}
	}
	if best == nil {
		return 0, false
	}
	var took []int64
	for _, p := range best.shown() {
		took = append(took, p.took)
	}
	slices.Sort(took)
	middle := quantile(took, 0.5)
	if middle == 0 {
		return 0, false
	}
	return float64(quantile(took, 0.9)-quantile(took, 0.1)) / float64(middle), true
}
