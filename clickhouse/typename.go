package clickhouse

import (
	"fmt"
	"strconv"
	"strings"
)

// typeName is the name of a column's type, taken apart.
type typeName struct {
	full string
	base string
	args []string // as written, without the spaces around them
}

const (
	maxTypeName  = 64 << 10
	maxTypeDepth = 24
)

// parseType takes "Base(arg, arg)" apart; commas within parentheses and quotes do not separate.
func parseType(full string) (typeName, error) {
	t := typeName{full: full}
	if len(full) > maxTypeName {
		return t, fmt.Errorf("a type name of %d bytes", len(full))
	}
	open := strings.IndexByte(full, '(')
	if open < 0 {
		t.base = full
		return t, nil
	}
	if !strings.HasSuffix(full, ")") {
		return t, fmt.Errorf("type %q has no closing parenthesis", full)
	}
	t.base = full[:open]
	t.args = splitArguments(full[open+1 : len(full)-1])
	return t, nil
}

func splitArguments(text string) []string {
	var args []string
	depth, start := 0, 0
	var quote byte
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case quote != 0 && c == '\\':
			i++
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '\'' || c == '`' || c == '"':
			quote = c
		case c == '(':
			depth++
		case c == ')':
			depth--
		case c == ',' && depth == 0:
			args = append(args, strings.TrimSpace(text[start:i]))
			start = i + 1
		}
	}
	if last := strings.TrimSpace(text[start:]); last != "" || len(args) > 0 {
		args = append(args, last)
	}
	return args
}

// number is the argument at i, between low and high.
func (t typeName) number(i, low, high int) (int, error) {
	if i >= len(t.args) {
		return 0, fmt.Errorf("type %q lacks an argument", t.full)
	}
	n, err := strconv.Atoi(t.args[i])
	if err != nil || n < low || n > high {
		return 0, fmt.Errorf("type %q: %q is not a number from %d to %d", t.full, t.args[i], low, high)
	}
	return n, nil
}

func (t typeName) nullable() bool {
	return t.base == "Nullable" || (t.base == "LowCardinality" && len(t.args) == 1 && strings.HasPrefix(t.args[0], "Nullable("))
}

// splitMember takes a member of a named tuple apart: "name Type", the name possibly between backticks. Without a name it
// is empty.
func splitMember(arg string) (name, typ string) {
	if strings.HasPrefix(arg, "`") {
		if end := closing(arg, '`'); end > 0 && end+1 < len(arg) && arg[end+1] == ' ' {
			return unescape(arg[1:end]), strings.TrimSpace(arg[end+1:])
		}
		return "", arg
	}
	space, paren := strings.IndexByte(arg, ' '), strings.IndexByte(arg, '(')
	if space < 0 || (paren >= 0 && paren < space) {
		return "", arg
	}
	return arg[:space], strings.TrimSpace(arg[space+1:])
}

// closing is where the quote that opens the text is closed.
func closing(text string, quote byte) int {
	for i := 1; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case quote:
			return i
		}
	}
	return -1
}

var unescaper = strings.NewReplacer(`\\`, `\`, `\'`, `'`, "\\`", "`", `\n`, "\n", `\t`, "\t", `\r`, "\r", `\0`, "\x00",
	`\b`, "\b", `\f`, "\f")

func unescape(text string) string { return unescaper.Replace(text) }

// enumWords reads the arguments of an Enum: 'word' = number.
func (t typeName) enumWords() (map[int64]string, error) {
	words := make(map[int64]string, len(t.args))
	for _, arg := range t.args {
		end := -1
		if strings.HasPrefix(arg, "'") {
			end = closing(arg, '\'')
		}
		if end < 0 {
			return nil, fmt.Errorf("type %q: %q is not 'word' = number", t.base, arg)
		}
		_, number, ok := strings.Cut(arg[end+1:], "=")
		n, err := strconv.ParseInt(strings.TrimSpace(number), 10, 16)
		if !ok || err != nil {
			return nil, fmt.Errorf("type %q: %q is not 'word' = number", t.base, arg)
		}
		words[n] = unescape(arg[1:end])
	}
	return words, nil
}
