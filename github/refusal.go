package github

import (
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"strings"
	"sync/atomic"
	"time"
	"unicode"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/internal/rest"
)

// Which limit a ServerError is about.
const (
	Primary   = "primary"   // the requests of an hour, or the searches of a minute, are used up
	Secondary = "secondary" // too much at once, whatever is left of them
)

// ServerError is a refusal of GitHub, found in an error by errors.As. Its words are cleaned of the client's secrets.
type ServerError struct {
	Status        int      // of HTTP
	Message       string   // GitHub's words
	Details       []string // of Message
	Documentation string   // the page that GitHub names
	Limit         string   // Primary or Secondary; empty = it is about no limit
}

// Error is the status and GitHub's words.
func (e *ServerError) Error() string {
	text := fmt.Sprintf("HTTP %d", e.Status)
	if e.Message != "" {
		text += ": " + e.Message
	}
	if len(e.Details) > 0 {
		text += ": " + strings.Join(e.Details, "; ")
	}
	return text
}

// said is the body of a refusal.
type said struct {
	Message       string            `json:"message"`
	Documentation string            `json:"documentation_url"`
	Errors        []json.RawMessage `json:"errors"`
}

// maxWords bounds how much of GitHub's words an error repeats.
const maxWords = 500

func readRefusal(r rest.Response, clean func(string) string) *ServerError {
	var b said
	e := &ServerError{Status: r.Status}
	if json.Unmarshal(r.Body, &b) != nil {
		if kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); kind == "text/plain" {
			e.Message = phrase(string(r.Body), clean)
		}
		return e
	}
	e.Message, e.Documentation = phrase(b.Message, clean), phrase(b.Documentation, clean)
	for _, raw := range b.Errors[:min(len(b.Errors), 5)] {
		var one struct{ Message, Resource, Field, Code string }
		var text string
		switch {
		case json.Unmarshal(raw, &text) == nil:
		case json.Unmarshal(raw, &one) == nil && one.Message != "":
			text = one.Message
		default:
			text = strings.Join(strings.Fields(one.Resource+" "+one.Field+" "+one.Code), " ")
		}
		if text = phrase(text, clean); text != "" {
			e.Details = append(e.Details, text)
		}
	}
	return e
}

// phrase is a text without secrets, in one line.
func phrase(text string, clean func(string) string) string {
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

// secondaryWords are how GitHub speaks of its secondary limits, where no header tells them apart from a lack of permission.
var secondaryWords = []string{"secondary rate limit", "abuse detection", "abuse-rate-limit"}

// limitOf is which limit a refusal is about; 403 and 429 mean the same.
func limitOf(r rest.Response, e *ServerError) string {
	if r.Status != http.StatusForbidden && r.Status != http.StatusTooManyRequests {
		return ""
	}
	words := strings.ToLower(e.Message + " " + e.Documentation)
	for _, w := range append(secondaryWords, "secondary-rate-limit") {
		if strings.Contains(words, w) {
			return Secondary
		}
	}
	switch {
	case r.Header.Get("X-RateLimit-Remaining") == "0", strings.Contains(words, "api rate limit exceeded"):
		return Primary
	case r.Header.Get("Retry-After") != "", r.Status == http.StatusTooManyRequests:
		return Secondary
	}
	return ""
}

// Hints on what a caller may change.
const (
	hintToken   = "the token was refused; check that it is whole and not expired or revoked"
	hintApp     = "the App was refused; check its id, its installation and its key, and the clock of this machine"
	hintSSO     = "the token must be authorised for the organisation's single sign-on; the owner does that in the settings of the token"
	hintReach   = "the credential may not do this; check its permissions and the repositories that it was given"
	hintAbsent  = "it is not there, or this credential may not see it"
	hintEmpty   = "the repository holds no commit yet"
	hintLimit   = "the budget of requests is used up; wait as long as retry_after says, or ask less"
	hintPending = "GitHub is still computing the answer; ask again"
	hintPlain   = "what answered is not the API; check base_url"
	hintBlocked = "GitHub has blocked the repository for legal reasons"
	hintAllow   = "ask the operator to add it to repositories"
)

// patience is how long to wait after a secondary limit that does not say it: a minute, and twice as long each time that
// follows another one.
type patience struct{ strikes atomic.Int32 }

const mostPatience = 16 * time.Minute

func (p *patience) next() time.Duration {
	return min(time.Minute<<min(p.strikes.Add(1)-1, 10), mostPatience)
}

func (p *patience) calm() { p.strikes.Store(0) }

// judge gives a refusal its kind.
func judge(r rest.Response, cause *ServerError, p *patience, isApp bool) *base.Error {
	if r.Status < http.StatusBadRequest || r.Status == http.StatusProxyAuthRequired {
		return nil // what is no refusal, or the proxy's, is left to rest
	}
	e := base.NewError(rest.KindOf(r.Status), cause)
	if cause.Limit = limitOf(r, cause); cause.Limit != "" {
		e.Kind = base.KindThrottled
		e.SetHint(base.HintOf(hintLimit))
		if cause.Limit == Secondary && r.Header.Get("Retry-After") == "" && r.Header.Get("X-RateLimit-Remaining") != "0" {
			e.RetryAfter = p.next()
		}
		return e
	}
	e.Kind = kindOf(r, e.Kind)
	e.SetHint(hintOn(r, isApp))
	return e
}

func kindOf(r rest.Response, otherwise base.Kind) base.Kind {
	switch {
	case r.Status == http.StatusNotFound && isHTML(r):
		return base.KindInvalid // it says nothing about the thing that was asked for
	case r.Status == http.StatusConflict:
		return base.KindInvalid // an empty repository
	case r.Status == http.StatusUnavailableForLegalReasons:
		return base.KindPermission
	}
	return otherwise
}

func hintOn(r rest.Response, isApp bool) base.Hint {
	switch {
	case r.Status == http.StatusUnauthorized && isApp:
		return base.HintOf(hintApp)
	case r.Status == http.StatusUnauthorized:
		return base.HintOf(hintToken)
	case r.Status == http.StatusForbidden && r.Header.Get("X-GitHub-SSO") != "":
		return base.HintOf(hintSSO)
	case r.Status == http.StatusForbidden:
		return base.HintOf(hintReach)
	case r.Status == http.StatusNotFound && isHTML(r):
		return base.HintOf(hintPlain)
	case r.Status == http.StatusNotFound, r.Status == http.StatusGone:
		return base.HintOf(hintAbsent)
	case r.Status == http.StatusConflict:
		return base.HintOf(hintEmpty)
	case r.Status == http.StatusUnavailableForLegalReasons:
		return base.HintOf(hintBlocked)
	}
	return base.Hint{}
}

func isHTML(r rest.Response) bool {
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return kind == "text/html" || strings.HasPrefix(strings.TrimSpace(string(r.Body[:min(len(r.Body), 256)])), "<")
}
