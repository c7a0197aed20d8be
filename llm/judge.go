package llm

import (
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/limit"
	"github.com/fourkites/sources/base/retry"
	"github.com/fourkites/sources/internal/rest"
)

// refusal is what both providers say of an error.
type refusal struct {
	Type    string          `json:"type"`
	Code    json.RawMessage `json:"code"` // of Azure: a text, or a number
	Message string          `json:"message"`
	Inner   *inner          `json:"innererror"`
	Other   *inner          `json:"inner_error"` // as the document of Azure calls it; the wire differs
}

type inner struct {
	Code    string             `json:"code"`
	Result  map[string]finding `json:"content_filter_result"`
	Results map[string]finding `json:"content_filter_results"`
}

// finding is what a filter says of one category.
type finding struct {
	Filtered bool `json:"filtered"`
	Detected bool `json:"detected"`
}

func (r refusal) code() string { return strings.Trim(string(r.Code), `"`) }

// categories are those that a filter took offence at.
func (r refusal) categories() []string {
	var all []string
	for _, in := range []*inner{r.Inner, r.Other} {
		if in == nil {
			continue
		}
		for _, found := range []map[string]finding{in.Result, in.Results} {
			for name, f := range found {
				if f.Filtered || f.Detected {
					all = append(all, name)
				}
			}
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func readRefusal(r rest.Response) (said refusal, requestID string) {
	var body struct {
		Error     refusal `json:"error"`
		RequestID string  `json:"request_id"`
	}
	if json.Unmarshal(r.Body, &body) != nil {
		return refusal{}, ""
	}
	return body.Error, body.RequestID
}

// https://platform.claude.com/docs/en/api/errors: the kinds of errors by their type, within a stream and before it.
var anthropicKinds = map[string]base.Kind{
	"invalid_request_error": base.KindInvalid, "authentication_error": base.KindUnauthenticated, "billing_error": base.KindQuotaExceeded,
	"permission_error": base.KindPermission, "not_found_error": base.KindNotFound, "request_too_large": base.KindTooLarge,
	"rate_limit_error": base.KindThrottled, "api_error": base.KindUnavailable, "timeout_error": base.KindUnavailable,
	"overloaded_error": base.KindOverloaded, "conflict_error": base.KindConflict,
}

// spent are the words of a 400 that says that there is no money left; its type says invalid_request_error.
var spent = []string{"credit balance is too low", "specified API usage limits"}

// anthropicError is a refusal in mid-stream.
func anthropicError(said refusal) error {
	kind, known := anthropicKinds[said.Type]
	if !known {
		kind = base.KindInternal
	}
	e := base.NewError(kind, &ServerError{Type: said.Type, Message: said.Message}).WithText(said.Message)
	e.Code, e.Sent = said.Type, base.Answered
	return e
}

func (a anthropic) classify(r rest.Response) *base.Error {
	said, id := readRefusal(r)
	kind, known := anthropicKinds[said.Type]
	if !known || said.Type == "api_error" { // of which the status says more
		kind = rest.KindOf(r.Status)
	}
	wait, asked := anthropicWait(r.Header, time.Now())
	switch {
	case r.Status == 400 && slices.ContainsFunc(spent, func(words string) bool { return strings.Contains(said.Message, words) }):
		kind = base.KindQuotaExceeded
	case said.Type == "rate_limit_error" && !asked: // the limit of a month says nothing of when to come again
		kind = base.KindQuotaExceeded
	case r.Status == 529:
		kind = base.KindOverloaded
	}
	if said.Type == "" || r.Status < 400 {
		return nil
	}
	e := base.NewError(kind, &ServerError{Status: r.Status, Type: said.Type, Message: said.Message}).WithText(said.Message)
	e.RequestID, e.RetryAfter = id, wait
	if r.Header.Get("X-Should-Retry") == "false" {
		e = e.WithoutRetry()
	}
	return e
}

// anthropicWait is how long the provider asks to wait: by Retry-After, else until the limits that are used up are filled again.
// https://platform.claude.com/docs/en/api/rate-limits#response-headers
func anthropicWait(h http.Header, now time.Time) (wait time.Duration, asked bool) {
	if wait, asked = retry.After(h, now); asked {
		return wait, asked
	}
	for _, what := range []string{"Requests", "Tokens", "Input-Tokens", "Output-Tokens"} {
		at, err := time.Parse(time.RFC3339, h.Get("Anthropic-Ratelimit-"+what+"-Reset"))
		if err == nil && h.Get("Anthropic-Ratelimit-"+what+"-Remaining") == "0" {
			wait, asked = max(wait, at.Sub(now)), true
		}
	}
	if other := limit.Reset(h, now); other > 0 && !asked {
		return other, true
	}
	return wait, asked
}

// https://learn.microsoft.com/azure/ai-services/openai/how-to/content-filter: the kinds of errors by their code.
var azureKinds = map[string]base.Kind{
	"content_filter": base.KindContentFiltered, "ResponsibleAIPolicyViolation": base.KindContentFiltered,
	"context_length_exceeded": base.KindTooLarge, "string_above_max_length": base.KindTooLarge,
	"insufficient_quota": base.KindQuotaExceeded, "DeploymentNotFound": base.KindNotFound, "rate_limit_exceeded": base.KindThrottled,
	"server_error": base.KindUnavailable,
}

// again is how the words of a 429 name the wait, where no header does.
var again = regexp.MustCompile(`(?i)(?:retry|try again) (?:after|in) (\d{1,9}) ?(milli)?seconds?`)

// tooLong is a wait that is none: the quota is spent.
const tooLong = time.Hour

// azureError types a refusal, within a stream (status 0) and before it.
func azureError(said refusal, status int) *base.Error {
	kind, known := azureKinds[said.code()]
	if !known && said.Inner != nil {
		kind, known = azureKinds[said.Inner.Code]
	}
	switch {
	case known:
	case status == 0:
		kind = base.KindInternal
		if n, err := strconv.Atoi(said.code()); err == nil {
			kind = rest.KindOf(n)
		}
	default:
		kind = rest.KindOf(status)
	}
	cause := &ServerError{Status: status, Type: strings.TrimSpace(said.code()), Message: said.Message, Categories: said.categories()}
	e := base.NewError(kind, cause).WithText(said.Message)
	if known {
		e.Code = said.code()
	}
	if m := again.FindStringSubmatch(said.Message); m != nil && kind == base.KindThrottled {
		n, _ := strconv.Atoi(m[1]) // nine digits fit
		unit := time.Second
		if m[2] != "" {
			unit = time.Millisecond
		}
		e.RetryAfter = time.Duration(n) * unit
	}
	switch kind {
	case base.KindContentFiltered:
		e.SetHint(base.HintOf("a filter refused the question; leave out the log lines or the text that it may have taken offence at"))
	case base.KindNotFound:
		e.SetHint(base.HintOf("check model: it is the name of the deployment, not of the model behind it"))
	}
	return e
}

func (a azure) classify(r rest.Response) *base.Error {
	said, _ := readRefusal(r)
	if said.Message == "" && said.code() == "" || r.Status < 400 {
		return nil
	}
	e := azureError(said, r.Status)
	if wait, ok := retry.After(r.Header, time.Now()); ok {
		e.RetryAfter = wait
	}
	if e.Kind == base.KindThrottled && e.RetryAfter > tooLong {
		e.Kind = base.KindQuotaExceeded
	}
	return e
}
