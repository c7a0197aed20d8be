package canary

import (
	"encoding/base64"
	"encoding/binary"
	"strings"
	"unicode/utf8"
)

const (
	window  = 12 // letters in a row of a secret that are a leak
	least   = 8  // letters below which a text is no secret
	sextets = 14 // digits of base64 that 12 letters decide, wherever they stand

	sieve = 1 << 18 // bits
)

// index finds needles in one pass: the first eight bytes of each are a key, and a sieve of bits keeps nearly every other
// place of a text from being looked up.
type index struct {
	sieve   [sieve / 64]uint64
	needles map[uint64][]needle
}

// needle is one part of one secret in one form.
type needle struct{ field, form, text string }

func newIndex() *index { return &index{needles: map[uint64][]needle{}} }

// hash is the top bits of a product, which depend on all bits of the key.
func hash(key uint64) uint64 { return key * 0x9E3779B97F4A7C15 >> (64 - 18) }

func (x *index) put(field, form, text string) {
	if len(text) < least {
		return
	}
	key := binary.LittleEndian.Uint64([]byte(text[:8]))
	for _, n := range x.needles[key] {
		if n.text == text {
			return
		}
	}
	x.needles[key] = append(x.needles[key], needle{field, form, text})
	h := hash(key)
	x.sieve[h/64] |= 1 << (h % 64)
}

// find is the first needle in the text, and where it begins; false if there is none.
func (x *index) find(text string) (needle, int, bool) {
	if len(text) < 8 {
		return needle{}, 0, false
	}
	var key uint64
	for i := range 7 {
		key |= uint64(text[i]) << (8 * (i + 1))
	}
	for i := 7; i < len(text); i++ {
		key = key>>8 | uint64(text[i])<<56
		h := hash(key)
		if x.sieve[h/64]&(1<<(h%64)) == 0 {
			continue
		}
		for _, n := range x.needles[key] {
			if strings.HasPrefix(text[i-7:], n.text) {
				return n, i - 7, true
			}
		}
	}
	return needle{}, 0, false
}

// add puts every part of the secret into the index, in the forms that do not come off by unescaping.
func (x *index) add(field, secret string) {
	if utf8.RuneCountInString(secret) < least {
		return
	}
	for _, part := range parts(secret, window) {
		x.put(field, "raw", part)
		for form, each := range byteForms {
			x.put(field, form, joined(part, each))
		}
	}
	for _, encoding := range []*base64.Encoding{base64.StdEncoding, base64.URLEncoding} {
		for _, whole := range placed(encoding, secret) {
			for _, part := range parts(whole, sextets) {
				x.put(field, "base64", part)
			}
		}
	}
}

// parts are the runs of n letters in a text; the text itself where it has no more.
func parts(text string, n int) []string {
	var starts []int
	for i := range text {
		starts = append(starts, i)
	}
	if len(starts) <= n {
		return []string{text}
	}
	starts = append(starts, len(text))
	var all []string
	for i := 0; i+n < len(starts); i++ {
		all = append(all, text[starts[i]:starts[i+n]])
	}
	return all
}

const lower, upper = "0123456789abcdef", "0123456789ABCDEF"

// byteForm writes a byte as digits, with what stands between two of them.
type byteForm struct {
	between string
	write   func(byte) string
}

var byteForms = map[string]byteForm{
	"hex":             {"", func(b byte) string { return string([]byte{lower[b>>4], lower[b&15]}) }},
	"HEX":             {"", func(b byte) string { return string([]byte{upper[b>>4], upper[b&15]}) }},
	"hex with spaces": {" ", func(b byte) string { return string([]byte{lower[b>>4], lower[b&15]}) }},
	"hex with colons": {":", func(b byte) string { return string([]byte{lower[b>>4], lower[b&15]}) }},
	"bytes in Go":     {", ", func(b byte) string { return "0x" + strings.TrimPrefix(string([]byte{lower[b>>4], lower[b&15]}), "0") }},
	"numbers":         {" ", decimal},
	"numbers in JSON": {",", decimal},
}

func decimal(b byte) string {
	text := string([]byte{'0' + b/100, '0' + b/10%10, '0' + b%10})
	return strings.TrimLeft(text[:2], "0") + text[2:]
}

func joined(part string, form byteForm) string {
	var all strings.Builder
	for i := range len(part) {
		if i > 0 {
			all.WriteString(form.between)
		}
		all.WriteString(form.write(part[i]))
	}
	return all.String()
}

// placed is what base64 makes of the secret in the middle of a longer text: the digits that depend on it alone, for each of
// the three places where it can begin.
func placed(encoding *base64.Encoding, secret string) (all [3]string) {
	for before := range all {
		whole := encoding.WithPadding(base64.NoPadding).EncodeToString([]byte(strings.Repeat("x", before) + secret))
		all[before] = whole[(8*before+5)/6 : 8*(before+len(secret))/6]
	}
	return all
}
