package prompt

import (
	"cmp"
	"encoding/base64"
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// shortSecret is the length below which a value is no secret: replacing it would only tear texts apart.
const shortSecret = 4

// secretForm is a secret as it may stand in a text.
type secretForm struct{ text, secret string }

// Secrets adds values that are always hidden as <SECRET_1>, whatever stands around them: as they are, percent-encoded,
// and in base64 wherever they begin in a longer text. A value of less than four bytes is left out. All forms of a value
// have one placeholder, which is revealed as the value itself.
func (p *Pseudonyms) Secrets(values ...string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, value := range values {
		if len(value) < shortSecret {
			continue
		}
		for _, text := range secretForms(value) {
			p.secrets = append(p.secrets, secretForm{text, value})
		}
	}
	// The longest first, for a secret may be part of another.
	slices.SortStableFunc(p.secrets, func(a, b secretForm) int { return cmp.Compare(len(b.text), len(a.text)) })
	p.secrets = slices.CompactFunc(p.secrets, func(a, b secretForm) bool { return a.text == b.text })
}

// secretSearch finds secrets from left to right. It remembers where each form comes next, so that a text is searched once
// for each form, however many secrets it holds.
type secretSearch struct {
	text  string
	forms []secretForm
	found []int // where the form comes next, or the length of the text
}

// next is the first secret from here on, the longest of those that begin there; nil where there is none.
func (s *secretSearch) next(from int) (int, *secretForm) {
	if s.found == nil {
		s.found = slices.Repeat([]int{-1}, len(s.forms))
	}
	at, first := len(s.text), (*secretForm)(nil)
	for i := range s.forms {
		if s.found[i] < from {
			s.found[i] = len(s.text)
			if found := strings.Index(s.text[from:], s.forms[i].text); found >= 0 {
				s.found[i] = from + found
			}
		}
		if s.found[i] < at {
			at, first = s.found[i], &s.forms[i]
		}
	}
	return at, first
}

func secretForms(secret string) []string {
	query, path := url.QueryEscape(secret), url.PathEscape(secret)
	var every strings.Builder
	for i := range len(secret) {
		fmt.Fprintf(&every, "%%%02X", secret[i])
	}
	percent := every.String()
	all := []string{secret, query, lowerPercent(query), path, lowerPercent(path), percent, lowerPercent(percent)}
	for _, encoding := range []*base64.Encoding{base64.StdEncoding, base64.URLEncoding} {
		whole := encoding.EncodeToString([]byte(secret))
		all = append(all, whole, strings.TrimRight(whole, "="))
		all = append(all, withinBase64(encoding, secret)...)
	}
	return all
}

func lowerPercent(text string) string {
	b := []byte(text)
	for i := 0; i+2 < len(b); i++ {
		if b[i] == '%' {
			copy(b[i:], strings.ToLower(text[i:i+3]))
		}
	}
	return string(b)
}

// withinBase64 is what base64 makes of a secret in the middle of a longer text: the digits that depend on the secret
// alone, for each of the three places where it can begin. Few digits would be found in any text.
func withinBase64(encoding *base64.Encoding, secret string) []string {
	var all []string
	for before := range 3 {
		whole := encoding.WithPadding(base64.NoPadding).EncodeToString([]byte(strings.Repeat("x", before) + secret))
		first, last := (8*before+5)/6, 8*(before+len(secret))/6
		if digits := whole[first:last]; len(digits) >= 2*shortSecret {
			all = append(all, digits)
		}
	}
	return all
}
