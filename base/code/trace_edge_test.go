package code_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/fourkites/sources/base/code"
)

func TestATraceIsReadWithTheLineBreaksOfWindows(t *testing.T) {
	t.Parallel()
	for name, tc := range traces {
		if diff := cmp.Diff(tc[1], written(code.ParseTrace(strings.ReplaceAll(tc[0], "\n", "\r\n")))); diff != "" {
			t.Errorf("%s:\n%s", name, diff)
		}
	}
}

func TestWhatStandsAroundFramesBelongsToTheRightStack(t *testing.T) {
	t.Parallel()
	const frame = "\tat a.B.c(B.java:1)"
	prose := func(n int) string { return strings.Repeat("some words\n", n) }
	for name, tc := range map[string][2]string{
		"a message of many lines": {"a.BadError: x\n" + prose(20) + frame, "java |a.BadError|x||0\n  a|B|c|B.java:1"},
		"an exception long ago":   {"a.BadError: x\n" + prose(21) + frame, "java ||||0\n  a|B|c|B.java:1"},
		"frames left out twice": {
			"Traceback (most recent call last):\n  File \"a.py\", line 1, in f\n  [Previous line repeated 5 more times]\n" +
				"  File \"a.py\", line 2, in g\n  [Previous line repeated 7 more times]\nValueError: deep",
			"python |ValueError|deep||12\n  ||g|a.py:2\n  ||f|a.py:1",
		},
		"an exception above a traceback without its own": {
			"a.BadError: x\nTraceback (most recent call last):\n  File \"a.py\", line 1, in f\n", "python ||||0\n  ||f|a.py:1",
		},
		"two errors of Ruby": {
			"a.rb:1:in 'x': one (AError)\n\tfrom b.rb:2:in 'y'\nc.rb:3:in 'z': two (BError)",
			"ruby |AError|one||0\n  ||x|a.rb:1\n  ||y|b.rb:2\nruby |BError|two||0\n  ||z|c.rb:3",
		},
		"three exceptions of .NET": {
			"N.OuterException: o ---> N.MiddleException: m ---> N.InnerException: i\n   at N.A.F()\n   --- End of inner exception stack trace ---\n" +
				"   at N.B.G()\n   --- End of inner exception stack trace ---\n   at N.C.H()",
			"dotnet |N.InnerException|i||0\n  N|A|F|:0\ndotnet causes|N.MiddleException|m||0\n  N|B|G|:0\ndotnet causes|N.OuterException|o||0\n  N|C|H|:0",
		},
		"an inner exception of another trace": {
			"N.OneException: o ---> N.TwoException: i\n   at N.A.F()\nN.ThreeException: t\n   at N.B.G()\n   --- End of inner exception stack trace ---\n   at N.C.H()",
			"dotnet |N.TwoException|i||0\n  N|A|F|:0\ndotnet |N.ThreeException|t||0\n  N|B|G|:0\ndotnet causes||||0\n  N|C|H|:0",
		},
	} {
		if diff := cmp.Diff(tc[1], written(code.ParseTrace(tc[0]))); diff != "" {
			t.Errorf("%s:\n%s", name, diff)
		}
	}
}

func TestWhatOnlyLooksLikeAFrameIsNone(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"look-at a.B.c(B.java:1)", "main.f()\n\t/x.go:12 and more", "    at f (/a.js:0:5)", "  File \"a.py\", line 0, in f", "a.rb:0:in 'f'",
		strings.Repeat("x ", 3000) + "at a.B.c(B.java:1)",
	} {
		if got := code.ParseTrace(text); len(got.Stacks) > 0 {
			t.Errorf("%.60q: %s", text, written(got))
		}
	}
	for _, line := range []string{"0", "100000001", "99999999999999999999"} {
		for _, f := range code.ParseTrace("\tat a.B.c(B.java:" + line + ")").Frames() {
			if f.Line != 0 {
				t.Errorf("%s: %+v", line, f)
			}
		}
	}
}

func TestTextsOfATraceAreBoundedAndUTF8(t *testing.T) {
	t.Parallel()
	got := code.ParseTrace("a.BadError: \xff" + strings.Repeat("é", 1800) + "\n\tat a\xff.B\xfe.c\xfd(B\xfc.java:1)")
	if len(got.Stacks) != 1 || len(got.Frames()) != 1 {
		t.Fatal(written(got))
	}
	s, f := got.Stacks[0], got.Frames()[0]
	for _, text := range []string{s.Exception, s.Message, f.Package, f.Class, f.Method, f.File, f.Text} {
		if !utf8.ValidString(text) || text == "" || len(text) > 1024 {
			t.Errorf("%d bytes: %q", len(text), text)
		}
	}
}
