package markdown

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"
)

// Check says which lines of a report are not ones that a report makes itself, and which hide or move anything. It is for
// tests of programs that write reports: a heading from outside is one that begins with the word heading.
func Check(text string) error {
	var flaws []error
	flaw := func(format string, args ...any) { flaws = append(flaws, fmt.Errorf(format, args...)) }
	columns := 0
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		if strings.ContainsFunc(line, hides) || len(line) > 2000 {
			flaw("not plain: %.300q", line)
		}
		switch bars := strings.Count(strings.ReplaceAll(line, `\|`, ""), "|"); {
		case !strings.HasPrefix(line, "|"):
			columns = 0
		case columns == 0:
			columns = bars
		case bars != columns:
			flaw("%d bars, not %d: %s", bars, columns, line)
		}
		if rest, heading := strings.CutPrefix(strings.TrimLeft(line, " "), "#"); heading && strings.HasPrefix(rest, " heading") {
			flaw("a heading from outside: %s", line)
		}
	}
	if outside := inCode.ReplaceAllString(strings.ReplaceAll(Unwrapped(text), "\\`", ""), ""); strings.Contains(outside, "<") {
		flaw("HTML from outside in\n%s", outside)
	}
	return errors.Join(flaws...)
}

// hides reports whether a terminal obeys the rune or a reader does not see it.
func hides(r rune) bool {
	return r < ' ' || r >= 0x7f && r < 0xa0 || r >= 0x200b && r <= 0x200f || r >= 0x2028 && r <= 0x202e || r >= 0x2060 && r <= 0x2069 ||
		r == 0xfeff || r == utf8.RuneError
}

// inCode finds code on one line whose fence is one to four backticks.
var inCode = regexp.MustCompile("````.*?````|```.*?```|``.*?``|`[^`]*`")

// Unwrapped has each paragraph on a line of its own.
func Unwrapped(text string) string {
	return wrapped.ReplaceAllString(text, "$1 $2")
}

// wrapped is the end of a line within a paragraph.
var wrapped = regexp.MustCompile(`([^\n])\n *(\pL)`)
