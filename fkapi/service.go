package fkapi

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/internal/document"
	"github.com/fourkites/sources/internal/rest"
	"github.com/fourkites/sources/internal/variable"
)

// service is what both clients are made of.
type service struct {
	name       string
	locale     string
	rest       *rest.Client
	credential *credential
}

var defaults = base.Limits{
	Concurrency: 50, Timeout: base.Duration(30 * time.Second), Attempt: base.Duration(10 * time.Second), Idle: base.Duration(5 * time.Second),
}

// newService reports every problem at once; op is the constructor that was called.
func newService(ctx context.Context, c Config, name, op, baseURL string, opts []base.Option) (*service, error) {
	s := &service{name: cmp.Or(c.Name, name), locale: cmp.Or(c.Locale, "en")}
	options, err := base.NewOptions(opts, "Secrets", "Transport", "Dialer", "TLS")
	if err = errors.Join(required("company_url", baseURL == ""), c.Validate(), err); err != nil {
		return nil, variable.Invalid(s.name, op, err)
	}
	if err := s.open(ctx, c, baseURL, options); err != nil {
		return nil, variable.Invalid(s.name, op, err)
	}
	return s, nil
}

// open makes what a service stands on, or leaves nothing behind.
func (s *service) open(ctx context.Context, c Config, baseURL string, options base.Options) (err error) {
	if s.credential, err = newCredential(ctx, c, options.Secrets); err != nil {
		return err
	}
	s.rest, err = rest.New(rest.Config{
		Guard: base.GuardConfig{
			Name: s.name, Limits: c.Limits, Defaults: defaults, Refresh: s.credential.refresh, Secrets: s.credential.Secrets,
		},
		BaseURL: baseURL, MaxResponseBytes: c.MaxResponseBytes, Sign: s.credential.sign,
		Header:   http.Header{"Accept": {"application/json"}},
		Classify: s.classify, Inspect: s.inspect,
		CAFile: c.CAFile, CertFile: c.CertFile, KeyFile: c.KeyFile, Proxy: c.Proxy,
	}, options)
	if err != nil {
		_ = s.credential.Close() // nothing was asked of it
	}
	return err
}

// ServerError is a refusal of the service, found in an error by errors.As. Its words are cleaned of the client's secrets,
// in every form in which they travel, hex and base64 included.
type ServerError struct {
	Status  int    // of HTTP
	Code    string // the service's own, if it gave one
	Message string // the service's words, if it gave some
	JSON    bool   // the body was a JSON object, as the service itself answers
}

// Error is the status and the service's words.
func (e *ServerError) Error() string {
	text := fmt.Sprintf("HTTP %d", e.Status)
	if e.Message != "" {
		text += ": " + e.Message
	}
	return text
}

// maxWords bounds how much of a service's words an error repeats.
const maxWords = 300

// classify types the refusals of the two services. What is no refusal, or the proxy's, is left to rest.
func (s *service) classify(r rest.Response) *base.Error {
	if r.Status < http.StatusBadRequest || r.Status == http.StatusProxyAuthRequired {
		return nil
	}
	cause := s.serverError(r)
	e := base.NewError(rest.KindOf(r.Status), cause)
	switch r.Status {
	case http.StatusUnauthorized:
		s.credential.refused(r.Header, e)
	case http.StatusForbidden:
		e.SetHint(base.HintOf("these credentials may not see this; ask for access, or check company_id"))
		if skew, far := s.credential.clock.measure(r.Header); far && s.credential.signer != nil {
			e.Hint = s.credential.clock.hint(skew)
		}
	case http.StatusNotFound:
		if s.stray(r, cause) { // it says nothing about the thing that was asked for
			e.Kind = base.KindInvalid
			e.SetHint(base.HintOf(hintBaseURL))
		}
	}
	return e
}

func (s *service) serverError(r rest.Response) *ServerError {
	e := &ServerError{Status: r.Status}
	d, err := document.New(r.Body, "", new([]string))
	if err != nil {
		if kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); kind == "text/plain" {
			e.Message = s.words(string(r.Body))
		}
		return e
	}
	e.JSON = true
	if inner, ok := d.Object("error"); ok {
		d = inner
	}
	e.Code = s.words(d.Text("code", "errorCode", "error_code"))
	if e.Message = s.words(d.Text("message", "error", "detail")); e.Message == "" {
		e.Message = s.words(strings.Join(d.Texts("errors"), "; "))
	}
	return e
}

// words are what the service said, without our secrets, in one line.
func (s *service) words(text string) string { return shorten(s.rest.Guard().Clean(text)) }

func shorten(text string) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return ' '
	}, strings.TrimSpace(strings.ToValidUTF8(text, "\uFFFD")))
	if len(text) > maxWords {
		text = strings.ToValidUTF8(text[:maxWords], "") + "…"
	}
	return text
}

// parameters is a query in the order in which it is sent.
type parameters []string

func (p parameters) with(name, value string) parameters {
	if value == "" {
		return p
	}
	return append(p, url.QueryEscape(name)+"="+url.QueryEscape(value))
}

func (p parameters) encode() string { return strings.Join(p, "&") }

const maxStatus = 599

// inspect finds a refusal that came with a 2xx status.
func (s *service) inspect(r rest.Response) *base.Error {
	d, err := document.New(r.Body, "", new([]string))
	if err != nil {
		return nil // the caller will say what is wrong with it
	}
	status := d.Count("statusCode", "status_code")
	if status < http.StatusBadRequest || status > maxStatus {
		return nil
	}
	r.Status = status
	e := s.classify(r)
	if e == nil {
		e = base.NewError(rest.KindOf(status), s.serverError(r))
	}
	e.Code = strconv.Itoa(status)
	return e
}

// call makes one request, decodes its JSON object and reports its stats.
func (s *service) call(ctx context.Context, r rest.Request) (document.Document, error) {
	ctx = withTrace(ctx)
	raw, resp, err := rest.JSON[json.RawMessage](ctx, s.rest, r)
	base.AddStats(ctx, base.Stats{BytesRead: int64(len(resp.Body))})
	if err != nil {
		return document.Document{}, err
	}
	d, err := document.New(raw, "", new([]string))
	if err != nil {
		return document.Document{}, s.protocol(r.Op, "the answer is not a JSON object")
	}
	return d, nil
}

// protocol is the error of an answer that is JSON and still not what was asked for.
func (s *service) protocol(op *base.Op, text string) *base.Error {
	e := base.NewError(base.KindProtocol, nil).WithText(text)
	e.Source, e.Op, e.Sent = s.name, op.Name, base.Answered
	return e
}

func (s *service) close() error { return errors.Join(s.rest.Close(), s.credential.Close()) }
