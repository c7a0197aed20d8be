package prompt

import (
	"html"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// encoding is a set of ways in which a character can be written.
type encoding uint8

const (
	inHTML encoding = 1 << iota // &#8203; &ZeroWidthSpace;
	inJSON                      // \u200b

	inBoth = inHTML | inJSON
)

// readers are those who may decode a text: of one kind, or of both at once.
var readers = [...]encoding{inBoth, inHTML, inJSON}

// traced is a text that was decoded, and for each byte from where to where its source stands.
type traced struct {
	text     []byte
	from, to []int
}

func untraced(text string) *traced {
	t := &traced{text: []byte(text), from: make([]int, len(text)), to: make([]int, len(text))}
	for i := range len(text) {
		t.from[i], t.to[i] = i, i+1
	}
	return t
}

// decode reads a text that is written in the encoding, and says whether anything was. The source of a character is all
// that it was written with.
func (t *traced) decode(by encoding) (*traced, bool) {
	text, next, changed := string(t.text), t.empty(), false
	for i := 0; i < len(text); {
		size, decoded := token(text, i, by)
		if size == 0 {
			next.add(text[i:i+1], t.from[i], t.to[i])
			i++
			continue
		}
		next.add(decoded, t.from[i], t.to[i+size-1])
		i, changed = i+size, true
	}
	return next, changed
}

// empty has room for what is decoded from t, which is seldom longer.
func (t *traced) empty() *traced {
	size := len(t.text)
	return &traced{text: make([]byte, 0, size), from: make([]int, 0, size), to: make([]int, 0, size)}
}

func (t *traced) add(text string, from, to int) {
	t.text = append(t.text, text...)
	for range len(text) {
		t.from, t.to = append(t.from, from), append(t.to, to)
	}
}

// token is the length of the entity or escape that begins here and what it means; the length 0 is none. Of backslashes
// in a row only the first begins an escape; looking at all of them would take the square of their number.
func token(text string, at int, by encoding) (size int, decoded string) {
	switch {
	case text[at] == '&' && by&inHTML != 0:
		return entity(text[at:])
	case text[at] == '\\' && by&inJSON != 0 && (at == 0 || text[at-1] != '\\'):
		return escape(text[at:])
	}
	return 0, ""
}

// entity reads what HTML does: digits and some names also without a semicolon, and then with letters behind them.
func entity(text string) (size int, decoded string) {
	end := 1
	if end < len(text) && text[end] == '#' {
		end++
	}
	for end < len(text) && isAlnum(text[end]) {
		end++
	}
	if end < len(text) && text[end] == ';' {
		end++
	}
	whole := text[:end]
	decoded = html.UnescapeString(whole)
	if decoded == whole {
		return 0, ""
	}
	for end > 1 && len(decoded) > 1 && whole[end-1] == decoded[len(decoded)-1] {
		end, decoded = end-1, decoded[:len(decoded)-1]
	}
	return end, decoded
}

// escape reads \uXXXX, two of them where they are halves of one character. All backslashes before the u belong to it:
// each time that JSON is put into JSON doubles them.
func escape(text string) (size int, decoded string) {
	r, size := unit(text)
	if size == 0 {
		return 0, ""
	}
	if !utf16.IsSurrogate(r) {
		return size, string(r)
	}
	low, more := unit(text[size:])
	if r = utf16.DecodeRune(r, low); more == 0 || r == utf8.RuneError {
		return 0, ""
	}
	return size + more, string(r)
}

func unit(text string) (r rune, size int) {
	slashes := 0
	for slashes < len(text) && text[slashes] == '\\' {
		slashes++
	}
	size = slashes + len("uXXXX")
	if slashes == 0 || len(text) < size || text[slashes] != 'u' {
		return 0, 0
	}
	n, err := strconv.ParseUint(text[slashes+1:size], 16, 32)
	if err != nil {
		return 0, 0
	}
	return rune(n), size
}

func isAlnum(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' || c >= '0' && c <= '9' }

// isEncoding: an entity or an escape holds no other characters, however often it is encoded.
func isEncoding(c byte) bool { return isAlnum(c) || c == '&' || c == '#' || c == ';' || c == '\\' }

// encoded is the next part of a text in which entities or escapes may stand. The part is independent of all around it.
func encoded(text string, from int) (start, end int) {
	for start = from; start < len(text); start = end {
		for start < len(text) && text[start] != '&' && text[start] != '\\' {
			start++
		}
		for end = start; end < len(text) && isEncoding(text[end]); end++ {
		}
		if part := text[start:end]; strings.IndexByte(part, '&') >= 0 || strings.Contains(part, `\u`) {
			return start, end
		}
	}
	return len(text), len(text)
}
