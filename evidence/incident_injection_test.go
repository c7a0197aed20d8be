package evidence_test

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/fourkites/sources/base/logs"
	"github.com/fourkites/sources/base/traces"
	"github.com/fourkites/sources/evidence"
	"github.com/fourkites/sources/internal/incident"
)

// injection is a fault that was put into a healthy recording.
type injection struct {
	service string
	kind    evidence.CauseKind
	onset   time.Time
	symbol  string // of the code, where the fault has one
	lines   [2]int
	story   string
}

// injector puts faults into a recording.
type injector struct {
	rng  *rand.Rand
	c    incident.Case // not written to
	at   time.Time
	byID map[string]*traced // traces
	keys []string           // of byID, sorted
}

// traced is one trace on its way.
type traced struct {
	spans []traces.Span
	lines []logs.Record
}

func newInjector(rng *rand.Rand, c incident.Case) *injector {
	i := &injector{rng: rng, c: c, byID: map[string]*traced{}}
	of := func(id string) *traced {
		if i.byID[id] == nil {
			i.byID[id] = &traced{}
			i.keys = append(i.keys, id)
		}
		return i.byID[id]
	}
	for _, s := range c.Spans {
		of(s.TraceID).spans = append(of(s.TraceID).spans, s)
	}
	for _, l := range c.Logs {
		of(l.TraceID).lines = append(of(l.TraceID).lines, l)
	}
	slices.Sort(i.keys)
	i.at = c.Window.From.Add(time.Duration((0.25 + 0.35*rng.Float64()) * float64(c.Window.Duration())))
	return i
}

// after are the ids of the traces that begin after the injection.
func (i *injector) after() []string {
	var all []string
	for _, id := range i.keys {
		if t := i.byID[id]; len(t.spans) > 0 && t.begin().After(i.at) {
			all = append(all, id)
		}
	}
	return all
}

func (t *traced) begin() time.Time {
	at := t.spans[0].Start
	for _, s := range t.spans {
		if s.Start.Before(at) {
			at = s.Start
		}
	}
	return at
}

func (t *traced) span(id string) *traces.Span {
	at := slices.IndexFunc(t.spans, func(s traces.Span) bool { return s.SpanID == id })
	if at < 0 {
		return nil
	}
	return &t.spans[at]
}

// of are the indices of a span's lines, by time.
func (t *traced) of(span string) []int {
	var all []int
	for i, l := range t.lines {
		if l.SpanID == span {
			all = append(all, i)
		}
	}
	slices.SortFunc(all, func(a, b int) int { return t.lines[a].Time.Compare(t.lines[b].Time) })
	return all
}

// cutAfter takes away what a span wrote and called after an instant, up to another; zero = for ever.
func (t *traced) cutAfter(span string, from, to time.Time) {
	inside := func(at time.Time) bool { return at.After(from) && (to.IsZero() || at.Before(to)) }
	gone := map[string]bool{}
	for again := true; again; {
		again = false
		for _, s := range t.spans {
			if !gone[s.SpanID] && (s.ParentID == span && inside(s.Start) || gone[s.ParentID]) {
				gone[s.SpanID] = true
				again = true
			}
		}
	}
	t.spans = slices.DeleteFunc(t.spans, func(s traces.Span) bool { return gone[s.SpanID] })
	t.lines = slices.DeleteFunc(t.lines, func(l logs.Record) bool {
		return gone[l.SpanID] || l.SpanID == span && inside(l.Time)
	})
	if s := t.span(span); s != nil && to.IsZero() {
		t.end(s, from.Add(time.Millisecond))
	}
}

// end lets a span end early, but not before what it called, and what comes after it too.
func (t *traced) end(s *traces.Span, at time.Time) {
	for _, c := range t.spans {
		if c.ParentID == s.SpanID && c.End().After(at) {
			at = c.End()
		}
	}
	old := s.End()
	if !at.Before(old) {
		return
	}
	s.Duration = at.Sub(s.Start)
	t.shift(old.Add(-1), at.Sub(old))
}

// shift makes everything after an instant later.
func (t *traced) shift(at time.Time, by time.Duration) {
	for i := range t.spans {
		s := &t.spans[i]
		end := s.End()
		if s.Start.After(at) {
			s.Start = s.Start.Add(by)
		}
		if end.After(at) {
			s.Duration = end.Add(by).Sub(s.Start)
		}
	}
	for i := range t.lines {
		if t.lines[i].Time.After(at) {
			t.lines[i].Time = t.lines[i].Time.Add(by)
		}
	}
}

// delayAnswer makes the answer of a span reach its caller later. Clocks are not exact: a span may seem to end after its
// caller, and is left as it is then too.
func (t *traced) delayAnswer(s traces.Span, caller *traces.Span, by time.Duration) {
	at := s.End()
	if !caller.End().After(at) {
		at = caller.End().Add(-1)
	}
	before, inside := slices.Clone(t.spans), map[string]bool{s.SpanID: true}
	t.shift(at, by)
	for range t.spans { // until no further span is found inside
		for k := range t.spans {
			if inside[t.spans[k].ParentID] || inside[t.spans[k].SpanID] {
				inside[t.spans[k].SpanID] = true
				t.spans[k] = before[k]
			}
		}
	}
}

func (t *traced) write(s *traces.Span, at time.Time, severity logs.Severity, body string) {
	t.lines = append(t.lines, logs.Record{
		Time: at, Service: s.Service, Severity: severity, Body: body, TraceID: s.TraceID, SpanID: s.SpanID, Resources: s.Resources,
	})
}

// fail makes the callers of a span give up, up to the root; names says whether their errors name the callee.
func (t *traced) fail(span string, names bool) {
	s, callee := t.span(span), ""
	for s != nil && s.ParentID != "" {
		p := t.span(s.ParentID)
		if p == nil {
			return
		}
		if p.Service != s.Service {
			callee = s.Service
		}
		end := s.End()
		t.cutAfter(p.SpanID, end, time.Time{})
		if p = t.span(p.SpanID); callee != "" && len(t.of(p.SpanID)) > 0 {
			text := "00:00:00.000 ERROR x.y.ClientErrors#71 the call failed: 500"
			if names {
				text += " from http://" + callee + ":8080/"
			}
			t.write(p, end.Add(time.Microsecond), logs.SeverityError, text)
			callee = ""
		}
		s = t.span(p.SpanID)
	}
}

// finished is the recording with the faults in it.
func (i *injector) finished() incident.Case {
	c := i.c
	c.Spans, c.Logs = nil, nil
	for _, id := range i.keys {
		c.Spans = append(c.Spans, i.byID[id].spans...)
		c.Logs = append(c.Logs, i.byID[id].lines...)
	}
	i.rng.Shuffle(len(c.Logs), func(a, b int) { c.Logs[a], c.Logs[b] = c.Logs[b], c.Logs[a] })
	slices.SortStableFunc(c.Spans, func(a, b traces.Span) int { return cmp.Compare(a.SpanID, b.SpanID) })
	return c
}

// step is a line of a service that has a next one.
type codeStep struct {
	service, op  string
	symbol       string
	line, next   int
	nextSymbol   string
	traces       map[string]bool
	beforeTraces map[string]bool
}

// steps are the pairs of lines of enough traces on both sides of the injection.
func (i *injector) steps(least int) []*codeStep {
	found := map[string]*codeStep{}
	for _, id := range i.keys {
		t := i.byID[id]
		for _, s := range t.spans {
			of := t.of(s.SpanID)
			for k := 0; k+1 < len(of); k++ {
				a, b := siteOf(t.lines[of[k]]), siteOf(t.lines[of[k+1]])
				if a.Symbol == "" || b.Symbol == "" || a == b {
					continue
				}
				key := fmt.Sprint(s.Service, s.Name, a, b)
				if found[key] == nil {
					found[key] = &codeStep{
						service: s.Service, op: s.Name, symbol: a.Symbol, line: a.Lines[0], next: b.Lines[0], nextSymbol: b.Symbol,
						traces: map[string]bool{}, beforeTraces: map[string]bool{},
					}
				}
				if t.begin().After(i.at) {
					found[key].traces[id] = true
				} else {
					found[key].beforeTraces[id] = true
				}
			}
		}
	}
	var all []*codeStep
	for _, key := range sorted(found) {
		if s := found[key]; len(s.traces) >= least && len(s.beforeTraces) >= 2 {
			all = append(all, s)
		}
	}
	return all
}

func sorted[V any](m map[string]V) []string {
	var keys []string
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

func siteOf(l logs.Record) evidence.CodeRegion { return evidence.ParseBody(l.Body).Site }

// code makes the code behind a line go another way. thrown is an exception, otherwise a wrong return.
func (i *injector) code(thrown bool, rate float64) (injection, bool) {
	steps := i.steps(leastTraces)
	if len(steps) == 0 {
		return injection{}, false
	}
	step := steps[i.rng.IntN(len(steps))]
	found := injection{service: step.service, kind: evidence.Return, onset: i.at, symbol: step.symbol, lines: [2]int{step.line, step.next}}
	if thrown {
		found.kind = evidence.Exception
	}
	spreads, names, writes, goesOn := i.rng.Float64() < 0.5, i.rng.Float64() < 0.3, i.rng.Float64() < 0.7, i.rng.Float64() < 0.6
	found.story = fmt.Sprintf("%s %s#%d->%d spreads=%v names=%v writes=%v goesOn=%v n=%d", step.service, step.symbol, step.line, step.next, spreads, names, writes, goesOn, len(step.traces))
	for _, id := range i.after() {
		if step.traces[id] && i.rng.Float64() < rate {
			i.divert(i.byID[id], step, thrown, spreads, names, writes, goesOn)
		}
	}
	return found, true
}

func (i *injector) divert(t *traced, step *codeStep, thrown, spreads, names, writes, goesOn bool) {
	for _, s := range slices.Clone(t.spans) {
		if s.Service != step.service || s.Name != step.op {
			continue
		}
		of := t.of(s.SpanID)
		for k := 0; k+1 < len(of); k++ {
			a, b := siteOf(t.lines[of[k]]), siteOf(t.lines[of[k+1]])
			if a.Symbol != step.symbol || a.Lines[0] != step.line || b.Symbol != step.nextSymbol || b.Lines[0] != step.next {
				continue
			}
			from, next := t.lines[of[k]].Time, t.lines[of[k+1]].Time
			until := time.Time{}
			if !thrown && goesOn {
				until = next.Add(1)
			}
			t.cutAfter(s.SpanID, from, until)
			span := t.span(s.SpanID)
			switch {
			case thrown && writes:
				p := t.span(span.ParentID)
				if p == nil || p.Service != span.Service {
					p = span
				}
				t.write(p, span.End(), logs.SeverityError, "00:00:00.000 ERROR x.y.Handler#175 request threw java.lang.IllegalStateException: injected")
			case !thrown && writes:
				t.write(span, from.Add(time.Microsecond), logs.SeverityWarn, fmt.Sprintf("00:00:00.000 WARN  %s#%d nothing was found", step.symbol, step.line+2))
			}
			if spreads {
				t.fail(s.SpanID, names)
			}
			break
		}
	}
}

// leastTraces is how many traces a fault must reach to be a fair question.
const leastTraces = 10

// served are the services that others call in enough traces, with their callers.
func (i *injector) served() map[string]map[string]bool {
	callers, n := map[string]map[string]bool{}, map[string]map[string]bool{}
	for _, id := range i.after() {
		t := i.byID[id]
		for _, s := range t.spans {
			if p := t.span(s.ParentID); p != nil && p.Service != s.Service {
				if callers[s.Service] == nil {
					callers[s.Service], n[s.Service] = map[string]bool{}, map[string]bool{}
				}
				callers[s.Service][p.Service] = true
				n[s.Service][id] = true
			}
		}
	}
	for name := range n {
		if len(n[name]) < leastTraces {
			delete(callers, name)
		}
	}
	return callers
}

// answers makes the callers of a service give up after they called it, while the service itself shows nothing.
func (i *injector) answers(callers int) (injection, bool) {
	served := i.served()
	var fair []string
	for _, name := range sorted(served) {
		if len(served[name]) >= callers && (callers > 1 || len(served[name]) == 1) {
			fair = append(fair, name)
		}
	}
	if len(fair) == 0 {
		return injection{}, false
	}
	name, names := fair[i.rng.IntN(len(fair))], i.rng.Float64() < 0.5
	for _, id := range i.after() {
		t := i.byID[id]
		for _, s := range slices.Clone(t.spans) {
			if p := t.span(s.ParentID); s.Service == name && p != nil && p.Service != name && t.span(s.SpanID) != nil {
				t.fail(s.SpanID, names)
				break
			}
		}
	}
	return injection{service: name, kind: evidence.Return, onset: i.at, story: fmt.Sprintf("%s names=%v callers=%v", name, names, sorted(served[name]))}, true
}

// network delays what goes to a service, or what comes from it, or both.
func (i *injector) network() (injection, bool) {
	fair := sorted(i.served())
	if len(fair) == 0 {
		return injection{}, false
	}
	name := fair[i.rng.IntN(len(fair))]
	delay := time.Duration(20+i.rng.IntN(300)) * time.Millisecond
	out := i.rng.Float64() < 0.5
	for _, id := range i.after() {
		t := i.byID[id]
		for k := range t.spans {
			s := t.spans[k]
			p := t.span(s.ParentID)
			if p == nil || p.Service == s.Service {
				continue
			}
			by := time.Duration((0.8 + 0.4*i.rng.Float64()) * float64(delay))
			if s.Service == name {
				t.delayAnswer(s, p, by)
			} else if p.Service == name && out {
				t.shift(s.Start.Add(-time.Microsecond), by)
			}
		}
	}
	return injection{service: name, kind: evidence.NetworkDelay, onset: i.at, story: fmt.Sprintf("%s %s out=%v", name, delay, out)}, true
}

// cores makes a service slow by itself, and its pod use cores.
func (i *injector) cores(kind evidence.CauseKind) (injection, bool) {
	fair := sorted(i.served())
	if len(fair) == 0 {
		return injection{}, false
	}
	name := fair[i.rng.IntN(len(fair))]
	cost, level := time.Duration(20+i.rng.IntN(200))*time.Millisecond, 60+38*i.rng.Float64()
	if kind == evidence.CPUConsumed { // what the calls cost is what the pod uses
		cost = i.cost(name, level)
	}
	for _, id := range i.after() {
		t := i.byID[id]
		for k := range t.spans {
			s := t.spans[k]
			p := t.span(s.ParentID)
			if s.Service != name || p == nil || p.Service == name {
				continue
			}
			by := time.Duration(i.rng.ExpFloat64() * float64(cost) * 0.7)
			if kind == evidence.CPUConsumed {
				by = time.Duration((0.9 + 0.2*i.rng.Float64()) * float64(cost))
			} else if i.rng.Float64() < 0.5 {
				by = 0
			}
			t.shift(s.End().Add(-1), by)
		}
	}
	for k := range i.c.Metrics {
		p := &i.c.Metrics[k]
		if p.Labels["service.name"] != name || p.Time.Before(i.at) || !strings.HasPrefix(p.Metric, "Cpu") {
			continue
		}
		share := min(1, p.Time.Sub(i.at).Minutes())
		high := level * (0.95 + 0.1*i.rng.Float64())
		if strings.HasSuffix(p.Metric, "(m)") {
			high *= 5
		}
		p.Value = p.Value*(1-share) + high*share
	}
	return injection{service: name, kind: kind, onset: i.at, story: fmt.Sprintf("%s %s level=%.0f", name, cost, level)}, true
}

// halfCore is the limit of the pods that were recorded.
const halfCore = 500 * time.Millisecond

// cost is what each call must take so that all of them use that share of the limit.
func (i *injector) cost(service string, level float64) time.Duration {
	calls := 0
	for _, id := range i.after() {
		t := i.byID[id]
		for _, s := range t.spans {
			if p := t.span(s.ParentID); s.Service == service && p != nil && p.Service != service {
				calls++
			}
		}
	}
	seconds := i.c.Window.To.Sub(i.at).Seconds()
	return time.Duration(level / 100 * float64(halfCore) * seconds / float64(max(calls, 1)))
}

// lastPart is the class of a symbol, without its package.
func lastPart(symbol string) string { return symbol[strings.LastIndexByte(symbol, '.')+1:] }
