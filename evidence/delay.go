package evidence

import (
	"cmp"
	"slices"
)

// reach counts how much of what goes to a service, or comes from it, became slow.
type reach struct {
	edges []*signal
	sum   float64
	calls tally
}

func (r *reach) score() float64 { return r.sum * r.calls.rate() }

// callerShare makes the callee the suspect where nothing tells the two ends of an edge apart.
const callerShare = 0.9

// delays gives slow work to its service, and each slow edge to the end that explains more of them.
func (s *scene) delays(of func(string) *suspect) {
	var slow []*signal
	for _, one := range s.signals {
		switch one.family {
		case selfFamily:
			x := of(one.service)
			x.selves = append(x.selves, one)
		case edgeFamily:
			if one.step.strength > s.bar/4 {
				slow = append(slow, one)
			}
		}
	}
	for len(slow) > 0 {
		name, in, out := s.explains(slow)
		x := of(name)
		x.edges = append(in.edges, out.edges...)
		slices.SortStableFunc(x.edges, func(a, b *signal) int { return cmp.Compare(b.step.strength, a.step.strength) })
		x.network = weight(x.edges, s.bar) * share(in, out)
		slow = slices.DeleteFunc(slow, func(e *signal) bool { return e.service == name || e.peer == name })
	}
}

// share is how much of what goes to a service and comes from it is slow, weighed by how much each shows it.
func share(in, out *reach) float64 {
	if in.sum+out.sum == 0 {
		return 0
	}
	return (in.score() + out.score()) / (in.sum + out.sum)
}

// explains finds the service that explains the most of the slow edges. An edge that stayed fast speaks against both of
// its ends.
func (s *scene) explains(slow []*signal) (string, *reach, *reach) {
	ins, outs := map[string]*reach{}, map[string]*reach{}
	for _, e := range s.edges {
		counts := tally{n: float64(len(e.events)) / 2} // about as many as after the step
		isSlow := slices.Contains(slow, e)
		if isSlow {
			counts = e.step.after
		}
		for m, name := range map[*map[string]*reach]string{&ins: e.peer, &outs: e.service} {
			r := (*m)[name]
			if r == nil {
				r = &reach{}
				(*m)[name] = r
			}
			r.calls = r.calls.plus(counts)
			if isSlow {
				r.edges = append(r.edges, e)
				r.sum += e.step.strength
			}
		}
	}
	of := func(m map[string]*reach, name string) *reach {
		if r := m[name]; r != nil {
			return r
		}
		return &reach{}
	}
	best, most := slow[0].peer, 0.0
	for _, e := range slow {
		for _, name := range []string{e.peer, e.service} {
			if score := of(ins, name).score() + callerShare*of(outs, name).score(); score > most {
				best, most = name, score
			}
		}
	}
	return best, of(ins, best), of(outs, best)
}
