package rest

import (
	"context"
	"io"
	"iter"
	"net/http"
	"time"

	"github.com/fourkites/sources/base"
)

// Stream makes one call whose answer is read while it comes. read gets the body of a 2xx answer, whose errors are typed
// already, and yields what it makes of it; it ends with at most one error. The call is retried until the first item, never
// after. It holds its permit until the loop ends; leaving the loop ends it at the service too. The body is bounded like
// another answer, and so is its silence.
func Stream[T any](ctx context.Context, c *Client, r Request, read func(http.Header, io.Reader) iter.Seq2[T, error]) iter.Seq2[T, error] {
	return base.Stream(ctx, c.guard, r.Op, func(ctx context.Context) iter.Seq2[T, error] {
		return func(yield func(T, error) bool) {
			if err := stream(ctx, c, r, read, yield); err != nil {
				var zero T
				yield(zero, err)
			}
		}
	})
}

// stream is one attempt; its error was not yielded yet.
func stream[T any](ctx context.Context, c *Client, r Request, read func(http.Header, io.Reader) iter.Seq2[T, error], yield func(T, error) bool) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	req, err := c.request(ctx, r)
	if err != nil {
		return err
	}
	t := c.trail(r, cancel)
	defer context.AfterFunc(c.ending, t.close)()
	defer t.leave()
	resp, err := c.start(ctx, req.Request, r, t)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		body, cut, err := c.read(resp, t, r)
		if err != nil {
			return err
		}
		return c.judge(Response{Status: resp.StatusCode, Header: resp.Header, Body: body, Cut: cut}, nil)
	}
	b := &flow{in: resp.Body, trail: t, left: c.config.MaxResponseBytes, idle: c.guard.Limits().Idle.D(), limit: c.config.LimitName}
	for v, err := range read(resp.Header, b) {
		if err != nil {
			return err
		}
		if !yield(v, nil) {
			return nil
		}
	}
	return nil
}

// flow is a body that comes bit by bit: bounded in all, and in how long it may be silent. Its errors are typed.
type flow struct {
	in    io.Reader
	trail *trail
	left  int64
	idle  time.Duration
	limit string
}

// Read reads what has come. Time in which nobody reads is not the service's.
func (f *flow) Read(p []byte) (int, error) {
	if f.idle > 0 {
		timer := time.AfterFunc(f.idle, f.trail.silent)
		defer timer.Stop()
	}
	n, err := f.in.Read(p)
	if f.left -= int64(n); f.left < 0 {
		e := base.NewError(base.KindTooLarge, errTooLarge).WithText("the answer is larger than " + f.limit)
		e.Sent = base.Answered
		return n, e
	}
	if err != nil && err != io.EOF { //nolint:errorlint // as a Reader ends
		err = f.trail.cut(err)
	}
	return n, err
}
