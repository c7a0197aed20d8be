package trinosql

import (
	"errors"
	"strings"
	"unicode"
)

type tokenKind uint8

const (
	tokEnd tokenKind = iota
	tokWord
	tokQuoted
	tokNumber
	tokText
	tokSymbol
)

type token struct {
	kind tokenKind
	text string
}

// lex cuts a statement into tokens. Comments vanish.
func lex(sql string) ([]token, error) {
	var all []token
	for i := 0; i < len(sql); {
		rest := sql[i:]
		switch c := rest[0]; {
		case c <= ' ':
			i++
		case strings.HasPrefix(rest, "--"):
			n := strings.IndexByte(rest, '\n')
			if n < 0 {
				n = len(rest) - 1
			}
			i += n + 1
		case strings.HasPrefix(rest, "/*"):
			n := strings.Index(rest[2:], "*/")
			if n < 0 {
				return nil, errors.New("a comment does not end")
			}
			i += n + 4
		case c == '\'' || c == '"':
			text, n := Unquote(rest)
			if n == 0 {
				return nil, errors.New("a text does not end")
			}
			kind := tokText
			if c == '"' {
				kind = tokQuoted
			}
			all = append(all, token{kind, text})
			i += n
		case c >= '0' && c <= '9':
			n := span(rest, func(r rune) bool { return r >= '0' && r <= '9' || r == '.' || r == 'E' || r == 'e' })
			all = append(all, token{tokNumber, rest[:n]})
			i += n
		case span(rest, inWord) > 0:
			n := span(rest, inWord)
			all = append(all, token{tokWord, rest[:n]})
			i += n
		default:
			n := 1
			for _, two := range []string{"<=", ">=", "<>", "!=", "||"} {
				if strings.HasPrefix(rest, two) {
					n = 2
				}
			}
			all = append(all, token{tokSymbol, rest[:n]})
			i += n
		}
	}
	return append(all, token{kind: tokEnd}), nil
}

func inWord(r rune) bool { return r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r) }

func span(text string, in func(rune) bool) int {
	if n := strings.IndexFunc(text, func(r rune) bool { return !in(r) }); n >= 0 {
		return n
	}
	return len(text)
}

// Unquote reads the quoted text that s begins with, in which a doubled quote is one. There are no other escapes. n is its length
// in s; zero when it does not end.
func Unquote(s string) (text string, n int) {
	q := s[:1]
	for i := 1; i < len(s); i++ {
		if s[i] != q[0] {
			continue
		}
		if i+1 < len(s) && s[i+1] == q[0] {
			i++
			continue
		}
		return strings.ReplaceAll(s[1:i], q+q, q), i + 1
	}
	return "", 0
}

// FirstWord is the word that a statement begins with, behind its comments, in upper case; empty if it begins with none.
func FirstWord(sql string) string {
	if all, err := lex(sql); err == nil && all[0].kind == tokWord {
		return strings.ToUpper(all[0].text)
	}
	return ""
}
