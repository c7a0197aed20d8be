package prompt

import (
	"strings"
	"unicode/utf8"
)

// mostRounds bounds how often a text is decoded: deeper than that, only an attack is nested.
const mostRounds = 4

// Clean is the text without what a reader does not see and a model would obey: control characters but \n and \t, escape
// sequences of terminals, marks of direction, characters without width, tag characters, variation selectors that select
// nothing. \r\n and a lone \r become \n, a byte that is no UTF-8 becomes U+FFFD. HTML entities and JSON escapes (\uXXXX)
// that would give such a character again go too, also where they are encoded several times; all others stay as they
// are. A joiner within an emoji or between letters of Arabic or Indic scripts is kept.
//
// Clean(Clean(text)) is Clean(text). The empty text stays empty. Its time is linear in the length of the text. It is safe
// for concurrent use.
func Clean(text string) string {
	text = strip(text)
	for range mostRounds {
		decoded, changed := decodeHidden(text)
		if !changed {
			return text
		}
		text = strip(decoded)
	}
	return defuse(text)
}

// strip removes what is hidden, as it stands.
func strip(text string) string {
	at := firstHidden(text)
	if at == len(text) {
		return text
	}
	s := stripper{text: text, at: at}
	s.out.Grow(len(text))
	s.out.WriteString(text[:at])
	s.before, s.prior = lastTwo(text[:at])
	for s.at < len(text) {
		s.step()
	}
	return s.out.String()
}

// firstHidden is where the first character stands that strip has to look at, or the length of the text.
func firstHidden(text string) int {
	for i := 0; i < len(text); {
		c := text[i]
		if c < utf8.RuneSelf {
			if c < ' ' && c != '\n' && c != '\t' || c == 0x7F {
				return i
			}
			i++
			continue
		}
		r, size := utf8.DecodeRuneInString(text[i:])
		if r == utf8.RuneError && size == 1 || isHidden(r) {
			return i
		}
		i += size
	}
	return len(text)
}

// lastTwo are the last two characters of a text, the last one first.
func lastTwo(text string) (last, prior rune) {
	last, size := utf8.DecodeLastRuneInString(text)
	prior, _ = utf8.DecodeLastRuneInString(text[:len(text)-size])
	return last, prior
}

// stripper copies a text without what is hidden. What is kept depends on what was kept before it, never on what was
// removed, so that a second pass finds nothing.
type stripper struct {
	text          string
	at            int
	out           strings.Builder
	before, prior rune // the last two characters that were kept
}

func (s *stripper) step() {
	r, size := utf8.DecodeRuneInString(s.text[s.at:])
	switch {
	case !isHidden(r):
		s.keep(r) // an invalid byte is U+FFFD here
	case r == '\r':
		if !strings.HasPrefix(s.text[s.at:], "\r\n") {
			s.keep('\n')
		}
	case opensSequence(r):
		s.at += sequence(s.text[s.at:])
		return
	case s.meaningful(r, s.text[s.at+size:]):
		s.keep(r)
	}
	s.at += size
}

func (s *stripper) keep(r rune) {
	s.out.WriteRune(r)
	s.before, s.prior = r, s.before
}

// meaningful says whether an invisible character changes what a reader sees here: it joins or selects something.
func (s *stripper) meaningful(r rune, rest string) bool {
	next, _ := utf8.DecodeRuneInString(rest)
	switch {
	case r == joiner && isEmoji(next):
		return isEmoji(s.before) || s.before == emojiStyle && isEmoji(s.prior)
	case r == joiner || r == nonJoiner:
		return joins(s.before) && joins(next)
	case r == textStyle || r == emojiStyle:
		return isEmoji(s.before) || isKeycap(s.before) && next == keycap
	case isSelector(r):
		return isIdeograph(s.before)
	}
	return false
}
