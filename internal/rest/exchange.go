package rest

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-retryablehttp"

	"github.com/fourkites/sources/base"
)

// Do makes one call and returns its whole answer, which is always a 2xx one: everything else is an error.
func (c *Client) Do(ctx context.Context, r Request) (Response, error) {
	target, err := c.url(r)
	if err != nil {
		return Response{}, err
	}
	loop := base.Begin(ctx, c.guard, r.Op)
	x := &exchange{client: c, loop: loop, request: r}
	req, err := retryablehttp.NewRequestWithContext(loop.Context(), r.Method, target.String(), r.Body)
	if err != nil {
		return Response{}, base.Invalid(c.guard.Name(), r.Op.Name, "the request cannot be made: method or URL")
	}
	req.URL = target
	for _, h := range []http.Header{c.config.Header, r.Header} {
		for key, values := range h {
			req.Header[key] = values
		}
	}
	if err := loop.End(x.run(req)); err != nil {
		return Response{}, err
	}
	return x.answer, nil
}

// exchange is one call: the transport of its own retry loop, in which every attempt passes the guard.
type exchange struct {
	client  *Client
	loop    *base.Loop
	request Request
	answer  Response
	wait    time.Duration
}

// run has go-retryablehttp loop; how it ended is known to the guard's loop.
func (x *exchange) run(req *retryablehttp.Request) error {
	client := &retryablehttp.Client{
		HTTPClient: &http.Client{
			Transport:     x,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		RetryMax:   maxLoops,
		CheckRetry: x.check,
		Backoff:    func(time.Duration, time.Duration, int, *http.Response) time.Duration { return x.wait },
		ErrorHandler: func(resp *http.Response, err error, _ int) (*http.Response, error) {
			return resp, err
		},
	}
	resp, err := client.Do(req)
	if err == nil {
		_ = resp.Body.Close() // empty: the attempt has read the answer
	}
	return err
}

// maxLoops is above any limits.retries: the guard decides when the loop ends.
const maxLoops = 100

func (x *exchange) check(_ context.Context, _ *http.Response, err error) (bool, error) {
	if err == nil {
		return false, nil
	}
	var again bool
	x.wait, again = x.loop.Next()
	return again, nil
}

// RoundTrip is one attempt. The response that it returns is empty; the answer is kept aside.
func (x *exchange) RoundTrip(req *http.Request) (*http.Response, error) {
	err := x.loop.Attempt(func(ctx context.Context) error { return x.attempt(ctx, req) })
	if err != nil {
		return nil, err
	}
	return &http.Response{
		StatusCode: x.answer.Status, Header: x.answer.Header, Body: http.NoBody, Request: req, ProtoMajor: 1, ProtoMinor: 1,
	}, nil
}

func (x *exchange) attempt(ctx context.Context, req *http.Request) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var trail trail
	req = req.Clone(httptrace.WithClientTrace(ctx, trail.trace()))
	req.Body, req.GetBody, req.ContentLength = http.NoBody, nil, 0
	if len(x.request.Body) > 0 {
		req.Body = io.NopCloser(bytes.NewReader(x.request.Body))
		req.ContentLength = int64(len(x.request.Body))
	}
	if sign := x.client.config.Sign; sign != nil {
		if err := sign(req, x.request.Body); err != nil {
			return unsigned(err)
		}
	}
	resp, err := x.client.transport.RoundTrip(req)
	if err != nil {
		return trail.unanswered(err)
	}
	defer func() { _ = resp.Body.Close() }()
	x.client.guard.Quota().Observe(resp.Header, time.Now())
	body, err := x.client.read(resp, cancel)
	if err != nil {
		return err
	}
	x.answer = Response{Status: resp.StatusCode, Header: resp.Header, Body: body}
	return x.client.judge(x.answer)
}

// unsigned keeps a typed error of the signer; another one means that there is no usable credential.
func unsigned(err error) error {
	if _, ok := errors.AsType[*base.Error](err); ok {
		return err
	}
	e := base.NewError(base.KindUnauthenticated, err)
	e.Sent, e.Hint = base.NotSent, "the request could not be signed; check the credential in the configuration"
	return e
}

// trail is how far an attempt got, for the case that no answer comes.
type trail struct {
	wrote       atomic.Bool
	multiplexed atomic.Bool // over HTTP/2
}

func (t *trail) trace() *httptrace.ClientTrace {
	return &httptrace.ClientTrace{
		WroteHeaders: func() { t.wrote.Store(true) },
		GotConn: func(info httptrace.GotConnInfo) {
			conn, ok := info.Conn.(interface{ ConnectionState() tls.ConnectionState })
			t.multiplexed.Store(ok && conn.ConnectionState().NegotiatedProtocol == "h2")
		},
	}
}

func (t *trail) unanswered(err error) error {
	e := broken(err, t.multiplexed.Load())
	if !t.wrote.Load() {
		e.Sent = base.NotSent
	}
	return e
}

// broken types a failed exchange. What is none of the network, of TLS or of the context has no exported type: over
// HTTP/2 it is the end of a stream or of its connection, over HTTP/1 an answer that is not HTTP.
func broken(err error, multiplexed bool) *base.Error {
	e := base.ClassifyNetwork(err)
	switch {
	case e.Kind != base.KindInternal:
	case multiplexed:
		e.Kind = base.KindUnavailable
	default:
		e.Kind, e.Hint = base.KindProtocol, "the answer is not HTTP; check the port and the scheme of the base URL"
	}
	return e
}

// read reads the answer up to its cap, counted after decompression. Silence in mid-answer ends it.
func (c *Client) read(resp *http.Response, cancel context.CancelFunc) ([]byte, error) {
	body := io.Reader(resp.Body)
	if idle := c.guard.Limits().Idle.D(); idle > 0 {
		timer := time.AfterFunc(idle, cancel)
		defer timer.Stop()
		body = &patient{Reader: resp.Body, timer: timer, idle: idle}
	}
	data, err := io.ReadAll(io.LimitReader(body, c.config.MaxResponseBytes+1))
	switch {
	case int64(len(data)) > c.config.MaxResponseBytes:
		e := base.NewError(base.KindTooLarge, errTooLarge)
		e.Sent, e.Hint = base.Answered, "ask for less, or raise max_response_bytes"
		return nil, e
	case err != nil:
		return nil, cut(err, resp.ProtoMajor > 1)
	}
	return data, nil
}

var errTooLarge = errors.New("the answer is larger than max_response_bytes")

// patient restarts the timer of silence with every piece that arrives.
type patient struct {
	io.Reader
	timer *time.Timer
	idle  time.Duration
}

func (p *patient) Read(b []byte) (int, error) {
	n, err := p.Reader.Read(b)
	if n > 0 {
		p.timer.Reset(p.idle)
	}
	return n, err
}
