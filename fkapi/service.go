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

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/internal/rest"
)

// service is what both clients are made of.
type service struct {
	name       string
	locale     string
	rest       *rest.Client
	credential *credential
}

var defaults = base.Limits{
	Concurrency: 50, Timeout: base.Span(30 * time.Second), Attempt: base.Span(10 * time.Second), Idle: base.Span(5 * time.Second),
}

func newService(ctx context.Context, c Config, name, baseURL string, opts []base.Option) (*service, error) {
	name = cmp.Or(c.Name, name)
	options, err := base.NewOptions(opts, "Secrets", "Transport", "Dialer", "TLS")
	if err = errors.Join(c.Validate(), err); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	s := &service{name: name, locale: cmp.Or(c.Locale, "en")}
	if s.credential, err = newCredential(ctx, c, options.Secrets); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	s.rest, err = rest.New(rest.Config{
		Guard: base.GuardConfig{
			Name: name, Limits: c.Limits, Defaults: defaults, Refresh: s.credential.refresh, Secrets: s.credential.secrets,
		},
		BaseURL: baseURL, MaxResponseBytes: c.MaxResponseBytes, Sign: s.credential.sign,
		Header:   http.Header{"Accept": {"application/json"}},
		Classify: s.classify,
		CAFile:   c.CAFile, CertFile: c.CertFile, KeyFile: c.KeyFile, Proxy: c.Proxy,
	}, options)
	if err != nil {
		_ = s.credential.close() // nothing was asked of it
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return s, nil
}

// ServerError is an answer that is not 2xx, found in an error by errors.As.
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

// kinds are the statuses that mean something of their own here; rest knows the others.
var kinds = map[int]base.Kind{
	http.StatusUnauthorized:        base.KindUnauthenticated,
	http.StatusForbidden:           base.KindPermission,
	http.StatusNotFound:            base.KindNotFound,
	http.StatusGone:                base.KindNotFound,
	http.StatusUnprocessableEntity: base.KindInvalid,
	http.StatusBadRequest:          base.KindInvalid,
}

// classify types the refusals of the two services.
func (s *service) classify(r rest.Response) *base.Error {
	kind, ok := kinds[r.Status]
	if !ok {
		return nil
	}
	cause := readServerError(r)
	e := base.NewError(kind, cause)
	switch r.Status {
	case http.StatusUnauthorized:
		s.credential.refused(r.Header, e)
	case http.StatusForbidden:
		e.Hint = "these credentials may not see this; ask for access, or check company_id"
		if skew, far := s.credential.clock.measure(r.Header); far && s.credential.signer != nil {
			e.Hint = s.credential.clock.hint(skew)
		}
	case http.StatusNotFound:
		if !cause.JSON {
			e.Hint = "the answer is not the service's own; check the base URL"
		}
	}
	return e
}

func readServerError(r rest.Response) *ServerError {
	e := &ServerError{Status: r.Status}
	var notes []string
	d, err := newDocument(r.Body, "", &notes)
	if err != nil {
		if kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); kind == "text/plain" {
			e.Message = shorten(string(r.Body))
		}
		return e
	}
	e.JSON = true
	if inner, ok := d.object("error"); ok {
		d = inner
	}
	e.Code = shorten(d.text("code", "errorCode", "error_code"))
	e.Message = shorten(d.text("message", "error", "detail", "errors"))
	return e
}

func shorten(text string) string {
	text = strings.TrimSpace(text)
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

// call makes one request, decodes its JSON object and reports its stats.
func (s *service) call(ctx context.Context, r rest.Request) (document, error) {
	ctx = withTrace(ctx)
	raw, resp, err := rest.JSON[json.RawMessage](ctx, s.rest, r)
	base.AddStats(ctx, base.Stats{BytesRead: int64(len(resp.Body))})
	if err != nil {
		return document{}, err
	}
	d, err := newDocument(raw, "", new([]string))
	if err != nil {
		return document{}, s.protocol(r.Op, "the answer is not a JSON object")
	}
	if status := d.count("statusCode", "status_code"); status >= http.StatusBadRequest && status <= maxStatus {
		return document{}, s.hidden(r.Op, status, resp)
	}
	return d, nil
}

const maxStatus = 599

// hidden is the error of a refusal that came with a 2xx status.
func (s *service) hidden(op *base.Op, status int, resp rest.Response) error {
	resp.Status = status
	e := s.classify(resp)
	if e == nil {
		e = base.NewError(base.KindUnavailable, readServerError(resp))
	}
	e.Source, e.Op, e.Sent, e.Code = s.name, op.Name, base.Answered, strconv.Itoa(status)
	return e.WithText(s.credential.clean(readServerError(resp).Error()))
}

// protocol is the error of an answer that is JSON and still not what was asked for.
func (s *service) protocol(op *base.Op, text string) *base.Error {
	e := base.NewError(base.KindProtocol, nil).WithText(text)
	e.Source, e.Op, e.Sent = s.name, op.Name, base.Answered
	return e
}

// absent is the error of a thing that the service does not know.
func (s *service) absent(op *base.Op, text, hint string) *base.Error {
	e := base.NewError(base.KindNotFound, nil).WithText(text)
	e.Source, e.Op, e.Sent, e.Hint = s.name, op.Name, base.Answered, hint
	return e
}

// ping takes an answer that the probed thing does not exist for a proof of reach and credentials.
func (s *service) ping(ctx context.Context, r rest.Request) error {
	_, err := s.call(ctx, r)
	if server, ok := errors.AsType[*ServerError](err); ok && server.Status == http.StatusNotFound && server.JSON {
		return nil
	}
	return err
}

func (s *service) close() error { return errors.Join(s.rest.Close(), s.credential.close()) }
