package prompt

import (
	"unicode"
	"unicode/utf8"
)

// likeness is what a character looks like within a marker: an opening bracket is <, a small letter stands for all forms
// of it, a space for all that may stand between letters, and 0 is something else.
func likeness(r rune) byte {
	if r < utf8.RuneSelf {
		return asciiLikeness(byte(r))
	}
	if isBracket(r) {
		return '<'
	}
	if letter := styled(r); letter != 0 {
		return letter
	}
	if letter, ok := lookalikes[r]; ok {
		return letter
	}
	if unicode.In(r, unicode.Space, unicode.Dash, unicode.Mn, unicode.Me, unicode.Pc) || isSlash(r) || isHidden(r) {
		return ' '
	}
	return 0
}

func asciiLikeness(c byte) byte {
	switch {
	case c == '<':
		return '<'
	case c >= 'a' && c <= 'z':
		return c
	case c >= 'A' && c <= 'Z':
		return c | 0x20
	case c <= ' ' || c == '/' || c == '\\' || c == '-' || c == '_' || c == '!' || c == '?' || c == '"' || c == '\'':
		return ' '
	}
	return 0
}

func isBracket(r rune) bool {
	switch r {
	case 0x00AB, 0x02C2, 0x1438, 0x2039, 0x2329, 0x276C, 0x276E, 0x2770, 0x27E8, 0x29FC, 0x3008, 0x300A, 0xFE3D, 0xFE3F, 0xFE64,
		0xFF1C:
		return true
	}
	return false
}

func isSlash(r rune) bool {
	switch r {
	case 0x2044, 0x2215, 0x2571, 0x29F5, 0x29F8, 0xFF0F, 0xFF3C:
		return true
	}
	return false
}

// styled: fullwidth, circled and mathematical letters are plain letters in another style.
func styled(r rune) byte {
	switch {
	case r >= 0xFF21 && r <= 0xFF3A:
		return byte('a' + r - 0xFF21)
	case r >= 0xFF41 && r <= 0xFF5A:
		return byte('a' + r - 0xFF41)
	case r >= 0x24B6 && r <= 0x24E9:
		return byte('a' + (r-0x24B6)%26)
	case r >= 0x1D400 && r <= 0x1D6A3:
		return byte('a' + (r-0x1D400)%26)
	}
	return 0
}

// lookalikes are letters of other alphabets that look like those of the marker.
var lookalikes = map[rune]byte{
	'\u0430': 'a', '\u0410': 'a', '\u03B1': 'a', '\u0391': 'a', '\u0251': 'a',
	'\u0501': 'd', '\u0500': 'd', '\u217E': 'd', '\u216E': 'd',
	'\u0435': 'e', '\u0415': 'e', '\u0395': 'e', '\u03B5': 'e',
	'\u043F': 'n', '\u0578': 'n', '\u039D': 'n', '\u03B7': 'n',
	'\u0433': 'r', '\u1D26': 'r',
	'\u0455': 's', '\u0405': 's', '\uA731': 's', '\u017F': 's',
	'\u0442': 't', '\u0422': 't', '\u03C4': 't', '\u03A4': 't',
	'\u057D': 'u', '\u03C5': 'u', '\u0446': 'u', '\u1D1C': 'u', '\u054D': 'u',
}
