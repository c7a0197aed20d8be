package trino

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// malformedError is an answer that breaks the protocol.
type malformedError struct{ what string }

func (e *malformedError) Error() string { return "the answer breaks the protocol: " + e.what }

func malformed(format string, args ...any) error {
	return &malformedError{fmt.Sprintf(format, args...)}
}

// maxTold is the longest text of the server that an error repeats.
const maxTold = 4 << 10

// told is how an error shows a text of the server: whole, or not at all. A part of a secret would not be known as one.
func told[T ~string | ~[]byte](text T) string {
	if len(text) > maxTold {
		return fmt.Sprintf("a text of %d bytes", len(text))
	}
	return strconv.Quote(string(text))
}

// input reads JSON in one pass, without an intermediate form.
type input struct {
	b  []byte
	at int
}

// maxNesting bounds values within values that are skipped.
const maxNesting = 200

// peek is the next byte that is no space; zero at the end.
func (in *input) peek() byte {
	for in.at < len(in.b) {
		if c := in.b[in.at]; c > ' ' {
			return c
		}
		in.at++
	}
	return 0
}

func (in *input) bad(wanted string) error {
	if in.at >= len(in.b) {
		return malformed("it ends at byte %d, where %s should be", in.at, wanted)
	}
	return malformed("%q at byte %d, where %s should be", in.b[in.at], in.at, wanted)
}

func (in *input) expect(c byte) error {
	if in.at < len(in.b) && in.b[in.at] == c { // servers send no spaces
		in.at++
		return nil
	}
	if in.peek() != c {
		return in.bad(strconv.Quote(string(rune(c))))
	}
	in.at++
	return nil
}

// more goes on to the next element of a list that ends with that byte; false at its end.
func (in *input) more(first bool, end byte) (bool, error) {
	switch c := in.peek(); {
	case c == end:
		in.at++
		return false, nil
	case first:
		return true, nil
	case c == ',':
		in.at++
		return true, nil
	}
	return false, in.bad("',' or '" + string(rune(end)) + "'")
}

// ends says that a value which stops before that place has stopped there, as servers write it: they send no spaces.
func (in *input) ends(at int) bool { return at < len(in.b) && (in.b[at] == ',' || in.b[at] == ']') }

// word takes the word, if it is the next value.
func (in *input) word(w string) bool {
	end := in.at + len(w)
	if !in.ends(end) || string(in.b[in.at:end]) != w {
		return false
	}
	in.at = end
	return true
}

// sized is the next text, if it has that many bytes as it is written; in.at stays. The caller looks at each of them, for a
// quote or an escape may be among them.
func (in *input) sized(n int) []byte {
	end := in.at + 1 + n
	if end >= len(in.b) || in.b[in.at] != '"' || in.b[end] != '"' {
		return nil
	}
	return in.b[in.at+1 : end]
}

// list goes through the elements of a list.
func (in *input) list(element func() error) error {
	if err := in.expect('['); err != nil {
		return err
	}
	for first := true; ; first = false {
		if more, err := in.more(first, ']'); err != nil || !more {
			return err
		}
		if err := element(); err != nil {
			return err
		}
	}
}

// object goes through the fields of an object.
func (in *input) object(field func(key string) error) error {
	if err := in.expect('{'); err != nil {
		return err
	}
	for first := true; ; first = false {
		if more, err := in.more(first, '}'); err != nil || !more {
			return err
		}
		key, err := in.plain()
		if err != nil {
			return err
		}
		if err := in.expect(':'); err != nil {
			return err
		}
		if err := field(view(key)); err != nil {
			return err
		}
	}
}

// shortText is up to where looking at each byte takes less time than two searches.
const shortText = 16

// raw is a text as it is written between its quotes; plain says that it has no escapes.
func (in *input) raw() (text []byte, plain bool, err error) {
	if err := in.expect('"'); err != nil {
		return nil, false, err
	}
	rest := in.b[in.at:]
	for i, c := range rest[:min(len(rest), shortText)] {
		if c == '"' {
			in.at += i + 1
			return rest[:i], true, nil
		}
		if c == '\\' {
			break
		}
	}
	n := bytes.IndexByte(rest, '"')
	if n < 0 {
		in.at = len(in.b)
		return nil, false, in.bad("the end of a text")
	}
	if bytes.IndexByte(rest[:n], '\\') < 0 {
		in.at += n + 1
		return rest[:n], true, nil
	}
	for i := 0; i < len(rest); i++ {
		switch rest[i] {
		case '\\':
			i++
		case '"':
			in.at += i + 1
			return rest[:i], false, nil
		}
	}
	in.at = len(in.b)
	return nil, false, in.bad("the end of a text")
}

// text appends the next text to dst, its escapes resolved.
func (in *input) text(dst []byte) ([]byte, error) {
	raw, plain, err := in.raw()
	if err != nil {
		return dst, err
	}
	if plain {
		return append(dst, raw...), nil
	}
	return unescape(dst, raw)
}

// plain is the next text with its escapes resolved; it is valid as long as the input.
func (in *input) plain() ([]byte, error) {
	raw, plain, err := in.raw()
	if err != nil || plain {
		return raw, err
	}
	return unescape(nil, raw)
}

var escapes = [256]byte{'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}

func unescape(dst, raw []byte) ([]byte, error) {
	for i := 0; i < len(raw); i++ {
		if raw[i] != '\\' {
			dst = append(dst, raw[i])
			continue
		}
		if i++; i >= len(raw) {
			return dst, malformed("a text ends in an escape")
		}
		if c := escapes[raw[i]]; c != 0 {
			dst = append(dst, c)
			continue
		}
		r, n := unicodeEscape(raw[i:])
		if n == 0 {
			return dst, malformed("an escape that JSON does not have")
		}
		dst = utf8.AppendRune(dst, r)
		i += n - 1
	}
	return dst, nil
}

// unicodeEscape reads u12ab, or a pair of such; n is how many bytes it took.
func unicodeEscape(raw []byte) (r rune, n int) {
	high, ok := hex4(raw)
	if !ok {
		return 0, 0
	}
	if !utf16.IsSurrogate(high) {
		return high, 5
	}
	if len(raw) > 5 && raw[5] == '\\' {
		if low, ok := hex4(raw[6:]); ok {
			if pair := utf16.DecodeRune(high, low); pair != utf8.RuneError {
				return pair, 11
			}
		}
	}
	return utf8.RuneError, 5
}

func hex4(raw []byte) (rune, bool) {
	if len(raw) < 5 || raw[0] != 'u' {
		return 0, false
	}
	n, err := strconv.ParseUint(string(raw[1:5]), 16, 32)
	return rune(n), err == nil
}

// token is a number or a word as it is written.
func (in *input) token() ([]byte, error) {
	in.peek()
	start := in.at
	for in.at < len(in.b) {
		switch c := in.b[in.at]; {
		case c >= '0' && c <= '9', c >= 'a' && c <= 'z', c == '-', c == '+', c == '.', c == 'E':
			in.at++
			continue
		}
		break
	}
	if in.at == start {
		return nil, in.bad("a value")
	}
	return in.b[start:in.at], nil
}

// null takes a null, if that is next.
func (in *input) null() (bool, error) {
	if in.peek() != 'n' {
		return false, nil
	}
	if !bytes.HasPrefix(in.b[in.at:], []byte("null")) {
		return false, in.bad("null")
	}
	in.at += len("null")
	return true, nil
}

// integer is the next number, which must be whole and fit into 64 bits.
func (in *input) integer() (int64, error) {
	c := in.peek()
	start := in.at
	negative := c == '-'
	if negative {
		in.at++
	}
	var n uint64
	digits := in.at
	for in.at < len(in.b) {
		d := in.b[in.at] - '0'
		if d > 9 {
			break
		}
		n = n*10 + uint64(d)
		in.at++
	}
	count := in.at - digits
	if count > 0 && count < 19 && !in.fraction() {
		if negative {
			return -int64(n), nil
		}
		return int64(n), nil
	}
	in.at = start
	return in.wide()
}

func (in *input) fraction() bool {
	return in.at < len(in.b) && (in.b[in.at] == '.' || in.b[in.at]|0x20 == 'e')
}

// wide is the slow way for numbers of 19 digits and more, and for what is no whole number.
func (in *input) wide() (int64, error) {
	t, err := in.token()
	if err != nil {
		return 0, err
	}
	n, err := strconv.ParseInt(string(t), 10, 64)
	if err != nil {
		return 0, malformed("%s is not a whole number of 64 bits", told(t))
	}
	return n, nil
}

// skip passes over the next value and returns it.
func (in *input) skip() ([]byte, error) {
	in.peek()
	start, depth := in.at, 0
	for {
		switch c := in.peek(); c {
		case '"':
			if _, _, err := in.raw(); err != nil {
				return nil, err
			}
		case '[', '{':
			in.at++
			if depth++; depth > maxNesting {
				return nil, malformed("values are nested deeper than %d", maxNesting)
			}
			continue
		case ']', '}':
			if depth == 0 {
				return nil, in.bad("a value")
			}
			in.at++
			depth--
		case ',', ':':
			if depth == 0 {
				return nil, in.bad("a value")
			}
			in.at++
			continue
		default:
			if _, err := in.token(); err != nil {
				return nil, err
			}
		}
		if depth == 0 {
			return in.b[start:in.at], nil
		}
	}
}

// decode reads the next value by encoding/json, for the small parts of an answer.
func (in *input) decode(into any) error {
	raw, err := in.skip()
	if err != nil {
		return err
	}
	if err := json.Unmarshal(raw, into); err != nil {
		return malformed("%s", err)
	}
	return nil
}
