package evidence_test

import (
	"context"
	"fmt"
	"iter"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/logs"
	"github.com/fourkites/sources/evidence"
	"github.com/fourkites/sources/internal/incident"
)

// recorded is the log of a recorded incident.
type recorded []logs.Record

func (recorded) Name() string { return "recorded" }

func (r recorded) Logs(_ context.Context, q logs.Query) iter.Seq2[logs.Record, error] {
	return func(yield func(logs.Record, error) bool) {
		for _, one := range r {
			if q.Window.Contains(one.Time) && !yield(one, nil) {
				return
			}
		}
	}
}

// recordedCase reads the first shared incident whose folder begins so.
func recordedCase(t testing.TB, prefix string) incident.Case {
	t.Helper()
	dirs, err := filepath.Glob(filepath.Join("..", "..", "shared", "data", "incidents", prefix+"*"))
	if err != nil || len(dirs) == 0 {
		t.Skip("the shared incidents are not here")
	}
	if _, err := os.Stat(dirs[0]); err != nil {
		t.Skip("the shared incidents are not here")
	}
	c, err := incident.Read(t.Context(), dirs[0])
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestIncidentLogsComeDownToAFewHundredPatterns(t *testing.T) {
	t.Parallel()
	c := recordedCase(t, "C1")
	q := logs.Query{Window: c.Window}
	p, err := evidence.LogPatterns(t.Context(), recorded(c.Logs), q, evidence.PatternOptions{MaxPatterns: 1000})
	if err != nil {
		t.Fatal(err)
	}
	if p.Records != int64(len(c.Logs)) || p.Records < 5000 || p.Distinct > 300 || p.Outcome != base.Data {
		t.Errorf("%d records of %d came down to %d patterns, %s", p.Records, len(c.Logs), p.Distinct, p.Outcome)
	}
	sites := 0
	for _, one := range p.Patterns {
		if one.Site.Lines[0] > 0 {
			sites++
		}
		for _, example := range one.Examples {
			if len(example.Body) < 400 && !one.Matches(example.Body) {
				t.Errorf("%q is not matched by its example %q", one.Template, example.Body)
			}
		}
	}
	if sites < p.Distinct*9/10 {
		t.Errorf("%d of %d patterns name their place in the code", sites, p.Distinct)
	}
	shuffled := slices.Clone(c.Logs)
	rand.New(rand.NewPCG(3, 4)).Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
	again, err := evidence.LogPatterns(t.Context(), recorded(shuffled), q, evidence.PatternOptions{MaxPatterns: 1000})
	if diff := cmp.Diff(p, again, cmpopts.IgnoreUnexported(evidence.Pattern{})); err != nil || diff != "" {
		t.Errorf("in another order: %v\n%s", err, diff)
	}
}

func TestIncidentDiffShowsALineThatIsGone(t *testing.T) {
	t.Parallel()
	c := recordedCase(t, "C1")
	middle := c.Window.From.Add(c.Window.Duration() / 2)
	before, during := base.Window{From: c.Window.From, To: middle}, base.Window{From: middle, To: c.Window.To}
	all, err := evidence.LogPatterns(t.Context(), recorded(c.Logs), logs.Query{Window: c.Window}, evidence.PatternOptions{})
	if err != nil {
		t.Fatal(err)
	}
	victim := all.Patterns[10]
	place := fmt.Sprintf("%s#%d ", victim.Site.Symbol, victim.Site.Lines[0])
	silenced := slices.DeleteFunc(slices.Clone(c.Logs), func(r logs.Record) bool { return !r.Time.Before(middle) && strings.Contains(r.Body, place) })
	d, err := evidence.PatternDiff(t.Context(), recorded(silenced), logs.Query{}, before, during, evidence.PatternOptions{})
	if err != nil || d.RecordsBefore+d.RecordsDuring != int64(len(silenced)) || len(silenced) == len(c.Logs) {
		t.Fatalf("%d + %d records of %d and %d, %v", d.RecordsBefore, d.RecordsDuring, len(silenced), len(c.Logs), err)
	}
	at := slices.IndexFunc(d.Changes, func(c evidence.PatternChange) bool {
		return c.Change == evidence.GonePattern && c.Significant && c.Pattern.Template == victim.Template
	})
	if at < 0 || at > 2 {
		t.Errorf("the line that is gone stands at %d: %q", at, changes(d)[:min(5, len(d.Changes))])
	}
}
