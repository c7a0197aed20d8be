package jira_test

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fourkites/sources/internal/adf"
	"github.com/fourkites/sources/jira"
)

// labelled is a ticket, made up, with what is to be found in it.
type labelled struct {
	id    string
	issue jira.Issue
	want  map[string][]string
}

// corpus reads a file of testdata: a line with the id, one with the time and the zone of its reporter, the summary, the
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
	l.issue = jira.Issue{Key: "OPS-" + l.id, Summary: lines[2], Created: created, Reporter: jira.User{TimeZone: zone}}
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

// fields are what the tickets are labelled with.
var fields = strings.Fields("tracking load pro bol po booking container vessel shipper carrier broker scac service trace correlation request status endpoint host sql error stack time mode env category")

// measure reads tickets and counts by field what was found.
func measure(t *testing.T, tickets []labelled) (scores map[string]*score, all score) {
	t.Helper()
	scores = map[string]*score{}
	for _, name := range fields {
		scores[name] = &score{}
	}
	for _, one := range tickets {
		got := given(jira.Parse(one.issue))
		for _, name := range fields {
			equal := func(want, got string) bool { return want == got || name == "error" && strings.HasPrefix(got, want) }
			for _, problem := range scores[name].add(one.want[name], got[name], equal) {
				t.Logf("ticket %s: %s: %s", one.id, name, problem)
			}
		}
	}
	for _, s := range scores {
		all.right, all.wrong, all.missed = all.right+s.right, all.wrong+s.wrong, all.missed+s.missed
	}
	return scores, all
}

// The floors of each field, over the tickets that the rules were written with.
const (
	leastPrecision = 0.97
	leastRecall    = 0.95
	leastCategory  = 0.95 // which of two categories a ticket has is often a matter of taste
)

func TestTicketsAreReadPreciselyAndWhole(t *testing.T) {
	t.Parallel()
	tickets := corpus(t, "tickets.txt")
	scores, all := measure(t, tickets)
	var table strings.Builder
	fmt.Fprintf(&table, "%d tickets\n%-12s %8s %10s %8s\n", len(tickets), "field", "found", "precision", "recall")
	for _, name := range fields {
		s := scores[name]
		fmt.Fprintf(&table, "%-12s %8d %10.3f %8.3f\n", name, s.right, s.precision(), s.recall())
		precision, recall := leastPrecision, leastRecall
		if name == "category" {
			precision, recall = leastCategory, leastCategory
		}
		if s.precision() < precision || s.recall() < recall {
			t.Errorf("%s: precision %.3f, recall %.3f", name, s.precision(), s.recall())
		}
		if s.right == 0 {
			t.Errorf("%s: nothing in the corpus", name)
		}
	}
	fmt.Fprintf(&table, "%-12s %8d %10.3f %8.3f", "all", all.right, all.precision(), all.recall())
	t.Log(table.String())
	if len(tickets) < 60 {
		t.Errorf("%d tickets", len(tickets))
	}
}

// No rule was changed for these tickets: what they score is what other tickets may expect. The category
// is a judgement, and much less sure than what is found.
const (
	leastUnseenPrecision = 0.95
	leastUnseenRecall    = 0.9
	leastUnseenCategory  = 0.7
)

func TestTicketsThatTheRulesHaveNotSeenAreRead(t *testing.T) {
	t.Parallel()
	tickets := corpus(t, "unseen.txt")
	scores, all := measure(t, tickets)
	category := *scores["category"]
	found := score{all.right - category.right, all.wrong - category.wrong, all.missed - category.missed}
	t.Logf("%d tickets, %d findings: precision %.3f, recall %.3f; category right in %d", len(tickets), found.right, found.precision(), found.recall(), category.right)
	if len(tickets) < 20 || found.precision() < leastUnseenPrecision || found.recall() < leastUnseenRecall || category.recall() < leastUnseenCategory {
		t.Errorf("precision %.3f, recall %.3f, category %.3f", found.precision(), found.recall(), category.recall())
	}
}

// typed is a text as somebody types it into the editor of the site: blocks of code, and lines without any form.
func typed(text string) json.RawMessage {
	var blocks []any
	var line []any
	flush := func() {
		if len(line) > 0 {
			blocks = append(blocks, map[string]any{"type": "paragraph", "content": line})
		}
		line = nil
	}
	for i, part := range strings.Split(text, "```") {
		if i%2 == 1 {
			flush()
			language, code, _ := strings.Cut(part, "\n")
			blocks = append(blocks, map[string]any{"type": "codeBlock", "attrs": map[string]any{"language": language}, "content": []any{map[string]any{"type": "text", "text": code}}})
			continue
		}
		for one := range strings.SplitSeq(part, "\n") {
			if one == "" {
				flush()
				continue
			}
			if len(line) > 0 {
				line = append(line, map[string]any{"type": "hardBreak"})
			}
			line = append(line, map[string]any{"type": "text", "text": one})
		}
		flush()
	}
	raw, _ := json.Marshal(map[string]any{"type": "doc", "version": 1, "content": blocks})
	return raw
}

// The client gives text as Markdown, with escapes: what is found in it is what is found in the text itself.
func TestTicketsAreReadThroughTheDocumentsOfTheSite(t *testing.T) {
	t.Parallel()
	tickets := corpus(t, "tickets.txt")
	for i := range tickets {
		one := &tickets[i].issue
		if strings.Count(one.Description, "`")%3 != 0 || strings.Count(one.Description, "```")%2 != 0 {
			continue // code within a line
		}
		raw := typed(one.Description)
		if strings.Contains(one.Description, "\n| ---") {
			raw, _ = adf.FromMarkdown(one.Description)
		}
		text, _, err := adf.Markdown(raw)
		if err != nil {
			t.Fatal(one.Key, err)
		}
		one.Description = text
	}
	scores, all := measure(t, tickets)
	t.Logf("%d tickets, %d findings: precision %.3f, recall %.3f", len(tickets), all.right, all.precision(), all.recall())
	for _, name := range fields {
		if s := scores[name]; s.precision() < leastCategory || s.recall() < leastCategory {
			t.Errorf("%s: precision %.3f, recall %.3f", name, s.precision(), s.recall())
		}
	}
}
