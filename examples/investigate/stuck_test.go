package main

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/fourkites/sources/internal/markdown"
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
	essentials := markdown.Unwrapped(strings.Join(lines[:26], "\n"))
	for _, want := range []string{
		"\n\nDemo: the ticket, the load and the services are made up.",
		"\n\n**Load 482913377 waits for tracking info: relationship 70412 is not live (its status is \"pending\").**\n",
		"What to do: Set relationship 70412 to live, in the Company API or the network settings of shipper larkspur-pantry.",
		"(confidence 95 %); service `assignment-worker`; `TrackingInfoAssigner` line 118; since 12:39:01 UTC; evidence document-1",
		"| 2025-09-15 16:02:00 | company           | relationship 70412: created ", "| 2025-09-17 06:00:00 | tracking ",
		"| WARN tracking info not assigned: relationship is not live, 7 times until 14:09:02 | log-1 ",
		"Sources: ", "clickhouse (data)", "Not seen: 2 things",
	} {
		if !strings.Contains(essentials, want) {
			t.Errorf("no %q at the top of\n%s", want, got.stdout)
		}
	}
	var headings []string
	for _, line := range lines {
		if text, ok := strings.CutPrefix(line, "##"); ok {
			headings = append(headings, text)
		}
		if n := utf8.RuneCountInString(line); n > 150 {
			t.Errorf("%d characters: %s", n, line)
		}
	}
	want := []string{
		" What happened, and when", " Details", "# Why", "# The load", "# What the network says", "# What the log lines that name it say",
		"# Evidence, in the order of time (UTC, 2025-09-16, where no date stands)", "# Which source answered, and how fast", "# Not seen",
	}
	if diff := cmp.Diff(want, headings); diff != "" {
		t.Error(diff)
	}
	for _, want := range []string{
		"- carrier: Ninefold Haulage (ninefold-haulage)\n", "**RELATIONSHIP_NOT_LIVE** between `larkspur-pantry` and `ninefold-haulage`",
		"`load stays in awaiting_tracking_info, next try in <num> minutes", "**document-2** 2025-09-15 16:02:00.000:",
		"`TrackingInfoAssigner#118` is in `TrackingInfoAssigner#assign` of `assignment-worker`; " +
			"assignment-worker is called by RecordMatcher#hand_over, carrier-file-worker, LoadsController#create, load-api (code-1, code-2).",
		"**code-1**", "assignment-worker/app/workers/tracking_info_assigner.rb:96-131", "| graph      | data ",
		"span `c44e19ad7705b2f3`", "| 9 calls | 0 retries | 11:22:29 to 14:20:00 ",
	} {
		if !strings.Contains(markdown.Unwrapped(got.stdout), want) {
			t.Errorf("no %q in\n%s", want, got.stdout)
		}
	}
	wellFormed(t, got.stdout)
	if !strings.HasPrefix(got.stderr, "Demo: the ticket, the load and the services are made up.") {
		t.Errorf("the first line on stderr does not say that this is a demo: %s", got.stderr)
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
	if r.Demo != demo {
		t.Errorf("demo: %q", r.Demo)
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
		if s.Name == "" || s.Outcome == "" || s.ElapsedMS == nil || s.Attempts == nil || s.Calls == nil || *s.Calls < 1 {
			t.Errorf("%+v", s)
		}
	}
	if len(r.Sources) != 4 || r.Window.To.Sub(r.Window.From) < 2*time.Hour {
		t.Errorf("%+v in %+v", r.Sources, r.Window)
	}
}
