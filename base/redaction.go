package base

import (
	"cmp"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
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
	return concealing(all)
}

// concealing replaces the longest form first, for a secret may be part of another.
func concealing(secrets []string) *strings.Replacer {
	var all []string
	for _, s := range secrets {
		if len(s) >= shortSecret {
			all = append(all, forms(s)...)
		}
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
	inJSON := strings.Trim(string(quoted), `"`)
	query, path, digits := url.QueryEscape(s), url.PathEscape(s), hex.EncodeToString([]byte(s))
	percent := everyByte(digits)
	all := []string{
		s, plain(s), query, lowerEscapes(query), path, lowerEscapes(path), percent, strings.ToUpper(percent),
		inJSON, strings.ReplaceAll(inJSON, "/", `\/`), asciiJSON(inJSON), html.EscapeString(s), digits, strings.ToUpper(digits),
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

// everyByte is the percent-encoding of all bytes, the harmless ones included.
func everyByte(digits string) string {
	var b strings.Builder
	for i := 0; i+1 < len(digits); i += 2 {
		b.WriteString("%" + digits[i:i+2])
	}
	return b.String()
}

// asciiJSON writes what is not ASCII as JSON encoders do that keep to it.
func asciiJSON(s string) string {
	var b strings.Builder
	for _, r := range s {
		if r < utf8.RuneSelf {
			b.WriteRune(r)
			continue
		}
		for _, unit := range utf16.AppendRune(nil, r) {
			fmt.Fprintf(&b, `\u%04x`, unit)
		}
	}
	return b.String()
}

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
