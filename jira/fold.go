package jira

import (
	"strings"
	"unicode/utf8"
)

// folded is a text as rules read it, byte by byte in the same place: spaces of every kind are spaces, quotes of typesetters are
// quotes, and a backslash by which Markdown, or a string of JSON, escapes a character stands behind it as a space.
func folded(text string) string {
	if !strings.ContainsAny(text, `\&`) && isASCII(text) {
		return text
	}
	b := []byte(text)
	for i := 0; i < len(b); {
		switch c := b[i]; {
		case c == '\\' && i+1 < len(b) && escapable(b[i+1]):
			b[i], b[i+1] = b[i+1], ' '
			i += 2
		case c == '\\' && i+1 < len(b) && b[i+1] == '\n': // a hard break
			b[i] = ' '
			i += 2
		case c == '&' && entity(text[i:]) > 0:
			i += blank(b[i:], entity(text[i:]))
		case c < utf8.RuneSelf:
			i++
		default:
			r, size := utf8.DecodeRune(b[i:])
			if plain := plainOf(r); plain != 0 {
				blank(b[i:], size)
				b[i+size-1] = plain
			}
			i += size
		}
	}
	return string(b)
}

func isASCII(text string) bool {
	for i := range len(text) {
		if text[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

func blank(b []byte, n int) int {
	for i := range n {
		b[i] = ' '
	}
	return n
}

// escapable reports whether Markdown escapes a character in the texts of the products, or JSON in its strings.
func escapable(c byte) bool { return strings.IndexByte("\"#>+=|-*_~[]!<&.)`", c) >= 0 }

// entities are how Markdown begins a line with a space.
var entities = map[string]string{"&#32;": " ", "&#9;": "\t"}

// entity is the length of the entity that a text begins with.
func entity(text string) int {
	for name := range entities {
		if strings.HasPrefix(text, name) {
			return len(name)
		}
	}
	return 0
}

// plainOf is the character that another one stands for; 0 = for itself.
func plainOf(r rune) byte {
	switch r {
	case 0xA0, 0x2007, 0x202F, 0x3000, 0x200B, 0x200C, 0x200D, 0x2060, 0xFEFF:
		return ' '
	case '“', '”', '„':
		return '"'
	}
	return 0
}

// unescaped is a text without the escapes of Markdown; code has none.
func unescaped(text string) string {
	if !strings.ContainsAny(text, `\&`) {
		return text
	}
	var b strings.Builder
	fence := ""
	for line := range strings.Lines(text) {
		mark := fenceOf(line)
		if fence != "" || mark != "" {
			b.WriteString(line)
			switch {
			case fence == "":
				fence = mark
			case strings.HasPrefix(mark, fence):
				fence = ""
			}
			continue
		}
		for i := 0; i < len(line); i++ {
			if n := entity(line[i:]); n > 0 {
				b.WriteString(entities[line[i:i+n]])
				i += n - 1
				continue
			}
			if line[i] == '\\' && i+1 < len(line) && line[i+1] != '"' && (line[i+1] == '\n' || escapable(line[i+1])) {
				i++
			}
			b.WriteByte(line[i])
		}
	}
	return b.String()
}

// fenceOf is the mark of a block of code that a line begins or ends.
func fenceOf(line string) string {
	line = strings.TrimLeft(line, " >")
	n := len(line) - len(strings.TrimLeft(line, "`"))
	if n < 3 {
		return ""
	}
	return line[:n]
}
