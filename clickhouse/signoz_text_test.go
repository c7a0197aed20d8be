package clickhouse

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/logs"
	"github.com/fourkites/sources/base/traces"
	"github.com/fourkites/sources/internal/cursor"
)

func TestARegularExpressionIsLoweredButNotItsClasses(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		`NullPointer.*`:                  `nullpointer.*`,
		`\S+\W\D\B[A-Z]`:                 `\S+\W\D\B[a-z]`,
		`\p{Lu}Abc\PL\pN`:                `\p{Lu}abc\PL\pN`,
		`(?P<Order>ABC)(?<Load>X)`:       `(?P<Order>abc)(?<Load>x)`,
		`(?U)ABC(?i:DEF)`:                `(?U)abc(?i:def)`,
		`[Z-a]X`:                         `(?i)[Z-a]X`,
		`Ärger [[:upper:]]`:              `Ärger [[:upper:]]`,
		`TrackingID=\d{8,12} \x{41}\Q.X`: `trackingid=\d{8,12} \x{41}\Q.x`,
	} {
		got, err := lowerRegexp(in)
		if err != nil || got != want {
			t.Errorf("%s: %s (%v), want %s", in, got, err, want)
		}
	}
	for _, in := range []string{"(", "a**", strings.Repeat("a", maxRegexp+1)} {
		if _, err := lowerRegexp(in); err == nil || !strings.HasPrefix(err.Error(), "regexp: ") {
			t.Errorf("%.20s: %v", in, err)
		}
	}
}

func TestOnlyWordsWithSeparatorsOnBothSidesAreInner(t *testing.T) {
	t.Parallel()
	for in, want := range map[string][]string{
		"refused":                          nil,
		"connection refused":               nil,
		"connection refused by":            {"refused"},
		`"status": 500, "path"`:            {"status", "500", "path"},
		" a b c d e ff ":                   {"c", "d", "e", "ff"},
		"x größe y":                        {"größe"},
		"same same same same":              {"same"},
		"0b2f5a1e-9c1d-4b62-8f1e-0a1b2c3d": {"9c1d", "4b62", "8f1e"},
	} {
		if diff := cmp.Diff(want, innerWords(in)); diff != "" {
			t.Errorf("%q: %s", in, diff)
		}
	}
}

func TestOnlyLettersDigitsAndBytesOutsideASCIIAreAToken(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]bool{"oom": true, "500": true, "größe": true, "": false, "a b": false, "a_b": false, "a-b": false, "a:": false} {
		if got := isToken(in); got != want {
			t.Errorf("%q: %v", in, got)
		}
	}
}

func TestANeedleMatchesItselfOnly(t *testing.T) {
	t.Parallel()
	if got := escapeLike(`50%_\x`); got != `50\%\_\\x` {
		t.Error(got)
	}
	if got := escapeJSON("r&d <x>\"\u2028"); got != `r\u0026d \u003cx\u003e\"\u2028` {
		t.Error(got)
	}
	if got := lowerASCII("ÄBC-Ω"); got != "Äbc-Ω" {
		t.Error("lower() of ClickHouse leaves what is not ASCII:", got)
	}
}

func TestSlicesBeginAtTheEndThatTheListBeginsWith(t *testing.T) {
	t.Parallel()
	day := base.Window{From: noon.Add(-24 * time.Hour), To: noon}
	for _, newest := range []bool{true, false} {
		parts := sliced(day, newest)
		if len(parts) != 5 || parts[0].Duration() != time.Hour || parts[1].Duration() != 2*time.Hour {
			t.Fatalf("newest %v: %v", newest, parts)
		}
		if newest && !parts[0].To.Equal(day.To) || !newest && !parts[0].From.Equal(day.From) {
			t.Errorf("newest %v begins with %v", newest, parts[0])
		}
		var sum time.Duration
		for i, p := range parts {
			sum += p.Duration()
			if i > 0 && !p.To.Equal(parts[i-1].From) && !p.From.Equal(parts[i-1].To) {
				t.Errorf("a gap before %v", p)
			}
		}
		if sum != day.Duration() {
			t.Errorf("newest %v: %s of %s", newest, sum, day.Duration())
		}
	}
	if got := sliced(base.Window{From: earliest, To: latest}, true); len(got) > 25 {
		t.Errorf("%d slices", len(got))
	}
	if got := sliced(base.Window{From: noon, To: noon.Add(time.Second)}, true); len(got) != 1 {
		t.Error(got)
	}
}

func TestACursorComesBackAndNothingElseDoes(t *testing.T) {
	t.Parallel()
	q := logs.Query{Window: hour, Services: []string{"cart"}}
	at := position{Nanos: noon.UnixNano() + 7, ID: "2abcKSUID"}
	good := cursorLogs.EncodePosition(logBinding(q), &at)
	got, err := cursorLogs.DecodePosition(logBinding(q), good, maxCursor)
	if err != nil || got != at {
		t.Fatal(got, err)
	}
	larger := q
	larger.Limit = 500
	larger.Window.To = larger.Window.To.In(time.FixedZone("x", 3600))
	if _, err := cursorLogs.DecodePosition(logBinding(larger), good, maxCursor); err != nil {
		t.Error("limit and zone may differ:", err)
	}
	other := q
	other.Services = []string{"pay"}
	for what, try := range map[string]struct {
		kind          cursor.Kind
		bound, cursor string
	}{
		"another question":   {cursorLogs, logBinding(other), good},
		"another list":       {cursorSpans, logBinding(q), good},
		"damaged":            {cursorLogs, logBinding(q), good[:len(good)-2] + "AA"},
		"not one of":         {cursorLogs, logBinding(q), "7"},
		"too long":           {cursorLogs, logBinding(q), strings.Repeat("A", 2000)},
		"unchanged":          {cursorLogs, logBinding(q), good + "\n"},
		"of the last page u": {cursorLogs, logBinding(q), "' OR 1=1"},
	} {
		if _, err := try.kind.DecodePosition(try.bound, try.cursor, maxCursor); err == nil || !strings.HasPrefix(err.Error(), "cursor: ") || !strings.Contains(err.Error(), what) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func FuzzCursor(f *testing.F) {
	f.Add(cursorLogs.EncodePosition("12345678", &position{Nanos: 1, ID: "a"}))
	f.Fuzz(func(t *testing.T, text string) {
		at, err := cursorLogs.DecodePosition("12345678", text, maxCursor)
		if err == nil && cursorLogs.EncodePosition("12345678", &at) != text {
			t.Errorf("%q reads as %v", text, at)
		}
	})
}

func FuzzRegexp(f *testing.F) {
	f.Add(`(?P<Name>A\S)[A-Z]`)
	f.Fuzz(func(_ *testing.T, text string) {
		_, _ = lowerRegexp(text) // must not panic
		_ = innerWords(text)
	})
}

func span(id, parent, kind string, from, to int) traces.Span {
	return traces.Span{
		SpanID: id, ParentID: parent, Kind: kind, Name: id, Start: noon.Add(time.Duration(from) * time.Millisecond),
		Duration: time.Duration(to-from) * time.Millisecond,
	}
}

func TestTheCriticalPathIsWhatTheTraceWaitedFor(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		spans   []traces.Span
		path    string
		orphans []string
	}{
		"one span":  {[]traces.Span{span("a", "", "", 0, 10)}, "a:10", nil},
		"in a row":  {[]traces.Span{span("a", "", "", 0, 10), span("b", "a", "", 1, 4), span("c", "a", "", 5, 9)}, "a:1 b:3 a:1 c:4 a:1", nil},
		"parallel":  {[]traces.Span{span("a", "", "", 0, 10), span("b", "a", "", 1, 6), span("c", "a", "", 1, 9)}, "a:1 c:8 a:1", nil},
		"nested":    {[]traces.Span{span("a", "", "", 0, 10), span("b", "a", "", 1, 9), span("c", "b", "", 2, 8)}, "a:1 b:1 c:6 b:1 a:1", nil},
		"skewed":    {[]traces.Span{span("a", "", "", 0, 10), span("b", "a", "Server", 4, 12)}, "a:4 b:6", nil},
		"consumer":  {[]traces.Span{span("a", "", "", 0, 10), span("b", "a", "Consumer", 4, 50)}, "a:10", nil},
		"orphan":    {[]traces.Span{span("b", "gone", "", 4, 12)}, "b:8", []string{"b"}},
		"a circle":  {[]traces.Span{span("a", "b", "", 0, 10), span("b", "a", "", 1, 9)}, "a:1 b:8 a:1", nil},
		"itself":    {[]traces.Span{span("a", "a", "", 0, 10)}, "a:10", []string{"a"}},
		"two roots": {[]traces.Span{span("a", "", "", 0, 5), span("b", "", "", 6, 10)}, "a:5 b:4", nil},
	} {
		path, orphans := criticalPath(test.spans)
		var got []string
		for _, step := range path {
			got = append(got, step.SpanID+":"+step.Self.String()[:len(step.Self.String())-2])
		}
		if diff := cmp.Diff(test.path, strings.Join(got, " ")); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		if diff := cmp.Diff(test.orphans, orphans); diff != "" {
			t.Errorf("%s: orphans %s", name, diff)
		}
	}
}

func TestADeepTraceDoesNotExhaustTheStack(t *testing.T) {
	t.Parallel()
	var deep []traces.Span
	for i := range 10_000 {
		parent := ""
		if i > 0 {
			parent = string(rune(i-1+0x4E00)) + "x"
		}
		deep = append(deep, span(string(rune(i+0x4E00))+"x", parent, "", i, 30_000-i))
	}
	path, _ := criticalPath(deep)
	var sum time.Duration
	for _, step := range path {
		sum += step.Self
	}
	if sum != 30*time.Second {
		t.Error(sum)
	}
}
