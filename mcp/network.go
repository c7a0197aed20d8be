package mcp

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/fourkites/sources/base"
)

// transport is how requests leave, with what the options replace.
func (c ClientConfig) transport(options base.Options) (http.RoundTripper, error) {
	if options.Transport != nil {
		if options.Dialer != nil || options.TLS != nil || c.CAFile != "" || c.Proxy != "" {
			return nil, errors.New("option WithTransport: beside it WithDialer, WithTLS, ca_file and proxy do nothing; take them away")
		}
		return options.Transport, nil
	}
	at, err := url.Parse(c.URL)
	if err != nil {
		return nil, errors.New("url: not a URL")
	}
	t := &http.Transport{
		DialContext: dialer(at.Hostname()).DialContext,
		Proxy:       http.ProxyFromEnvironment, ForceAttemptHTTP2: true, MaxIdleConnsPerHost: 8, IdleConnTimeout: 90 * time.Second,
		DisableCompression:  true, // what was changed on the way shows in the answer itself
		TLSHandshakeTimeout: 10 * time.Second, TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12},
	}
	if options.Dialer != nil {
		t.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
			ctx, cancel := context.WithTimeout(ctx, dialTimeout)
			defer cancel()
			return options.Dialer(ctx, network, address)
		}
	}
	if c.Proxy == "none" {
		t.Proxy = nil
	} else if c.Proxy != "" {
		proxy, err := url.Parse(c.Proxy)
		if err != nil {
			return nil, errors.New("proxy: not a URL")
		}
		t.Proxy = http.ProxyURL(proxy)
	}
	return t, c.secure(t, options.TLS)
}

func (c ClientConfig) secure(t *http.Transport, given *tls.Config) error {
	if given != nil {
		t.TLSClientConfig = given.Clone()
		t.TLSClientConfig.MinVersion = max(given.MinVersion, tls.VersionTLS12)
	}
	if c.CAFile == "" {
		return nil
	}
	if strings.ContainsAny(c.CAFile, "\r\n") || strings.Contains(c.CAFile, "-----BEGIN") {
		return errors.New("ca_file: it holds what belongs into a file; write the name of the file") // an error about the file would show it
	}
	pem, err := os.ReadFile(c.CAFile)
	if err != nil {
		return fmt.Errorf("ca_file: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return fmt.Errorf("ca_file: %s holds no certificate", c.CAFile)
	}
	t.TLSClientConfig.RootCAs = pool
	return nil
}

const dialTimeout = 5 * time.Second

// dialer refuses what no name of a server on the network leads to. An address that the operator wrote is meant.
func dialer(host string) *net.Dialer {
	d := &net.Dialer{Timeout: dialTimeout, KeepAlive: 30 * time.Second}
	if _, err := netip.ParseAddr(host); err == nil || strings.EqualFold(host, "localhost") {
		return d
	}
	d.Control = func(_, address string, _ syscall.RawConn) error {
		at, err := netip.ParseAddrPort(address)
		if ip := at.Addr().Unmap(); err != nil || !ip.IsLoopback() && !ip.IsLinkLocalUnicast() && !ip.IsMulticast() && !ip.IsUnspecified() {
			return nil
		}
		e := base.NewError(base.KindInvalid, nil).WithText("the host name leads to a loopback, link-local, multicast or unspecified " +
			"address; write the address itself into the url if that is meant")
		e.Sent = base.NotSent
		return e
	}
	return d
}
