package rest

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"time"

	"github.com/fourkites/sources/base"
)

// transport hides CloseIdleConnections, with which a failing request of go-retryablehttp would drop the idle
// connections of every other one.
type transport struct{ next http.RoundTripper }

// RoundTrip makes one exchange on the shared pool.
func (t *transport) RoundTrip(r *http.Request) (*http.Response, error) { return t.next.RoundTrip(r) }

func (t *transport) closeIdle() {
	if pool, ok := t.next.(interface{ CloseIdleConnections() }); ok {
		pool.CloseIdleConnections()
	}
}

func newTransport(config Config, options base.Options) (*transport, error) {
	if options.Transport != nil {
		return &transport{next: options.Transport}, nil
	}
	tlsConfig, err := tlsFor(config, options)
	if err != nil {
		return nil, err
	}
	proxy, err := proxyFor(config.Proxy)
	if err != nil {
		return nil, err
	}
	timeout := config.DialTimeout
	if timeout <= 0 {
		timeout = 5 * time.Second
	}
	dial := (&net.Dialer{Timeout: timeout, KeepAlive: 30 * time.Second}).DialContext
	if options.Dialer != nil {
		dial = options.Dialer
	}
	return &transport{next: &http.Transport{
		Proxy: proxy, DialContext: bounded(dial, timeout), TLSClientConfig: tlsConfig, ForceAttemptHTTP2: true,
		MaxIdleConns: 100, MaxIdleConnsPerHost: 64, IdleConnTimeout: 90 * time.Second,
		TLSHandshakeTimeout: timeout, ExpectContinueTimeout: time.Second, MaxResponseHeaderBytes: 1 << 20,
	}}, nil
}

// bounded keeps a dial that hangs from taking the time of the whole call.
func bounded(dial base.Dialer, timeout time.Duration) base.Dialer {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		inner, cancel := context.WithTimeout(ctx, timeout)
		defer cancel()
		conn, err := dial(inner, network, address)
		if err == nil {
			return conn, nil
		}
		var wrapped *net.OpError
		if errors.As(err, &wrapped) {
			return nil, err
		}
		return nil, &net.OpError{Op: "dial", Net: network, Err: err}
	}
}

func proxyFor(text string) (func(*http.Request) (*url.URL, error), error) {
	switch text {
	case "":
		return http.ProxyFromEnvironment, nil
	case "none":
		return nil, nil
	}
	u, err := url.Parse(text)
	if err != nil || u.Host == "" {
		return nil, errors.New("proxy: not a URL; write it as http://host:port")
	}
	return http.ProxyURL(u), nil
}

func tlsFor(config Config, options base.Options) (*tls.Config, error) {
	c := &tls.Config{MinVersion: tls.VersionTLS12}
	if options.TLS != nil {
		c = options.TLS.Clone()
		c.MinVersion = max(c.MinVersion, tls.VersionTLS12)
	}
	if c.InsecureSkipVerify {
		return nil, errors.New("option WithTLS: InsecureSkipVerify is refused; trust the server's CA instead")
	}
	if config.CAFile != "" {
		pem, err := os.ReadFile(config.CAFile)
		if err != nil {
			return nil, fmt.Errorf("ca_file: %w", err)
		}
		c.RootCAs = x509.NewCertPool()
		if !c.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("ca_file: %s holds no PEM certificate", config.CAFile)
		}
	}
	if (config.CertFile == "") != (config.KeyFile == "") {
		return nil, errors.New("cert_file and key_file: one is set without the other")
	}
	if config.CertFile != "" {
		if _, err := tls.LoadX509KeyPair(config.CertFile, config.KeyFile); err != nil {
			return nil, fmt.Errorf("cert_file: %w", err)
		}
		c.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { // read anew: it rotates on disk
			pair, err := tls.LoadX509KeyPair(config.CertFile, config.KeyFile)
			return &pair, err
		}
	}
	return c, nil
}
