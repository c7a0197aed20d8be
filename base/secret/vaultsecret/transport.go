package vaultsecret

import (
	"context"
	"io"
	"net/http"
	"strconv"
	"time"
)

// maxAnswer bounds an answer: a secret of 1 MiB, of which JSON may make six times as much, and what is around it.
const maxAnswer = 8 << 20

// maxWait bounds what an answer may say of how long to wait.
const maxWait = time.Hour

// bounded ends answers that are larger than any can be, and takes a redirect for an error.
type bounded struct{ next http.RoundTripper }

// RoundTrip makes one exchange.
func (b bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := b.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode >= 300 && resp.StatusCode < 400 {
		_ = resp.Body.Close()
		return nil, errElsewhere
	}
	if wait, ok := r.Context().Value(waitKey{}).(*time.Duration); ok {
		*wait = waitOf(resp.Header)
	}
	if resp.Body != nil {
		resp.Body = &body{resp.Body, maxAnswer}
	}
	return resp, nil
}

// waitKey is the key of what the answer to a request says of how long to wait.
type waitKey struct{}

// noting is a context for one request, which notes how long to wait.
func noting(ctx context.Context) (context.Context, *time.Duration) {
	wait := new(time.Duration)
	return context.WithValue(ctx, waitKey{}, wait), wait
}

// waitOf is how long a quota of Vault says to wait, in whole seconds.
func waitOf(h http.Header) time.Duration {
	seconds, err := strconv.Atoi(h.Get("Retry-After"))
	if err != nil || seconds < 0 {
		return 0
	}
	return min(time.Duration(min(seconds, int(maxWait/time.Second)))*time.Second, maxWait)
}

// body is an answer with an end.
type body struct {
	io.ReadCloser
	left int64
}

// Read ends with an error beyond the bound.
func (b *body) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if b.left -= int64(n); b.left < 0 {
		return n, errTooLarge
	}
	return n, err
}
