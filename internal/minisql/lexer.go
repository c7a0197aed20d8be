package minisql

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

type tokenKind uint8

const (
	tokEnd tokenKind = iota
	tokWord
	tokQuoted // `x` or "x"
	tokNumber
	tokString
	tokSymbol
)

type token struct {
	kind tokenKind
	text string
	pos  int
}

var symbols = []string{"<=>", "->", "::", "<=", ">=", "!=", "<>", "==", "||"}

// lex cuts a statement into tokens. Comments vanish.
func lex(sql string) ([]token, error) {
	var all []token
	for i := 0; i < len(sql); {
		r, size := utf8.DecodeRuneInString(sql[i:])
		rest := sql[i:]
		switch {
		case unicode.IsSpace(r):
			i += size
		case strings.HasPrefix(rest, "--"):
			i += lineEnd(rest)
		case strings.HasPrefix(rest, "/*"):
			end := strings.Index(rest, "*/")
			if end < 0 {
				return nil, fail(62, "Syntax error: a comment does not end (position %d)", i)
			}
			i += end + 2
		case r == '\'':
			text, n, ok := quoted(rest)
			if !ok {
				return nil, fail(62, "Syntax error: a string does not end (position %d)", i)
			}
			all = append(all, token{tokString, text, i})
			i += n
		case r == '`' || r == '"':
			text, n, ok := quoted(rest)
			if !ok {
				return nil, fail(62, "Syntax error: an identifier does not end (position %d)", i)
			}
			all = append(all, token{tokQuoted, text, i})
			i += n
		case r >= '0' && r <= '9' || r == '.' && len(rest) > 1 && rest[1] >= '0' && rest[1] <= '9' && !afterValue(all):
			n := numberEnd(rest)
			all = append(all, token{tokNumber, rest[:n], i})
			i += n
		case r == '_' || unicode.IsLetter(r):
			n := strings.IndexFunc(rest, func(r rune) bool { return r != '_' && !unicode.IsLetter(r) && !unicode.IsDigit(r) })
			if n < 0 {
				n = len(rest)
			}
			all = append(all, token{tokWord, rest[:n], i})
			i += n
		default:
			text := rest[:size]
			for _, s := range symbols {
				if strings.HasPrefix(rest, s) {
					text = s
					break
				}
			}
			all = append(all, token{tokSymbol, text, i})
			i += len(text)
		}
	}
	return append(all, token{kind: tokEnd, pos: len(sql)}), nil
}

// afterValue tells tuple.1 from .5.
func afterValue(all []token) bool {
	if len(all) == 0 {
		return false
	}
	last := all[len(all)-1]
	return last.kind == tokWord || last.kind == tokQuoted || last.text == ")" || last.text == "]"
}

func lineEnd(s string) int {
	if i := strings.IndexByte(s, '\n'); i >= 0 {
		return i
	}
	return len(s)
}

var escapes = map[byte]byte{'n': '\n', 't': '\t', 'r': '\r', '0': 0, 'b': '\b', 'f': '\f', 'a': 7, 'v': '\v', 'e': 27}

// quoted reads a quoted text with backslash escapes and doubled quotes.
func quoted(s string) (text string, n int, ok bool) {
	var b strings.Builder
	quote := s[0]
	for i := 1; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\\' && i+1 < len(s):
			i++
			if s[i] == 'x' && i+2 < len(s) {
				if v, err := strconv.ParseUint(s[i+1:i+3], 16, 8); err == nil {
					b.WriteByte(byte(v))
					i += 2
					continue
				}
			}
			switch e, known := escapes[s[i]]; {
			case known:
				b.WriteByte(e)
			case strings.IndexByte(`\'"`+"`", s[i]) >= 0:
				b.WriteByte(s[i])
			default: // kept for LIKE and regular expressions
				b.WriteByte('\\')
				b.WriteByte(s[i])
			}
		case c == quote && i+1 < len(s) && s[i+1] == quote:
			b.WriteByte(quote)
			i++
		case c == quote:
			return b.String(), i + 1, true
		default:
			b.WriteByte(c)
		}
	}
	return "", 0, false
}

func numberEnd(s string) int {
	i := 0
	for i < len(s) {
		c := s[i]
		sign := (c == '+' || c == '-') && i > 0 && (s[i-1] == 'e' || s[i-1] == 'E') && !strings.HasPrefix(s, "0x")
		if c >= '0' && c <= '9' || c == '.' || c == 'e' || c == 'E' || c == 'x' || sign || (strings.HasPrefix(s, "0x") && unicode.Is(unicode.ASCII_Hex_Digit, rune(c))) {
			i++
			continue
		}
		break
	}
	return i
}
