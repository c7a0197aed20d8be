package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/fourkites/sources/evidence"
)

func TestProgressTellsOfChangesOnly(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	p := newProgress(&b)
	for _, outcome := range []string{"pending", "pending", "data", "pending", "data", "partial"} {
		p.source(evidence.SourceReport{Name: "x", Outcome: outcome, ElapsedMS: 7})
	}
	p.source(evidence.SourceReport{Name: "y", Outcome: "no_data", Hint: "why"})
	var told []string
	for line := range strings.Lines(b.String()) {
		_, text, _ := strings.Cut(line, "s  ")
		told = append(told, strings.TrimSpace(text))
	}
	want := "x: asking; x: data after 7 ms; x: partial after 7 ms; y: no data after 0 ms (why)"
	if got := strings.Join(told, "; "); got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
}
