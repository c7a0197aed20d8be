package evidence_test

import (
	"context"
	"errors"
	"iter"
	"strings"
	"testing"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/logs"
	"github.com/fourkites/sources/evidence"
)

// sequence is a source that is nothing but what it gives, whatever it is asked for.
type sequence func(yield func(logs.Record, error) bool)

func (sequence) Name() string { return "sequence" }

func (s sequence) Logs(context.Context, logs.Query) iter.Seq2[logs.Record, error] {
	return iter.Seq2[logs.Record, error](s)
}

// A source that goes on after its error, or after nobody wants more, panics in Go's own loop: what it said before counts.
func TestASourceThatGoesOnAfterItsErrorIsToldByTheError(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		source sequence
		kind   base.Kind
		reason string
	}{
		"after its error": {func(yield func(logs.Record, error) bool) {
			yield(line(ago(40), "40"), nil)
			yield(logs.Record{}, errGone)
			yield(line(ago(50), "50"), nil)
		}, base.KindUnavailable, "unavailable"},
		"after a record out of order": {func(yield func(logs.Record, error) bool) {
			yield(line(ago(40), "40"), nil)
			yield(line(ago(35), "35"), nil)
			yield(line(ago(50), "50"), nil)
		}, base.KindProtocol, "out of order"},
	} {
		var coverage evidence.LogCoverage
		got, err := base.Collect(evidence.Logs(t.Context(), byAge(newShelf("live", line(ago(1), "new")), c.source), logs.Query{Window: always}, &coverage))
		if bodies(got) != "new 40" || base.KindOf(err) != c.kind || !errors.Is(err, base.ErrPartial) || !strings.Contains(coverage.Parts[1].Reason, c.reason) {
			t.Errorf("%s: %s, %v, %s", name, bodies(got), err, coverage.Parts[1].Reason)
		}
	}
}

func TestASourceWithoutEndIsReadInBoundsAndLeft(t *testing.T) {
	t.Parallel()
	ended := false
	endless := sequence(func(yield func(logs.Record, error) bool) {
		for at := ago(170); yield(line(at, "x"), nil); at = at.Add(1) {
		}
		ended = true
	})
	n := 0
	for _, err := range byAge(nil, endless).Logs(t.Context(), logs.Query{Window: always, Order: logs.OldestFirst, Limit: 20_000}) {
		if n++; err != nil && !errors.Is(err, base.ErrTruncated) {
			t.Error(err)
		}
	}
	if n != 20_001 || !ended {
		t.Errorf("%d yields, ended %t", n, ended)
	}
}
