package main

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestTheTicketIsAnswered(t *testing.T) {
	t.Parallel()
	got := try(t, t.Context())
	if got.code != 0 {
		t.Fatalf("exit %d: %s", got.code, got.stderr)
	}
	lines := strings.Split(strings.TrimSpace(got.stdout), "\n")
	if len(lines) <= 20 || lines[0] != "# Load LPX20417735, tracking id 482913377" {
		t.Errorf("%d lines, the first %q", len(lines), lines[0])
	}
	verdict := lines[2]
	for _, want := range []string{"relationship 70412", "not live", "set relationship 70412 to live"} {
		if !strings.Contains(verdict, want) {
			t.Errorf("no %q in the verdict %q", want, verdict)
		}
	}
	var headings []string
	for _, line := range lines {
		if text, ok := strings.CutPrefix(line, "## "); ok {
			headings = append(headings, text)
		}
	}
	want := []string{
		"What happened, and when", "The load", "What the network says", "Candidates, best first", "What the log lines that name it say",
		"Evidence", "Which source answered, and how fast", "Not seen",
	}
	if diff := cmp.Diff(want, headings); diff != "" {
		t.Error(diff)
	}
	for _, want := range []string{
		"| Sep 16 12:39:01 | assignment-worker | WARN tracking info not assigned: relationship is not live",
		"| carrier | Ninefold Haulage (ninefold-haulage) |", "**RELATIONSHIP_NOT_LIVE** between `larkspur-pantry` and `ninefold-haulage`",
		"`TrackingInfoAssigner` line 118", "| document-2 |", "| tracking | data |", "| company | data |", "| clickhouse | data |",
	} {
		if !strings.Contains(got.stdout, want) {
			t.Errorf("no %q in\n%s", want, got.stdout)
		}
	}
	for _, want := range []string{"ticket: load LPX20417735, tracking id 482913377", "tracking: asking", "company: data after", "clickhouse: data after"} {
		if !strings.Contains(got.stderr, want) {
			t.Errorf("no %q in the progress\n%s", want, got.stderr)
		}
	}
}

func TestTheTicketIsAnsweredInJSON(t *testing.T) {
	t.Parallel()
	got := try(t, t.Context(), "-format", "json")
	r := decode(t, got.stdout)
	if r.Verdict != "fault" || len(r.Causes) == 0 || r.Causes[0].Kind != "configuration" || r.Causes[0].Service != "assignment-worker" {
		t.Errorf("%s, %+v", r.Verdict, r.Causes)
	}
	known := map[string]bool{}
	for _, item := range r.Evidence {
		known[item.ID] = true
		if item.Source == "" || item.Type == "" || item.Summary == "" || len(item.Ref) == 0 {
			t.Errorf("%+v", item)
		}
	}
	for _, c := range r.Causes {
		if c.Rank < 1 || c.Confidence <= 0 || c.Confidence > 1 || c.Why == "" || len(c.Evidence) == 0 {
			t.Errorf("%+v", c)
		}
		for _, id := range c.Evidence {
			if !known[id] {
				t.Errorf("%s is cited and not listed", id)
			}
		}
	}
	for _, s := range r.Sources {
		if s.Name == "" || s.Outcome == "" || s.ElapsedMS == nil || s.Attempts == nil {
			t.Errorf("%+v", s)
		}
	}
	if len(r.Sources) != 3 || r.Window.To.Sub(r.Window.From) < 2*time.Hour {
		t.Errorf("%+v in %+v", r.Sources, r.Window)
	}
}
