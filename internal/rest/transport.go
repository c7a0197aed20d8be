package rest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"syscall"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/internal/tlsconfig"
)

// transport hides CloseIdleConnections, with which a failing request of go-retryablehttp would drop the idle
// connections of every other one. Hosts that the service's links lead to have a pool of their own: what proves one end to
// the other, certificate and name, is between us and the service alone.
type transport struct {
	root    *url.URL
	next    http.RoundTripper
	foreign http.RoundTripper
	given   bool // by the caller, who closes it
}

// RoundTrip makes one exchange on the shared pool.
func (t *transport) RoundTrip(r *http.Request) (*http.Response, error) {
	if t.given || sameHost(r.URL, t.root) {
		return t.next.RoundTrip(r)
	}
	return t.foreign.RoundTrip(r.WithContext(context.WithValue(r.Context(), foreignKey{}, r.URL.Hostname())))
}

func sameHost(a, b *url.URL) bool {
	return a.Scheme == b.Scheme && strings.EqualFold(a.Hostname(), b.Hostname()) && portOf(a) == portOf(b)
}

func portOf(u *url.URL) string {
	if port := u.Port(); port != "" {
		return port
	}
	return map[string]string{"http": "80", "https": "443"}[u.Scheme]
}

func (t *transport) closeIdle() {
	if t.given {
		return
	}
	for _, pool := range []http.RoundTripper{t.next, t.foreign} {
		if pool, ok := pool.(interface{ CloseIdleConnections() }); ok {
			pool.CloseIdleConnections()
		}
	}
}

const (
	defaultDialTimeout = 5 * time.Second
	keepAlive          = 30 * time.Second
	idleTimeout        = 90 * time.Second
	maxIdle            = 100
	maxIdlePerHost     = 64
	maxHeader          = 1 << 20 // bytes of an answer's header
)

// ineffective names the settings that would do nothing: all of them beside a transport that was given, those of TLS where no
// TLS is spoken. A setting that does nothing would be a trap.
func ineffective(config Config, root *url.URL, options base.Options) error {
	var set []string
	note := func(there bool, name string) {
		if there {
			set = append(set, name)
		}
	}
	note(options.TLS != nil, "option WithTLS")
	note(config.CAFile != "", "ca_file")
	note(config.ServerName != "", "server_name")
	note(config.CertFile != "" || config.KeyFile != "", "cert_file and key_file")
	secured := root.Scheme == "https" || strings.HasPrefix(strings.ToLower(config.Proxy), "https:")
	if !secured && options.Transport == nil && len(set) > 0 {
		return fmt.Errorf("base URL: plain http, beside which these would do nothing: %s; write https, or take them away", strings.Join(set, ", "))
	}
	note(options.Dialer != nil, "option WithDialer")
	note(config.Proxy != "" && config.Proxy != "none", "proxy")
	if options.Transport != nil && len(set) > 0 {
		return fmt.Errorf("option WithTransport: beside it these would do nothing: %s; set them in the transport", strings.Join(set, ", "))
	}
	return nil
}

func newTransport(config Config, root *url.URL, options base.Options) (*transport, error) {
	if err := ineffective(config, root, options); err != nil {
		return nil, err
	}
	if options.Transport != nil {
		return &transport{root: root, next: options.Transport, given: true}, nil
	}
	timeout := config.DialTimeout
	if timeout <= 0 {
		timeout = defaultDialTimeout
	}
	next, err := newPool(config, dialer(root, timeout), timeout, options)
	if err != nil {
		return nil, err
	}
	foreign := next.Clone()
	foreign.TLSClientConfig.ServerName = ""
	foreign.TLSClientConfig.Certificates, foreign.TLSClientConfig.GetClientCertificate = nil, nil
	if config.ServerName != "" {
		next.TLSClientConfig.ServerName = config.ServerName
	}
	return &transport{root: root, next: next, foreign: foreign}, nil
}

// NewPool is the connections of a client that makes its calls by a library of its own: proxy, TLS and times are those of all
// sources. CAFile, CertFile, KeyFile, Proxy and DialTimeout of the Config count.
func NewPool(config Config, options base.Options) (*http.Transport, error) {
	timeout := config.DialTimeout
	if timeout <= 0 {
		timeout = defaultDialTimeout
	}
	return newPool(config, (&net.Dialer{Timeout: timeout, KeepAlive: keepAlive}).DialContext, timeout, options)
}

func newPool(config Config, dial base.Dialer, timeout time.Duration, options base.Options) (*http.Transport, error) {
	files := tlsconfig.Files{CAFile: config.CAFile, CertFile: config.CertFile, KeyFile: config.KeyFile}
	secured, err := files.Config(options.TLS)
	if err != nil {
		return nil, err
	}
	proxy, err := proxyFor(config.Proxy)
	if err != nil {
		return nil, fmt.Errorf("proxy: %w", err)
	}
	if options.Dialer != nil {
		dial = options.Dialer
	}
	return &http.Transport{
		Proxy: proxy, OnProxyConnectResponse: proxyRefuses, DialContext: watched(dial, timeout), TLSClientConfig: secured,
		ForceAttemptHTTP2: true, TLSHandshakeTimeout: timeout, ExpectContinueTimeout: time.Second, MaxResponseHeaderBytes: maxHeader,
		MaxIdleConns: maxIdle, MaxIdleConnsPerHost: maxIdlePerHost, IdleConnTimeout: idleTimeout,
	}, nil
}

// keep leaves no more idle connections than permits, where those are bounded: exchanges outside of the guard may have taken
// more. It is called before the first exchange.
func (t *transport) keep(permits int) {
	if t.given || permits <= 0 {
		return
	}
	for _, pool := range []http.RoundTripper{t.next, t.foreign} {
		if pool, ok := pool.(*http.Transport); ok {
			pool.MaxIdleConnsPerHost = min(maxIdlePerHost, permits)
		}
	}
}

// watched keeps a dial that hangs from taking the time of the whole call, and gives connections that tell of their end.
func watched(dial base.Dialer, timeout time.Duration) base.Dialer {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		inner, cancel := context.WithTimeout(ctx, timeout)
		defer cancel()
		c, err := dial(inner, network, address)
		if err == nil {
			return &conn{Conn: c}, nil
		}
		if _, ok := errors.AsType[*net.OpError](err); ok {
			return nil, err
		}
		return nil, &net.OpError{Op: "dial", Net: network, Err: err}
	}
}

// dialer refuses where the host name of the base URL leads to this machine or to the service of a cloud that hands out
// credentials: a name server that is not ours to trust could have signed calls sent there. A base URL that names such an
// address itself, or localhost, is the operator's own choice; so is the proxy. Where a link of the service leads nobody
// has chosen: such an address is refused however it is written, unless the service is on this machine itself. Private
// networks are where internal services live.
func dialer(root *url.URL, timeout time.Duration) base.Dialer {
	free := &net.Dialer{Timeout: timeout, KeepAlive: keepAlive}
	bound := &net.Dialer{Timeout: timeout, KeepAlive: keepAlive, ControlContext: refuseWithheld}
	foreign := &net.Dialer{Timeout: timeout, KeepAlive: keepAlive, ControlContext: refuseForeign}
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		host, _, err := net.SplitHostPort(address)
		if err != nil {
			return free.DialContext(ctx, network, address)
		}
		switch link, _ := ctx.Value(foreignKey{}).(string); {
		case strings.EqualFold(host, link) && !loopback(root.Hostname()):
			return foreign.DialContext(ctx, network, address)
		case strings.EqualFold(host, root.Hostname()) && !names(host):
			return bound.DialContext(ctx, network, address)
		}
		return free.DialContext(ctx, network, address)
	}
}

// foreignKey is the key of the host that a link of the service leads to.
type foreignKey struct{}

// loopback reports whether the text is an address of this machine, or its name for it.
func loopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return names(host) && (err != nil || ip.Unmap().IsLoopback())
}

// names reports whether the text is an address itself, or this machine.
func names(host string) bool {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	_, err := netip.ParseAddr(host)
	return err == nil || host == "localhost" || strings.HasSuffix(host, ".localhost")
}

func refuseWithheld(_ context.Context, _, address string, _ syscall.RawConn) error {
	return refuse(address, base.KindInvalid, errWithheld)
}

func refuseForeign(_ context.Context, _, address string, _ syscall.RawConn) error {
	return refuse(address, base.KindProtocol, errForeign)
}

func refuse(address string, kind base.Kind, why error) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil || !withheld(at.Addr().Unmap().WithZone("")) {
		return nil
	}
	e := base.NewError(kind, why)
	e.Sent = base.NotSent
	return e
}

var errWithheld = errors.New("the host name leads to a loopback, link-local, multicast or unspecified address; " +
	"write the address itself into the base URL if that is meant")

var errForeign = errors.New("a link of the service leads to a loopback, link-local, multicast or unspecified address, which is not followed")

// withheld are addresses that no name of a service on the network has.
func withheld(ip netip.Addr) bool {
	if bytes := ip.As16(); ip.Is6() && nat64.Contains(ip) {
		ip = netip.AddrFrom4([4]byte(bytes[12:]))
	}
	return ip.IsLoopback() || ip.IsLinkLocalUnicast() || ip.IsMulticast() || ip.IsUnspecified() || ip == metadata6
}

var (
	nat64     = netip.MustParsePrefix("64:ff9b::/96")
	metadata6 = netip.MustParseAddr("fd00:ec2::254") // of AWS
)

func proxyFor(text string) (func(*http.Request) (*url.URL, error), error) {
	switch text {
	case "":
		return environment, nil
	case "none":
		return nil, nil
	}
	u, err := parseProxy(text)
	if err != nil {
		return nil, fmt.Errorf("proxy: %w", err)
	}
	return http.ProxyURL(u), nil
}

// CheckProxy says what is wrong with the URL of a proxy; empty and "none" are right. Its error never repeats the text.
func CheckProxy(text string) error {
	if text == "" || text == "none" {
		return nil
	}
	_, err := parseProxy(text)
	return err
}

// parseProxy refuses credentials: the text is no secret and is printed with the rest of its Config.
func parseProxy(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Hostname() == "":
		return nil, errors.New("not a URL; write it as http://host:port")
	case u.User != nil, u.RawQuery != "", u.Fragment != "":
		return nil, errors.New("it must hold neither user, password, query nor fragment, for it is printed as it is; " + proxyCredentials)
	}
	switch u.Scheme {
	case "http", "https", "socks5", "socks5h":
		return u, nil
	}
	return nil, errors.New("the scheme must be http, https, socks5 or socks5h")
}

// proxyCredentials says where they have their place.
const proxyCredentials = "leave it empty and set credentials in HTTPS_PROXY of the environment, or give WithTransport"

const proxyWants = "the proxy wants credentials; leave proxy empty and set them in HTTPS_PROXY of the environment, or give WithTransport"

// environment is the proxy of the environment. The standard error of a bad one repeats it, password and all.
func environment(r *http.Request) (*url.URL, error) {
	u, err := http.ProxyFromEnvironment(r)
	if err != nil {
		return nil, base.NewError(base.KindInvalid, errors.New("the proxy of the environment is no URL; check HTTP_PROXY and HTTPS_PROXY, or set proxy"))
	}
	return u, nil
}

// proxyRefuses types the answer of a proxy that does not open the way.
func proxyRefuses(_ context.Context, proxy *url.URL, _ *http.Request, resp *http.Response) error {
	if resp.StatusCode == http.StatusOK {
		return nil
	}
	e := base.NewError(base.KindUnavailable, fmt.Errorf("proxy %s: HTTP %d to CONNECT", proxy.Host, resp.StatusCode))
	e.Sent = base.NotSent
	e.SetHint(base.HintOf("the proxy does not reach the service; check proxy and the base URL"))
	switch {
	case resp.StatusCode == http.StatusProxyAuthRequired:
		e.Kind = base.KindInvalid
		e.SetHint(base.HintOf(proxyWants))
	case resp.StatusCode < http.StatusInternalServerError:
		e.Kind = base.KindInvalid
		e.SetHint(base.HintOf("the proxy refuses the way to the service; check proxy and the base URL"))
	}
	return e
}
