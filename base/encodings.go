package base

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// forms are the ways in which a secret is written in texts: by letters, each of which may stand within quotes, as a text in
// quotes may itself; and by digits. Many are the same where the secret has letters and digits alone.
func forms(s string) []string {
	digits := hex.EncodeToString([]byte(s))
	all := append([]string{s, plain(s)}, percentages(s, digits)...)
	all = append(all, markups(s)...)
	for _, text := range append(all, quoted(s)...) {
		all = append(all, text)
		all = append(all, quoted(text)...)
	}
	all = append(all, digits, strings.ToUpper(digits), strings.Trim(fmt.Sprintf("%d", []byte(s)), "[]"))
	for _, encoding := range []*base64.Encoding{base64.StdEncoding, base64.URLEncoding} {
		all = append(all, encoding.EncodeToString([]byte(s)))
		all = append(all, within(encoding, s)...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// quoted are the insides of a text in quotes: in JSON, as encoders write it that care for HTML, for ASCII or for slashes,
// and in Go.
func quoted(s string) []string {
	forHTML, _ := json.Marshal(s) // a text has a JSON form
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(s)
	inJSON, inHTML := inside(strings.TrimSpace(b.String())), inside(string(forHTML))
	return []string{
		inJSON, strings.ReplaceAll(inJSON, "/", `\/`), asciiJSON(inJSON), inHTML, strings.ReplaceAll(inHTML, "/", `\/`), asciiJSON(inHTML),
		inside(strconv.Quote(s)), inside(strconv.QuoteToASCII(s)),
	}
}

// inside is a text without the quotes around it.
func inside(quoted string) string { return quoted[1 : len(quoted)-1] }

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

// component makes of a query what encodeURIComponent writes, whose alphabet is wider (ECMA-262, encodeURIComponent).
var component = strings.NewReplacer("+", "%20", "%21", "!", "%27", "'", "%28", "(", "%29", ")", "%2A", "*")

// percentages are the percent-encodings: those of queries, paths, and user and password, whose alphabets differ, and
// that of all bytes.
func percentages(s, digits string) []string {
	query, path := url.QueryEscape(s), url.PathEscape(s)
	var all []string
	for _, text := range []string{
		query, strings.ReplaceAll(query, "+", "%20"), component.Replace(query), path, strings.ReplaceAll(path, "%2F", "/"),
		url.UserPassword("", s).String()[len(":"):], strings.ToUpper(everyByte(digits)),
	} {
		all = append(all, text, lowerEscapes(text))
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

// markups are the texts of HTML and XML: with quotes by number, by name and by hexadecimal number, and as they are.
func markups(s string) []string {
	numbered := html.EscapeString(s)
	all := []string{numbered, strings.NewReplacer("&#34;", `"`, "&#39;", "'").Replace(numbered), strings.ReplaceAll(numbered, "&#34;", "&quot;")}
	for _, single := range []string{"'", "&apos;", "&#x27;", "&#039;"} {
		all = append(all, strings.NewReplacer("&#34;", "&quot;", "&#39;", single).Replace(numbered))
	}
	return all
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
