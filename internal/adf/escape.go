package adf

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// anything is what may follow a text that is not the last of its line.
const anything = "\x01"

// escape has every character of a text mean itself within a line. What means something only in some places is left alone in
// the others: identifiers, brackets of log lines and the like stay as they are.
func escape(text string) string { return escapeBefore(text, "") }

// escapeBefore is escape for a text that is followed by what is known of the rest of its line.
func escapeBefore(text, follows string) string {
	var b strings.Builder
	before := rune(' ')
	for i, r := range text {
		_, size := utf8.DecodeRuneInString(text[i:])
		rest := text[i+size:]
		if rest == "" {
			rest = follows
		}
		if active(before, r, rest) {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
		before = r
	}
	return b.String()
}

// active reports whether a character would not mean itself between these.
func active(before, r rune, rest string) bool {
	next := byte(' ')
	if rest != "" {
		next = rest[0]
	}
	unknown := next == anything[0]
	switch r {
	case '`', '*', '~':
		return true
	case '\\':
		return unknown || isPunct(next)
	case '_':
		after, _ := utf8.DecodeRuneInString(rest)
		return !isWord(before) || !isWord(after)
	case '[':
		return next == '!' || next == '^' || before == '!'
	case ']':
		return next == '(' || next == '[' || next == ':' || unknown
	case '<':
		return unknown || next == '/' || next == '!' || next == '?' || isLetter(next)
	case '&':
		return unknown || next == '#' || isLetter(next)
	case '!':
		return next == '[' || unknown
	}
	return false
}

func isPunct(c byte) bool {
	return c > ' ' && c < 0x7F && !isLetter(c) && (c < '0' || c > '9')
}

func isLetter(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }

func isWord(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

// escapeLabel is escape for what stands between brackets, within which brackets must be escaped.
func escapeLabel(text string) string {
	text = escape(oneLine(text))
	var b strings.Builder
	for i := range len(text) {
		if c := text[i]; (c == '[' || c == ']') && (i == 0 || text[i-1] != '\\') {
			b.WriteByte('\\')
		}
		b.WriteByte(text[i])
	}
	return b.String()
}

// escapeURL is an address between parentheses.
func escapeURL(target string) string {
	var b strings.Builder
	for _, r := range target {
		switch {
		case r <= ' ' || r == 0x7F:
			const hex = "0123456789ABCDEF"
			b.WriteString("%" + string(hex[r>>4]) + string(hex[r&15]))
		case r == '(' || r == ')' || r == '\\' || r == '<' || r == '>' || r == '&' || r == '*' || r == '_' || r == '`':
			b.WriteString("\\" + string(r))
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// plainURL reports whether an address can stand between angle brackets.
func plainURL(link string) bool {
	if !strings.HasPrefix(link, "https://") && !strings.HasPrefix(link, "http://") {
		return false
	}
	return !strings.ContainsFunc(link, func(r rune) bool {
		return r <= ' ' || r == '<' || r == '>' || r >= 0x7F || r == '|' || r == '`' || r == '\\'
	})
}

// escapeStarts keeps the beginning of each line of a paragraph from making another block of it.
func escapeStarts(text string) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		lines[i] = escapeStart(line)
	}
	return strings.Join(lines, "\n")
}

func escapeBlock(text string) string { return escapeStarts(escape(text)) }

func escapeStart(line string) string {
	trimmed := strings.TrimLeft(line, " \t")
	if lead := line[:len(line)-len(trimmed)]; lead != "" {
		line = strings.NewReplacer(" ", "&#32;", "\t", "&#9;").Replace(lead[:1]) + lead[1:] + trimmed
		return line
	}
	switch {
	case trimmed == "":
		return line
	case strings.ContainsRune("#>+=|", rune(trimmed[0])), trimmed[0] == '-':
		return `\` + trimmed
	case strings.HasPrefix(trimmed, "~~~"):
		return `\` + trimmed
	}
	digits := strings.TrimLeft(trimmed, "0123456789")
	if n := len(trimmed) - len(digits); n > 0 && n < 10 && digits != "" && (digits[0] == '.' || digits[0] == ')') {
		return trimmed[:n] + `\` + digits
	}
	return line
}
