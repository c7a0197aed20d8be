package redshifttest

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

type tokenKind uint8

const (
	tokEnd    tokenKind = iota
	tokWord             // folded to lower case
	tokQuoted           // an identifier in quotes
	tokString
	tokNumber
	tokParam // $1
	tokSymbol
)

type token struct {
	kind tokenKind
	text string
	pos  int
}

var symbols = []string{"<=", ">=", "<>", "!=", "::", "||"}

// lex cuts a statement into tokens. Comments vanish.
func lex(sql string) ([]token, *ServerError) {
	var all []token
	for i := 0; i < len(sql); {
		rest := sql[i:]
		r, size := utf8.DecodeRuneInString(rest)
		switch {
		case unicode.IsSpace(r):
			i += size
		case strings.HasPrefix(rest, "--"):
			if n := strings.IndexByte(rest, '\n'); n >= 0 {
				i += n
			} else {
				i = len(sql)
			}
		case strings.HasPrefix(rest, "/*"):
			n := commentEnd(rest)
			if n < 0 {
				return nil, fail("42601", "unterminated /* comment at or near %q", rest)
			}
			i += n
		case r == '\'' || r == '"':
			text, n := quoted(rest)
			if n < 0 {
				return nil, fail("42601", "unterminated quoted string at or near %q", rest)
			}
			kind := tokString
			if r == '"' {
				kind = tokQuoted
			}
			all = append(all, token{kind, text, i})
			i += n
		case r == '$' && len(rest) > 1 && unicode.IsDigit(rune(rest[1])):
			n := 1 + span(rest[1:], unicode.IsDigit)
			all = append(all, token{tokParam, rest[1:n], i})
			i += n
		case unicode.IsDigit(r):
			n := span(rest, func(r rune) bool { return unicode.IsDigit(r) || r == '.' })
			all = append(all, token{tokNumber, rest[:n], i})
			i += n
		case r == '_' || unicode.IsLetter(r):
			n := span(rest, func(r rune) bool { return r == '_' || r == '$' || unicode.IsLetter(r) || unicode.IsDigit(r) })
			all = append(all, token{tokWord, strings.ToLower(rest[:n]), i})
			i += n
		default:
			text := rest[:size]
			for _, s := range symbols {
				if strings.HasPrefix(rest, s) {
					text = s
				}
			}
			all = append(all, token{tokSymbol, text, i})
			i += len(text)
		}
	}
	return append(all, token{kind: tokEnd, pos: len(sql)}), nil
}

func span(s string, in func(rune) bool) int {
	if n := strings.IndexFunc(s, func(r rune) bool { return !in(r) }); n >= 0 {
		return n
	}
	return len(s)
}

func commentEnd(s string) int {
	for depth, i := 1, 2; i < len(s); i++ {
		switch {
		case strings.HasPrefix(s[i:], "/*"):
			depth++
			i++
		case strings.HasPrefix(s[i:], "*/"):
			i++
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
	return -1
}

// quoted reads a text or an identifier with doubled quotes.
func quoted(s string) (string, int) {
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] != s[0]:
			b.WriteByte(s[i])
		case i+1 < len(s) && s[i+1] == s[0]:
			b.WriteByte(s[0])
			i++
		default:
			return b.String(), i + 1
		}
	}
	return "", -1
}

// split cuts a text of several statements at its semicolons.
func split(sql string) ([]string, *ServerError) {
	tokens, err := lex(sql)
	if err != nil {
		return nil, err
	}
	var all []string
	from, empty := 0, true
	for _, t := range tokens {
		if t.kind != tokEnd && (t.kind != tokSymbol || t.text != ";") {
			empty = false
			continue
		}
		if !empty {
			all = append(all, strings.TrimSpace(sql[from:t.pos]))
		}
		from, empty = t.pos+1, true
	}
	return all, nil
}
