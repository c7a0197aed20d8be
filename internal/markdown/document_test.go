package markdown

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fourkites/sources/base"
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
		if got := Plain(text); got != want {
			t.Errorf("%q becomes %q, want %q", text, got, want)
		}
	}
	for text, want := range map[string]string{
		"a`b|c": "``a`b|c``", "`": "`` ` ``", "<num> & \\": "`<num> & \\`", "": "", "\x1b": "", "a```b``": "```` a```b`` ````",
	} {
		if got := Code(text); got != want {
			t.Errorf("%q becomes %q, want %q", text, got, want)
		}
	}
	if got := Plain(strings.Repeat("é", 500)); got != strings.Repeat("é", MostText)+"…" {
		t.Errorf("%q", got)
	}
	if got := Plain(strings.Repeat("x ", 1<<19)); len(got) > 2*MostText {
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

func TestBlocksStandApart(t *testing.T) {
	t.Parallel()
	var d Document
	d.Heading(1, "a %s", "b")
	d.Paragraph("c")
	d.Table([]string{"x", "y"}, [][]string{{"1|2", "é2345"}})
	d.List([]string{"e", "f\ng"})
	want := "# a b\n\nc\n\n| x    | y     |\n| ---- | ----- |\n| 1\\|2 | é2345 |\n\n- e\n- f\n  g\n"
	if diff := cmp.Diff(want, d.String()); diff != "" {
		t.Error(diff)
	}
}

func TestWindowsAndClocksAreShort(t *testing.T) {
	t.Parallel()
	from := time.Date(2024, 5, 6, 23, 0, 0, 0, time.UTC)
	w := base.Window{From: from, To: from.Add(30 * time.Minute)}
	for got, want := range map[string]string{
		Window(w): "2024-05-06 23:00:00 to 23:30:00 UTC",
		Window(base.Window{From: from, To: from.Add(2 * time.Hour)}): "2024-05-06 23:00:00 to 2024-05-07 01:00:00 UTC",
		CalendarOf(from).Exactly(from.Add(time.Millisecond)):         "23:00:00.001",
		CalendarOf(from).At(from.Add(2 * time.Hour)):                 "2024-05-07 01:00:00",
		CalendarOf(from).At(time.Time{}) + Window(base.Window{}):     "",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestWhatHidesOrBreaksTheFormIsFound(t *testing.T) {
	t.Parallel()
	if err := Check("# A\n\n| a | b |\n| - | - |\n| `<x>` | c\\|d |\n"); err != nil {
		t.Error(err)
	}
	for text, want := range map[string]string{
		"a\x1b[31m": "not plain", "a\u200bb": "not plain", "| a | b |\n| c |\n": "bars", "a <b>": "HTML", "# heading of another": "heading",
		strings.Repeat("a", 2001): "not plain",
	} {
		if err := Check(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40q: %v", text, err)
		}
	}
}
