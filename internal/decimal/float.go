// Package decimal reads numbers that are written in decimal digits, in less time than strconv where they are short.
package decimal

// powers of ten that a float64 holds exactly.
var powers = [...]float64{1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15}

// Float reads a number of at most 15 digits, a point among them, as most are: digits and power are exact, so their
// quotient is the nearest number. false leaves the text to strconv, which takes four times as long.
func Float(text []byte) (float64, bool) {
	f, n := Leading(text)
	return f, n > 0 && n == len(text)
}

// Leading reads such a number at the beginning of a text and says how many bytes it took; 0 where there is none, or a longer
// one. What follows is for the caller to judge, an exponent too.
func Leading(text []byte) (f float64, n int) {
	digits := text
	negative := len(text) > 0 && text[0] == '-'
	if negative {
		digits = text[1:]
	}
	v, point, i := uint64(0), -1, 0
	for ; i < len(digits) && i <= len(powers); i++ {
		if d := digits[i] - '0'; d <= 9 {
			v = v*10 + uint64(d)
		} else if digits[i] == '.' && point < 0 {
			point = i
		} else {
			break
		}
	}
	if i == 0 || i > len(powers) || i == 1 && point == 0 {
		return 0, 0
	}
	f = float64(v)
	if point >= 0 {
		f /= powers[i-1-point]
	}
	if negative {
		f, i = -f, i+1
	}
	return f, i
}
