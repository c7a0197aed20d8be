package prompt

import "strings"

const (
	fewestPhoneDigits = 8  // with the country code
	mostPhoneDigits   = 15 // E.164
	// plainPhoneDigits are needed without any space or hyphen, for a shorter number behind a plus is a difference.
	plainPhoneDigits = 10
)

// phone finds a number in international form. Its groups are as far as it goes with at most 15 digits.
func (s *scanner) phone(plus int) {
	if plus > s.done && isWord(s.text[plus-1]) || plus+1 >= len(s.text) || s.text[plus+1] < '1' || s.text[plus+1] > '9' {
		return
	}
	end, digits, groups := plus+1, 0, 0
	for at := end; ; groups++ {
		size := spanOf(s.text[at:], isDigit)
		if size == 0 || digits+size > mostPhoneDigits {
			break
		}
		at, digits = at+size, digits+size
		end = at
		at += separator(s.text[at:])
		if at == end {
			groups++
			break
		}
	}
	wanted := fewestPhoneDigits
	if groups < 2 {
		wanted = plainPhoneDigits
	}
	if digits >= wanted && (end == len(s.text) || !isWord(s.text[end])) {
		s.add(categoryPhone, plus, end)
	}
}

// separator is the length of what may stand between two groups of a phone number: at most two signs, of which one may be
// a bracket, as in +1 (312) 555.
func separator(text string) int {
	size := spanOf(text[:min(len(text), 2)], func(c byte) bool { return strings.IndexByte(" -.()/", c) >= 0 })
	if size == 2 && !strings.ContainsAny(text[:2], "()") {
		return 0
	}
	return size
}

// card finds the number of a payment card: in groups, or in one word behind a word that says so.
func (s *scanner) card(from, to int) bool {
	before := s.text[:from]
	if n := len(before); n > 1 && (before[n-1] == '-' || before[n-1] == '.') && isWord(before[n-2]) {
		return false
	}
	switch to - from {
	case 4:
		end := groupsEnd(s.text, from)
		return end > 0 && isCard(s.text[from:end]) && s.add(categoryCard, from, end)
	case 15, 16:
		return cardWordBefore(before) && isCard(s.text[from:to]) && s.add(categoryCard, from, to)
	}
	return false
}

// groupsEnd is where a card number ends that is written as 4-4-4-4 or 4-6-5 with one kind of sign between.
func groupsEnd(text string, from int) int {
	for _, sizes := range [...][]int{{4, 4, 4, 4}, {4, 6, 5}} {
		at, sign := from, byte(0)
		for i, size := range sizes {
			if i > 0 && at < len(text) && (text[at] == ' ' || text[at] == '-') && (sign == 0 || sign == text[at]) {
				sign = text[at]
				at++
			}
			if spanOf(text[at:min(len(text), at+size+1)], isDigit) != size {
				at = 0
				break
			}
			at += size
		}
		if at > 0 && (at == len(text) || !isWord(text[at])) && !(at+1 < len(text) && text[at] == '-' && isWord(text[at+1])) {
			return at
		}
	}
	return 0
}

// isCard: the first digit is that of a card, and the last fits the others (Luhn).
func isCard(text string) bool {
	if text[0] < '2' || text[0] > '6' {
		return false
	}
	sum, double := 0, false
	for i := len(text) - 1; i >= 0; i-- {
		if !isDigit(text[i]) {
			continue
		}
		n := int(text[i] - '0')
		if double {
			n *= 2
			n = n/10 + n%10
		}
		sum, double = sum+n, !double
	}
	return sum%10 == 0
}

var cardWords = [...]string{
	"card", "visa", "amex", "american express", "credit", "debit", "ccnum", "cc=", "cc:", "pan=", "pan:",
}

func cardWordBefore(text string) bool {
	words := strings.ToLower(text[max(0, len(text)-32):])
	for _, word := range cardWords {
		if strings.Contains(words, word) {
			return true
		}
	}
	return false
}
