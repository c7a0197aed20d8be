package athena

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/athena"
	"github.com/aws/aws-sdk-go-v2/service/athena/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/internal/awschain"
)

// service is the two services of AWS that an answer takes. The guard retries, so they do not.
type service struct {
	queries *athena.Client
	objects *s3.Client
}

// connected finds the credentials of the process, once; a failure is tried again.
func (c *Client) connected(ctx context.Context) (*service, error) {
	c.connecting.Lock()
	defer c.connecting.Unlock()
	if c.service != nil {
		return c.service, nil
	}
	settings := awschain.Options{Region: c.config.Region}
	if c.key != nil {
		settings.Credentials = c.key
	}
	loaded, keys, err := awschain.Load(ctx, settings)
	if err != nil {
		return nil, err
	}
	loaded.HTTPClient = &http.Client{
		Transport:     bounded{c.transport, c.guard},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, // a request is signed for one host
	}
	c.keys = keys
	c.service = &service{
		queries: athena.NewFromConfig(loaded, func(o *athena.Options) { override(&o.BaseEndpoint, c.config.Endpoint) }),
		objects: s3.NewFromConfig(loaded, func(o *s3.Options) {
			override(&o.BaseEndpoint, c.config.S3Endpoint)
			o.UsePathStyle = c.config.S3Endpoint != ""
			o.ResponseChecksumValidation = aws.ResponseChecksumValidationWhenRequired // parts of a file have none
		}),
	}
	return c.service, nil
}

func override(endpoint **string, with string) {
	if with != "" {
		*endpoint = &with
	}
}

// address is the host of the API.
func (c Config) address() string {
	if u, err := url.Parse(c.Endpoint); err == nil && u.Host != "" {
		return u.Host
	}
	return "athena." + c.Region + ".amazonaws.com"
}

// storage is the host of S3.
func (c Config) storage() string {
	if u, err := url.Parse(c.S3Endpoint); err == nil && u.Host != "" {
		return u.Host
	}
	return "s3." + c.Region + ".amazonaws.com"
}

// maxResponse bounds an answer of the API, or a part of a file.
const maxResponse = 32 << 20

// bounded ends answers that are larger than any can be, and those that stop.
type bounded struct {
	next  http.RoundTripper
	guard *base.Guard
}

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
		resp.Body = newBody(resp.Body, b.guard.Limits().Idle.D())
	}
	return resp, err
}

// body is an answer that must go on.
type body struct {
	io.ReadCloser
	left   int64
	idle   time.Duration // 0 = no limit
	timer  *time.Timer
	silent atomic.Bool
}

func newBody(of io.ReadCloser, idle time.Duration) *body {
	b := &body{ReadCloser: of, left: maxResponse, idle: idle}
	if idle > 0 {
		b.timer = time.AfterFunc(idle, func() {
			b.silent.Store(true)
			_ = of.Close()
		})
	}
	return b
}

var (
	errTooLarge = errors.New("the answer is larger than 32 MiB")
	errSilent   = errors.New("the service fell silent in the middle of its answer")
)

// Read ends with an error beyond the bounds.
func (b *body) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if b.timer != nil && n > 0 {
		b.timer.Reset(b.idle)
	}
	b.left -= int64(n)
	switch {
	case b.silent.Load():
		return n, errSilent
	case b.left < 0:
		return n, errTooLarge
	}
	return n, err
}

// Close ends the answer.
func (b *body) Close() error {
	if b.timer != nil {
		b.timer.Stop()
	}
	return b.ReadCloser.Close()
}

// secrets are the keys that requests were signed with.
func (c *Client) secrets() []string {
	c.connecting.Lock()
	keys := c.keys
	c.connecting.Unlock()
	if keys == nil {
		return nil
	}
	return keys.Secrets()
}

// request makes one bounded request, which Close cuts.
func request[T any](ctx context.Context, c *Client, f func(context.Context, *service) (T, error)) (T, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(c.cut, func() { cancel(errClosed) })()
	out, err := requestDetached(ctx, c, f)
	if err != nil && errors.Is(context.Cause(ctx), errClosed) {
		return out, errClosed
	}
	return out, err
}

// requestDetached makes one bounded request.
func requestDetached[T any](ctx context.Context, c *Client, f func(context.Context, *service) (T, error)) (T, error) {
	if limit := c.guard.Limits().Attempt.D(); limit > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, limit)
		defer cancel()
	}
	s, err := c.connected(ctx)
	if err != nil {
		var zero T
		return zero, err
	}
	p := &awschain.Proof{}
	out, err := f(awschain.Signing(ctx, p), s)
	err = c.foreign(err)
	c.key.Refused(p, kindOfFailure(err), err)
	return out, err
}

// workgroup asks for the workgroup, which must be enabled.
func (c *Client) workgroup(ctx context.Context) error {
	out, err := request(ctx, c, func(ctx context.Context, s *service) (*athena.GetWorkGroupOutput, error) {
		return s.queries.GetWorkGroup(ctx, &athena.GetWorkGroupInput{WorkGroup: &c.config.Workgroup})
	})
	if err == nil && out.WorkGroup != nil && out.WorkGroup.State == types.WorkGroupStateDisabled {
		return &ServerError{Code: codeDisabled, Message: "the workgroup " + c.config.Workgroup + " is disabled"}
	}
	return err
}
