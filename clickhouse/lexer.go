package clickhouse

import (
	"fmt"
	"strings"
)

// tokenKind is what a piece of a statement is.
type tokenKind byte

const (
	tokenEnd    tokenKind = iota // there is no more
	tokenWord                    // a bare word or a number
	tokenName                    // between " or `: the name of something
	tokenText                    // between ', or a heredoc
	tokenSymbol                  // one character
)

// token is one piece of a statement.
type token struct {
	kind tokenKind
	text string // as written; a name stands without its quotes
}

// is reports whether the token is this keyword or symbol.
func (t token) is(text string) bool {
	return (t.kind == tokenWord || t.kind == tokenSymbol) && strings.EqualFold(t.text, text)
}

// lexer takes a statement apart as the server does. Servers of different versions read some texts differently: comments
// within comments, typographic quotes, $ in names. Those are errors here, for no reading of them can be trusted.
type lexer struct {
	sql string
	at  int
}

// lex is the whole statement, without comments.
func lex(sql string) ([]token, error) {
	l, all := lexer{sql: sql}, []token(nil)
	for {
		t, err := l.next()
		if err != nil || t.kind == tokenEnd {
			return all, err
		}
		all = append(all, t)
	}
}

func (l *lexer) fail(format string, args ...any) error {
	return fmt.Errorf("sql: byte %d: "+format, append([]any{l.at + 1}, args...)...)
}

// next is the next token behind space and comments.
func (l *lexer) next() (token, error) {
	if err := l.skip(); err != nil || l.at == len(l.sql) {
		return token{}, err
	}
	switch c := l.sql[l.at]; {
	case isWordByte(c):
		return l.word()
	case c == '\'':
		return l.quoted(tokenText)
	case c == '"', c == '`':
		return l.quoted(tokenName)
	case c == '$':
		return l.heredoc()
	case c == '#', c == '\\', c < ' ', c == 0x7F:
		return token{}, l.fail("%q stands outside of quotes; take it out", c)
	case c >= 0x80:
		return token{}, l.fail("a character that is not ASCII outside of quotes and comments; write plain spaces and quotes, and such names between backticks")
	}
	l.at++
	return token{tokenSymbol, l.sql[l.at-1 : l.at]}, nil
}

// skip goes over space and comments.
func (l *lexer) skip() error {
	for l.at < len(l.sql) {
		rest := l.sql[l.at:]
		switch {
		case strings.IndexByte(" \t\r\n\f\v", rest[0]) >= 0:
			l.at++
		case strings.HasPrefix(rest, "--"), strings.HasPrefix(rest, "# "), strings.HasPrefix(rest, "#!"):
			line, _, _ := strings.Cut(rest, "\n")
			l.at += len(line)
		case strings.HasPrefix(rest, "/*"):
			if err := l.comment(rest[2:]); err != nil {
				return err
			}
		default:
			return nil
		}
	}
	return nil
}

// comment goes over a comment, of which the text behind its beginning is given. Newer servers nest comments and older
// ones do not.
func (l *lexer) comment(text string) error {
	end, again := strings.Index(text, "*/"), strings.Index(text, "/*")
	switch {
	case again >= 0 && (end < 0 || again < end):
		return l.fail("a comment holds another /*, which servers read differently; take it out")
	case end < 0:
		return l.fail("a comment has no end; close it with */")
	}
	l.at += 2 + end + 2
	return nil
}

func (l *lexer) word() (token, error) {
	end := l.at
	for end < len(l.sql) && isWordByte(l.sql[end]) {
		end++
	}
	t := token{tokenWord, l.sql[l.at:end]}
	if end < len(l.sql) {
		switch c := l.sql[end]; {
		case c == '$' || c >= 0x80:
			l.at = end
			return token{}, l.fail("%q goes on with a character that names have only between backticks; quote it", t.text)
		case c == '\'' && (t.is("x") || t.is("b")):
			l.at = end
			return l.digits()
		}
	}
	l.at = end
	return t, nil
}

// digits is the text of x'…' and b'…', in which newer servers know no escapes.
func (l *lexer) digits() (token, error) {
	digits, _, closed := strings.Cut(l.sql[l.at+1:], "'")
	if !closed || strings.Trim(digits, "0123456789abcdefABCDEF") != "" {
		return token{}, l.fail("x'…' and b'…' hold digits alone; write a plain text")
	}
	l.at += len(digits) + 2
	return token{tokenText, digits}, nil
}

// quoted is a text or a name: a backslash escapes what follows it, and a doubled quote stands for itself.
func (l *lexer) quoted(kind tokenKind) (token, error) {
	quote := l.sql[l.at]
	for i := l.at + 1; i < len(l.sql); i++ {
		switch {
		case l.sql[i] == '\\':
			i++
		case l.sql[i] == quote && i+1 < len(l.sql) && l.sql[i+1] == quote:
			i++
		case l.sql[i] == quote:
			t := token{kind, l.sql[l.at+1 : i]}
			l.at = i + 1
			return t, nil
		}
	}
	return token{}, l.fail("%c has no end; close it", quote)
}

// heredoc is $tag$…$tag$.
func (l *lexer) heredoc() (token, error) {
	end := l.at + 1
	for end < len(l.sql) && isWordByte(l.sql[end]) {
		end++
	}
	if end == len(l.sql) || l.sql[end] != '$' {
		return token{}, l.fail("$ begins neither a name nor $tag$…$tag$; put the name between backticks")
	}
	tag := l.sql[l.at : end+1]
	text, _, closed := strings.Cut(l.sql[end+1:], tag)
	if !closed {
		return token{}, l.fail("%.60s has no end; close it", tag)
	}
	l.at = end + 1 + len(text) + len(tag)
	return token{tokenText, text}, nil
}

func isWordByte(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z'
}
