package atlassian

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/secret"
	"github.com/fourkites/sources/internal/document"
	"github.com/fourkites/sources/internal/login"
	"github.com/fourkites/sources/internal/rest"
)

// SiteConfig says how a product of a site is reached.
type SiteConfig struct {
	Name    string // of the client
	Product string // jira or confluence
	Server  string // URL of the site
	CloudID string
	Gateway string
	Email   string
	Token   secret.Value
	// AddressName is the settings that the address comes from, for hints.
	AddressName string
	// Named puts the name of a field of the room's Config before what is wrong with it.
	Named func(field string, err error) error
	// Cause makes the room's own error of a refusal.
	Cause func(Refusal) error

	MaxResponseBytes          int64
	Limits, Defaults          base.Limits
	CAFile, CertFile, KeyFile string
	Proxy                     string
}

// Site is one product of a site, and what every call to it has in common. It is safe for concurrent use; Close ends it.
type Site struct {
	config  SiteConfig
	rest    *rest.Client
	account *Account
}

// Open makes what a client stands on, or leaves nothing behind.
func Open(ctx context.Context, c SiteConfig, options base.Options) (*Site, error) {
	account, err := NewAccount(ctx, c.Email, c.Token, options.Secrets)
	if err != nil {
		return nil, c.Named("token", err)
	}
	s := &Site{config: c, account: account}
	s.rest, err = rest.New(rest.Config{
		Guard:   base.GuardConfig{Name: c.Name, Limits: c.Limits, Defaults: c.Defaults, Refresh: account.Refused, Secrets: account.Secrets},
		BaseURL: BaseURL(c.Product, c.Server, c.CloudID, c.Gateway), AddressName: c.AddressName, MaxResponseBytes: c.MaxResponseBytes,
		Sign: account.Sign, Header: http.Header{"Accept": {"application/json"}}, Classify: s.classify, Inspect: s.inspect,
		CAFile: c.CAFile, CertFile: c.CertFile, KeyFile: c.KeyFile, Proxy: c.Proxy,
	}, options)
	if err != nil {
		_ = account.Close() // nothing was asked of it
		return nil, err
	}
	return s, nil
}

// Guard is the door that all calls go through.
func (s *Site) Guard() *base.Guard { return s.rest.Guard() }

// Close ends the client as every source does.
func (s *Site) Close() error { return errors.Join(s.rest.Close(), s.account.Close()) }

func (s *Site) classify(r rest.Response) *base.Error {
	said := ReadRefusal(r, s.Guard().Clean)
	e := Judge(r, said, s.config.Cause(said), s.config.CloudID != "")
	if e != nil && r.Status == http.StatusGone {
		e.SetHint(base.HintOf("the site has removed what was asked; a newer version of this client may know its successor"))
	}
	return e
}

// maxRefusal is longer than any refusal.
const maxRefusal = 64 << 10

// inspect finds a refusal that came with a status of success: words on errors, and nothing that was asked for.
func (s *Site) inspect(r rest.Response) *base.Error {
	if len(r.Body) > maxRefusal || !bytes.Contains(r.Body, []byte(`"errorMessages"`)) {
		return nil
	}
	var has map[string]json.RawMessage
	said := ReadRefusal(r, s.Guard().Clean)
	if json.Unmarshal(r.Body, &has) != nil || len(said.Messages)+len(said.Fields) == 0 {
		return nil
	}
	for name := range has {
		if name != "errorMessages" && name != "errors" && name != "status" && name != "warningMessages" {
			return nil
		}
	}
	return base.NewError(base.KindInternal, s.config.Cause(said))
}

// Do makes one call and gives its whole answer.
func (s *Site) Do(ctx context.Context, r rest.Request) (rest.Response, error) {
	resp, err := s.rest.Do(login.Noting(ctx), r)
	base.AddStats(ctx, base.Stats{BytesRead: int64(len(resp.Body))})
	return resp, err
}

// Raw makes one call, whose answer is JSON of any kind.
func (s *Site) Raw(ctx context.Context, r rest.Request) (json.RawMessage, rest.Response, error) {
	raw, resp, err := rest.JSON[json.RawMessage](login.Noting(ctx), s.rest, r)
	base.AddStats(ctx, base.Stats{BytesRead: int64(len(resp.Body))})
	return raw, resp, err
}

// Object makes one call and decodes the object that it answers with.
func (s *Site) Object(ctx context.Context, r rest.Request) (document.Document, rest.Response, error) {
	raw, resp, err := s.Raw(ctx, r)
	if err != nil {
		return document.Document{}, resp, err
	}
	d, err := document.New(raw, "", new([]string))
	if err != nil {
		return d, resp, s.Protocol(r.Op, "the answer is not a JSON object")
	}
	return d, resp, nil
}

// Protocol is the error of an answer that is JSON and still not what was asked for.
func (s *Site) Protocol(op *base.Op, text string) error {
	e := base.NewError(base.KindProtocol, nil).WithText(text)
	e.Source, e.Op, e.Sent = s.config.Name, op.Name, base.Answered
	return e
}

// Invalid is the error of a question that is not asked.
func (s *Site) Invalid(op *base.Op, format string, args ...any) error {
	return base.Invalid(s.config.Name, op.Name, format, args...)
}
