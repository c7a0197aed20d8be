package base

import (
	"cmp"
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
			// Once more behind plain, which may join the halves of a secret; the cut comes last, for half a secret is
			// not found.
			*text = shortened(Redact(secrets.Replace(plain(secrets.Replace(*text)))))
		}
	}
}

// Clean is a text of the source as an *Error of this client would show it: without the client's secrets in any of the
// forms in which they travel, on one line, bounded. It is for what a source keeps of an answer outside of an *Error.
func (g *Guard) Clean(text string) string {
	g.purge(&text)
	return text
}

// storeReference is one to a store of secrets, whose scheme a program may have lengthened: it has several of them. What follows the
// question mark and the hash says which version and key failed to an operator, and is no secret there.
var storeReference = regexp.MustCompile(`^(?:awssm|vault)(?:[+.-][A-Za-z0-9+.-]*)?://[^\s?#"'@]+(?:\?(?:stage|version)=[^&#@=]*)?(?:#[^#@&=]*)?$`)

// withoutQuery cuts a URL behind its question mark or hash, unless it is a reference.
func withoutQuery(text string) string {
	if storeReference.MatchString(text) {
		return text
	}
	return text[:strings.IndexAny(text, "?#")+1] + redacted
}

// Conceal is the text without these secrets in any of the forms in which they travel: raw, in JSON, HTML and URLs, in
// hexadecimal, and in base64 wherever they begin in a longer text. All else stays as it is, unlike with [Guard.Clean]. A
// value of less than four bytes is no secret: replacing it would only tear texts apart.
func Conceal(text string, secrets ...string) string { return concealing(secrets).Replace(text) }

// secrets replaces every form of every secret of the client.
func (g *Guard) secrets() *strings.Replacer {
	var all []string
	if g.config.Secrets != nil {
		guarded(func() { all = g.config.Secrets() })
	}
	known := g.concealer.Load()
	if known == nil || !slices.Equal(known.secrets, all) { // they change when one is rotated
		known = &concealer{slices.Clone(all), concealing(all)}
		g.concealer.Store(known)
	}
	return known.replacer
}

// concealer keeps the forms of some secrets, for they are many.
type concealer struct {
	secrets  []string
	replacer *strings.Replacer
}

// concealing replaces the longest form first, for a secret may be part of another.
func concealing(secrets []string) *strings.Replacer {
	var all []string
	for _, s := range secrets {
		if len(s) >= shortSecret {
			all = append(all, forms(s)...)
		}
	}
	slices.SortFunc(all, func(a, b string) int { return cmp.Or(cmp.Compare(len(b), len(a)), cmp.Compare(a, b)) })
	all = slices.Compact(all)
	pairs := make([]string, 0, 2*len(all))
	for _, form := range all {
		pairs = append(pairs, form, redacted)
	}
	return strings.NewReplacer(pairs...)
}
