package evidence

import (
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// Bounds of a hash that is taken apart; what lies beyond stays text.
const (
	maxFields    = 256
	maxHashDepth = 6
	maxStarts    = 4 // places of a text where a hash may begin
)

// hash reads a JSON object or the text of a Ruby hash, whichever it is, and is content with one that was cut.
type hash struct {
	text   string
	at     int // after the last pair that was read, or after the hash
	fields []Field
	ruby   bool
}

// findHash finds the first hash of a text that has at least one pair, and where it begins.
func findHash(text string) (h *hash, from int, ok bool) {
	if strings.HasPrefix(text, `"`) || strings.HasPrefix(text, ":") { // pairs without braces
		if h = readHash(text, 0, 0); h.ruby && len(h.fields) > 0 {
			return h, 0, true
		}
	}
	from = -1
	for range maxStarts {
		next := strings.IndexByte(text[from+1:], '{')
		if next < 0 {
			break
		}
		from += 1 + next
		if h = readHash(text, from+1, '}'); len(h.fields) > 0 {
			return h, from, true
		}
	}
	return nil, 0, false
}

func readHash(text string, at int, closer byte) *hash {
	h := &hash{text: text, at: at}
	h.pairs("", closer, 0)
	return h
}

// pairs reads pairs up to the closer, or up to the end of the text where the closer is 0. When it fails, at is where
// the text begins that no field holds.
func (h *hash) pairs(prefix string, closer byte, depth int) bool {
	for {
		begin := h.at
		if h.skipSpace(); h.peek() == closer {
			h.at = min(h.at+1, len(h.text))
			return true
		}
		before := len(h.fields)
		key, ok := h.key()
		if !ok || before >= maxFields || !h.value(prefix+key, closer, depth) {
			if len(h.fields) == before {
				h.at = begin
			}
			return false
		}
		switch h.skipSpace(); h.peek() {
		case ',':
			h.at++
		case closer:
		default: // the next round finds that this is no pair
			if !h.ended() {
				return false
			}
		}
	}
}

// key reads a key and its arrow or colon.
func (h *hash) key() (string, bool) {
	var key string
	quoted := h.peek() == '"'
	symbol := h.peek() == ':'
	switch {
	case quoted:
		var ok bool
		if key, ok = h.quoted(); !ok {
			return "", false
		}
	default:
		if symbol {
			h.at++
		}
		begin := h.at
		for isWord(h.peek()) {
			h.at++
		}
		key = h.text[begin:h.at]
	}
	if key == "" && !quoted {
		return "", false
	}
	h.skipSpace()
	switch {
	case strings.HasPrefix(h.text[h.at:], "=>"):
		h.at += 2
		h.ruby = true
		return key, true
	case h.peek() == ':' && quoted:
		h.at++
		return key, true
	case strings.HasPrefix(h.text[h.at:], ": ") && !symbol:
		h.at += 2
		h.ruby = true
		return key, true
	}
	return "", false
}

// value reads the value of a key and keeps it.
func (h *hash) value(key string, closer byte, depth int) bool {
	h.skipSpace()
	begin := h.at
	switch {
	case h.peek() == '"':
		v, ok := h.quoted()
		if ok && h.atDelimiter(closer) {
			h.fields = append(h.fields, Field{key, v})
			return true
		}
		if ok = ok && h.skipBare(closer); ok { // "a" + "b", or such
			h.fields = append(h.fields, Field{key, strings.TrimSpace(h.text[begin:h.at])})
		}
		return ok
	case h.peek() == '{' && depth < maxHashDepth:
		before := len(h.fields)
		h.at++
		if whole := h.pairs(key+".", '}', depth+1); len(h.fields) > before {
			return whole
		}
		h.at = begin
	}
	if !h.skipBare(closer) {
		return false
	}
	h.fields = append(h.fields, Field{key, strings.TrimSpace(h.text[begin:h.at])})
	return true
}

// skipBare passes over a value without quotes: a number, a word, a list, an object that is not taken apart. It ends
// before a comma or the closer that stands outside of quotes and brackets.
func (h *hash) skipBare(closer byte) bool {
	for open := 0; !h.ended(); h.at++ {
		switch c := h.peek(); {
		case open == 0 && (c == ',' || c == closer):
			return true
		case c == '"':
			if _, ok := h.quoted(); !ok {
				return false
			}
			h.at--
		case c == '[' || c == '{' || c == '(':
			open++
		case (c == ']' || c == '}' || c == ')') && open > 0:
			open--
		}
	}
	return closer == 0
}

// quoted reads a string in double quotes, with the escapes of JSON and Ruby.
func (h *hash) quoted() (string, bool) {
	begin := h.at + 1
	for i := begin; i < len(h.text); i++ {
		switch h.text[i] {
		case '\\':
			i++
		case '"':
			h.at = i + 1
			return unescape(h.text[begin:i]), true
		}
	}
	return "", false
}

func (h *hash) atDelimiter(closer byte) bool {
	h.skipSpace()
	return h.ended() || h.peek() == ',' || h.peek() == closer
}

func (h *hash) skipSpace() {
	for !h.ended() && strings.IndexByte(" \t\r\n", h.text[h.at]) >= 0 {
		h.at++
	}
}

func (h *hash) ended() bool { return h.at >= len(h.text) }

// peek is the next byte, 0 at the end.
func (h *hash) peek() byte {
	if h.ended() {
		return 0
	}
	return h.text[h.at]
}

var escapes = map[byte]string{'n': "\n", 't': "\t", 'r': "\r", 'b': "\b", 'f': "\f", 'e': "\x1b"}

// unescape resolves backslashes; one that means nothing is left out.
func unescape(text string) string {
	if strings.IndexByte(text, '\\') < 0 {
		return text
	}
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] != '\\' || i+1 == len(text) {
			b.WriteByte(text[i])
			continue
		}
		i++
		if r, n := unicodeEscape(text[i:]); n > 0 {
			b.WriteRune(r)
			i += n - 1
			continue
		}
		if plain, ok := escapes[text[i]]; ok {
			b.WriteString(plain)
			continue
		}
		b.WriteByte(text[i])
	}
	return b.String()
}

// unicodeEscape reads uXXXX, or two of them that are one character, without the first backslash.
func unicodeEscape(text string) (r rune, length int) {
	first, ok := hexEscape(text)
	if !ok {
		return 0, 0
	}
	if !utf16.IsSurrogate(first) {
		return first, 5
	}
	if len(text) > 5 && text[5] == '\\' {
		if second, ok := hexEscape(text[6:]); ok {
			if r := utf16.DecodeRune(first, second); r != utf8.RuneError {
				return r, 11
			}
		}
	}
	return utf8.RuneError, 5
}

func hexEscape(text string) (rune, bool) {
	if len(text) < 5 || text[0] != 'u' {
		return 0, false
	}
	n, err := strconv.ParseUint(text[1:5], 16, 16)
	return rune(n), err == nil
}
