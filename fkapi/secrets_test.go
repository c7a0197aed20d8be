package fkapi_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"sync"
	"testing"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/fault"
	"github.com/fourkites/sources/base/secret"
	"github.com/fourkites/sources/fkapi"
	"github.com/fourkites/sources/fkapi/fkapitest"
)

// capture keeps every byte that a client says: its logs, its spans, its errors.
type capture struct {
	noop.TracerProvider
	mu   sync.Mutex
	text bytes.Buffer
}

func (c *capture) say(all ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, one := range all {
		fmt.Fprintf(&c.text, "%v %+v %#v\n", one, one, one)
	}
}

// Write takes what a logger writes.
func (c *capture) Write(b []byte) (int, error) {
	c.say(string(b))
	return len(b), nil
}

// Tracer gives spans that are captured.
func (c *capture) Tracer(string, ...trace.TracerOption) trace.Tracer { return capturing{c: c} }

type capturing struct {
	noop.Tracer
	c *capture
}

func (t capturing) Start(ctx context.Context, name string, opts ...trace.SpanStartOption) (context.Context, trace.Span) {
	t.c.say(name)
	config := trace.NewSpanStartConfig(opts...)
	span := &capturedSpan{c: t.c}
	span.SetAttributes(config.Attributes()...)
	return trace.ContextWithSpan(ctx, span), span
}

type capturedSpan struct {
	noop.Span
	c *capture
}

func (s *capturedSpan) IsRecording() bool                             { return true }
func (s *capturedSpan) RecordError(err error, _ ...trace.EventOption) { s.c.say(err) }
func (s *capturedSpan) SetStatus(_ codes.Code, text string)           { s.c.say(text) }
func (s *capturedSpan) SetAttributes(all ...attribute.KeyValue) {
	for _, a := range all {
		s.c.say(a.Key, a.Value.String())
	}
}

func (s *capturedSpan) AddEvent(name string, opts ...trace.EventOption) {
	config := trace.NewEventConfig(opts...)
	s.c.say(name, fmt.Sprint(config.Attributes()))
}

// everything is the error with all that it wraps, in every way of printing.
func (c *capture) everything(err error) {
	if err == nil {
		return
	}
	c.say(err)
	c.say(fmt.Sprintf("%q %s %x", err, err, err))
	if text, problem := json.Marshal(err); problem == nil {
		c.say(string(text))
	}
	c.everything(errors.Unwrap(err))
	if many, ok := err.(interface{ Unwrap() []error }); ok {
		for _, inner := range many.Unwrap() {
			c.everything(inner)
		}
	}
}

func TestNoSecretShowsInAnythingThatIsSaid(t *testing.T) {
	t.Parallel()
	const key, password = "k3y/with space&more", "p4ssw0rd/with+signs=="
	for _, basic := range []bool{false, true} {
		server := newServer(t)
		said := &capture{}
		c := server.Config()
		c.Secret, c.User, c.Password = secret.Literal(key), fkapitest.User, secret.Literal(password)
		c.Limits = base.Limits{Retries: -1, Breaker: base.Breaker{Ratio: -1}}
		if basic {
			c.AuthMethod = fkapi.AuthBasic
		}
		said.say(c, fmt.Sprintf("%#v", c))
		client, err := fkapi.NewTracking(t.Context(), c,
			base.WithLogger(slog.New(slog.NewJSONHandler(said, &slog.HandlerOptions{Level: slog.LevelDebug}))), base.WithTracerProvider(said))
		if err != nil {
			t.Fatal(err)
		}
		header := base64.StdEncoding.EncodeToString([]byte(fkapitest.User + ":" + password))
		echo := strings.Join([]string{key, password, header, url.QueryEscape(key), url.PathEscape(password)}, " ")
		faults := []fault.Fault{
			fault.Status(500, "Content-Type", "text/plain", "X-Request-Id", password).WithMessage(echo),
			fault.Status(422, "Content-Type", "text/plain").WithMessage(echo), fault.Error(403, echo), fault.Error(503, key), fault.Error(404, header),
			fault.Status(302, "Location", "https://"+url.PathEscape(key)+".example.com/?k="+password), fault.Garbage(), fault.Reset(), fault.CutMidBody(),
			fault.Status(200, "Content-Type", "text/html").WithMessage(echo),
			fault.Status(200, "Content-Type", "application/json").WithMessage(`{"statusCode":422,"message":"` + echo + `"}`),
			fault.Error(401, echo), // the last, for a refused secret is not sent again
		}
		for _, f := range faults {
			server.Fail(f, 1)
			_, err := client.Load(bounded(t), "123456001")
			if err == nil {
				t.Errorf("%s: no error", f)
			}
			said.everything(err)
		}
		if n := len(server.Requests()); n != len(faults) {
			t.Errorf("%d requests for %d faults", n, len(faults))
		}
		said.say(client.Health(), client)
		if err := client.Close(); err != nil {
			t.Error(err)
		}
		text := said.text.String()
		for _, s := range []string{key, password, header, url.QueryEscape(key), hex.EncodeToString([]byte(password))} {
			if at := strings.Index(text, s); at >= 0 {
				t.Errorf("basic %t: %q shows in %.300q", basic, s, text[max(0, at-200):])
			}
		}
		if !strings.Contains(text, "call failed") || !strings.Contains(text, "[redacted]") {
			t.Errorf("nothing was captured: %.300s", text)
		}
	}
}

func TestTheWordsOfAServerErrorHoldNoSecretInAnyForm(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	client := tracking(t, server, func(c *fkapi.Config) { c.Limits.Retries, c.Limits.Breaker.Ratio = -1, -1 })
	raw := []byte(fkapitest.Secret)
	for name, form := range map[string]string{
		"raw": fkapitest.Secret, "hex": hex.EncodeToString(raw), "HEX": strings.ToUpper(hex.EncodeToString(raw)),
		"base64": base64.StdEncoding.EncodeToString(raw), "base64 without padding": base64.RawURLEncoding.EncodeToString(raw),
		"base64 within a text": base64.StdEncoding.EncodeToString(append([]byte("u:"), raw...)),
	} {
		server.ReplyTo("/api/v1/tracking", fkapitest.Reply{Status: 422, Body: `{"message":"bad key ` + form + `","code":"` + form + `"}`})
		_, err := client.Load(bounded(t), "1")
		refused, ok := errors.AsType[*fkapi.ServerError](err)
		if !ok || strings.Contains(refused.Error()+refused.Code, form) || !strings.Contains(refused.Message, "bad key") {
			t.Errorf("%s: %+v", name, refused)
		}
	}
}
