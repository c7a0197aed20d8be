package trino

import (
	"fmt"
	"strconv"
	"strings"
)

// typeName is the name of a column's type, taken apart: timestamp(3) with time zone has the base "timestamp with time
// zone" and the argument "3".
type typeName struct {
	full string
	base string   // lower case, without arguments
	args []string // as written, without the spaces around them
}

const (
	maxTypeName  = 64 << 10
	maxTypeDepth = 24
)

// parseType takes a name apart; commas within parentheses and quotes do not separate.
func parseType(full string) (typeName, error) {
	t := typeName{full: full}
	if len(full) > maxTypeName {
		return t, fmt.Errorf("a type name of %d bytes", len(full))
	}
	if strings.Count(full, ",") > maxColumns {
		return t, fmt.Errorf("a type of more than %d members; select some of them", maxColumns)
	}
	open := strings.IndexByte(full, '(')
	if open < 0 {
		t.base = strings.ToLower(strings.TrimSpace(full))
		return t, nil
	}
	end := closing(full, open)
	if end < 0 {
		return t, fmt.Errorf("type %s has no closing parenthesis", told(full))
	}
	t.base = strings.ToLower(strings.TrimSpace(full[:open]) + strings.TrimRight(full[end+1:], " "))
	t.args = splitArguments(full[open+1 : end])
	return t, nil
}

// closing is the place of the parenthesis that closes the one at open; -1 without one.
func closing(text string, open int) int {
	depth, quoted := 0, false
	for i := open; i < len(text); i++ {
		switch c := text[i]; {
		case c == '"':
			quoted = !quoted // a doubled quote toggles twice
		case quoted:
		case c == '(':
			depth++
		case c == ')':
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return -1
}

func splitArguments(text string) []string {
	var args []string
	depth, start, quoted := 0, 0, false
	for i := range len(text) {
		switch c := text[i]; {
		case c == '"':
			quoted = !quoted
		case quoted:
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

// number is the argument at i between low and high; otherwise where it is missing.
func (t typeName) number(i, otherwise, low, high int) (int, error) {
	if i >= len(t.args) {
		return otherwise, nil
	}
	n, err := strconv.Atoi(t.args[i])
	if err != nil || n < low || n > high {
		return 0, fmt.Errorf("type %s: %s is not a number from %d to %d", told(t.full), told(t.args[i]), low, high)
	}
	return n, nil
}

// member splits a member of a row into its name, empty where it has none, and its type.
func member(text string) (name, typ string) {
	if strings.HasPrefix(text, `"`) {
		for i := 1; i < len(text); i++ {
			switch {
			case text[i] != '"':
			case i+1 < len(text) && text[i+1] == '"':
				i++
			default:
				return strings.ReplaceAll(text[1:i], `""`, `"`), strings.TrimSpace(text[i+1:])
			}
		}
		return "", text
	}
	head, rest, found := strings.Cut(text, " ")
	if !found || strings.ContainsAny(head, "(),") || loneType(text) {
		return "", text
	}
	return head, strings.TrimSpace(rest)
}

// loneType are the types whose names have spaces and no parenthesis before the first of them.
func loneType(text string) bool {
	lower := strings.ToLower(text)
	for _, name := range []string{"double precision", "interval ", "time with time zone", "timestamp with time zone"} {
		if strings.HasPrefix(lower, name) {
			return true
		}
	}
	return false
}
