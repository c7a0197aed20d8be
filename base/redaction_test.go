package base_test

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/fourkites/sources/base"
	planting "github.com/fourkites/sources/internal/canary"
)

// plainJSON is what encoders write that do not care for HTML, which is all but Go's.
func plainJSON(s string) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(s) // a string has a JSON form
	return strings.TrimSpace(b.String())
}

func TestASecretIsConcealedHoweverItIsWritten(t *testing.T) {
	t.Parallel()
	set := planting.New(t.Name())
	marshalled := func(s string) string { text, _ := json.Marshal(s); return string(text) }
	component := strings.NewReplacer("+", "%20", "%21", "!", "%27", "'", "%28", "(", "%29", ")", "%2A", "*")
	for range 20 {
		secret := set.Password("secret")
		for name, text := range map[string]string{
			"raw":                  secret,
			"JSON":                 marshalled(secret),
			"JSON without HTML":    plainJSON(secret),
			"JSON with slashes":    strings.ReplaceAll(plainJSON(secret), "/", `\/`),
			"JSON in JSON":         marshalled(marshalled(secret)),
			"plain in plain JSON":  plainJSON(plainJSON(secret)),
			"JSON in plain JSON":   plainJSON(marshalled(secret)),
			"a quoted text":        strconv.Quote(secret),
			"a quoted ASCII text":  strconv.QuoteToASCII(secret),
			"a quoted JSON":        strconv.Quote(plainJSON(secret)),
			"a query":              url.QueryEscape(secret),
			"a path":               url.PathEscape(secret),
			"user and password":    url.UserPassword("u", secret).String(),
			"a component":          component.Replace(url.QueryEscape(secret)),
			"a path with slashes":  strings.ReplaceAll(url.PathEscape(secret), "%2F", "/"),
			"HTML":                 html.EscapeString(secret),
			"HTML with names":      strings.NewReplacer("&#34;", "&quot;", "&#39;", "&apos;").Replace(html.EscapeString(secret)),
			"HTML with hex":        strings.NewReplacer("&#34;", "&quot;", "&#39;", "&#x27;").Replace(html.EscapeString(secret)),
			"HTML without quotes":  strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(secret),
			"hex":                  hex.EncodeToString([]byte(secret)),
			"base64 behind a user": base64.StdEncoding.EncodeToString([]byte("u:" + secret)),
			"a component in JSON":  marshalled(component.Replace(url.QueryEscape(secret))),
			"a path in JSON":       plainJSON(url.PathEscape(secret)),
			"a user in JSON":       marshalled(url.UserPassword("u", secret).String()),
			"HTML in JSON":         marshalled(html.EscapeString(secret)),
			"a quoted HTML":        strconv.Quote(html.EscapeString(secret)),
			"bytes":                fmt.Sprintf("%d", []byte(secret)),
		} {
			text = "before " + text + " after"
			concealed := base.Conceal(text, secret)
			if leaks := set.Sweep(name, concealed); len(leaks) > 0 || !strings.HasPrefix(concealed, "before ") || !strings.HasSuffix(concealed, " after") {
				t.Errorf("%v %q", leaks, concealed)
			}
		}
	}
}
