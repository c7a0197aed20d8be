package prompt

import (
	"strings"
	"unicode/utf8"
)

// The characters that begin an escape sequence; all but the first are its two-byte forms in one character.
const (
	escapeByte  = '\x1B'
	deviceText  = '\u0090' // DCS
	startText   = '\u0098' // SOS
	control     = '\u009B' // CSI
	endText     = '\u009C' // ST
	system      = '\u009D' // OSC
	privacy     = '\u009E' // PM
	application = '\u009F' // APC
)

func opensSequence(r rune) bool {
	switch r {
	case escapeByte, deviceText, startText, control, system, privacy, application:
		return true
	}
	return false
}

// sequence is the length of the escape sequence that a text begins with. Of one that never ends only the beginning
// counts: all behind it is text.
func sequence(text string) int {
	first, size := utf8.DecodeRuneInString(text)
	if first == escapeByte && size < len(text) {
		if c := text[size]; c >= '@' && c <= '_' {
			first, size = rune(c)+0x40, size+1
		}
	}
	switch first {
	case control:
		return size + controlSequence(text[size:])
	case deviceText, startText, system, privacy, application:
		return size + controlText(text[size:])
	case escapeByte:
		return size + shortSequence(text[size:])
	}
	return size
}

// controlSequence: parameters, intermediate bytes, one final byte.
func controlSequence(text string) int {
	i := span(text, '0', '?')
	i += span(text[i:], ' ', '/')
	if i < len(text) && text[i] >= '@' && text[i] <= '~' {
		return i + 1
	}
	return 0
}

// shortSequence: intermediate bytes, one final byte, as in ESC ( B.
func shortSequence(text string) int {
	i := span(text, ' ', '/')
	if i < len(text) && text[i] >= '0' && text[i] <= '~' {
		return i + 1
	}
	return 0
}

func span(text string, from, to byte) int {
	i := 0
	for i < len(text) && text[i] >= from && text[i] <= to {
		i++
	}
	return i
}

// controlText ends at BEL or ST. It holds no other control character, so that looking for its end stays linear.
func controlText(text string) int {
	end := strings.IndexFunc(text, func(r rune) bool { return r < ' ' && r != '\t' || r >= 0x7F && r < 0xA0 })
	if end < 0 {
		return 0
	}
	for _, last := range [...]string{"\a", "\x1B\\", string(endText)} {
		if strings.HasPrefix(text[end:], last) {
			return end + len(last)
		}
	}
	return 0
}
