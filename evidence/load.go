// Package evidence asks the questions that need several sources at once: what a load is, whether a carrier can be tracked
// for a shipper, what the logs say and what changed in them, where traces went wrong, and which service is the cause.
//
// It takes small interfaces, not clients: a client of this module, a fake, a file or a remote session satisfies them
// alike. Every answer tells which source gave it and what could not be seen.
package evidence

import (
	"context"
	"errors"
	"strings"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/fkapi"
)

// LoadSource answers what a load is. *fkapi.TrackingClient is one; a warehouse is another.
type LoadSource interface {
	// Name is who answers, for the provenance.
	Name() string
	// Load is the load with that tracking id; an unknown one is base.ErrNotFound.
	Load(ctx context.Context, trackingID string) (fkapi.Load, error)
}

// HealthSource is a source that can say without a call whether it is down; one that is down is skipped.
type HealthSource interface {
	// Health is what is known of the source.
	Health() base.Health
}

// LesserSource is a source whose answers lack something against those of the best one.
type LesserSource interface {
	// Degrades says what they lack, such as "up to 10 minutes old".
	Degrades() string
}

// LoadAnswer is a load, who gave it, what the answer lacks, how old it may be and how each source did.
type LoadAnswer struct {
	base.Answer[fkapi.Load]
	// Agreement is what each other source says about the answer, in the order in which they were given.
	Agreement []LoadAgreement
}

const (
	opLoadMetadata        = "LoadMetadata"
	opCompareLoadMetadata = "CompareLoadMetadata"
)

// LoadMetadata asks the sources in order until one knows the load, the best first: the Tracking API, then the table of
// loads of a warehouse, then its validation mart (package evidence/warehouse makes sources of the two).
//
// The answer says who gave it, what it lacks if that was a lesser source, how old it may be, how each source did, and
// whether those that were asked before say that there is no such load. A source that does not know the load, fails or is
// down leaves it to the next. What is left of the deadline is split evenly between the sources that are left, so that one
// that hangs leaves the last its share. Where none knows the load the error is a *base.Error that holds what each said;
// it is base.ErrNotFound only if every source said so, and base.ErrUnavailable where one was skipped that is down and the
// others do not know the load. No source, and one that is nil, is base.ErrInvalid.
func LoadMetadata(ctx context.Context, trackingID string, sources ...LoadSource) (LoadAnswer, error) {
	return askLoads(ctx, opLoadMetadata, trackingID, sources, nil)
}

// CompareLoadMetadata is [LoadMetadata] that goes on after the first answer: it asks every source, within the same
// deadline, and says in Agreement in which fields each other one agrees with the answer and in which it does not. The
// answer is still that of the first source that knows the load.
func CompareLoadMetadata(ctx context.Context, trackingID string, sources ...LoadSource) (LoadAnswer, error) {
	return askLoads(ctx, opCompareLoadMetadata, trackingID, sources, func(fkapi.Load) bool { return false })
}

func askLoads(ctx context.Context, op, trackingID string, sources []LoadSource, enough func(fkapi.Load) bool) (LoadAnswer, error) {
	if err := checkSources(op, "sources", sources); err != nil {
		return LoadAnswer{}, err
	}
	steps := make([]base.Step[fkapi.Load], 0, len(sources))
	for _, s := range sources {
		one := step(s, func(ctx context.Context) (fkapi.Load, error) { return s.Load(ctx, trackingID) })
		one.Enough = enough
		steps = append(steps, one)
	}
	answer, err := first(ctx, op, steps)
	if err != nil {
		return LoadAnswer{Answer: answer}, err
	}
	return LoadAnswer{answer, agreements(answer)}, nil
}

// step is one source of a fallback, with what it can say of itself.
func step[T any](source interface{ Name() string }, run func(context.Context) (T, error)) base.Step[T] {
	s := base.Step[T]{Source: source.Name(), Run: run}
	if known, ok := source.(HealthSource); ok {
		s.Health = known.Health
	}
	if lesser, ok := source.(LesserSource); ok {
		s.Degrades = lesser.Degrades()
	}
	return s
}

// first runs the steps and keeps the error honest.
func first[T any](ctx context.Context, op string, steps []base.Step[T]) (base.Answer[T], error) {
	if len(steps) == 0 {
		return base.Answer[T]{}, base.Invalid("evidence", op, "sources: none was given; pass at least one client")
	}
	answer, err := base.First(base.Fallback(ctx, steps...))
	if err == nil {
		return answer, nil
	}
	kind := base.KindOf(verdict(answer.Tried, err))
	switch {
	case ctx.Err() != nil:
		kind = base.KindOf(ctx.Err())
	case kind == base.KindCircuitOpen: // of a source; others were asked
		kind = base.KindUnavailable
	}
	e := base.NewError(kind, verdict(answer.Tried, err)).WithText(strings.ReplaceAll(err.Error(), "\n", "; "))
	e.Source, e.Op = "evidence", op
	return answer, e
}

// verdict keeps a failed source from passing for one that does not know the thing: the joined error would match
// base.ErrNotFound as soon as one source said so.
func verdict[T any](tried []base.Tried[T], err error) error {
	for _, t := range tried {
		if t.Skipped != "" || !errors.Is(t.Err, base.ErrNotFound) {
			return &unansweredError{err}
		}
	}
	return err
}

// unansweredError is the failure of a question that at least one source could not be asked.
type unansweredError struct{ err error }

// Error is what each source said.
func (e *unansweredError) Error() string { return e.err.Error() }

// Unwrap gives the errors of the sources that say more than that they do not know.
func (e *unansweredError) Unwrap() []error {
	joined, ok := e.err.(interface{ Unwrap() []error })
	if !ok {
		return []error{e.err}
	}
	var all []error
	for _, err := range joined.Unwrap() {
		if !errors.Is(err, base.ErrNotFound) {
			all = append(all, err)
		}
	}
	return all
}
