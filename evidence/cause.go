package evidence

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

const (
	maxCauses   = 5
	unlikely    = 0.2 // confidence below which a service is not worth a reader's time
	maxExamples = 3   // traces that stand for a signal
	maxSignals  = 3   // of one cause that are cited
)

// seen says whether there was anything to look at.
func (s *scene) seen() bool { return len(s.now.trees)+len(s.now.lines)+len(s.gauges) > 0 }

// causes are the suspects worth naming, with what speaks for them.
func (s *scene) causes(q *inquiry) []Cause {
	causes := []Cause{}
	for _, x := range s.suspects() {
		confidence := s.confidence(x)
		if confidence < unlikely || len(causes) == maxCauses {
			break
		}
		c := &citer{scene: s, inquiry: q}
		cause := Cause{
			Rank: len(causes) + 1, Service: x.service, Kind: s.kind(x), Onset: s.onset(x), Confidence: rounded(confidence),
			Evidence: []string{},
		}
		c.cite(x)
		cause.Code, cause.Metric = s.code(x), c.metric
		cause.Evidence, cause.Compared = c.evidence, c.compared
		cause.Why = s.why(x, cause)
		causes = append(causes, cause)
	}
	return causes
}

func rounded(v float64) float64 { return float64(int(v*1000+0.5)) / 1000 }

// signals are those that the suspicion rests on, the strongest first.
func (s *scene) leading(x *suspect) []*signal {
	switch s.lead(x) {
	case timeLead:
		return worth(append(append([]*signal{}, x.edges...), x.selves...), s.bar)
	case behaviourLead:
		one := s.strongest(x)
		for _, all := range [][]*signal{x.broken, x.callers, x.named} {
			if len(all) > 0 && all[0] == one {
				return worth(all, s.bar)
			}
		}
	}
	return nil
}

// worth are the strongest, and those others that would nearly stand by themselves; each place in the code once.
func worth(all []*signal, bar float64) []*signal {
	var kept []*signal
	type place struct {
		family            family
		service, op, from string
	}
	seen := map[place]bool{}
	for _, one := range all {
		p := place{one.family, one.service, one.op, one.from}
		if seen[p] || len(kept) > 0 && one.step.strength < bar/2 {
			continue
		}
		seen[p] = true
		kept = append(kept, one)
	}
	return kept
}

// onset is when the signals that the suspicion rests on began, taken together.
func (s *scene) onset(x *suspect) time.Time {
	all := s.leading(x)
	if s.lead(x) == coresLead {
		all = worth(append(append([]*signal{}, x.selves...), x.edges...), s.bar)
		if len(all) == 0 || all[0].step.strength < s.bar {
			return time.Unix(0, x.cpu.onset()).UTC()
		}
	}
	if joined := pool(all, 0); joined != nil && joined.step.strength > 0 {
		return time.Unix(0, joined.onset()).UTC()
	}
	return time.Unix(0, all[0].onset()).UTC()
}

// maxRegion is how many lines a region of code may have and still point somewhere.
const maxRegion = 60

// code is between the last line that was written as usual and the one that should have followed.
func (s *scene) code(x *suspect) []CodeRegion {
	if s.lead(x) != behaviourLead {
		return nil
	}
	var all []CodeRegion
	for _, one := range s.leading(x) {
		if one.family != lineFamily || one.service != x.service || len(all) == maxSignals {
			continue
		}
		if region, ok := s.region(one); ok && !slices.Contains(all, region) {
			all = append(all, region)
		}
	}
	return all
}

func (s *scene) region(one *signal) (CodeRegion, bool) {
	from, to := s.place(one.service, one.from), s.place(one.service, one.usual)
	switch {
	case from == (CodeRegion{}) && to == (CodeRegion{}):
		return CodeRegion{}, false
	case from == (CodeRegion{}):
		return to, true
	case to.Symbol != from.Symbol || to.File != from.File:
		return from, true
	}
	first, last := min(from.Lines[0], to.Lines[0]), max(from.Lines[0], to.Lines[0])
	if last-first > maxRegion-1 || to.Lines[0] < from.Lines[0] {
		return from, true // the usual next line is elsewhere: a loop, or another method
	}
	from.Lines = [2]int{first, last}
	return from, true
}

// place is where in the code the service writes the line with that key.
func (s *scene) place(service, key string) CodeRegion {
	for _, f := range []*forest{s.now, s.past} {
		if f == nil {
			continue
		}
		for _, l := range f.lines {
			if l.service == service && l.key == key {
				return l.site
			}
		}
	}
	return CodeRegion{}
}

// why is the finding in one sentence.
func (s *scene) why(x *suspect, c Cause) string {
	clock := c.Onset.Format("15:04:05")
	if s.lead(x) == coresLead {
		text := fmt.Sprintf("From about %s pod %s used %.3g of %s, up from %.3g", clock, x.cpu.series.pod, x.cpu.after, x.cpu.series.metric, x.cpu.before)
		switch {
		case c.Kind == CPUConsumed:
			return text + ", and its slow calls all cost about the same, as code does that burns cores."
		case s.unspent(x):
			return text + ", far more than its calls took longer, so something else in it takes the cores."
		}
		return text + ", and its calls got slow by very different amounts, as they do where others take the cores."
	}
	all := s.leading(x)
	one := all[0]
	a, b := one.step.after, tallyOf(one.events[:one.step.first]).plus(one.known)
	rate := fmt.Sprintf("in %.0f of %.0f traces (before: %.0f of %.0f)", a.shown, a.n, b.shown, b.n)
	switch one.family {
	case edgeFamily:
		ends := fmt.Sprintf("calls from %s to %s", one.service, one.peer)
		if n := len(all); n > 1 {
			ends = fmt.Sprintf("calls on %d edges of %s, such as from %s to %s,", n, x.service, one.service, one.peer)
		}
		return fmt.Sprintf("Since %s %s lose time between the two ends %s, while both ends work as fast as before.", clock, ends, rate)
	case selfFamily:
		return fmt.Sprintf("Since %s %s spends more time by itself in %s %s; nothing seen says why.", clock, one.service, one.op, rate)
	case failFamily:
		return fmt.Sprintf("Since %s %s of %s fails %s.", clock, one.op, one.service, rate)
	case callFamily:
		return s.whyCalls(x, one, clock, rate)
	}
	return s.whyLines(x, one, clock, rate)
}

func (s *scene) whyCalls(x *suspect, one *signal, clock, rate string) string {
	what := "goes on with " + one.to
	if one.to == endOf || one.to == "" {
		what = "stops"
	}
	text := fmt.Sprintf("Since %s %s %s after %s, where %s used to follow, %s", clock, one.service, what, one.from, one.usual, rate)
	switch {
	case one.service == x.service:
		return text + "."
	case len(x.named) > 0 && one == x.named[0]:
		return text + ", and its errors name " + x.service + "."
	}
	return text + "; other callers of " + x.service + " do likewise, so its answers are what changed."
}

func (s *scene) whyLines(x *suspect, one *signal, clock, rate string) string {
	var instead string
	for _, p := range one.shown() {
		if p.line != nil {
			instead = "; it goes on with " + p.line.key
			break
		}
		instead = "; the call ends there"
	}
	text := fmt.Sprintf("Since %s %s no longer goes from %s to %s %s%s", clock, one.service, one.from, one.usual, rate, instead)
	if one.service != x.service {
		text += ", and its errors name " + x.service
	}
	return strings.TrimSuffix(text, ".") + "."
}
