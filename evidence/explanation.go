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
	s.forgive(odd)
	s.signals = slices.DeleteFunc(s.signals, func(one *signal) bool { return one.step.strength <= 0 })
	s.rank()
}

// forgive takes from the signals about time that spans spend by themselves the traces in which something else is odd: a
// span whose calls are missing seems to work while it waits.
func (s *scene) forgive(odd map[*tree][]oddity) {
	for _, one := range s.signals {
		if one.family != selfFamily {
			continue
		}
		n := len(one.events)
		one.events = slices.DeleteFunc(one.events, func(e event) bool { return len(odd[e.proof.node.tree]) > 0 })
		if len(one.events) < n {
			one.step = findStep(one.events, one.known)
		}
	}
}

// leastCause is how strong a cause must be, as a share of its effect. It shows in every trace in which the effect does,
// so it is about as strong; what is far weaker is there by chance.
const leastCause = 0.5

// leadsTo says whether the one may be the cause of the other. What a call did is known to its caller only after the
// call; beside that, what came first leads to what came later.
func (o oddity) leadsTo(effect oddity) bool {
	a, b := o.proof, effect.proof
	if o.signal.service == effect.signal.service || o.signal.step.strength < leastCause*effect.signal.step.strength {
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
		if callee := one.callee(); callee != "" && one.step.strength >= leastSecond {
			stopped[callee] = append(stopped[callee], one)
		}
		x := of(one.service)
		x.broken = append(x.broken, one)
	}
	for _, callee := range sortedKeys(stopped) {
		if all := stopped[callee]; all[0].step.strength >= s.bar/2 {
			s.meet(of, callee, all)
		}
	}
	for service := range s.services {
		s.behave(of(service))
	}
}

// leastSecond is how strong, in nats, the second caller must be that stops after the same callee: when to look is known
// from the first, so it is one question and not thousands.
const leastSecond = 3

// weight is what signals of one suspect weigh, the strongest first: the strongest alone, or taken together with those
// that began when it did.
func weight(all []*signal, bar float64) float64 {
	joined := pool(all, bar/leastPart)
	if joined == nil {
		return 0
	}
	return max(all[0].step.strength, joined.step.strength)
}

// leastPart is the part of the bar that a signal must reach to be counted with others.
const leastPart = 3

// behave weighs what a service did, what others did after they called it, and at half weight what their errors say.
func (s *scene) behave(x *suspect) {
	callers := 0.0
	for i, one := range x.callers { // by strength
		if !slices.ContainsFunc(x.callers[:i], func(o *signal) bool { return o.service == one.service }) {
			callers += one.step.strength
		}
	}
	x.behaviour = max(weight(x.broken, s.bar), callers, weight(x.named, s.bar)/2*s.guilt(x))
}

// guilt is, of the traces that name a service in errors or reach it, the share that name it: what still answers others
// is not down.
func (s *scene) guilt(x *suspect) float64 {
	if len(x.named) == 0 {
		return 0
	}
	blamed := map[*tree]bool{}
	for _, one := range x.named {
		for _, p := range one.shown() {
			blamed[p.node.tree] = true
		}
	}
	served := 0
	for _, t := range s.now.trees {
		if t.start >= x.named[0].onset() && !blamed[t] && slices.ContainsFunc(t.nodes, func(n *node) bool { return n.service == x.service }) {
			served++
		}
	}
	return float64(len(blamed)) / float64(max(len(blamed)+served, 1))
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

// callee is the service whose answer was the last thing before the signal's service did something else than ever, in
// most of the traces.
func (s *signal) callee() string {
	counts := map[string]int{}
	shown := s.shown()
	for _, p := range shown {
		if r := s.lastCall(p); r != nil {
			counts[r.service]++
		}
	}
	for name, n := range counts {
		if 2*n > len(shown) {
			return name
		}
	}
	return ""
}

// lastCall is the span of another service that answered last before the odd thing, and after the last usual one.
func (s *signal) lastCall(p proof) *node {
	var last *node
	switch s.family {
	case callFamily:
		last = p.last
	case lineFamily:
		for _, c := range p.node.children { // by start
			if c.start < p.at && (p.from == nil || c.end > p.from.at) {
				last = c
			}
		}
	}
	if last == nil {
		return nil
	}
	if last.service != s.service {
		return last
	}
	return last.remote()
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
