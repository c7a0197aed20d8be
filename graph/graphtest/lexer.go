package graphtest

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// tokenKind is what a token is.
type tokenKind uint8

const (
	tokenEnd tokenKind = iota
	tokenWord
	tokenName // in backticks
	tokenText
	tokenNumber
	tokenMark
)

// token is a word, a literal or a mark; text is without its quotes.
type token struct {
	kind       tokenKind
	text       string
	start, end int
}

// is compares a word without regard to case; a mark as it is.
func (t token) is(word string) bool {
	return t.kind == tokenWord && strings.EqualFold(t.text, word) || t.kind == tokenMark && t.text == word
}

// marks of two characters, before those of one.
var longMarks = []string{"<=", ">=", "<>", "=~", "+=", "..", "->", "<-", "||"}

// lex takes a statement apart. Comments are dropped.
func lex(text string) ([]token, error) {
	var tokens []token
	for at := 0; at < len(text); {
		r, size := utf8.DecodeRuneInString(text[at:])
		rest := text[at:]
		switch {
		case unicode.IsSpace(r):
			at += size
		case strings.HasPrefix(rest, "//"):
			at += lengthTo(rest, "\n")
		case strings.HasPrefix(rest, "/*"):
			at += lengthTo(rest, "*/")
		case r == '\'' || r == '"' || r == '`':
			t, err := quoted(text, at)
			if err != nil {
				return tokens, err
			}
			tokens = append(tokens, t)
			at = t.end
		default:
			t := plainToken(text, at, r)
			tokens = append(tokens, t)
			at = t.end
		}
	}
	return tokens, nil
}

func lengthTo(text, end string) int {
	if i := strings.Index(text, end); i >= 0 {
		return i + len(end)
	}
	return len(text)
}

func isWordStart(r rune) bool { return r == '_' || unicode.IsLetter(r) }

func plainToken(text string, at int, r rune) token {
	rest := text[at:]
	if isWordStart(r) {
		n := strings.IndexFunc(rest, func(r rune) bool { return !isWordStart(r) && !unicode.IsDigit(r) })
		if n < 0 {
			n = len(rest)
		}
		return token{tokenWord, rest[:n], at, at + n}
	}
	if r >= '0' && r <= '9' {
		n := numberLength(rest)
		return token{tokenNumber, rest[:n], at, at + n}
	}
	for _, mark := range longMarks {
		if strings.HasPrefix(rest, mark) {
			return token{tokenMark, mark, at, at + len(mark)}
		}
	}
	n := utf8.RuneLen(r)
	if r == utf8.RuneError {
		n = 1
	}
	return token{tokenMark, rest[:n], at, at + n}
}

// numberLength is that of 12, 1.5 and 1e9; 1..2 is a range.
func numberLength(s string) int {
	n, point := 0, false
	for n < len(s) {
		c := s[n]
		switch {
		case c >= '0' && c <= '9':
		case c == '.' && !point && n+1 < len(s) && s[n+1] >= '0' && s[n+1] <= '9':
			point = true
		case (c == 'e' || c == 'E') && n+1 < len(s) && s[n+1] >= '0' && s[n+1] <= '9':
			point = true
		default:
			return n
		}
		n++
	}
	return n
}

// quoted reads text or a name. A backslash escapes in text; a name has its quote twice.
func quoted(text string, at int) (token, error) {
	quote := text[at]
	kind := tokenText
	if quote == '`' {
		kind = tokenName
	}
	var b strings.Builder
	for i := at + 1; i < len(text); i++ {
		switch c := text[i]; {
		case c == '\\' && kind == tokenText && i+1 < len(text):
			i++
			b.WriteString(unescapedByte(text[i]))
		case c == quote && kind == tokenName && i+1 < len(text) && text[i+1] == quote:
			b.WriteByte(quote)
			i++
		case c == quote:
			return token{kind, b.String(), at, i + 1}, nil
		default:
			b.WriteByte(c)
		}
	}
	return token{}, failure(CodeSyntax, "Failed to parse string literal. The query must contain an even number of non-escaped quotes.")
}

func unescapedByte(c byte) string {
	switch c {
	case 'n':
		return "\n"
	case 't':
		return "\t"
	case 'r':
		return "\r"
	}
	return string(rune(c))
}
