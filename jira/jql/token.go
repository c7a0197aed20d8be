package jql

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/fourkites/sources/internal/querytext"
)

// token is one word, string or sign of a search.
type token struct {
	at     int // byte
	text   string
	quoted bool
	sign   bool
}

// breaking are the characters that end a word that is not quoted, and that none may hold.
const breaking = " \t\r\n\"'=!<>(),~[]|&{}*/%+^$#@?;"

// lex takes a search apart by Atlassian's rules: no comments, no doubled quotes, a few escapes in strings alone.
func lex(text string) ([]token, error) {
	var all []token
	for i := 0; i < len(text); {
		c := text[i]
		switch {
		case c == ' ' || c == '\t' || c == '\r' || c == '\n':
			i++
		case c == '"' || c == '\'':
			value, size, err := unquote(text[i:])
			if err != nil {
				return nil, fmt.Errorf("byte %d: %w", i, err)
			}
			all = append(all, token{at: i, text: value, quoted: true})
			i += size
		case strings.IndexByte("=!<>(),~[]|&", c) >= 0:
			sign := text[i : i+1]
			for _, long := range []string{"!=", "!~", ">=", "<=", "&&", "||"} {
				if strings.HasPrefix(text[i:], long) {
					sign = long
				}
			}
			all = append(all, token{at: i, text: sign, sign: true})
			i += len(sign)
		case strings.IndexByte(breaking, c) >= 0:
			return nil, fmt.Errorf("byte %d: %q must be in quotes", i, string(c))
		default:
			size := strings.IndexAny(text[i:], breaking)
			if size < 0 {
				size = len(text) - i
			}
			all = append(all, token{at: i, text: text[i : i+size]})
			i += size
		}
	}
	return all, nil
}

// escapes are what may stand behind a backslash in a string, beside uXXXX.
var escapes = map[byte]byte{'"': '"', '\'': '\'', '\\': '\\', 'n': '\n', 't': '\t', 'r': '\r', ' ': ' '}

// unquote reads the string that a text begins with, and says how long it was.
func unquote(text string) (value string, size int, err error) {
	var b strings.Builder
	for i := 1; i < len(text); {
		c := text[i]
		switch {
		case c == text[0]:
			return b.String(), i + 1, nil
		case c != '\\':
			r, n := utf8.DecodeRuneInString(text[i:])
			if r == utf8.RuneError && n == 1 || querytext.Refused(r) {
				return "", 0, fmt.Errorf("U+%04X cannot stand in a string", r)
			}
			b.WriteString(text[i : i+n])
			i += n
		case i+1 < len(text) && escapes[text[i+1]] != 0:
			b.WriteByte(escapes[text[i+1]])
			i += 2
		case i+5 < len(text) && text[i+1] == 'u':
			n, err := strconv.ParseUint(text[i+2:i+6], 16, 16)
			if err != nil {
				return "", 0, fmt.Errorf("a broken escape at byte %d of the string", i)
			}
			b.WriteRune(rune(n))
			i += 6
		default:
			return "", 0, fmt.Errorf("an unknown escape at byte %d of the string", i)
		}
	}
	return "", 0, fmt.Errorf("a string without an end")
}
