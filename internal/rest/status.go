package rest

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/limit"
	"github.com/fourkites/sources/base/retry"
)

// Response is one whole answer.
type Response struct {
	Status int
	Header http.Header
	Body   []byte
	Cut    bool // the body went on beyond Request.MaxBytes
}

// statusKinds are the kinds of the statuses that mean the same for every service.
var statusKinds = map[int]base.Kind{
	http.StatusBadRequest:            base.KindInvalid,
	http.StatusUnauthorized:          base.KindUnauthenticated,
	http.StatusPaymentRequired:       base.KindQuotaExceeded,
	http.StatusForbidden:             base.KindPermission,
	http.StatusNotFound:              base.KindNotFound,
	http.StatusRequestTimeout:        base.KindUnavailable,
	http.StatusConflict:              base.KindConflict,
	http.StatusGone:                  base.KindNotFound,
	http.StatusRequestEntityTooLarge: base.KindTooLarge,
	http.StatusRequestURITooLong:     base.KindTooLarge,
	http.StatusTooManyRequests:       base.KindThrottled,
	http.StatusInternalServerError:   base.KindUnavailable,
	http.StatusBadGateway:            base.KindUnavailable,
	http.StatusServiceUnavailable:    base.KindUnavailable,
	http.StatusGatewayTimeout:        base.KindUnavailable,
	529:                              base.KindOverloaded,
}

// KindOf is the kind of an answer that is not 2xx, by its status alone.
func KindOf(status int) base.Kind {
	if k, ok := statusKinds[status]; ok {
		return k
	}
	switch {
	case status >= 500:
		return base.KindInternal
	case status >= 400:
		return base.KindInvalid
	}
	return base.KindProtocol
}

// judge turns every answer that is not 2xx, or holds a refusal, into an error.
func (c *Client) judge(r Response, answers []int) error {
	e := c.refusal(r, answers)
	if e == nil {
		return nil
	}
	e.Sent = base.Answered
	if e.Code == "" {
		e.Code = strconv.Itoa(r.Status)
	}
	if e.RequestID == "" {
		e.RequestID = c.requestID(r.Header)
	}
	if e.RetryAfter == 0 {
		e.RetryAfter = asked(r.Header)
	}
	return e
}

func (c *Client) refusal(r Response, answers []int) (e *base.Error) {
	if r.Status >= 200 && r.Status < 300 || slices.Contains(answers, r.Status) {
		if c.config.Inspect != nil {
			e = c.config.Inspect(r)
		}
		return e
	}
	if c.config.Classify != nil {
		e = c.config.Classify(r)
	}
	if e == nil {
		e = c.statusError(r)
	}
	return e
}

func (c *Client) statusError(r Response) *base.Error {
	cause := &StatusError{Status: r.Status}
	text := cause.Error()
	if said := message(r); said != "" {
		text += ": " + said
	}
	e := base.NewError(KindOf(r.Status), cause)
	switch {
	case r.Status >= 300 && r.Status < 400:
		text += destination(r)
		e.Hint = "redirects are not followed; set " + cmp.Or(c.config.AddressName, "the base URL") + " to where this one leads"
	case r.Status == http.StatusProxyAuthRequired:
		e.SetHint(base.HintOf(proxyWants))
	}
	return e.WithText(text)
}

// asked is how long the answer's headers ask to wait.
func asked(h http.Header) time.Duration {
	if wait, ok := retry.After(h, time.Now()); ok {
		return wait
	}
	return limit.Reset(h, time.Now())
}

// maxRequestID is longer than any id of a request.
const maxRequestID = 128

// requestIDs are the headers that an id may come in, as the services behind this package send it.
var requestIDs = []string{"X-Request-Id", "X-Github-Request-Id", "Atl-Traceid", "Request-Id", "Apim-Request-Id"}

// requestID is the service's id of the request, if it looks like one and repeats no secret.
func (c *Client) requestID(h http.Header) string {
	var id string
	for _, name := range requestIDs {
		if id = h.Get(name); id != "" {
			break
		}
	}
	if len(id) > maxRequestID || strings.ContainsFunc(id, unprintable) {
		return ""
	}
	if c.config.Guard.Secrets != nil && slices.ContainsFunc(c.config.Guard.Secrets(), func(s string) bool { return strings.Contains(id, s) }) {
		return ""
	}
	return id
}

// destination names the host of a redirect, never its query.
func destination(r Response) string {
	u, err := url.Parse(r.Header.Get("Location"))
	if err != nil || u.Host == "" {
		return ""
	}
	return ": to " + u.Scheme + "://" + u.Host
}

// StatusError is an answer that is not 2xx. It does not hold what the service said, which may be anything: that stands,
// cleaned, in the text of the *base.Error around it.
type StatusError struct{ Status int }

// Error is the status.
func (e *StatusError) Error() string { return fmt.Sprintf("HTTP %d", e.Status) }

// maxMessage is more than an error shows: it is cut there, after secrets were taken out.
const maxMessage = 4 << 10

// message is what the service said: the usual fields of a JSON body, else the start of a text; a page of HTML says
// nothing.
func message(r Response) string {
	var fields struct{ Message, Error, Detail, Title any }
	if json.Unmarshal(r.Body, &fields) == nil {
		for _, v := range []any{fields.Message, fields.Error, fields.Detail, fields.Title} {
			if text, ok := v.(string); ok && text != "" {
				return short(text)
			}
		}
	}
	if kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); kind == "text/html" || !utf8.Valid(r.Body) {
		return ""
	}
	return short(string(r.Body))
}

func short(text string) string {
	text = strings.TrimSpace(text)
	if len(text) > maxMessage {
		text = strings.ToValidUTF8(text[:maxMessage], "") + "…"
	}
	return text
}

// JSON makes one call and decodes its answer. Numbers keep their digits where T says so (json.Number). An answer that
// is not JSON, or breaks off, is a Protocol error that says what came instead.
func JSON[T any](ctx context.Context, c *Client, r Request) (T, Response, error) {
	var v T
	resp, err := c.Do(ctx, r)
	if err != nil {
		return v, resp, err
	}
	if err := json.Unmarshal(resp.Body, &v); err != nil {
		return v, resp, c.Undecoded(r, resp, err)
	}
	return v, resp, nil
}

// Undecoded is the error of an answer that is not the JSON that was expected: it says what came instead.
func (c *Client) Undecoded(r Request, resp Response, err error) error {
	e := base.NewError(base.KindProtocol, err)
	e.Source, e.Op, e.Code, e.Sent = c.guard.Name(), r.Op.Name, strconv.Itoa(resp.Status), base.Answered
	kind, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	switch {
	case resp.Header.Get("Content-Encoding") != "": // net/http takes away what it has decoded
		e.SetHint(base.HintOf("the answer is compressed in a way that was not asked for; check what stands between us and the service"))
	case len(resp.Body) == 0:
		e.SetHint(base.HintOf("the answer is empty"))
	case kind == "text/html":
		e.SetHint(base.HintOf("the answer is a page of HTML, as a login page or a proxy gives; check the base URL"))
	default:
		if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
			e.Hint = fmt.Sprintf("the JSON breaks at byte %d of %d", syntax.Offset, len(resp.Body))
		}
	}
	return e.WithText(c.base.Host + ": the answer is not the JSON that was expected")
}
