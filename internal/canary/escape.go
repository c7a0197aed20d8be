package canary

import (
	"html"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

const (
	layers = 3  // encodings around each other that are taken off
	most   = 40 // texts that are made of one line
)

// escapes take an encoding off a text. What is not an escape stays as it is.
var escapes = []struct {
	name, marks string // one of the marks stands in whatever is encoded so
	undo        func(string) string
}{
	{"escaped", `\`, unescaped},
	{"percent-encoded", "%", func(s string) string { return unpercent(s, false) }},
	{"form-encoded", "+%", func(s string) string { return unpercent(s, true) }},
	{"HTML", "&", html.UnescapeString},
}

const marks = `\%+&`

// view is a line with some encodings taken off.
type view struct {
	text  string
	names []string
}

// views are the line without one, two or three encodings in every order, not the line itself.
func views(line string) []view {
	seen := map[string]bool{line: true}
	var all []view
	level := []view{{text: line}}
	for range layers {
		var next []view
		for _, v := range level {
			for _, e := range escapes {
				if !strings.ContainsAny(v.text, e.marks) || len(seen) > most {
					continue
				}
				text := e.undo(v.text)
				if seen[text] {
					continue
				}
				seen[text] = true
				next = append(next, view{text, append(slices.Clip(v.names), e.name)})
			}
		}
		all = append(all, next...)
		level = next
	}
	return all
}

// unpercent reads %XX, and a plus as a space where it is one.
func unpercent(s string, plus bool) string {
	var b strings.Builder
	b.Grow(len(s))
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '%' && i+2 < len(s) && isHex(s[i+1]) && isHex(s[i+2]):
			n, _ := strconv.ParseUint(s[i+1:i+3], 16, 8)
			b.WriteByte(byte(n))
			i += 2
		case c == '+' && plus:
			b.WriteByte(' ')
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}

// unescaped reads the escapes of JSON and Go.
func unescaped(s string) string {
	var b strings.Builder
	b.Grow(len(s))
	for len(s) > 0 {
		at := strings.IndexByte(s, '\\')
		if at < 0 || at+1 == len(s) {
			break
		}
		b.WriteString(s[:at])
		s = s[at+1:]
		s = s[escape(&b, s):]
	}
	b.WriteString(s)
	return b.String()
}

var short = map[byte]byte{'n': '\n', 't': '\t', 'r': '\r', 'b': '\b', 'f': '\f', 'a': '\a', 'v': '\v'}

// escape reads what stands behind a backslash, and gives its length.
func escape(b *strings.Builder, s string) int {
	for _, long := range []struct {
		letter byte
		digits int
	}{{'u', 4}, {'x', 2}, {'U', 8}} {
		if s[0] != long.letter {
			continue
		}
		n, ok := number(s[1:], long.digits)
		if !ok {
			break
		}
		if long.letter == 'x' {
			b.WriteByte(byte(n))
			return 3
		}
		if utf16.IsSurrogate(n) && strings.HasPrefix(s[5:], `\u`) {
			if low, ok := number(s[7:], 4); ok {
				b.WriteRune(utf16.DecodeRune(n, low))
				return 11
			}
		}
		b.WriteRune(n)
		return 1 + long.digits
	}
	if c, ok := short[s[0]]; ok {
		b.WriteByte(c)
		return 1
	}
	_, size := utf8.DecodeRuneInString(s)
	b.WriteString(s[:size]) // a quote, a backslash, a slash
	return size
}

func number(s string, n int) (rune, bool) {
	if len(s) < n {
		return 0, false
	}
	v, err := strconv.ParseUint(s[:n], 16, 32)
	return rune(v), err == nil
}
