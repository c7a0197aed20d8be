package graph

import (
	"errors"
	"strings"
	"unicode"
	"unicode/utf8"
)

// tokenKind is what a token of a statement is.
type tokenKind uint8

const (
	tokenEnd    tokenKind = iota
	tokenWord             // a keyword or a name
	tokenQuoted           // a name in backticks, without them
	tokenParameter
	tokenText // between quotes; its text is not kept
	tokenSign // one character, digits included
)

type token struct {
	kind tokenKind
	text string
}

// is reports whether the token is this keyword, in whatever spelling.
func (t token) is(word string) bool { return t.kind == tokenWord && strings.EqualFold(t.text, word) }

func (t token) sign(s string) bool { return t.kind == tokenSign && t.text == s }

// named reports whether the token can be a part of a name.
func (t token) named() bool { return t.kind == tokenWord || t.kind == tokenQuoted }

var (
	errText    = errors.New("a quote is not closed")
	errQuoted  = errors.New("a backtick is not closed")
	errComment = errors.New("a comment is not closed")
	errEscape  = errors.New(`it holds a backslash with a u, which Cypher reads as another character wherever it stands; write the character itself, or put the text into args`)
	errUTF8    = errors.New("it is not UTF-8")
)

// lex takes a statement apart as far as the guard needs it: comments and spaces are dropped, texts are one token. Where
// Cypher's own rules differ between versions it parts rather than joins, so that no word is hidden.
func lex(cypher string) ([]token, error) {
	if !utf8.ValidString(cypher) {
		return nil, errUTF8
	}
	if strings.Contains(cypher, `\u`) || strings.Contains(cypher, `\U`) {
		return nil, errEscape
	}
	l := &lexer{rest: cypher}
	var all []token
	for {
		t, err := l.next()
		if err != nil || t.kind == tokenEnd {
			return all, err
		}
		all = append(all, t)
	}
}

type lexer struct{ rest string }

func (l *lexer) next() (token, error) {
	if err := l.skip(); err != nil || l.rest == "" {
		return token{}, err
	}
	r, size := utf8.DecodeRuneInString(l.rest)
	switch {
	case r == '\'' || r == '"':
		return l.text(byte(r))
	case r == '`':
		return l.quoted()
	case r == '$':
		l.rest = l.rest[size:]
		return l.parameter()
	case begins(r):
		return token{tokenWord, l.word()}, nil
	}
	l.rest = l.rest[size:]
	return token{tokenSign, string(r)}, nil
}

// skip drops spaces and comments. Control and format characters are spaces here: Cypher takes some of them so.
func (l *lexer) skip() error {
	for {
		l.rest = strings.TrimLeftFunc(l.rest, func(r rune) bool {
			return unicode.IsSpace(r) || unicode.IsControl(r) || unicode.Is(unicode.Cf, r)
		})
		switch {
		case strings.HasPrefix(l.rest, "//"):
			end := strings.IndexAny(l.rest, "\n\r")
			if end < 0 {
				end = len(l.rest)
			}
			l.rest = l.rest[end:]
		case strings.HasPrefix(l.rest, "/*"):
			end := strings.Index(l.rest[2:], "*/")
			if end < 0 {
				return errComment
			}
			l.rest = l.rest[2+end+2:]
		default:
			return nil
		}
	}
}

// text skips what stands between quotes, a backslash and what it stands before included.
func (l *lexer) text(quote byte) (token, error) {
	for i := 1; i < len(l.rest); i++ {
		switch l.rest[i] {
		case '\\':
			i++
		case quote:
			l.rest = l.rest[i+1:]
			return token{kind: tokenText}, nil
		}
	}
	return token{}, errText
}

// quoted is a name in backticks, in which two stand for one.
func (l *lexer) quoted() (token, error) {
	var name strings.Builder
	rest := l.rest[1:]
	for {
		end := strings.IndexByte(rest, '`')
		if end < 0 {
			return token{}, errQuoted
		}
		name.WriteString(rest[:end])
		rest = rest[end+1:]
		if !strings.HasPrefix(rest, "`") {
			l.rest = rest
			return token{tokenQuoted, name.String()}, nil
		}
		name.WriteByte('`')
		rest = rest[1:]
	}
}

func (l *lexer) parameter() (token, error) {
	if strings.HasPrefix(l.rest, "`") {
		t, err := l.quoted()
		return token{tokenParameter, t.text}, err
	}
	return token{tokenParameter, l.word()}, nil
}

func begins(r rune) bool { return r == '_' || unicode.IsLetter(r) || unicode.Is(unicode.Nl, r) }

func (l *lexer) word() string {
	end := strings.IndexFunc(l.rest, func(r rune) bool {
		return !begins(r) && !unicode.IsDigit(r) && !unicode.In(r, unicode.Mn, unicode.Mc, unicode.Pc)
	})
	if end < 0 {
		end = len(l.rest)
	}
	word := l.rest[:end]
	l.rest = l.rest[end:]
	return word
}
