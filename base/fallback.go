package base

import (
	"cmp"
	"context"
	"errors"
	"iter"
	"time"

	"github.com/fourkites/sources/base/breaker"
)

// Step is one way to an answer, in the order of preference.
type Step[T any] struct {
	Source   string // who answers
	Degrades string // what an answer from here lacks, such as "up to 10 minutes old"; empty for the best source
	// Run gives the answer. It must be whole when Run returns: the context ends then.
	Run func(context.Context) (T, error)
	// Health, where it is given, lets a step be skipped while its source is down.
	Health func() Health
	// Enough, where it is given, says whether an answer without an error is good enough to stop at. Without it every
	// answer is.
	Enough func(T) bool
}

// Tried is how one step went.
type Tried[T any] struct {
	Source   string
	Value    T
	Err      error
	Degraded string        // what an answer from here lacks
	Skipped  string        // why the step was not run; empty if it was
	Took     time.Duration // of the step
	Stats    Stats         // what its calls cost, and in Age how old their answer may be

	enough bool
	why    Kind // of what had it skipped
}

// Answered reports whether the step gave a value.
func (t Tried[T]) Answered() bool { return t.Err == nil && t.Skipped == "" }

// Fallback runs the steps in order until one answers, and yields how each went, those that were skipped or not needed
// included. What is left of the deadline is split evenly between the steps that are left, so that a source that hangs
// leaves time for the next. The error of the pair is that of the step; a panic in a step is an Internal error. Leaving
// the loop skips the rest.
func Fallback[T any](ctx context.Context, steps ...Step[T]) iter.Seq2[Tried[T], error] {
	return func(yield func(Tried[T], error) bool) {
		answered := ""
		for i, step := range steps {
			t := Tried[T]{Source: step.Source, Degraded: step.Degrades, Skipped: answered}
			if t.Skipped == "" {
				t.Skipped, t.why = expired(ctx)
			}
			if t.Skipped == "" {
				step.try(ctx, &t, len(steps)-i)
			}
			if t.enough {
				answered = cmp.Or(step.Source, "a step before") + " answered"
			}
			if !yield(t, t.Err) {
				return
			}
		}
	}
}

func expired(ctx context.Context) (why string, kind Kind) {
	switch kind = contextKind(ctx); kind {
	case KindUnknown:
		return "", kind
	case KindDeadline:
		return "no time was left", kind
	}
	return "the caller gave up", kind
}

// down says why a source that is down is not asked, and of which Kind that is.
func down(h Health) (why string, kind Kind) {
	if h.Breaker == breaker.Open.String() {
		return "the source is down: its breaker is open", KindCircuitOpen
	}
	return "the source is down", KindUnavailable
}

// skipped is the error of a step that was not run.
func (t *Tried[T]) skipped() *Error {
	e := NewError(t.why, nil).WithText("skipped: " + t.Skipped)
	e.Source, e.Sent = t.Source, NotSent
	return e
}

// try runs one step with its share of the time.
func (s *Step[T]) try(ctx context.Context, t *Tried[T], left int) {
	began, returned := time.Now(), false
	ctx, gathered := gathering(ctx)
	defer func() {
		t.Took, t.Stats = time.Since(began), gathered()
		if !returned {
			t.Err, t.enough = crashed(recover()), false
		}
	}()
	if s.Health != nil {
		if h := s.Health(); h.State == Down {
			t.Skipped, t.why = down(h)
			returned = true
			return
		}
	}
	if deadline, ok := ctx.Deadline(); ok && left > 1 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Until(deadline)/time.Duration(left))
		defer cancel()
	}
	t.Value, t.Err = s.Run(ctx)
	t.enough = t.Err == nil && (s.Enough == nil || s.Enough(t.Value))
	returned = true
}

// Answer is the best that a fallback found, with how it was found.
type Answer[T any] struct {
	Value    T
	Source   string // who answered
	Degraded string // what the answer lacks, as it came from a lesser source; empty = the best there is
	// Age is how old the answer may be, as the source that gave it says in its Stats; 0 = as of the call, as far as it tells.
	Age   time.Duration
	Tried []Tried[T] // every step, in order
}

// First runs a fallback to its end and returns the answer that ended it. Where no answer was good enough it is the
// first one. Without any the error joins those of all steps, and is never nil: a step that was skipped is ErrCircuitOpen
// or ErrUnavailable where its source is down, else ErrDeadline or ErrCanceled.
func First[T any](seq iter.Seq2[Tried[T], error]) (Answer[T], error) {
	var a Answer[T]
	var problems []error
	best := -1
	for t, err := range seq {
		a.Tried = append(a.Tried, t)
		switch {
		case err != nil:
			problems = append(problems, err)
		case t.Skipped != "":
			problems = append(problems, t.skipped())
		case best < 0 || t.enough && !a.Tried[best].enough:
			best = len(a.Tried) - 1
		}
	}
	if len(a.Tried) == 0 {
		return a, Invalid("base", "First", "steps: none; give at least one")
	}
	if best < 0 {
		return a, errors.Join(problems...)
	}
	t := a.Tried[best]
	a.Value, a.Source, a.Degraded, a.Age = t.Value, t.Source, t.Degraded, t.Stats.Age
	return a, nil
}
