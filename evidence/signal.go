package evidence

import (
	"cmp"
	"slices"
	"time"
)

// family is what kind of question a signal asks.
type family int

const (
	lineFamily family = iota // which line follows which within a span
	callFamily               // which call follows which within a span
	failFamily               // spans that failed
	selfFamily               // time that a span spends by itself
	edgeFamily               // time between a caller's span and the one that answers it
)

// question tells signals apart.
type question struct {
	family  family
	service string
	op      string
	from    string // of a sequence: what it begins with
	to      string // of a sequence: what follows; empty for whatever is not the rule
	peer    string // of an edge: the service that answers
}

func compareQuestions(a, b question) int {
	return cmp.Or(cmp.Compare(a.family, b.family), cmp.Compare(a.service, b.service), cmp.Compare(a.op, b.op),
		cmp.Compare(a.from, b.from), cmp.Compare(a.to, b.to), cmp.Compare(a.peer, b.peer))
}

// proof is where a trace answers a question.
type proof struct {
	node *node
	at   int64 // when the thing showed: the first moment at which a watcher could have known
	from *line // the last line before it
	line *line // the line that followed
	last *node // the last call before it
	next *node // the call that followed
	took int64 // nanoseconds, of a question about time
}

// signal is the answers of all traces of the window to one question, and the step found in them.
type signal struct {
	question
	events []event // by time
	known  tally   // in the baseline
	usual  string  // of a sequence: what follows as a rule
	quiet  []proof // of the baseline, at most a few
	work   bool    // of time: spent by the service's own code, not in calls that nothing answers here
	step   rising
}

// broken says whether the signal is about what happened, not about how long it took.
func (s *signal) broken() bool { return s.family <= failFamily }

// onset is the first event after the step.
func (s *signal) onset() int64 { return s.events[s.step.first].at }

// shown are the proofs of the events after the step that show the thing.
func (s *signal) shown() []proof {
	var all []proof
	if s.step.strength <= 0 {
		return nil
	}
	for _, e := range s.events[s.step.first:] {
		if e.shown {
			all = append(all, e.proof)
		}
	}
	return all
}

// healthy are proofs that it was otherwise: of the window before the step, else of the baseline.
func (s *signal) healthy() []proof {
	var all []proof
	for _, e := range s.events[:s.step.first] {
		if !e.shown {
			all = append(all, e.proof)
		}
	}
	if len(all) == 0 {
		return s.quiet
	}
	return all
}

func sortEvents(events []event) {
	slices.SortStableFunc(events, func(a, b event) int {
		return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.proof.node.tree.id, b.proof.node.tree.id))
	})
}

// pool joins signals that began together with the first into one: a trace shows the thing if it shows any of them. Of
// each operation the strongest signal counts, for those of one operation tell the same story. The signals are those of
// one suspect, the strongest first; it is nil if there is none.
func pool(all []*signal, least float64) *signal {
	if len(all) == 0 || all[0].step.strength <= 0 {
		return nil
	}
	type place struct {
		family            family
		service, op, peer string
	}
	seen := map[place]bool{}
	joined := &signal{question: all[0].question}
	byTree := map[*tree]int{}
	for i, s := range all {
		p := place{s.family, s.service, s.op, s.peer}
		if seen[p] || i > 0 && s.step.strength < least || time.Duration(s.onset()-all[0].onset()).Abs() > together {
			continue
		}
		seen[p] = true
		joined.known = joined.known.plus(s.known)
		for _, e := range s.events {
			at, ok := byTree[e.proof.node.tree]
			if !ok {
				byTree[e.proof.node.tree] = len(joined.events)
				joined.events = append(joined.events, e)
			} else if e.shown && (!joined.events[at].shown || e.at < joined.events[at].at) {
				joined.events[at] = e
			}
		}
	}
	sortEvents(joined.events)
	joined.step = findStep(joined.events, joined.known)
	return joined
}

// together is how far apart signals of one cause begin: as far as rare calls are apart.
const together = time.Minute
