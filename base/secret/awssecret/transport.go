package awssecret

import (
	"bytes"
	"errors"
	"io"
	"net/http"
)

// maxAnswer bounds an answer: 64 KiB of text, of which JSON may make six times as much, and what is around it.
const maxAnswer = 1 << 20

var errTooLarge = errors.New("the answer is larger than 1 MiB, which no secret is")

// bounded ends answers that are larger than any can be.
type bounded struct{ next http.RoundTripper }

// RoundTrip makes one exchange. The SDK closes the body of a request as soon as the answer begins, which may be before
// net/http has seen its end, and then the connection is dropped in the middle of the answer: so the body is one of our own.
func (b bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil && r.Body != http.NoBody {
		text, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		own := *r
		own.Body, r = io.NopCloser(bytes.NewReader(text)), &own
	}
	resp, err := b.next.RoundTrip(r)
	if err == nil && resp.Body != nil {
		resp.Body = &body{resp.Body, maxAnswer}
	}
	return resp, err
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
