package evidence

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// trailing are the connectors that belong to no value at its end.
const trailing = ".-:/@#+$~&?!*\\"

// isConnector tells what holds the parts of a value together: of a time, an address, a path, a number.
func isConnector(r rune) bool { return r < utf8.RuneSelf && isConnectorByte(byte(r)) }

func isConnectorByte(c byte) bool {
	switch c {
	case '.', '-', ':', '/', '@', '#', '+', '%', '$', '~', '&', '?', '!', '*', '\\':
		return true
	}
	return false
}

// isSplitter tells the connectors that part words from those that may stand within one.
func isSplitter(r rune) bool { return isConnector(r) && r != '.' && r != '-' }

func isWordRune(r rune) bool {
	if r < utf8.RuneSelf {
		return isWord(byte(r))
	}
	return unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r)
}

func isSchemeByte(c byte) bool { return isWord(c) || c == '+' || c == '-' || c == '.' }

// startsValue reports whether the connector in front belongs to a value: the sign of a number, the root of a path.
func startsValue(text string) bool {
	switch text[0] {
	case '-', '+':
		return len(text) > 1 && isDigit(text[1])
	case '/', '~':
		return len(text) > 1 && isWord(text[1]) || strings.HasPrefix(text, "~/")
	}
	return false
}

// wholeMask is the mask of a chunk that is one value, or "".
func wholeMask(text string) string {
	switch {
	case isTime(text):
		return maskTime
	case isIP(text):
		return maskIP
	case isEmail(text):
		return maskEmail
	case isPath(text):
		return maskPath
	}
	return valueMask(text)
}

// valueMask is the mask of a value without splitters, or "".
func valueMask(text string) string {
	switch {
	case isUUID(text):
		return maskUUID
	case isTraceID(text):
		return maskHex
	case isNumber(text):
		return maskNumber
	case isHexNumber(text):
		return maskHex
	case len(text) > maxWord:
		return maskBlob
	case isIdentifier(text):
		return maskID
	}
	return ""
}

// wordOf is the mask of a word, or the word.
func wordOf(word string) string {
	m := valueMask(word)
	switch {
	case m != "":
		return m
	case isTime(word):
		return maskTime
	case len(word) > maxWord:
		return maskBlob
	}
	return word
}

// isUUID reads 8-4-4-4-12 hex digits.
func isUUID(text string) bool {
	if len(text) != 36 {
		return false
	}
	for i := range len(text) {
		if dash := i == 8 || i == 13 || i == 18 || i == 23; dash != (text[i] == '-') || !dash && !isHex(text[i]) {
			return false
		}
	}
	return true
}

// isTraceID reads the id of a span or a trace, which may happen to hold no letter.
func isTraceID(text string) bool {
	return (len(text) == 16 || len(text) == 32) && allBytes(text, isHex)
}

// isTime reads a date, a clock, or both, with or without a zone.
func isTime(text string) bool {
	rest, dated := cutDate(text)
	if dated && rest == "" {
		return true
	}
	if dated {
		if rest[0] != 'T' && rest[0] != '_' && rest[0] != '-' && rest[0] != ':' {
			return false
		}
		rest = rest[1:]
	}
	rest, ok := cutClock(rest)
	return ok && isZone(rest)
}

// cutDate takes 2026-01-31, 2026/01/31, 2026.01.31 or 31/01/2026 off the front.
func cutDate(text string) (rest string, ok bool) {
	for _, form := range []string{"0000-00-00", "0000/00/00", "0000.00.00", "00/00/0000", "00-00-0000", "00.00.0000"} {
		if hasForm(text, form) && (len(text) == len(form) || !isDigit(text[len(form)])) {
			return text[len(form):], true
		}
	}
	return text, false
}

// cutClock takes 15:04, 15:04:05 or 15:04:05.999 off the front.
func cutClock(text string) (rest string, ok bool) {
	if !hasForm(text, "00:00") {
		return text, false
	}
	if text = text[5:]; hasForm(text, ":00") {
		text = text[3:]
		if len(text) > 1 && text[0] == '.' && isDigit(text[1]) {
			text = strings.TrimLeft(text[1:], "0123456789")
		}
	}
	return text, true
}

func isZone(text string) bool {
	return text == "" || text == "Z" || text == "UTC" ||
		(text[0] == '+' || text[0] == '-') && (len(text) == 6 && hasForm(text[1:], "00:00") || len(text) == 5 && hasForm(text[1:], "0000"))
}

// hasForm reports whether the text begins as the form does, where 0 is any digit.
func hasForm(text, form string) bool {
	if len(text) < len(form) {
		return false
	}
	for i := range len(form) {
		if form[i] == '0' && !isDigit(text[i]) || form[i] != '0' && text[i] != form[i] {
			return false
		}
	}
	return true
}

// isIP reads an address of version 4, with or without a port or the length of a prefix, or one of version 6.
func isIP(text string) bool {
	address, after, _ := strings.Cut(text, ":")
	if address == text {
		address, after, _ = strings.Cut(text, "/")
	}
	if strings.Count(address, ".") == 3 {
		for part := range strings.SplitSeq(address, ".") {
			if len(part) > 3 || !allBytes(part, isDigit) {
				return false
			}
		}
		return after == "" || allBytes(after, isDigit)
	}
	colons := strings.Count(text, ":")
	return (colons >= 4 || colons >= 2 && strings.Contains(text, "::")) && len(text) <= 45 &&
		allBytes(text, func(c byte) bool { return isHex(c) || c == ':' || c == '.' }) && strings.ContainsFunc(text, unicode.IsDigit)
}

func isEmail(text string) bool {
	name, host, ok := strings.Cut(text, "@")
	dot := strings.LastIndexByte(host, '.')
	return ok && name != "" && dot > 0 && dot < len(host)-1 && !strings.ContainsAny(text, ":/\\#") && !strings.Contains(host, "@")
}

// isPath reads an absolute path, a relative one of three parts or more, or one of Windows.
func isPath(text string) bool {
	switch {
	case strings.Contains(text, ":\\"):
		return true
	case strings.ContainsAny(text, "@#"):
		return false
	case text[0] == '/' || strings.HasPrefix(text, "~/"):
		return len(text) > 1 && strings.ContainsFunc(text, isWordRune)
	}
	return strings.Count(text, "/") >= 2 && !strings.Contains(text, "//")
}

// units may stand behind a number.
var units = map[string]bool{
	"": true, "%": true, "ns": true, "us": true, "µs": true, "ms": true, "s": true, "m": true, "h": true, "d": true, "x": true,
	"b": true, "k": true, "kb": true, "mb": true, "gb": true, "tb": true, "kib": true, "mib": true, "gib": true, "min": true, "sec": true,
	"km": true, "mi": true, "kg": true, "lb": true, "lbs": true,
}

// isNumber reads a number with or without a sign, points, an exponent and a unit; 1.2.3 is one too.
func isNumber(text string) bool {
	if text != "" && (text[0] == '-' || text[0] == '+') {
		text = text[1:]
	}
	if text == "" || !isDigit(text[0]) {
		return false
	}
	rest := strings.TrimLeft(text, "0123456789.")
	if len(rest) > 1 && rest[0]|0x20 == 'e' {
		if exponent := strings.TrimLeft(rest[1:], "+-"); allBytes(exponent, isDigit) {
			return true
		}
	}
	return units[strings.ToLower(rest)]
}

// isHexNumber reads 0x1f, or 8 and more hex digits that are not a word.
func isHexNumber(text string) bool {
	if digits, ok := strings.CutPrefix(strings.ToLower(text), "0x"); ok {
		return allBytes(digits, isHex)
	}
	return len(text) >= 8 && allBytes(text, isHex) && (len(text) >= 16 || strings.ContainsFunc(text, unicode.IsDigit))
}

// isIdentifier reads a word that is named or numbered by a machine: three digits or more in it, or half of it digits.
func isIdentifier(text string) bool {
	digits := 0
	for i := range len(text) {
		if isDigit(text[i]) {
			digits++
		}
	}
	return digits >= 3 || digits == 2 && len(text) <= 4
}
