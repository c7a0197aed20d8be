package code

import (
	"iter"
	"strconv"
	"strings"
	"unicode/utf8"
)

// maxTraceLine is how much of one line is looked at: no frame is longer.
const maxTraceLine = 4 << 10

// traceLines are the lines of a text, those of strings of JSON within it too.
func traceLines(text string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for physical := range strings.SplitSeq(text, "\n") {
			if physical == "" {
				continue
			}
			for line := range unescaped(physical) {
				if !yield(strings.TrimRight(line[:min(len(line), maxTraceLine)], "\r")) {
					return
				}
			}
		}
	}
}

// unescaped takes a line apart in which line breaks are escaped, once or twice, as where a log in JSON was logged in JSON.
// A list of strings, as loggers of Ruby write a trace, is several lines too.
func unescaped(line string) iter.Seq[string] {
	for range 3 {
		if !hasEscapedBreak(line) {
			break
		}
		line = unescape(line)
	}
	if strings.Contains(line, `","`) && strings.Contains(line, ":in ") {
		line = strings.ReplaceAll(line, `","`, "\n")
	}
	return strings.SplitSeq(line, "\n")
}

// breakMarks are what follows a line break in a trace. Without one of them \n is taken for a part of a path of Windows.
var breakMarks = []string{"\t", " ", "t", "at ", "goroutine ", "Traceback ", "from ", "Caused by: "}

func hasEscapedBreak(line string) bool {
	for {
		i := strings.Index(line, `\n`)
		if i < 0 {
			return false
		}
		line = line[i+2:]
		rest := strings.TrimLeft(line, `\`)
		for _, mark := range breakMarks {
			// a tab that is escaped needs its backslash
			if strings.HasPrefix(rest, mark) && (mark != "t" || len(rest) < len(line)) {
				return true
			}
		}
	}
}

// unescape undoes one layer of escapes of JSON. What is none stays.
func unescape(s string) string {
	var b strings.Builder
	b.Grow(len(s))
	for {
		i := strings.IndexByte(s, '\\')
		if i < 0 || i+1 == len(s) {
			b.WriteString(s)
			return b.String()
		}
		b.WriteString(s[:i])
		n := escape(&b, s[i:])
		s = s[i+n:]
	}
}

// escape writes what the escape at the head of s stands for and returns its length.
func escape(b *strings.Builder, s string) int {
	switch s[1] {
	case 'n':
		b.WriteByte('\n')
	case 't':
		b.WriteByte('\t')
	case 'r':
	case '"', '\\', '/':
		b.WriteByte(s[1])
	case 'u':
		if len(s) >= 6 {
			if r, err := strconv.ParseUint(s[2:6], 16, 16); err == nil {
				b.WriteString(string(utf8.AppendRune(nil, rune(r))))
				return 6
			}
		}
		b.WriteString(s[:2])
	default:
		b.WriteString(s[:2])
	}
	return 2
}

// maxTraceNumber bounds lines and counts: no file has more lines.
const maxTraceNumber = 100_000_000

// number reads the digits at the end of s and returns what stands before them.
func number(s string) (before string, n int, ok bool) {
	i := len(s)
	for i > 0 && s[i-1] >= '0' && s[i-1] <= '9' {
		i--
	}
	n, err := strconv.Atoi(s[i:])
	if err != nil || n > maxTraceNumber {
		return s, 0, false
	}
	return s[:i], n, true
}

// place takes file:12 apart; ok only with a line.
func place(s string) (file string, line int, ok bool) {
	before, n, ok := number(s)
	if !ok || !strings.HasSuffix(before, ":") || len(before) == 1 || n == 0 {
		return s, 0, false
	}
	return before[:len(before)-1], n, true
}

// leading reads the digits at the head of s.
func leading(s string) (n int, after string) {
	i := 0
	for i < len(s) && s[i] >= '0' && s[i] <= '9' {
		i++
	}
	n, err := strconv.Atoi(s[:i])
	if err != nil || n > maxTraceNumber {
		return 0, s
	}
	return n, s[i:]
}

// elided reads what runtimes write in place of frames: "... 12 more", "... 12 levels...", "[Previous line repeated 9 more
// times]", "...12 frames elided...", "...additional frames elided..." (as one).
func elided(text string) (int, bool) {
	if after, ok := strings.CutPrefix(strings.TrimLeft(text, "| "), "[Previous line repeated "); ok {
		n, _ := leading(after)
		return n, n > 0
	}
	after, ok := strings.CutPrefix(text, "...")
	if !ok {
		return 0, false
	}
	if strings.HasPrefix(after, "additional frames elided") {
		return 1, true
	}
	n, rest := leading(strings.TrimSpace(after))
	rest = strings.TrimSpace(rest)
	for _, word := range [...]string{"more", "common frames omitted", "levels", "frames elided"} {
		if strings.HasPrefix(rest, word) {
			return n, n > 0
		}
	}
	return 0, false
}
