package evidence

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// What stands in a template for a value of that shape.
const (
	maskNumber = "<num>"
	maskHex    = "<hex>"
	maskUUID   = "<uuid>"
	maskTime   = "<time>"
	maskIP     = "<ip>"
	maskEmail  = "<email>"
	maskURL    = "<url>"
	maskPath   = "<path>"
	maskQuoted = "<str>"
	maskID     = "<id>"   // a word with digits in it
	maskBlob   = "<blob>" // a word longer than maxWord
	maskList   = "<list>" // two or more words between brackets
	maskAny    = "<*>"    // a word that differs between lines that are otherwise alike
	maskRest   = "<...>"  // any text up to the end
)

var masks = []string{
	maskNumber, maskHex, maskUUID, maskTime, maskIP, maskEmail, maskURL, maskPath, maskQuoted, maskID, maskBlob, maskList, maskAny, maskRest,
}

// maxWord is how long a word may be, in bytes, and still be one that somebody wrote.
const maxWord = 64

// piece is a part of a shape: a word or a mask, or what stands between two of them.
type piece struct {
	text string
	word bool
}

// shaper cuts a text into pieces and puts masks in the place of values. The text of a shape has that same shape.
type shaper struct {
	text   string
	at     int
	pieces []piece
	gap    []byte // what was passed since the last word
	// The place after which no such quote closes, so that a text of opening quotes is not searched again for each.
	unclosed map[byte]int
	keyEnd   int // where the quote stands that closes a key; negative: nowhere
}

// shapeOf is the shape of a text. After limit words maskRest stands for the rest.
func shapeOf(text string, limit int) []piece {
	s := &shaper{text: text, pieces: make([]piece, 0, min(len(text)/4+1, 128)), keyEnd: -1}
	for s.at < len(s.text) {
		s.step()
	}
	if gap := strings.TrimRight(string(s.gap), " "); gap != "" {
		s.pieces = append(s.pieces, piece{text: gap})
	}
	return cutWords(joinLists(joinTimes(s.pieces)), limit)
}

// step takes the next piece.
func (s *shaper) step() {
	c := s.text[s.at]
	switch {
	case c == '<' && s.mask():
	case (c == '"' || c == '\'') && s.quoted(c):
	default:
		end := s.at
		for end < len(s.text) {
			r, n := utf8.DecodeRuneInString(s.text[end:])
			if !isWordRune(r) && !isConnector(r) {
				break
			}
			end += n
		}
		if end > s.at {
			s.chunk(end)
			return
		}
		r, n := utf8.DecodeRuneInString(s.text[s.at:])
		s.separate(r)
		s.at += n
	}
}

// mask takes a mask that stands in the text.
func (s *shaper) mask() bool {
	m := maskAt(s.text[s.at:])
	if m == "" {
		return false
	}
	s.add(m)
	s.at += len(m)
	if m == maskRest {
		s.at = len(s.text)
	}
	return true
}

// maskAt is the mask that the text begins with, or "".
func maskAt(text string) string {
	for _, m := range masks {
		if strings.HasPrefix(text, m) {
			return m
		}
	}
	return ""
}

// quoted takes a text in quotes, unless it is a key. An apostrophe within a word is no quote.
func (s *shaper) quoted(quote byte) bool {
	if s.at == s.keyEnd || quote == '\'' && s.adjacent() {
		return false
	}
	end, ok := s.closing(quote)
	if !ok {
		return false
	}
	if isKey(s.text[end+1:]) {
		s.keyEnd = end
		return false
	}
	s.add(maskQuoted)
	s.at = end + 1
	return true
}

// adjacent reports whether a word ends at the current place.
func (s *shaper) adjacent() bool { return len(s.pieces) > 0 && len(s.gap) == 0 }

// closing finds the quote that closes the one at the current place.
func (s *shaper) closing(quote byte) (int, bool) {
	if from, known := s.unclosed[quote]; known && s.at >= from {
		return 0, false
	}
	for i := s.at + 1; i < len(s.text); i++ {
		switch {
		case s.text[i] == '\\':
			i++
		case s.text[i] == quote && (quote != '\'' || !beginsWord(s.text[i+1:])):
			return i, true
		}
	}
	if s.unclosed == nil {
		s.unclosed = map[byte]int{}
	}
	s.unclosed[quote] = s.at
	return 0, false
}

// beginsWord reports whether the text begins with a word or a mask.
func beginsWord(text string) bool {
	r, _ := utf8.DecodeRuneInString(text)
	return isWordRune(r) || r == '<' && maskAt(text) != ""
}

// isKey reports whether what follows a quoted text makes it a key.
func isKey(rest string) bool {
	rest = strings.TrimLeft(rest, " ")
	return strings.HasPrefix(rest, ":") || strings.HasPrefix(rest, "=")
}

// chunk takes a run of letters, digits and what connects them: one value, or several words.
func (s *shaper) chunk(end int) {
	if scheme := strings.Index(s.text[s.at:end], "://"); scheme > 0 && allBytes(s.text[s.at:s.at+scheme], isSchemeByte) {
		s.url()
		return
	}
	text := s.bare(s.text[s.at:end])
	core := strings.TrimRight(text, trailing)
	s.core(core)
	for _, r := range text[len(core):] {
		s.separate(r)
	}
	s.at = end
}

// core takes a chunk without what connects it to nothing: a value, or words that are parted by connectors.
func (s *shaper) core(text string) {
	for text != "" {
		if _, ok := parseSite(text); ok {
			s.add(text)
			return
		}
		if m := wholeMask(text); m != "" {
			s.add(m)
			return
		}
		at := strings.IndexFunc(text, isSplitter)
		if at < 0 {
			s.add(wordOf(text))
			return
		}
		part := strings.TrimRight(text[:at], ".-")
		if part != "" {
			s.add(wordOf(part))
		}
		s.separate(rune(text[len(part)]))
		text = s.bare(text[len(part)+1:])
	}
}

// bare takes connectors off the front that belong to no value.
func (s *shaper) bare(text string) string {
	for text != "" && isConnectorByte(text[0]) && (s.adjacent() || !startsValue(text)) {
		s.separate(rune(text[0]))
		text = text[1:]
	}
	return text
}

// url takes everything up to a space or what would end an address in a text.
func (s *shaper) url() {
	end := s.at
	for end < len(s.text) {
		r, n := utf8.DecodeRuneInString(s.text[end:])
		if unicode.IsSpace(r) || strings.ContainsRune("\"'<>[]{}|`\\", r) {
			break
		}
		end += n
	}
	url := strings.TrimRight(s.text[s.at:end], ".,;:)!?")
	s.add(maskURL)
	s.at += len(url)
}

// add appends a word or a mask, after what was passed in front of it.
func (s *shaper) add(text string) {
	if len(s.gap) > 0 {
		s.pieces = append(s.pieces, piece{text: string(s.gap)})
		s.gap = s.gap[:0]
	}
	s.pieces = append(s.pieces, piece{text, true})
}

// separate passes one character between words; spaces of any kind and number are one space, and none at the beginning.
func (s *shaper) separate(r rune) {
	if !unicode.IsSpace(r) && !unicode.IsControl(r) {
		s.gap = utf8.AppendRune(s.gap, r)
		return
	}
	if n := len(s.gap); n > 0 && s.gap[n-1] != ' ' || n == 0 && len(s.pieces) > 0 {
		s.gap = append(s.gap, ' ')
	}
}

// joinTimes makes one time of those that were written in parts: a date and a clock, a clock and its milliseconds.
func joinTimes(all []piece) []piece {
	out := all[:0]
	for i := range all {
		n := len(out)
		if all[i].word && n >= 2 && out[n-2].text == maskTime &&
			(all[i].text == maskTime && strings.TrimSpace(out[n-1].text) == "" || all[i].text == maskNumber && out[n-1].text == ",") {
			out = out[:n-1]
			continue
		}
		out = append(out, all[i])
	}
	return out
}

// joinLists puts one mask in the place of two or more words that stand between brackets with commas between them.
func joinLists(all []piece) []piece {
	out := all[:0] // it never grows beyond what was read
	for i := 0; i < len(all); i++ {
		out = append(out, all[i])
		if all[i].word || i+1 == len(all) {
			continue
		}
		if end := listEnd(all, i); end > 0 {
			out = append(out, piece{maskList, true})
			i = end - 1
		}
	}
	return out
}

// listEnd is the index of the piece that closes the list that the separator at i opens; 0 where it opens none.
func listEnd(all []piece, i int) int {
	open := all[i].text
	opens := strings.IndexByte("[({", open[len(open)-1])
	if opens < 0 {
		return 0
	}
	items := 0
	for j := i + 1; j+1 < len(all) && all[j].word && !all[j+1].word; j += 2 {
		items++
		switch between := all[j+1].text; {
		case between[0] == "])}"[opens] && items > 1:
			return j + 1
		case strings.TrimSpace(between) != ",":
			return 0
		}
	}
	return 0
}

// cutWords puts the mask of the rest in the place of the words beyond the limit.
func cutWords(all []piece, limit int) []piece {
	words := 0
	for i, p := range all {
		if !p.word || p.text == maskRest {
			continue
		}
		if words++; words <= limit {
			continue
		}
		if i > 0 && !all[i-1].word {
			i--
		}
		return append(all[:i:i], piece{text: " "}, piece{maskRest, true})
	}
	return all
}

// textOf is the text of a shape.
func textOf(pieces []piece) string {
	var b strings.Builder
	for _, p := range pieces {
		b.WriteString(p.text)
	}
	return b.String()
}

// defaultWords is how many words of a line tell it from others.
const defaultWords = 32
