package prompt

import (
	"maps"
	"strconv"
	"strings"
	"sync"
)

// The categories of what is hidden, as they stand in placeholders and in [Pseudonyms.Count].
const (
	categoryEmail    = "EMAIL"
	categoryIP       = "IP"
	categoryPhone    = "PHONE"
	categoryToken    = "TOKEN"
	categoryPassword = "PASSWORD"
	categoryCard     = "CARD"
	categoryKey      = "KEY"
	categoryUser     = "USER"
	categorySecret   = "SECRET"
)

// mostValues bounds the memory of one Pseudonyms.
const mostValues = 100_000

// Pseudonyms puts placeholders such as <EMAIL_1> in the place of secrets and personal data, and the values back. A value
// has the same placeholder everywhere, so that what belongs together is still seen to. The zero value is ready. It is safe
// for concurrent use and must not be copied. It holds the values in memory: keep one for one investigation, and never
// share it between people who may not see the same data.
type Pseudonyms struct {
	mu      sync.Mutex
	names   map[string]name     // of each value
	values  map[string][]string // of each category; number 1 comes first
	total   int
	secrets []secretForm
}

// name is a placeholder. The number 0 is one of too many: it has only a category.
type name struct {
	category string
	number   int
}

func (n name) String() string {
	if n.number == 0 {
		return "<" + n.category + ">"
	}
	return "<" + n.category + "_" + strconv.Itoa(n.number) + ">"
}

// Hide is the text with placeholders for e-mail and IP addresses, phone numbers in international form, payment cards,
// tokens, passwords, private keys, user names where the words around say so, and what [Pseudonyms.Secrets] named. Trace
// ids, UUIDs, hashes, load numbers, times and versions stay.
//
// What looks like a placeholder in the text itself is written in square brackets, [EMAIL_3], for it would be revealed as
// another value. Only a placeholder that an earlier call gave out stays, so that a hidden text can be hidden again. Beyond
// 100,000 values a placeholder is the category alone and cannot be revealed.
func (p *Pseudonyms) Hide(text string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	h := hiding{names: p, given: p.counts()}
	h.out.Grow(len(text))
	done, search := 0, secretSearch{text: text, forms: p.secrets}
	for at, form := search.next(0); form != nil; at, form = search.next(done) {
		h.gap(text[done:at])
		h.out.WriteString(p.nameOf(categorySecret, form.secret).String())
		done = at + len(form.text)
	}
	h.gap(text[done:])
	return h.out.String()
}

// Count is how many values are hidden, by category: EMAIL, IP, PHONE, TOKEN, PASSWORD, CARD, KEY, USER, SECRET. A category
// without any is not there. The map belongs to the caller.
func (p *Pseudonyms) Count() map[string]int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return maps.Clone(p.counts())
}

func (p *Pseudonyms) counts() map[string]int {
	counts := make(map[string]int, len(p.values))
	for category, values := range p.values {
		counts[category] = len(values)
	}
	return counts
}

// nameOf gives a value its placeholder; the first category that it is found in stays.
func (p *Pseudonyms) nameOf(category, value string) name {
	if n, known := p.names[value]; known {
		return n
	}
	if p.total >= mostValues {
		return name{category: category}
	}
	if p.names == nil {
		p.names, p.values = map[string]name{}, map[string][]string{}
	}
	value = strings.Clone(value) // not the whole text that it is a part of
	p.values[category] = append(p.values[category], value)
	n := name{category, len(p.values[category])}
	p.names[value] = n
	p.total++
	return n
}

// hiding is one call of Hide.
type hiding struct {
	names *Pseudonyms
	given map[string]int // how many of each category were given out before the call
	out   strings.Builder
}

// gap hides what stands between two secrets. A placeholder that was given out before is no part of any value: it parts
// the text, so that what is hidden twice is revealed in one step.
func (h *hiding) gap(text string) {
	done := 0
	if len(h.given) > 0 {
		for i := strings.IndexByte(text, '<'); i >= 0; i = nextByte(text, i+1, '<') {
			n, to, ok := readName(text, i+1)
			if ok && n.number <= h.given[n.category] && strings.HasPrefix(text[i:], n.String()) {
				h.part(text[done:i])
				h.out.WriteString(text[i : to+1])
				done, i = to+1, to
			}
		}
	}
	h.part(text[done:])
}

func (h *hiding) part(text string) {
	s := scanner{text: text}
	s.scan()
	done := 0
	for _, f := range s.finds {
		h.out.WriteString(text[done:f.from])
		h.out.WriteString(h.replacement(f, text[f.from:f.to]))
		done = f.to
	}
	h.out.WriteString(text[done:])
}

func (h *hiding) replacement(f find, value string) string {
	if f.category == "" {
		return "[" + strings.Trim(value, "<>") + "]"
	}
	return h.names.nameOf(f.category, value).String()
}
