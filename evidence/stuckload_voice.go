package evidence

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/fourkites/sources/base/logs"
)

// Words by which a log line says that something was not done. Lines are compared in lower case.
var refusals = []string{
	"refus", "reject", "declin", "denied", "deny", "forbid", "not allowed", "not permitted", "not assigned", "not live", "not active",
	"inactive", "disabled", "no relationship", "skip", "ignor", "dropped", "giving up", "gave up", "given up", "abort", "cannot",
	"can't", "could not", "unable", "failed", "failure",
}

// Words by which a log line says what kind of thing went wrong. A called thing that fails is looked for first, for the
// data that it did not give are then missing as a consequence.
var (
	dependencyWords = []string{
		"timeout", "timed out", "deadline exceeded", "connection", "unavailable", "unreachable", "no such host", "too many requests",
		"rate limit", "throttl", "bad gateway", "answered 5", "status 5", "http 5", "broken pipe",
	}
	dataWords = []string{
		"invalid", "missing", "malformed", "parse", "mismatch", "no match", "unmatched", "not match", "not found", "validation", "blank",
		"unknown", "duplicate", "unexpected value", "out of range", "no such",
	}
)

// voice is what the lines of one service say of the load.
type voice struct {
	service string
	score   int
	lines   []stuckLine // those of that score, oldest first
}

// voices are the services with lines that count, the one that has most to say first: by severity, by words of refusal,
// and most of all by naming what the refusal is about. At a tie it is the one that said it more often, then the one that
// said it first.
func (c *stuckCase) voices(about []string, counts func(severity logs.Severity, refuses, names bool) bool) []voice {
	byService := map[string]*voice{}
	for _, l := range c.lines {
		text := strings.ToLower(l.body.line())
		refuses, names := hasAny(text, refusals), hasAny(text, about)
		if !counts(l.severity, refuses, names) {
			continue
		}
		score := scoreOf(l.severity, refuses, names)
		v := byService[l.Service]
		switch {
		case v == nil:
			byService[l.Service] = &voice{l.Service, score, []stuckLine{l}}
		case score > v.score:
			v.score, v.lines = score, []stuckLine{l}
		case score == v.score:
			v.lines = append(v.lines, l)
		}
	}
	var all []voice
	for _, v := range byService {
		all = append(all, *v)
	}
	slices.SortFunc(all, func(a, b voice) int {
		return cmp.Or(cmp.Compare(b.score, a.score), cmp.Compare(len(b.lines), len(a.lines)), compareRecords(a.lines[0].Record, b.lines[0].Record))
	})
	return all
}

// scoreOf weighs a line. A warning that refuses the thing in question weighs more than the worst error that does not
// name it.
func scoreOf(severity logs.Severity, refuses, names bool) int {
	score := 0
	if severity >= logs.SeverityWarn {
		score = 1 + int(severity-logs.SeverityWarn)/4
	}
	if refuses {
		score += 2
	}
	if names {
		score += 3
	}
	return score
}

// warns counts warnings that refuse something or name what it is about, and lines of less that do both.
func warns(severity logs.Severity, refuses, names bool) bool {
	return refuses && names || severity >= logs.SeverityWarn && (refuses || names)
}

// fails counts errors, and warnings that refuse something.
func fails(severity logs.Severity, refuses, _ bool) bool {
	return severity >= logs.SeverityError || severity >= logs.SeverityWarn && refuses
}

func hasAny(text string, words []string) bool {
	return slices.ContainsFunc(words, func(w string) bool { return w != "" && strings.Contains(text, strings.ToLower(w)) })
}

// said tells what a service said, how often and when.
func (v voice) said() string {
	first, last := v.lines[0], v.lines[len(v.lines)-1]
	what := fmt.Sprintf("%s logged %q", cmp.Or(v.service, "a service without a name"), first.text())
	if len(v.lines) == 1 {
		return fmt.Sprintf("%s at %s UTC", what, first.Time.UTC().Format(minute))
	}
	return fmt.Sprintf("%s %d times from %s to %s UTC", what, len(v.lines), first.Time.UTC().Format(minute), last.Time.UTC().Format(minute))
}

// text is what the line says, on one line.
func (l stuckLine) text() string { return oneLine(cmp.Or(l.body.Message, l.body.line())) }
