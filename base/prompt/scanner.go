package prompt

import "strings"

// find is a part of a text that is to be replaced. Without a category it is what looks like a placeholder.
type find struct {
	from, to int
	category string
}

// scanner goes once over a text, word by word. What may begin something is decided by single characters, so that the
// usual text costs little more than reading it.
type scanner struct {
	text  string
	done  int // where the last find or escape ends: what is found begins behind it
	finds []find
}

func (s *scanner) scan() {
	for i := 0; i < len(s.text); {
		switch c := s.text[i]; {
		case isWord(c):
			end := i + 1
			for end < len(s.text) && isWord(s.text[end]) {
				end++
			}
			s.word(i, end)
			i = end
		case c == '\\':
			i += s.escaped(i)
		default:
			s.sign(i, c)
			i++
		}
		i = max(i, s.done)
	}
}

func (s *scanner) add(category string, from, to int) bool {
	if from < s.done || to <= from {
		return false
	}
	s.finds = append(s.finds, find{from, to, category})
	s.done = to
	return true
}

// sign looks at a character between words.
func (s *scanner) sign(i int, c byte) {
	switch c {
	case '@':
		s.email(i, 1)
	case '%':
		if hasFold(s.text[i:], "%3d") {
			s.pair(i, len("%3d"), '=')
		} else if strings.HasPrefix(s.text[i:], "%40") {
			s.email(i, len("%40"))
		}
	case '+':
		s.phone(i)
	case '-':
		if strings.HasPrefix(s.text[i:], "-----BEGIN ") {
			s.privateKey(i)
		}
	case '=', ':':
		if c == ':' && (s.userOfURL(i) || s.addressV6(i)) {
			return
		}
		s.pair(i, 1, c)
	}
}

// escaped passes an escape of JSON by, whose letters are no part of the word behind it, and gives its length. Some
// encoders write = so.
func (s *scanner) escaped(i int) int {
	rest := s.text[i+1:]
	switch {
	case rest != "" && strings.IndexByte("nrtbf", rest[0]) >= 0:
		s.done = i + 2
		return 2
	case len(rest) >= len("u0000") && rest[0] == 'u' && spanOf(rest[1:len("u0000")], isHex) == len("0000"):
		if hasFold(rest, "u003d") {
			s.pair(i, len(`\u003d`), '=')
		}
		s.done = max(s.done, i+len(`\u0000`))
		return len(`\u0000`)
	}
	return 1
}

// word looks at a word that begins at from.
func (s *scanner) word(from, to int) {
	if isDigit(s.text[to-1]) && s.likePlaceholder(from, to) {
		return
	}
	c := s.text[from]
	switch {
	case isDigit(c) && (s.addressV4(from) || s.card(from, to)):
		return
	case isHex(c) && to-from <= 4 && to < len(s.text) && s.text[to] == ':' && s.addressV6(from):
		return
	}
	if isLetter(c) && !s.token(from) {
		s.phrase(from, to)
	}
}

// likePlaceholder finds what [Pseudonyms.Reveal] could take for a placeholder.
func (s *scanner) likePlaceholder(from, to int) bool {
	if _, end, ok := readName(s.text, from); !ok || end != to {
		return false
	}
	if inSquares(s.text[s.done:], from-s.done, to-s.done) {
		return false
	}
	if from > s.done && s.text[from-1] == '<' && strings.HasPrefix(s.text[to:], ">") {
		from, to = from-1, to+1
	}
	return s.add("", from, to)
}

func isHex(c byte) bool { return isDigit(c) || c|0x20 >= 'a' && c|0x20 <= 'f' }

// spanOf is how many bytes at the beginning of a text are of a kind.
func spanOf(text string, is func(byte) bool) int {
	i := 0
	for i < len(text) && is(text[i]) {
		i++
	}
	return i
}

// hasFold says whether a text begins with a word of small letters, in any case.
func hasFold(text, word string) bool {
	return len(text) >= len(word) && strings.EqualFold(text[:len(word)], word)
}
