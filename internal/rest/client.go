// Package rest makes one HTTP call with a bounded answer, for the sources that speak JSON over HTTP. The one retry loop
// is go-retryablehttp's, driven by the guard; each attempt passes the guard's doors and is signed anew, and nothing
// below repeats it: what the guard counts is what the server sees.
package rest

import (
	"context"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/url"
	"time"

	"github.com/fourkites/sources/base"
)

const (
	defaultMaxResponse = 32 << 20
	abortGrace         = time.Second
)

// Config describes the service that a client calls.
type Config struct {
	Guard   base.GuardConfig // System empty = http; Classify nil = errors of the network alone
	BaseURL string           // as ParseBaseURL wants it
	// AddressName is the settings that the address comes from, for the hints of errors; empty = the base URL.
	AddressName string
	// MaxResponseBytes bounds an answer after decompression; 0 = 32 MiB. LimitName is the setting that the bound comes
	// from, for the words of an error; empty = max_response_bytes.
	MaxResponseBytes int64
	LimitName        string
	// Sign is called for every attempt with the request as it goes on the wire; nil = unsigned.
	Sign   func(req *http.Request, body []byte) error
	Header http.Header // sent with each request
	// Decode undoes the Content-Encoding that the answer names, for a service whose Header asks for one; nil = what
	// net/http does by itself. Its reader is closed after the answer.
	Decode func(encoding string, body io.Reader) (io.ReadCloser, error)
	// Classify refines the error of an answer that is not 2xx; it may return nil.
	Classify func(Response) *base.Error
	// Inspect finds a refusal inside a 2xx answer, which is then treated like another; nil = there are none.
	Inspect func(Response) *base.Error

	CAFile, CertFile, KeyFile string // PEM files; empty = the system's roots, no client certificate
	ServerName                string // in the certificate of the service; empty = its host
	Proxy                     string // URL of a proxy without credentials; empty = the environment's, "none" = no proxy
	DialTimeout               time.Duration
}

// Client calls one service. It is safe for concurrent use; Close ends it.
type Client struct {
	config    Config
	base      *url.URL
	guard     *base.Guard
	transport *transport

	closing, ending   context.Context // ended by Close: for waits between attempts at once, for attempts after its grace
	stopWaits, giveUp context.CancelFunc
}

// New makes a client; it makes no call.
func New(config Config, options base.Options) (*Client, error) {
	root, err := ParseBaseURL(config.BaseURL)
	if err != nil {
		return nil, fmt.Errorf("base URL: %w", err)
	}
	if config.MaxResponseBytes <= 0 {
		config.MaxResponseBytes = defaultMaxResponse
	}
	if config.LimitName == "" {
		config.LimitName = "max_response_bytes"
	}
	config.MaxResponseBytes = min(config.MaxResponseBytes, math.MaxInt64-1) // one more is read to see that it is too much
	c := &Client{config: config, base: root}
	if config.Guard.System == "" {
		config.Guard.System = "http"
	}
	config.Guard.Address = root.Host
	if c.transport, err = newTransport(config, root, options); err != nil {
		return nil, err
	}
	if c.guard, err = base.NewGuard(config.Guard, options); err != nil { // last: it registers instruments
		return nil, err
	}
	c.transport.keep(c.guard.Limits().Concurrency)
	c.closing, c.stopWaits = context.WithCancel(context.Background())
	c.ending, c.giveUp = context.WithCancel(context.Background())
	return c, nil
}

// Guard is the door that all calls of the client go through.
func (c *Client) Guard() *base.Guard { return c.guard }

// Close is Drain and Cut. It may be called again.
func (c *Client) Close() error {
	err := c.Drain()
	c.Cut()
	return err
}

// Drain refuses new calls at once, and gives running ones base.CloseGrace to finish. Its error says that some did not.
func (c *Client) Drain() error {
	c.stopWaits()
	if c.drain(base.CloseGrace) != nil {
		return fmt.Errorf("%s: close: calls were still running after %s and were cut", c.guard.Name(), base.CloseGrace)
	}
	return nil
}

// Cut ends the calls that still run after Drain, waits at most a second for them, and closes idle connections.
func (c *Client) Cut() {
	c.giveUp()
	_ = c.drain(abortGrace) // they have been told to end
	c.transport.closeIdle()
}

func (c *Client) drain(grace time.Duration) error {
	ctx, cancel := context.WithTimeout(context.Background(), grace)
	defer cancel()
	return c.guard.Close(ctx)
}
