package llm

import (
	"context"
	"errors"
	"iter"
	"strings"
	"time"

	"github.com/fourkites/sources/base"
)

// Failover asks models in order until one begins to answer. Who answered, and who did not and why, stands in the Begin of the
// answer and in a note of its Stats. Once an answer has begun it is not begun anew: it breaks off where its model breaks off. A
// question that is wrong, that a filter refused, or that its caller gave up is not asked again elsewhere. Without models it
// answers ErrInvalid. It is safe for concurrent use as far as the models are; who made them closes them.
type Failover []Model

var _ Model = Failover(nil)

// Name is the names of all, such as "anthropic, else azure".
func (f Failover) Name() string {
	names := make([]string, len(f))
	for i, m := range f {
		names[i] = m.Name()
	}
	return strings.Join(names, ", else ")
}

// Stream is [Client.Stream] of the first model that answers. The error, when none does, joins those of all.
func (f Failover) Stream(ctx context.Context, r Request) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		if len(f) == 0 {
			yield(Event{}, base.Invalid("llm", opStream.Name, "no model is there to be asked"))
			return
		}
		a := attempt{ctx: ctx, yield: yield}
		for i, m := range f {
			if !a.ask(m, r, len(f)-i) {
				return
			}
		}
	}
}

// attempt is one question on its way from model to model.
type attempt struct {
	ctx      context.Context
	yield    func(Event, error) bool
	tried    []Tried
	problems []error
}

// errShare is why a model that has not begun to answer is left: the others need some of the time too.
var errShare = errors.New("llm: no answer began within the model's share of the time")

// within is the context of one model, of which so many are left. begun has to be called when an answer begins.
func (a *attempt) within(left int) (_ context.Context, begun func(), cancel context.CancelCauseFunc) {
	ctx, cancel := context.WithCancelCause(a.ctx)
	deadline, ok := a.ctx.Deadline()
	if !ok || left < 2 {
		return ctx, func() {}, cancel
	}
	timer := time.AfterFunc(time.Until(deadline)/time.Duration(left), func() { cancel(errShare) })
	return ctx, func() { timer.Stop() }, cancel
}

// ask asks one model, of which so many are left; true = the next one is to be asked.
func (a *attempt) ask(m Model, r Request, left int) (next bool) {
	ctx, begun, cancel := a.within(left)
	defer cancel(nil)
	answers := false
	for e, err := range m.Stream(ctx, r) {
		if err != nil && !answers {
			return a.failed(m, err, left > 1 && (elsewhere(base.KindOf(err)) || context.Cause(ctx) == errShare)) //nolint:errorlint // as it was given
		}
		if !answers {
			answers = true
			begun()
			a.note(m)
		}
		if e.Begin != nil && len(a.tried) > 0 {
			begin := *e.Begin
			begin.Tried = a.tried
			e.Begin = &begin
		}
		if !a.yield(e, err) {
			return false
		}
	}
	return false
}

func (a *attempt) failed(m Model, err error, again bool) (next bool) {
	a.problems = append(a.problems, err)
	if again && a.ctx.Err() == nil {
		a.tried = append(a.tried, Tried{Provider: m.Name(), Kind: base.KindOf(err), Problem: err.Error()})
		return true
	}
	if len(a.problems) > 1 {
		err = errors.Join(a.problems...)
	}
	a.yield(Event{}, err)
	return false
}

// note says who answered in whose place.
func (a *attempt) note(m Model) {
	for _, t := range a.tried {
		base.AddStats(a.ctx, base.Stats{Notes: []string{m.Name() + " answered in place of " + t.Provider + ": " + t.Kind.String()}})
	}
}

// elsewhere reports whether another model may answer what this one did not.
func elsewhere(k base.Kind) bool {
	switch k {
	case base.KindInvalid, base.KindContentFiltered, base.KindCanceled, base.KindTooLarge:
		return false
	}
	return true
}
