package evidence

import (
	"cmp"
	"slices"
	"strings"

	"github.com/fourkites/sources/base/logs"
)

// oddity is one event of a signal: something odd that showed in one trace.
type oddity struct {
	signal *signal
	proof  proof
}

// explain takes from each signal the traces in which something of another service went wrong before, where it could
// have led to this. What is left is a signal's own.
func (s *scene) explain() {
	odd := map[*tree][]oddity{}
	for _, one := range s.signals {
		if !one.broken() || one.step.strength < s.bar/2 {
			continue
		}
		for _, p := range one.shown() {
			odd[p.node.tree] = append(odd[p.node.tree], oddity{one, p})
		}
	}
	gone := map[*signal]map[*tree]bool{}
	for t, all := range odd {
		for _, effect := range all {
			if !slices.ContainsFunc(all, func(cause oddity) bool { return cause.leadsTo(effect) }) {
				continue
			}
			if gone[effect.signal] == nil {
				gone[effect.signal] = map[*tree]bool{}
			}
			gone[effect.signal][t] = true
		}
	}
	for one, trees := range gone {
		one.events = slices.DeleteFunc(one.events, func(e event) bool { return trees[e.proof.node.tree] })
		one.step = findStep(one.events, one.known)
	}
	s.signals = slices.DeleteFunc(s.signals, func(one *signal) bool { return one.step.strength <= 0 })
	s.rank()
}

// leadsTo says whether the one may be the cause of the other. What a call did is known to its caller only after the
// call; beside that, what came first leads to what came later.
func (o oddity) leadsTo(effect oddity) bool {
	a, b := o.proof, effect.proof
	if o.signal.service == effect.signal.service {
		return false
	}
	switch {
	case a.node.within(b.node):
		return a.node.start < b.at
	case b.node.within(a.node):
		return a.at <= b.node.start
	}
	return a.at < b.at
}

// accuse gives each broken signal to a service: its own, the one that its errors name, or the one after whose calls
// several callers stop.
func (s *scene) accuse(of func(string) *suspect) {
	stopped := map[string][]*signal{}
	for _, one := range s.signals {
		if !one.broken() {
			continue
		}
		if name := s.named(one); name != "" {
			x := of(name)
			x.named = append(x.named, one)
			continue
		}
		if callee := one.callee(); callee != "" && one.step.strength >= s.bar/2 {
			stopped[callee] = append(stopped[callee], one)
		}
		x := of(one.service)
		x.broken = append(x.broken, one)
	}
	for _, callee := range sortedKeys(stopped) {
		s.meet(of, callee, stopped[callee])
	}
	for service := range s.services {
		of(service).behave(s.bar)
	}
}

// behave weighs what a service did, what others did after they called it, and at half weight what their errors say.
func (x *suspect) behave(bar float64) {
	weight := func(all []*signal) float64 {
		if len(all) == 0 {
			return 0
		}
		joined := pool(all, bar/4)
		if joined == nil {
			return all[0].step.strength
		}
		return max(all[0].step.strength, joined.step.strength)
	}
	callers := 0.0
	for i, one := range x.callers { // by strength
		if !slices.ContainsFunc(x.callers[:i], func(o *signal) bool { return o.service == one.service }) {
			callers += one.step.strength
		}
	}
	x.behaviour = max(weight(x.broken), callers, weight(x.named)/2)
}

// meet moves the blame to a service after whose calls two different callers stop. What else those callers do then
// follows from it.
func (s *scene) meet(of func(string) *suspect, callee string, all []*signal) {
	callers := map[string]bool{}
	for _, one := range all {
		callers[one.service] = true
	}
	if len(callers) < 2 {
		return
	}
	x := of(callee)
	x.callers = append(x.callers, all...)
	for caller := range callers {
		c := of(caller)
		c.broken = slices.DeleteFunc(c.broken, func(one *signal) bool {
			return slices.ContainsFunc(all, func(o *signal) bool { return o.service == caller && one.coincides(o) })
		})
	}
}

// coincides says whether most traces that show the one show the other too.
func (s *signal) coincides(other *signal) bool {
	seen := map[*tree]bool{}
	for _, p := range other.shown() {
		seen[p.node.tree] = true
	}
	mine := s.shown()
	both := 0
	for _, p := range mine {
		if seen[p.node.tree] {
			both++
		}
	}
	return 2*both > len(mine)
}

// callee is the service whose answer was the last thing before the signal's service did something else than ever.
func (s *signal) callee() string {
	if s.family != callFamily || s.from == startOf {
		return ""
	}
	service, _, _ := strings.Cut(s.from, " ")
	if service == s.service {
		return ""
	}
	return service
}

// named is the service that the errors in most of the signal's traces name.
func (s *scene) named(one *signal) string {
	counts := map[string]int{}
	shown := one.shown()
	for _, p := range shown {
		if name, _ := s.blamed(one.service, p); name != "" {
			counts[name]++
		}
	}
	for name, n := range counts {
		if 2*n > len(shown) {
			return name
		}
	}
	return ""
}

// blamed is the other service that an error of the service names within the trace, and that error.
func (s *scene) blamed(service string, p proof) (string, *line) {
	for _, n := range p.node.tree.nodes {
		if n.service != service {
			continue
		}
		for _, l := range n.lines {
			if l.severity < logs.SeverityError {
				continue
			}
			for _, name := range sortedKeys(s.services) {
				if name != service && hasWord(l.text, name) {
					return name, l
				}
			}
		}
	}
	return "", nil
}

// leastName is how long a name must be to be recognised in a text.
const leastName = 4

// hasWord says whether the text holds the name, not as a part of a longer one.
func hasWord(text, name string) bool {
	if len(name) < leastName {
		return false
	}
	for from := 0; ; {
		at := strings.Index(text[from:], name)
		if at < 0 {
			return false
		}
		at += from
		end := at + len(name)
		if (at == 0 || !isNameByte(text[at-1])) && (end == len(text) || !isNameByte(text[end])) {
			return true
		}
		from = end
	}
}

func isNameByte(c byte) bool { return isWord(c) || c == '-' }

func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K {
	keys := make([]K, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
