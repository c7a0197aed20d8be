package main

import (
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/evidence"
)

func TestTextFromOutsideCannotChangeTheForm(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"a|b\nc":                      `a|b c`,
		"**bold** <b>":                "\\*\\*bold\\*\\* `<b>`",
		"took <num> ms of <id><id>":   "took `<num>` ms of `<id><id>`",
		"a < b <i onclick=x>":         "a &lt; b &lt;i onclick=x>",
		"R&D &lt; &#60;":              "R&D &amp;lt; &amp;#60;",
		"_x_ a_b __y":                 `\_x_ a_b \_y`,
		"[x](http://y)":               `[x]\(http://y)`,
		"\x1b[31mred\u202e\u200b":     `[31mred`,
		"a\u0085b\u2028c\x9b2J\ufe0f": "a b c2J",
		"`x`":                         "\\`x\\`",
		"\xff\xfe":                    "",
	} {
		if got := plain(text); got != want {
			t.Errorf("%q becomes %q, want %q", text, got, want)
		}
	}
	for text, want := range map[string]string{
		"a`b|c": "``a`b|c``", "`": "`` ` ``", "<num> & \\": "`<num> & \\`", "": "", "\x1b": "", "a```b``": "```` a```b`` ````",
	} {
		if got := code(text); got != want {
			t.Errorf("%q becomes %q, want %q", text, got, want)
		}
	}
	if got := plain(strings.Repeat("é", 500)); got != strings.Repeat("é", mostText)+"…" {
		t.Errorf("%q", got)
	}
	if got := plain(strings.Repeat("x ", 1<<19)); len(got) > 2*mostText {
		t.Errorf("%d bytes", len(got))
	}
}

func TestTextIsCutBetweenWords(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		text string
		most int
		want string
	}{
		{"tracking id 482913377 is late", 18, "tracking id…"},
		{"tracking_id=1,load=482913377", 24, "tracking_id=1,load…"},
		{"short", 5, "short"},
		{"482913377482913377", 10, "4829133774…"},
	} {
		if got := cut(test.text, test.most); got != test.want {
			t.Errorf("%q, want %q", got, test.want)
		}
	}
}

func TestLinesBreakOnlyBeforeLetters(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("a", width)
	for text, want := range map[string]string{
		long + " b":         long + "\n  b",
		long + " # b":       long + " #\n  b",
		long + " 1. - > +":  long + " 1. - > +",
		long + " &lt;b | c": long + " &lt;b |\n  c",
	} {
		if got := wrap(text, "  "); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// wellFormed checks that every line of a report is one that the report makes itself, and that none hides or moves
// anything.
func wellFormed(t *testing.T, text string) {
	t.Helper()
	columns := 0
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		if strings.ContainsFunc(line, hides) || len(line) > 2000 {
			t.Errorf("not plain: %.300q", line)
		}
		switch bars := strings.Count(strings.ReplaceAll(line, `\|`, ""), "|"); {
		case !strings.HasPrefix(line, "|"):
			columns = 0
		case columns == 0:
			columns = bars
		case bars != columns:
			t.Errorf("%d bars, not %d: %s", bars, columns, line)
		}
		if rest, heading := strings.CutPrefix(strings.TrimLeft(line, " "), "#"); heading && strings.HasPrefix(rest, " heading") {
			t.Errorf("a heading from outside: %s", line)
		}
	}
	if outside := inCode.ReplaceAllString(strings.ReplaceAll(unwrapped(text), "\\`", ""), ""); strings.Contains(outside, "<") {
		t.Errorf("HTML from outside in\n%s", outside)
	}
}

// hides reports whether a terminal obeys the rune or a reader does not see it.
func hides(r rune) bool {
	return r < ' ' || r >= 0x7f && r < 0xa0 || r >= 0x200b && r <= 0x200f || r >= 0x2028 && r <= 0x202e || r >= 0x2060 && r <= 0x2069 ||
		r == 0xfeff || r == utf8.RuneError
}

// inCode finds code on one line whose fence is one to four backticks.
var inCode = regexp.MustCompile("````.*?````|```.*?```|``.*?``|`[^`]*`")

// unwrapped has each paragraph on a line of its own.
func unwrapped(text string) string {
	return regexp.MustCompile(`([^\n])\n *(\pL)`).ReplaceAllString(text, "$1 $2")
}

func TestBlocksStandApart(t *testing.T) {
	t.Parallel()
	var d document
	d.heading(1, "a %s", "b")
	d.paragraph("c")
	d.table([]string{"x", "y"}, [][]string{{"1|2", "é2345"}})
	d.list([]string{"e", "f\ng"})
	want := "# a b\n\nc\n\n| x    | y     |\n| ---- | ----- |\n| 1\\|2 | é2345 |\n\n- e\n- f\n  g\n"
	if diff := cmp.Diff(want, d.String()); diff != "" {
		t.Error(diff)
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
	if diff := cmp.Diff(want, strings.Join(causeParts(cause, calendarOf(at)), "; ")); diff != "" {
		t.Error(diff)
	}
}

func TestWindowsAndClocksAreShort(t *testing.T) {
	t.Parallel()
	from := time.Date(2024, 5, 6, 23, 0, 0, 0, time.UTC)
	w := base.Window{From: from, To: from.Add(30 * time.Minute)}
	for got, want := range map[string]string{
		window(w): "2024-05-06 23:00:00 to 23:30:00 UTC",
		window(base.Window{From: from, To: from.Add(2 * time.Hour)}): "2024-05-06 23:00:00 to 2024-05-07 01:00:00 UTC",
		calendarOf(from).exactly(from.Add(time.Millisecond)):         "23:00:00.001",
		calendarOf(from).at(from.Add(2 * time.Hour)):                 "2024-05-07 01:00:00",
		calendarOf(from).at(time.Time{}) + window(base.Window{}):     "",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
