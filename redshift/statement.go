package redshift

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// The server is what keeps a statement from writing. What is checked here gives the reason in words before anything is
// sent, and is the second wall where READ ONLY had to be switched off.

// readingWords are the first words of statements that read.
var readingWords = []string{"SELECT", "WITH", "SHOW", "EXPLAIN"}

// explainOptions are the options of EXPLAIN that do not run the statement.
var explainOptions = []string{"VERBOSE", "COSTS", "SETTINGS", "SUMMARY", "FORMAT", "GENERIC_PLAN"}

// writeError is a statement that does more than read.
type writeError struct{ why string }

func (e *writeError) Error() string { return e.why }

func writes(format string, args ...any) error { return &writeError{fmt.Sprintf(format, args...)} }

// checkReading refuses what is not one statement that reads. Whether a backslash within a text hides the next sign is a
// setting of the server: a statement may read by either rule, for the server takes no second one in any case.
func checkReading(sql string) error {
	err := checkReadingBy(sql, false)
	if err != nil && strings.Contains(sql, `\`) && checkReadingBy(sql, true) == nil {
		return nil
	}
	return err
}

func checkReadingBy(sql string, escapes bool) error {
	words := &scanner{rest: sql, escapes: escapes}
	first, err := words.next()
	for err == nil && first == "(" {
		first, err = words.next()
	}
	switch {
	case err != nil:
		return err
	case first == "":
		return errors.New("empty; write one statement that reads")
	case !slices.Contains(readingWords, strings.ToUpper(first)):
		return writes("it begins with %s; only SELECT, WITH, SHOW and EXPLAIN are allowed", shown(first))
	case strings.EqualFold(first, "EXPLAIN"):
		if err := checkExplain(words); err != nil {
			return err
		}
	}
	return checkSingle(words)
}

// checkSingle reads to the end of the first statement and refuses a second one.
func checkSingle(words *scanner) error {
	ended := false
	for {
		word, err := words.next()
		switch {
		case err != nil:
			return err
		case word == "":
			return nil
		case word == ";":
			ended = true
		case ended:
			return fmt.Errorf("a second statement begins with %s; send one statement at a time", shown(word))
		}
	}
}

// checkExplain refuses to run what is to be explained.
func checkExplain(words *scanner) error {
	word, err := words.next()
	if err == nil && word == "(" {
		return checkOptions(words)
	}
	for err == nil && strings.EqualFold(word, "VERBOSE") {
		word, err = words.next()
	}
	return checkExplained(word, err)
}

// checkOptions allows plain, harmless options in parentheses: a quoted or escaped name could hide ANALYZE.
func checkOptions(words *scanner) error {
	for {
		name, err := words.next()
		if err != nil {
			return err
		}
		if !slices.Contains(explainOptions, strings.ToUpper(name)) {
			return writes("the option %s of EXPLAIN is not allowed; of those that are: %s", shown(name), strings.Join(explainOptions, ", "))
		}
		for {
			word, err := words.next()
			if err != nil {
				return err
			}
			if word == ")" {
				return checkExplained(words.next())
			}
			if word == "," {
				break
			}
			if word == "" || !isWord(word) {
				return errors.New("the options of EXPLAIN cannot be read")
			}
		}
	}
}

func checkExplained(word string, err error) error {
	for _, reads := range []string{"SELECT", "WITH", "(", "INSERT", "UPDATE", "DELETE", "CREATE"} {
		if err == nil && strings.EqualFold(word, reads) {
			return nil
		}
	}
	if err == nil {
		err = writes("EXPLAIN is followed by %s; it must be followed by a statement, and ANALYZE, which runs it, is not allowed", shown(word))
	}
	return err
}

func isWord(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return !inWord(r) }) < 0
}

// inWord reports whether a name may hold that sign: the server takes all that is not ASCII for a letter.
func inWord(r rune) bool {
	return r == '_' || r >= utf8.RuneSelf || unicode.IsLetter(r) || unicode.IsDigit(r)
}

// spaces are the signs that the server takes for a space.
const spaces = " \t\n\r\f\v"

// scanner cuts a statement into words, symbols and quoted pieces, by the rules of PostgreSQL with
// standard_conforming_strings or, with escapes, without; comments vanish.
type scanner struct {
	rest    string
	escapes bool // a backslash within a text hides the next sign
}

// next is the next piece; empty at the end.
func (s *scanner) next() (string, error) {
	if err := s.skip(); err != nil || s.rest == "" {
		return "", err
	}
	r, size := utf8.DecodeRuneInString(s.rest)
	switch {
	case r == '\'' || r == '"':
		return s.quoted(size, byte(r), s.escapes && r == '\'')
	case (r == 'E' || r == 'e') && strings.HasPrefix(s.rest[1:], "'"):
		return s.quoted(2, '\'', true)
	case r == '$':
		return s.dollar()
	case inWord(r):
		return s.take(s.word()), nil
	}
	return s.take(size), nil
}

func (s *scanner) take(n int) string {
	piece := s.rest[:n]
	s.rest = s.rest[n:]
	return piece
}

func (s *scanner) word() int {
	n := strings.IndexFunc(s.rest, func(r rune) bool {
		return r != '$' && !inWord(r)
	})
	if n < 0 {
		return len(s.rest)
	}
	return n
}

// skip leaves out spaces and comments, which nest.
func (s *scanner) skip() error {
	for {
		s.rest = strings.TrimLeft(s.rest, spaces)
		switch {
		case strings.HasPrefix(s.rest, "--"):
			end := strings.IndexAny(s.rest, "\r\n")
			if end < 0 {
				end = len(s.rest)
			}
			s.rest = s.rest[end:]
		case strings.HasPrefix(s.rest, "/*"):
			if err := s.comment(); err != nil {
				return err
			}
		default:
			return nil
		}
	}
}

func (s *scanner) comment() error {
	for depth, i := 1, 2; i < len(s.rest); {
		switch {
		case strings.HasPrefix(s.rest[i:], "/*"):
			depth, i = depth+1, i+2
		case strings.HasPrefix(s.rest[i:], "*/"):
			depth, i = depth-1, i+2
			if depth == 0 {
				s.rest = s.rest[i:]
				return nil
			}
		default:
			i++
		}
	}
	return errors.New("a comment does not end")
}

// quoted reads a text or an identifier in quotes; a doubled quote stays inside.
func (s *scanner) quoted(from int, quote byte, backslash bool) (string, error) {
	for i := from; i < len(s.rest); i++ {
		switch {
		case backslash && s.rest[i] == '\\':
			i++
		case s.rest[i] != quote:
		case i+1 < len(s.rest) && s.rest[i+1] == quote:
			i++
		default:
			return s.take(i + 1), nil
		}
	}
	return "", errors.New("a quoted text does not end")
}

// dollar reads $tag$ text $tag$, a parameter such as $1, or a lone sign.
func (s *scanner) dollar() (string, error) {
	end := strings.IndexByte(s.rest[1:], '$')
	if end < 0 || !isWord(s.rest[1:1+end]) || end > 0 && unicode.IsDigit(rune(s.rest[1])) {
		n := 1
		for n < len(s.rest) && s.rest[n] >= '0' && s.rest[n] <= '9' {
			n++
		}
		return s.take(n), nil
	}
	tag := s.rest[:end+2]
	close := strings.Index(s.rest[len(tag):], tag)
	if close < 0 {
		return "", errors.New("a text between dollar signs does not end")
	}
	return s.take(len(tag) + close + len(tag)), nil
}
