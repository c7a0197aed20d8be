package clickhousetest

import (
	"fmt"
	"strconv"
	"strings"
)

// typeName is a ClickHouse type taken apart: its base and what stands in its parentheses.
type typeName struct {
	full string
	base string
	args []string
}

func parseType(full string) (typeName, error) {
	full = strings.TrimSpace(full)
	base, rest, nested := strings.Cut(full, "(")
	t := typeName{full: full, base: strings.TrimSpace(base)}
	if !nested {
		return t, nil
	}
	inner, closed := strings.CutSuffix(rest, ")")
	if !closed {
		return t, fmt.Errorf("type %q: a parenthesis is not closed", full)
	}
	t.args = splitTop(inner)
	return t, nil
}

// splitTop splits at the commas that stand outside parentheses and quotes.
func splitTop(s string) []string {
	var (
		parts []string
		depth int
		quote byte
		start int
	)
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case quote != 0:
			switch c {
			case '\\':
				i++
			case quote:
				quote = 0
			}
		case c == '\'' || c == '"' || c == '`':
			quote = c
		case c == '(' || c == '[':
			depth++
		case c == ')' || c == ']':
			depth--
		case c == ',' && depth == 0:
			parts = append(parts, strings.TrimSpace(s[start:i]))
			start = i + 1
		}
	}
	if last := strings.TrimSpace(s[start:]); last != "" {
		parts = append(parts, last)
	}
	return parts
}

// number is the i-th argument as a number, or the default where there is none.
func (t typeName) number(i, byDefault int) (int, error) {
	if i >= len(t.args) {
		return byDefault, nil
	}
	n, err := strconv.Atoi(t.args[i])
	if err != nil || n < 0 {
		return 0, fmt.Errorf("type %q: %q is no size", t.full, t.args[i])
	}
	return n, nil
}

// arity says whether the type has as many arguments as it needs.
func (t typeName) arity(n int) error {
	if len(t.args) != n {
		return fmt.Errorf("type %q wants %d arguments, has %d", t.full, n, len(t.args))
	}
	return nil
}

// unquote takes the quotes and escapes off a literal; text without quotes is returned as it is.
func unquote(s string) string {
	if len(s) < 2 || s[0] != '\'' || s[len(s)-1] != '\'' {
		return s
	}
	return unescape(strings.ReplaceAll(s[1:len(s)-1], "''", "'"))
}

var escapes = map[byte]byte{'n': '\n', 'r': '\r', 't': '\t', '0': 0, 'b': '\b', 'f': '\f', 'a': '\a', 'v': '\v'}

// unescape resolves backslash escapes as ClickHouse writes them.
func unescape(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 == len(s) {
			b.WriteByte(s[i])
			continue
		}
		i++
		if c, ok := escapes[s[i]]; ok {
			b.WriteByte(c)
		} else {
			b.WriteByte(s[i])
		}
	}
	return b.String()
}
