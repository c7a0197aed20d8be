package prompt

import "unicode"

const (
	nonJoiner  = '\u200C'
	joiner     = '\u200D'
	textStyle  = '\uFE0E'
	emojiStyle = '\uFE0F'
	keycap     = '\u20E3'
)

// isHidden says whether a character is one that strip looks at: no reader sees it by itself.
func isHidden(r rune) bool {
	switch {
	case r < 0x00AD:
		return r < ' ' && r != '\n' && r != '\t' || r >= 0x7F && r < 0xA0
	case r < 0x200B:
		return r == 0x00AD || r > 0x00AD && isFiller(r)
	case r < 0x2070:
		return r <= 0x200F || r >= 0x202A && r <= 0x202E || r >= 0x2060
	case r < 0x3164:
		return false
	case r < 0xE0000:
		return isHiddenHigh(r)
	}
	// The plane of tags and selectors holds nothing that has a shape. Private use lies above it.
	return r < 0xE1000 || r&0xFFFE == 0xFFFE
}

// isFiller: characters below the general punctuation that have no shape: joiners of graphemes, marks of direction,
// fillers of Hangul, inherent vowels of Khmer, selectors of Mongolian.
func isFiller(r rune) bool {
	switch {
	case r < 0x1160:
		return r == 0x034F || r == 0x061C || r == 0x115F
	case r < 0x1800:
		return r == 0x1160 || r == 0x17B4 || r == 0x17B5
	}
	return r >= 0x180B && r <= 0x180F
}

func isHiddenHigh(r rune) bool {
	switch {
	case r < 0xFDD0:
		return r == 0x3164
	case r < 0x10000:
		return r <= 0xFDEF || r >= 0xFE00 && r <= 0xFE0F || r == 0xFEFF || r == 0xFFA0 || r >= 0xFFF0 && r != 0xFFFC && r != 0xFFFD
	}
	return r&0xFFFE == 0xFFFE || r >= 0x1BCA0 && r <= 0x1BCA3 || r >= 0x1D173 && r <= 0x1D17A
}

// isSelector: variation selectors, of which an ideograph may have one.
func isSelector(r rune) bool { return r >= 0xFE00 && r <= 0xFE0F || r >= 0xE0100 && r <= 0xE01EF }

// isEmoji is generous: a symbol that is none today may be one tomorrow, and a selector behind it does no harm.
func isEmoji(r rune) bool {
	switch {
	case r < 0x2190:
		return r == 0xA9 || r == 0xAE || r == 0x203C || r == 0x2049 || r == 0x2122 || r == 0x2139
	case r < 0x2C00:
		return r < 0x2200 || r >= 0x2300 && r < 0x2400 || r == 0x24C2 || r >= 0x25A0 && r < 0x27C0 || r >= 0x2900
	case r < 0x1F000:
		return r == 0x3030 || r == 0x303D || r == 0x3297 || r == 0x3299
	}
	return r < 0x1FB00
}

func isKeycap(r rune) bool { return r == '#' || r == '*' || r >= '0' && r <= '9' }

func isIdeograph(r rune) bool { return r >= 0x2E80 && unicode.Is(unicode.Ideographic, r) }

// joining are the scripts whose letters take another shape at a joiner.
var joining = []*unicode.RangeTable{
	unicode.Arabic, unicode.Syriac, unicode.Devanagari, unicode.Bengali, unicode.Gurmukhi, unicode.Gujarati, unicode.Oriya,
	unicode.Tamil, unicode.Telugu, unicode.Kannada, unicode.Malayalam, unicode.Sinhala,
}

func joins(r rune) bool {
	return r >= 0x0600 && unicode.In(r, joining...) && (unicode.IsLetter(r) || unicode.IsMark(r))
}
