package main

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/evidence"
)

func TestTextFromOutsideCannotChangeTheForm(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"a|b\nc":            `a\|b c`,
		"**bold** <b>":      `\*\*bold\*\* &lt;b>`,
		"[x](http://y)":     `[x]\(http://y)`,
		"\x1b[31mred\u202e": `[31mred`,
		"`x`":               "\\`x\\`",
	} {
		if got := plain(text); got != want {
			t.Errorf("%q becomes %q, want %q", text, got, want)
		}
	}
	if got := code("a`b|c"); got != "`a'b\\|c`" {
		t.Errorf("%q", got)
	}
	if got := plain(strings.Repeat("é", 500)); got != strings.Repeat("é", most)+"…" {
		t.Errorf("%q", got)
	}
}

func TestBlocksStandApart(t *testing.T) {
	t.Parallel()
	var d document
	d.heading(1, "a %s", "b")
	d.paragraph("c")
	d.table([]string{"x", "y"}, [][]string{{"1", "2"}})
	d.list([]string{"e", "f"})
	if diff := cmp.Diff("# a b\n\nc\n\n| x | y |\n|---|---|\n| 1 | 2 |\n\n- e\n- f\n", d.String()); diff != "" {
		t.Error(diff)
	}
}

func TestTheVerdictIsOneSentence(t *testing.T) {
	t.Parallel()
	at := time.Date(2024, 5, 6, 7, 1, 0, 0, time.UTC)
	cause := evidence.Cause{
		Service: "price", Kind: evidence.CPUConsumed, Onset: at, Confidence: 0.876, Metric: "CpuUsage(m)",
		Code: []evidence.CodeRegion{{Symbol: "a.Price", File: "Price.java", Lines: [2]int{31, 33}}},
	}
	for want, r := range map[string]evidence.Report{
		"**`price` is at fault: code that burns CPU, `a.Price` in `Price.java` lines 31 to 33; shows in `CpuUsage(m)`, since 2024-05-06 07:01:00 UTC (confidence 88 %).** Take a CPU": {
			Verdict: evidence.Fault, Causes: []evidence.Cause{cause},
		},
		"**No fault was found; there is nothing to do**":                {Verdict: evidence.NoFault, Causes: []evidence.Cause{cause}},
		"**The evidence does not tell whether there was a fault.** The": {Verdict: evidence.Unknown},
	} {
		if got := sentence(r); !strings.HasPrefix(got, want) {
			t.Errorf("%s", got)
		}
	}
}

func TestWindowsAndClocksAreShort(t *testing.T) {
	t.Parallel()
	from := time.Date(2024, 5, 6, 23, 0, 0, 0, time.UTC)
	w := base.Window{From: from, To: from.Add(30 * time.Minute)}
	for got, want := range map[string]string{
		window(w): "2024-05-06 23:00:00 to 23:30:00 UTC",
		window(base.Window{From: from, To: from.Add(2 * time.Hour)}): "2024-05-06 23:00:00 to 2024-05-07 01:00:00 UTC",
		clockIn(w, from.Add(time.Millisecond)):                       "23:00:00.001",
		clockIn(w, from.Add(-time.Hour)):                             "May 06 22:00:00",
		clockIn(w, time.Time{}) + window(base.Window{}):              "",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
