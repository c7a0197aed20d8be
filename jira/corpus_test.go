package jira_test

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fourkites/sources/jira"
)

// labelled is a ticket, made up, with what is to be found in it.
type labelled struct {
	id    string
	issue jira.Issue
	want  map[string][]string
}

// corpus reads testdata/tickets.txt: a line with the id, one with the time and the zone of its reporter, the summary, the
// description behind ---, comments and fields behind --- comment and --- field, and behind === what is to be found.
func corpus(t testing.TB, file string) []labelled {
	t.Helper()
	text, err := os.ReadFile("testdata/" + file)
	if err != nil {
		t.Fatal(err)
	}
	var all []labelled
	for block := range strings.SplitSeq(string(text), "\n# ") {
		if block = strings.TrimPrefix(strings.TrimSpace(block), "# "); block != "" {
			all = append(all, ticket(t, block))
		}
	}
	return all
}

func ticket(t testing.TB, block string) labelled {
	t.Helper()
	body, wanted, ok := strings.Cut(block+"\n", "\n===\n")
	head, rest, described := strings.Cut(body, "\n---\n")
	lines := strings.SplitN(head, "\n", 3)
	if !ok || !described || len(lines) != 3 {
		t.Fatalf("a ticket of another form:\n%s", block)
	}
	l := labelled{id: lines[0], want: map[string][]string{}}
	at, zone, _ := strings.Cut(lines[1], " ")
	created, err := time.Parse(time.RFC3339, at)
	if err != nil {
		t.Fatal(err)
	}
	l.issue = jira.Issue{Key: "OPS-" + strings.TrimLeft(l.id, "h0"), Summary: lines[2], Created: created, Reporter: jira.User{TimeZone: zone}}
	l.parts(t, rest)
	for line := range strings.SplitSeq(strings.TrimSpace(wanted), "\n") {
		if name, values, ok := strings.Cut(line, ": "); ok {
			l.want[name] = strings.Split(values, " | ")
		}
	}
	return l
}

func (l *labelled) parts(t testing.TB, text string) {
	t.Helper()
	for i, part := range strings.Split(text, "\n--- ") {
		head, body, _ := strings.Cut(part, "\n")
		kind, name, _ := strings.Cut(head, " ")
		switch {
		case i == 0:
			l.issue.Description = part
		case kind == "comment":
			at, err := time.Parse(time.RFC3339, name)
			if err != nil {
				t.Fatal(err)
			}
			l.issue.Comments = append(l.issue.Comments, jira.Comment{Body: body, Created: at})
		case kind == "field":
			raw, _ := json.Marshal(body)
			if l.issue.Custom == nil {
				l.issue.Custom = map[string]json.RawMessage{}
			}
			l.issue.Custom[name] = raw
		}
	}
}

// given is what was found, in the words of the labels.
func given(p jira.ParsedIssue) map[string][]string {
	out := map[string][]string{"category": {string(p.Category)}}
	for name, list := range map[string][]jira.Finding{
		"tracking": p.TrackingIDs, "load": p.LoadNumbers, "pro": p.ProNumbers, "bol": p.BOLNumbers, "po": p.PONumbers, "booking": p.Bookings,
		"container": p.Containers, "vessel": p.Vessels, "shipper": p.Shippers, "carrier": p.Carriers, "broker": p.Brokers, "scac": p.SCACs,
		"service": p.Services, "trace": p.TraceIDs, "correlation": p.Correlations, "request": p.RequestIDs, "status": p.HTTPStatuses,
		"endpoint": p.Endpoints, "host": p.Hosts, "sql": p.SQLQueries, "error": p.Errors,
	} {
		for _, f := range list {
			out[name] = append(out[name], f.Value)
		}
	}
	for _, s := range p.StackTraces {
		out["stack"] = append(out["stack"], string(s.Language)+":"+s.Exception)
	}
	for _, m := range p.Times {
		text := m.Start.Format(time.RFC3339)
		if m.End.After(m.Start) {
			text += ".." + m.End.Format(time.RFC3339)
		}
		out["time"] = append(out["time"], text)
	}
	if p.Mode != "" {
		out["mode"] = []string{string(p.Mode)}
	}
	if p.Environment != "" {
		out["env"] = []string{string(p.Environment)}
	}
	return out
}

// score counts what was found rightly, wrongly, and not at all.
type score struct{ right, wrong, missed int }

func (s score) precision() float64 { return share(s.right, s.right+s.wrong) }
func (s score) recall() float64    { return share(s.right, s.right+s.missed) }

func share(n, of int) float64 {
	if of == 0 {
		return 1
	}
	return float64(n) / float64(of)
}

func (s *score) add(want, got []string, equal func(want, got string) bool) (problems []string) {
	left := slices.Clone(got)
	for _, w := range want {
		at := slices.IndexFunc(left, func(g string) bool { return equal(w, g) })
		if at < 0 {
			s.missed++
			problems = append(problems, "missed "+w)
			continue
		}
		s.right++
		left = slices.Delete(left, at, at+1)
	}
	s.wrong += len(left)
	for _, g := range left {
		problems = append(problems, "wrong "+g)
	}
	return problems
}

// The floors of the whole corpus, for each field, and of the part that was kept aside while the rules were written.
const (
	leastPrecision = 0.97
	leastRecall    = 0.95
	leastHeldOut   = 0.9
	leastCategory  = 0.95 // which of two categories a ticket has is often a matter of taste
)

func TestTicketsAreReadPreciselyAndWhole(t *testing.T) {
	t.Parallel()
	fields := strings.Fields("tracking load pro bol po booking container vessel shipper carrier broker scac service trace correlation request status endpoint host sql error stack time mode env category")
	whole, kept := map[string]*score{}, map[string]*score{}
	for _, name := range fields {
		whole[name], kept[name] = &score{}, &score{}
	}
	tickets := corpus(t, "tickets.txt")
	for _, one := range tickets {
		got := given(jira.Parse(one.issue))
		for _, name := range fields {
			equal := func(want, got string) bool { return want == got || name == "error" && strings.HasPrefix(got, want) }
			for _, problem := range whole[name].add(one.want[name], got[name], equal) {
				t.Logf("ticket %s: %s: %s", one.id, name, problem)
			}
			if strings.HasPrefix(one.id, "h") {
				kept[name].add(one.want[name], got[name], equal)
			}
		}
	}
	var table strings.Builder
	fmt.Fprintf(&table, "%d tickets\n%-12s %8s %10s %8s %22s\n", len(tickets), "field", "found", "precision", "recall", "held out: prec., rec.")
	var all, aside score
	for _, name := range fields {
		w, k := whole[name], kept[name]
		fmt.Fprintf(&table, "%-12s %8d %10.3f %8.3f %11.3f %10.3f\n", name, w.right, w.precision(), w.recall(), k.precision(), k.recall())
		precision, recall := leastPrecision, leastRecall
		if name == "category" {
			precision, recall = leastCategory, leastCategory
		}
		if w.precision() < precision || w.recall() < recall {
			t.Errorf("%s: precision %.3f, recall %.3f", name, w.precision(), w.recall())
		}
		if w.right == 0 {
			t.Errorf("%s: nothing in the corpus", name)
		}
		all, aside = sum(all, *w), sum(aside, *k)
	}
	fmt.Fprintf(&table, "%-12s %8d %10.3f %8.3f %11.3f %10.3f", "all", all.right, all.precision(), all.recall(), aside.precision(), aside.recall())
	t.Log(table.String())
	if len(tickets) < 60 || aside.precision() < leastHeldOut || aside.recall() < leastHeldOut {
		t.Errorf("%d tickets; held out: precision %.3f, recall %.3f", len(tickets), aside.precision(), aside.recall())
	}
}

func sum(a, b score) score { return score{a.right + b.right, a.wrong + b.wrong, a.missed + b.missed} }
