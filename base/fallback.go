package base

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"
)

// Step is one way to an answer, in the order of preference.
type Step[T any] struct {
	Source   string // who answers
	Degrades string // what an answer from here lacks, such as "up to 10 minutes old"; empty for the best source
	Run      func(context.Context) (T, error)
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
}

// Answered reports whether the step gave a value.
func (t Tried[T]) Answered() bool { return t.Err == nil && t.Skipped == "" }

// Fallback runs the steps in order until one answers, and yields how each went, those that were skipped or not needed
// included. What is left of the deadline is split evenly between the steps that are left, so that a source that hangs
// leaves time for the next. The error of the pair is that of the step. Leaving the loop skips the rest.
func Fallback[T any](ctx context.Context, steps ...Step[T]) iter.Seq2[Tried[T], error] {
	return func(yield func(Tried[T], error) bool) {
		answered := ""
		for i, step := range steps {
			t := Tried[T]{Source: step.Source, Degraded: step.Degrades}
			switch {
			case answered != "":
				t.Skipped = answered + " answered"
			case ctx.Err() != nil:
				t.Skipped = "no time was left"
			case step.Health != nil && step.Health().State == Down:
				t.Skipped = "the source is down"
			default:
				t = runStep(ctx, step, len(steps)-i)
				if t.Err == nil && (step.Enough == nil || step.Enough(t.Value)) {
					answered = step.Source
				}
			}
			if !yield(t, t.Err) {
				return
			}
		}
	}
}

func runStep[T any](ctx context.Context, step Step[T], left int) (t Tried[T]) {
	t.Source, t.Degraded = step.Source, step.Degrades
	began := time.Now()
	if deadline, ok := ctx.Deadline(); ok && left > 1 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Until(deadline)/time.Duration(left))
		defer cancel()
	}
	defer func() {
		t.Took = time.Since(began)
		if value := recover(); value != nil {
			t.Err = crashed(value)
		}
	}()
	t.Value, t.Err = step.Run(ctx)
	return t
}

// Answer is the best that a fallback found, with how it was found.
type Answer[T any] struct {
	Value    T
	Source   string     // who answered
	Degraded string     // what the answer lacks, as it came from a lesser source; empty = the best there is
	Tried    []Tried[T] // every step, in order
}

// First runs a fallback to its end and returns the first answer. Without one the error joins those of all steps.
func First[T any](seq iter.Seq2[Tried[T], error]) (Answer[T], error) {
	var a Answer[T]
	var problems []error
	for t, err := range seq {
		a.Tried = append(a.Tried, t)
		switch {
		case err != nil:
			problems = append(problems, err)
		case t.Skipped != "" && a.Source == "":
			problems = append(problems, fmt.Errorf("%s: skipped: %s", t.Source, t.Skipped))
		case t.Skipped == "":
			a.Value, a.Source, a.Degraded = t.Value, t.Source, t.Degraded
		}
	}
	if a.Source == "" {
		return a, errors.Join(problems...)
	}
	return a, nil
}
