package trinosql

import (
	"fmt"
	"strings"
)

// SplitValues cuts what stands behind USING at the commas that stand in no text, list or call.
func SplitValues(text string) []string {
	var all []string
	depth, start, quoted := 0, 0, false
	for i := range len(text) {
		switch c := text[i]; {
		case c == '\'':
			quoted = !quoted
		case quoted:
		case c == '(' || c == '[':
			depth++
		case c == ')' || c == ']':
			depth--
		case c == ',' && depth == 0:
			all = append(all, strings.TrimSpace(text[start:i]))
			start = i + 1
		}
	}
	if rest := strings.TrimSpace(text[start:]); rest != "" {
		all = append(all, rest)
	}
	return all
}

// Bind puts the values in the places of the question marks, as the texts that they are.
func Bind(sql string, values []string) (string, *Error) {
	var b strings.Builder
	used, quote := 0, byte(0)
	for i := range len(sql) {
		switch c := sql[i]; {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '\'' || c == '"':
			quote = c
		case c == '?':
			if used < len(values) {
				b.WriteString(values[used])
			}
			used++
			continue
		}
		b.WriteByte(sql[i])
	}
	if used != len(values) {
		return "", &Error{"INVALID_PARAMETER_USAGE", fmt.Sprintf("Incorrect number of parameters: expected %d but found %d", used, len(values))}
	}
	return b.String(), nil
}
