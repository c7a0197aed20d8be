package prompt

import (
	"strings"
)

// Reveal is the text with the values in the place of their placeholders, for a human. It knows a placeholder also in
// another case, without its brackets, and with the brackets as HTML or JSON write them. A name in square brackets, as
// [Pseudonyms.Hide] writes what was in the text before, stays. An encoded form of a secret comes back as the secret
// itself. Never send what is revealed back to a model or into a tool that the data may choose.
func (p *Pseudonyms) Reveal(text string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var out strings.Builder
	done := 0
	for i := strings.IndexByte(text, '_'); i >= 0; i = nextByte(text, i+1, '_') {
		from, to, value := p.placeholder(text, i, done)
		if to == 0 {
			continue
		}
		out.WriteString(text[done:from])
		out.WriteString(value)
		done, i = to, to-1
	}
	out.WriteString(text[done:])
	return out.String()
}

// placeholder reads the one whose underscore stands at i, with its brackets.
func (p *Pseudonyms) placeholder(text string, i, done int) (from, to int, value string) {
	from = i
	for from > done && i-from < longestCategory && isLetter(text[from-1]) {
		from--
	}
	// In \u003cEMAIL_1 the letter of the bracket stands before those of the category.
	if opened := openingBracket(text[done : from+1]); opened > 0 && from < i && (text[from] == 'c' || text[from] == 'C') {
		from++
	}
	n, to, ok := readName(text, from)
	if !ok || n.number > len(p.values[n.category]) || n.number == 0 {
		return 0, 0, ""
	}
	before := openingBracket(text[done:from])
	if before == 0 && !startsWord(text, from, done) || inSquares(text, from, to) {
		return 0, 0, ""
	}
	if before > 0 {
		to += closingBracket(text[to:])
	}
	return from - before, to, p.values[n.category][n.number-1]
}

var brackets = [...][2]string{{"<", ">"}, {"&lt;", "&gt;"}, {`\u003c`, `\u003e`}, {`\u003C`, `\u003E`}}

// openingBracket is the length of the bracket that a text ends with.
func openingBracket(text string) int {
	for _, b := range brackets {
		if strings.HasSuffix(text, b[0]) {
			return len(b[0])
		}
	}
	return 0
}

func closingBracket(text string) int {
	for _, b := range brackets {
		if strings.HasPrefix(text, b[1]) {
			return len(b[1])
		}
	}
	return 0
}

func inSquares(text string, from, to int) bool {
	return from > 0 && text[from-1] == '[' && to < len(text) && text[to] == ']'
}

func nextByte(text string, from int, c byte) int {
	if i := strings.IndexByte(text[from:], c); i >= 0 {
		return from + i
	}
	return -1
}

const (
	longestCategory = len(categoryPassword)
	longestNumber   = len("100000")
)

// readName reads a name such as EMAIL_1 in any case, and where it ends. Behind it stands no letter, digit or underscore:
// EMAIL_12 is not EMAIL_1.
func readName(text string, from int) (n name, to int, ok bool) {
	to = from
	for to < len(text) && to-from <= longestCategory && isLetter(text[to]) {
		to++
	}
	n.category = strings.ToUpper(text[from:to])
	if !isCategory(n.category) || to == len(text) || text[to] != '_' {
		return n, 0, false
	}
	first := to + 1
	for to = first; to < len(text) && isDigit(text[to]); to++ {
		if to-first < longestNumber {
			n.number = 10*n.number + int(text[to]-'0')
		}
	}
	return n, to, to > first && to-first <= longestNumber && (to == len(text) || !isWord(text[to]))
}

func isCategory(word string) bool {
	switch word {
	case categoryEmail, categoryIP, categoryPhone, categoryToken, categoryPassword, categoryCard, categoryKey, categoryUser,
		categorySecret:
		return true
	}
	return false
}

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }
func isDigit(c byte) bool  { return c >= '0' && c <= '9' }
func isWord(c byte) bool   { return isAlnum(c) || c == '_' }

// startsWord says whether a word can begin here: behind another character, or behind what was replaced.
func startsWord(text string, at, done int) bool { return at <= done || !isWord(text[at-1]) }
