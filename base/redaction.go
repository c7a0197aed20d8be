package base

import (
	"cmp"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// shortSecret is the length below which a value is no secret: replacing it would only tear texts apart.
const shortSecret = 4

const redacted = "[redacted]"

// purge makes texts from outside fit to be shown: without the client's own secrets, raw and in the encodings in which
// they travel, without users and queries of URLs, on one line.
func (g *Guard) purge(texts ...*string) {
	secrets := g.secrets()
	for _, text := range texts {
		if *text != "" {
			*text = clean(Redact(secrets.Replace(*text)))
		}
	}
}

// secrets replaces every form of every secret; the longest first, for a secret may be part of another.
func (g *Guard) secrets() *strings.Replacer {
	var all []string
	if g.config.Secrets != nil {
		guarded(func() {
			for _, s := range g.config.Secrets() {
				if len(s) >= shortSecret {
					all = append(all, forms(s)...)
				}
			}
		})
	}
	slices.SortFunc(all, func(a, b string) int { return cmp.Compare(len(b), len(a)) })
	pairs := make([]string, 0, 2*len(all))
	for _, form := range all {
		pairs = append(pairs, form, redacted)
	}
	return strings.NewReplacer(pairs...)
}

func forms(s string) []string {
	quoted, _ := json.Marshal(s)
	query, path := url.QueryEscape(s), url.PathEscape(s)
	all := []string{
		s, query, lowerEscapes(query), path, lowerEscapes(path), strings.Trim(string(quoted), `"`),
		hex.EncodeToString([]byte(s)), strings.ToUpper(hex.EncodeToString([]byte(s))),
	}
	for _, encoding := range []*base64.Encoding{base64.StdEncoding, base64.URLEncoding} {
		all = append(all, encoding.EncodeToString([]byte(s)))
		all = append(all, within(encoding, s)...)
	}
	return all
}

var escape = regexp.MustCompile(`%[0-9A-F]{2}`)

// lowerEscapes writes percent-encodings in lower case, as some servers do.
func lowerEscapes(s string) string { return escape.ReplaceAllStringFunc(s, strings.ToLower) }

// within is what base64 makes of the secret in the middle of a longer text, such as user:password of Basic: the digits
// that depend on the secret alone, for each of the three places where it can begin.
func within(encoding *base64.Encoding, s string) []string {
	var all []string
	for before := range 3 {
		whole := encoding.WithPadding(base64.NoPadding).EncodeToString([]byte(strings.Repeat("x", before) + s))
		first := (8*before + 5) / 6
		last := 8 * (before + len(s)) / 6
		if digits := whole[first:last]; len(digits) >= shortSecret {
			all = append(all, digits)
		}
	}
	return all
}
