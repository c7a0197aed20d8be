package main

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fourkites/sources/evidence"
	"github.com/fourkites/sources/internal/markdown"
)

func wellFormed(t *testing.T, text string) {
	t.Helper()
	if err := markdown.Check(text); err != nil {
		t.Errorf("%v in\n%s", err, text)
	}
}

func TestTheVerdictIsOneSentence(t *testing.T) {
	t.Parallel()
	at := time.Date(2024, 5, 6, 7, 1, 0, 0, time.UTC)
	cause := evidence.Cause{
		Service: "price", Kind: evidence.CPUConsumed, Onset: at, Confidence: 0.876, Metric: "CpuUsage(m)", Evidence: []string{"log-1"},
		Code: []evidence.CodeRegion{{Symbol: "a.Price", File: "Price.java", Lines: [2]int{31, 33}}},
	}
	for want, r := range map[string]evidence.Report{
		"**`price` is at fault: code that burns CPU, since 2024-05-06 07:01:00 UTC (confidence 88 %).**": {
			Verdict: evidence.Fault, Causes: []evidence.Cause{cause},
		},
		"**No fault was found.**":                                   {Verdict: evidence.NoFault, Causes: []evidence.Cause{cause}},
		"**The evidence does not tell whether there was a fault.**": {Verdict: evidence.Unknown},
	} {
		if got := verdict(r); got != want {
			t.Errorf("%s", got)
		}
	}
	want := "code that burns CPU (confidence 88 %); service `price`; `a.Price` in `Price.java` lines 31 to 33; shows in `CpuUsage(m)`; " +
		"since 07:01:00 UTC; evidence log-1"
	if diff := cmp.Diff(want, strings.Join(causeParts(cause, markdown.CalendarOf(at)), "; ")); diff != "" {
		t.Error(diff)
	}
}
