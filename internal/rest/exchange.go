package rest

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptrace"
	"time"

	"github.com/hashicorp/go-retryablehttp"

	"github.com/fourkites/sources/base"
)

// Do makes one call and returns its whole answer, which is always a 2xx one: everything else is an error.
func (c *Client) Do(ctx context.Context, r Request) (Response, error) {
	req, err := c.request(ctx, r)
	if err != nil {
		return Response{}, err
	}
	loop := base.Begin(ctx, c.guard, r.Op)
	waiting, cancel := context.WithCancel(loop.Context()) // of the waits between attempts
	defer cancel()
	defer context.AfterFunc(c.closing, cancel)()
	x := &exchange{client: c, loop: loop, request: r}
	if err := loop.End(x.run(req.WithContext(waiting))); err != nil {
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
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	t := x.client.trail(x.request, cancel)
	defer context.AfterFunc(x.client.ending, t.close)()
	answer, err := x.client.send(ctx, req, x.request, t)
	x.answer = answer
	return err
}

// Once makes one exchange outside of the guard, for a caller whose one guarded call spans several requests, or who must
// get through when the guard lets nothing pass, as a cancel must. Close neither refuses it nor cuts it: the caller gives
// it an end of its own by ctx, and waits for it.
func (c *Client) Once(ctx context.Context, r Request) (Response, error) {
	req, err := c.request(ctx, r)
	if err != nil {
		return Response{}, err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	answer, err := c.send(ctx, req.Request, r, c.trail(r, cancel))
	if err != nil {
		return Response{}, err
	}
	return answer, nil
}

// trail is that of an exchange which cancel ends.
func (c *Client) trail(r Request, cancel context.CancelCauseFunc) *trail {
	t := &trail{address: c.base, cancel: cancel, unsafe: r.Op.Safety == base.Unsafe, setting: c.config.AddressName}
	if r.Foreign != nil {
		t.address, t.setting = r.Foreign, "where the link of the service leads"
	}
	return t
}

// send makes one exchange, signed and bounded. The context is the one that the trail ends.
func (c *Client) send(ctx context.Context, req *http.Request, r Request, t *trail) (Response, error) {
	defer t.leave()
	resp, err := c.start(ctx, req, r, t)
	if err != nil {
		return Response{}, err
	}
	defer func() { _ = resp.Body.Close() }()
	body, cut, err := c.read(resp, t, r)
	if err != nil {
		return Response{}, err
	}
	answer := Response{Status: resp.StatusCode, Header: resp.Header, Body: body, Cut: cut}
	return answer, c.judge(answer, r.Statuses)
}

// start sends a request, signed, up to the head of its answer.
func (c *Client) start(ctx context.Context, req *http.Request, r Request, t *trail) (*http.Response, error) {
	req = req.Clone(httptrace.WithClientTrace(ctx, t.trace()))
	req.Body, req.GetBody, req.ContentLength = http.NoBody, nil, 0
	if len(r.Body) > 0 {
		req.Body = io.NopCloser(bytes.NewReader(r.Body))
		req.ContentLength = int64(len(r.Body))
	}
	if sign := c.config.Sign; sign != nil && r.Foreign == nil {
		if err := sign(req, r.Body); err != nil {
			return nil, unsigned(ctx, err)
		}
	}
	resp, err := c.transport.RoundTrip(req)
	if err != nil {
		return nil, t.unanswered(err)
	}
	if r.Foreign == nil { // what another service allows says nothing about this one
		c.guard.ObserveQuota(resp.Header)
	}
	return resp, nil
}
