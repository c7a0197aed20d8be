package base

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/url"
	"strings"
)

// shortSecret is the length below which a value is no secret: replacing it would only tear texts apart.
const shortSecret = 4

const redacted = "[redacted]"

// redact removes the client's own secrets from a text, raw and in the encodings in which they travel.
func (g *Guard) redact(text string) string {
	if g.config.Secrets == nil {
		return text
	}
	for _, s := range g.config.Secrets() {
		if len(s) >= shortSecret {
			text = strings.NewReplacer(forms(s)...).Replace(text)
		}
	}
	return text
}

func forms(s string) []string {
	quoted, _ := json.Marshal(s)
	all := []string{
		s, url.QueryEscape(s), url.PathEscape(s), strings.Trim(string(quoted), `"`), hex.EncodeToString([]byte(s)),
		base64.StdEncoding.EncodeToString([]byte(s)), base64.URLEncoding.EncodeToString([]byte(s)),
		base64.RawStdEncoding.EncodeToString([]byte(s)), base64.RawURLEncoding.EncodeToString([]byte(s)),
	}
	var pairs []string
	for _, form := range all {
		pairs = append(pairs, form, redacted)
	}
	return pairs
}
