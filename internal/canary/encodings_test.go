package canary_test

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"html"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf16"
)

// encoding is a way in which a text travels, written by other code than what finds it.
type encoding struct {
	name   string
	encode func(string) string
}

var encodings = []encoding{
	{"raw", func(s string) string { return s }},
	{"query", url.QueryEscape},
	{"query, lower", func(s string) string { return lowerHex(url.QueryEscape(s)) }},
	{"path", url.PathEscape},
	{"path, lower", func(s string) string { return lowerHex(url.PathEscape(s)) }},
	{"userinfo", func(s string) string { return url.UserPassword("user", s).String() }},
	{"every byte percent-encoded", func(s string) string { return each(s, "%%%02X") }},
	{"every byte percent-encoded, lower", func(s string) string { return each(s, "%%%02x") }},
	{"JSON", asJSON},
	{"JSON without HTML", plainJSON},
	{"JSON twice", func(s string) string { return asJSON(asJSON(s)) }},
	{"JSON three times", func(s string) string { return asJSON(plainJSON(asJSON(s))) }},
	{"JSON in ASCII", ascii},
	{"JSON with slashes", func(s string) string { return strings.ReplaceAll(plainJSON(s), "/", `\/`) }},
	{"JSON, every letter", func(s string) string {
		var b strings.Builder
		for _, unit := range utf16.Encode([]rune(s)) {
			fmt.Fprintf(&b, `\u%04X`, unit)
		}
		return b.String()
	}},
	{"quoted", strconv.Quote},
	{"quoted in ASCII", strconv.QuoteToASCII},
	{"quoted twice", func(s string) string { return strconv.Quote(strconv.Quote(s)) }},
	{"every byte escaped", func(s string) string { return each(s, `\x%02x`) }},
	{"HTML", html.EscapeString},
	{"XML", func(s string) string {
		var b strings.Builder
		_ = xml.EscapeText(&b, []byte(s))
		return b.String()
	}},
	{"HTML in JSON", func(s string) string { return asJSON(html.EscapeString(s)) }},
	{"percent-encoding in JSON in a query", func(s string) string { return url.QueryEscape(asJSON(url.QueryEscape(s))) }},
	{"hex", func(s string) string { return hex.EncodeToString([]byte(s)) }},
	{"HEX", func(s string) string { return strings.ToUpper(hex.EncodeToString([]byte(s))) }},
	{"hex with spaces", func(s string) string { return fmt.Sprintf("% x", s) }},
	{"bytes", func(s string) string { return fmt.Sprintf("%d", []byte(s)) }},
	{"bytes in Go", func(s string) string { return fmt.Sprintf("%#v", []byte(s)) }},
	{"numbers in JSON", func(s string) string { return strings.ReplaceAll(fmt.Sprintf("%d", []byte(s)), " ", ",") }},
}

// table is all encodings, those in base64 for each place where a secret can begin among them.
func table() []encoding {
	all := encodings
	for name, alphabet := range map[string]*base64.Encoding{
		"base64": base64.StdEncoding, "base64 for URLs": base64.URLEncoding, "base64 without padding": base64.RawStdEncoding, "base64 for URLs without padding": base64.RawURLEncoding,
	} {
		for before := range 3 {
			all = append(all, encoding{fmt.Sprintf("%s at %d", name, before), func(s string) string {
				return alphabet.EncodeToString([]byte("xyz"[:before] + s + "end"))
			}})
		}
		all = append(all, encoding{name + " in JSON in a query", func(s string) string { return url.QueryEscape(asJSON(alphabet.EncodeToString([]byte(s)))) }})
	}
	return all
}

func asJSON(s string) string {
	text, _ := json.Marshal(s) // a string has a JSON form
	return string(text)
}

func plainJSON(s string) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(s) // a string has a JSON form
	return strings.TrimSpace(b.String())
}

func ascii(s string) string {
	var b strings.Builder
	for _, r := range asJSON(s) {
		if r < 0x80 {
			b.WriteRune(r)
			continue
		}
		for _, unit := range utf16.AppendRune(nil, r) {
			fmt.Fprintf(&b, `\u%04x`, unit)
		}
	}
	return b.String()
}

func each(s, format string) string {
	var b strings.Builder
	for i := range len(s) {
		fmt.Fprintf(&b, format, s[i])
	}
	return b.String()
}

var percents = regexp.MustCompile(`%[0-9A-F]{2}`)

func lowerHex(s string) string { return percents.ReplaceAllStringFunc(s, strings.ToLower) }
