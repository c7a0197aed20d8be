package atlassian

import (
	"encoding/json"
	"fmt"
	"maps"
	"mime"
	"net/http"
	"slices"
	"strings"
	"unicode"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/internal/rest"
)

// Refusal is what a site said with a status that is none of success. Its words hold no secret of the client.
type Refusal struct {
	Status   int               // of HTTP
	Code     string            // the site's own, if it gave one
	Messages []string          // its words
	Fields   map[string]string // its words on single fields
	Reason   string            // of a 429: RateLimit-Reason
	JSON     bool              // the body was a JSON object, as the site itself answers
}

// Error is the status and the site's words.
func (r Refusal) Error() string {
	all := slices.Clone(r.Messages)
	for _, field := range slices.Sorted(maps.Keys(r.Fields)) {
		all = append(all, field+": "+r.Fields[field])
	}
	if r.Reason != "" {
		all = append(all, r.Reason)
	}
	text := fmt.Sprintf("HTTP %d", r.Status)
	if len(all) > 0 {
		text += ": " + strings.Join(all, "; ")
	}
	return text
}

// body is every form in which the products answer: Jira, Confluence v2, Confluence v1, the gateway.
type body struct {
	ErrorMessages []string        `json:"errorMessages"`
	Errors        json.RawMessage `json:"errors"`
	Message       string          `json:"message"`
	StatusCode    json.RawMessage `json:"statusCode"`
	Code          json.RawMessage `json:"code"`
}

// entry is one error of Confluence v2.
type entry struct {
	Code   string `json:"code"`
	Title  string `json:"title"`
	Detail string `json:"detail"`
}

// maxWords bounds how much of a site's words an error repeats.
const maxWords = 500

// ReadRefusal takes an answer apart. clean takes the secrets of the client out of a text.
func ReadRefusal(r rest.Response, clean func(string) string) Refusal {
	out := Refusal{Status: r.Status, Reason: words(r.Header.Get("RateLimit-Reason"), clean)}
	var b body
	if err := json.Unmarshal(r.Body, &b); err != nil {
		if kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); kind == "text/plain" {
			out.say(words(string(r.Body), clean))
		}
		return out
	}
	out.JSON = true
	for _, text := range b.ErrorMessages {
		out.say(words(text, clean))
	}
	out.say(words(b.Message, clean))
	var fields map[string]string
	var entries []entry
	switch {
	case json.Unmarshal(b.Errors, &fields) == nil:
		for name, text := range fields {
			if out.Fields == nil {
				out.Fields = map[string]string{}
			}
			out.Fields[words(name, clean)] = words(text, clean)
		}
	case json.Unmarshal(b.Errors, &entries) == nil:
		for _, e := range entries {
			if out.Code == "" {
				out.Code = words(e.Code, clean)
			}
			out.say(words(strings.TrimSpace(e.Title+" "+e.Detail), clean))
		}
	}
	return out
}

func (r *Refusal) say(text string) {
	if text != "" && len(r.Messages) < 10 {
		r.Messages = append(r.Messages, text)
	}
}

// words are a text without secrets, in one line.
func words(text string, clean func(string) string) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return ' '
	}, strings.TrimSpace(strings.ToValidUTF8(clean(text), "\uFFFD")))
	if len(text) > maxWords {
		text = strings.ToValidUTF8(text[:maxWords], "") + "…"
	}
	return text
}

// Hints on what a caller may change.
const (
	hintSiteToken  = "the token was refused; check e-mail and token. A token with scopes, or of a service account, works only with cloud_id set"
	hintCloudToken = "the token was refused; check e-mail, token and its scopes, and that cloud_id is that of the site"
	hintQuota      = "the quota of the site is used up; wait as long as retry_after says"
	hintStray      = "what answered is not the API; check the address of the site, or cloud_id"
	hintAbsent     = "it is not there, or this account may not see it"
)

// Judge gives a refusal its kind. A quota that lasts is none to wait for in line: the caller is told how long.
// https://developer.atlassian.com/cloud/jira/platform/rate-limiting/
func Judge(r rest.Response, said Refusal, cause error, cloud bool) *base.Error {
	if r.Status < http.StatusBadRequest || r.Status == http.StatusProxyAuthRequired {
		return nil // what is no refusal, or the proxy's, is left to rest
	}
	e := base.NewError(rest.KindOf(r.Status), cause)
	switch {
	case r.Status == http.StatusUnauthorized && cloud:
		e.SetHint(base.HintOf(hintCloudToken))
	case r.Status == http.StatusUnauthorized:
		e.SetHint(base.HintOf(hintSiteToken))
	case r.Status == http.StatusNotFound && !said.JSON && isHTML(r):
		e.Kind = base.KindInvalid // it says nothing about the thing that was asked for
		e.SetHint(base.HintOf(hintStray))
	case r.Status == http.StatusNotFound, r.Status == http.StatusForbidden:
		e.SetHint(base.HintOf(hintAbsent))
	case r.Status == http.StatusTooManyRequests && strings.Contains(said.Reason, "quota"):
		e.Kind = base.KindQuotaExceeded
		e.SetHint(base.HintOf(hintQuota))
	}
	return e
}

func isHTML(r rest.Response) bool {
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return kind == "text/html" || strings.HasPrefix(strings.TrimSpace(string(r.Body[:min(len(r.Body), 256)])), "<")
}
