package sqlguard

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Lexeme is a word, a quoted name, a text or a sign of a statement. Comments and spaces are none.
type Lexeme struct {
	kind byte // w word, q quoted name, s text, n number, else the sign itself
	text string
	at   int // where it begins
}

func (l Lexeme) word(w string) bool { return l.kind == 'w' && strings.EqualFold(l.text, w) }

func (l Lexeme) name() bool { return l.kind == 'w' || l.kind == 'q' }

// Lex takes a statement apart as far as its safety is concerned.
func Lex(sql string) ([]Lexeme, error) {
	var all []Lexeme
	for i := 0; i < len(sql); {
		rest := sql[i:]
		switch c := rest[0]; {
		case c <= ' ':
			i++
		case strings.HasPrefix(rest, "--"):
			i += lineEnd(rest)
		case strings.HasPrefix(rest, "/*"):
			end := strings.Index(rest[2:], "*/")
			if end < 0 {
				return nil, errors.New("sql: a comment does not end")
			}
			i += end + 4
		case strings.HasPrefix(rest, "$$"):
			end := strings.Index(rest[2:], "$$")
			if end < 0 {
				return nil, errors.New("sql: a text between $$ does not end")
			}
			all = append(all, Lexeme{'s', rest[2 : end+2], i})
			i += end + 4
		case c == '\'' || c == '"':
			text, n := quoted(rest)
			if n == 0 {
				return nil, errors.New("sql: a text or a quoted name does not end")
			}
			kind := byte('s')
			if c == '"' {
				kind = 'q'
			}
			all = append(all, Lexeme{kind, text, i})
			i += n
		case wordByte(c):
			n := 1
			for n < len(rest) && wordByte(rest[n]) {
				n++
			}
			kind := byte('w')
			if c >= '0' && c <= '9' {
				kind = 'n'
			}
			all = append(all, Lexeme{kind, rest[:n], i})
			i += n
		default:
			all = append(all, Lexeme{c, rest[:1], i})
			i++
		}
	}
	return all, nil
}

func wordByte(c byte) bool {
	return c == '_' || c == '@' || c >= 0x80 || c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z'
}

func lineEnd(s string) int {
	if i := strings.IndexAny(s, "\r\n"); i >= 0 {
		return i
	}
	return len(s)
}

// quoted reads a text up to its closing quote; a doubled quote is one of the text. n is zero if it does not end.
func quoted(s string) (text string, n int) {
	q := s[:1]
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] != q[0]:
		case i+1 < len(s) && s[i+1] == q[0]:
			i++
		default:
			return strings.ReplaceAll(s[1:i], q+q, q), i + 1
		}
	}
	return "", 0
}

// reading are the words that a statement may begin with.
var reading = []string{"SELECT", "WITH", "VALUES", "TABLE", "SHOW", "DESCRIBE", "DESC", "EXPLAIN"}

// passThrough are the functions by which connectors hand a text on to the system behind them, which no rule here reads.
var passThrough = []string{"query", "raw_query", "procedure", "execute"}

// WriteError is a statement that does more than read.
type WriteError struct{ Why string }

// Error says why.
func (e *WriteError) Error() string { return "sql: " + e.Why }

// CheckReading refuses what is not one statement that reads. It is the first of two walls: the account's rights are the
// other.
func CheckReading(all []Lexeme) error {
	for i, l := range all {
		if l.kind == ';' {
			if i == len(all)-1 {
				return errors.New("sql: ends with a semicolon, which the server does not take; leave it out")
			}
			return errors.New("sql: more than one statement; send them one by one")
		}
		if l.kind == '$' && i+1 < len(all) && all[i+1].kind == 'n' {
			return fmt.Errorf("sql: $%.20s stands for no value; values are ? here, in the order of args", all[i+1].text)
		}
	}
	rest := all
	for len(rest) > 0 && rest[0].kind == '(' {
		rest = rest[1:]
	}
	if len(rest) == 0 {
		return errors.New("sql: holds no statement")
	}
	if !startsReading(rest) {
		return &WriteError{fmt.Sprintf("a statement that begins with %.40q; only SELECT, WITH, VALUES, TABLE, SHOW, DESCRIBE and "+
			"EXPLAIN of these are run", strings.ToUpper(rest[0].text))}
	}
	if rest[0].word("EXPLAIN") {
		return checkExplain(rest[1:])
	}
	if rest[0].word("WITH") && len(rest) > 2 && rest[1].word("SESSION") && !rest[2].word("AS") && rest[2].kind != '(' {
		return &WriteError{"WITH SESSION changes the limits of the statement; use session"}
	}
	if rest[0].word("WITH") && len(rest) > 2 && rest[1].word("FUNCTION") && !rest[2].word("AS") && rest[2].kind != '(' {
		return &WriteError{"WITH FUNCTION brings code of its own; write its expression where it is used"}
	}
	return checkFunctions(rest)
}

// Unterminated is a statement without the one semicolon that may end it, which the server does not take. Where that stands
// in a comment it says nothing, and in a text that does not end the statement is refused all the same.
func Unterminated(sql string) string {
	if text, ok := strings.CutSuffix(strings.TrimRight(sql, " \t\r\n"), ";"); ok {
		return text
	}
	return sql
}

func startsReading(all []Lexeme) bool {
	return slices.ContainsFunc(reading, func(w string) bool { return all[0].word(w) })
}

// checkExplain looks at the statement that is explained: ANALYZE would run it.
func checkExplain(all []Lexeme) error {
	if len(all) > 0 && all[0].word("ANALYZE") {
		return &WriteError{"EXPLAIN ANALYZE runs the statement; explain it without ANALYZE"}
	}
	if len(all) > 0 && all[0].kind == '(' {
		if end := slices.IndexFunc(all, func(l Lexeme) bool { return l.kind == ')' }); end > 0 {
			all = all[end+1:]
		}
	}
	return CheckReading(all)
}

func checkFunctions(all []Lexeme) error {
	for i := range all {
		if !all[i].word("TABLE") || i+1 >= len(all) || all[i+1].kind != '(' {
			continue
		}
		last := ""
		for _, l := range all[i+2:] {
			if !l.name() && l.kind != '.' {
				break
			}
			last = strings.ToLower(l.text)
		}
		if slices.Contains(passThrough, last) {
			return &WriteError{fmt.Sprintf("the function %s hands its text on to another system, where it may write", last)}
		}
	}
	return nil
}

// Selects reports whether the statement is one whose answer is a table of its own making: it begins with SELECT, WITH, VALUES
// or TABLE.
func Selects(all []Lexeme) bool {
	i := slices.IndexFunc(all, func(l Lexeme) bool { return l.kind != '(' })
	return i >= 0 && slices.ContainsFunc([]string{"SELECT", "WITH", "VALUES", "TABLE"}, all[i].word)
}

// Marks is how many question marks stand for values.
func Marks(all []Lexeme) int {
	n := 0
	for _, l := range all {
		if l.kind == '?' {
			n++
		}
	}
	return n
}

// Bind puts literals into the places of the question marks. It is for statements that a server takes no values for; the
// literals must be made by the program.
func Bind(sql string, all []Lexeme, literals []string) (string, error) {
	if n := Marks(all); n != len(literals) {
		return "", fmt.Errorf("args: %d values for %d question marks", len(literals), n)
	}
	var b strings.Builder
	from := 0
	for _, l := range all {
		if l.kind == '?' {
			b.WriteString(sql[from:l.at] + literals[0])
			from, literals = l.at+1, literals[1:]
		}
	}
	return b.String() + sql[from:], nil
}
