package redshift

import (
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/internal/tlsconfig"
)

const (
	dialTimeout    = 5 * time.Second  // of the connection itself, TLS included
	connectTimeout = 10 * time.Second // with the login
)

// dialer opens connections, those that carry a request to cancel included: it does TLS itself and hands out links.
type dialer struct {
	address string
	dial    base.Dialer
	given   bool                          // the dialer is the caller's
	tls     *tls.Config                   // nil: plain
	logins  atomic.Pointer[chan struct{}] // a place for each login that may go on; nil: any number
	links   links
}

func newDialer(c Config, o base.Options) (*dialer, error) {
	d := &dialer{address: c.address(), dial: o.Dialer, given: o.Dialer != nil}
	d.links.ctx, d.links.stop = context.WithCancel(context.Background())
	if d.dial == nil {
		d.dial = (&net.Dialer{KeepAlive: 30 * time.Second}).DialContext
	}
	if c.Plaintext {
		return d, nil
	}
	var err error
	if d.tls, err = c.files().Config(o.TLS); err == nil && d.tls.ServerName == "" {
		d.tls.ServerName = c.Host
	}
	return d, err
}

func (c Config) files() tlsconfig.Files {
	return tlsconfig.Files{CAFile: c.CAFile, CertFile: c.CertFile, KeyFile: c.KeyFile, ServerName: c.ServerName}
}

// connect is the driver's way to a connection. The driver's own context may know nothing of Close: the links do.
func (d *dialer) connect(ctx context.Context, network, address string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	stop := context.AfterFunc(d.links.ctx, cancel)
	defer stop()
	raw, err := d.dial(ctx, network, address)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", address, err)
	}
	l := &link{Conn: raw, raw: raw, links: &d.links}
	if d.given {
		l.remote = dialed(address)
	}
	if d.tls == nil {
		l.expectGreeting()
	} else {
		conn, err := encrypt(ctx, raw, d.tls)
		if err != nil {
			_ = raw.Close()
			return nil, fmt.Errorf("%s: %w", address, err)
		}
		l.Conn, l.watch.private = conn, true
	}
	if !d.links.add(l) {
		_ = l.Close()
		return nil, errPoolClosed
	}
	return l, nil
}

// sslRequest asks a server that speaks PostgreSQL's protocol for TLS.
const sslRequest = 80877103

var errNoTLS = errors.New("the server does not speak TLS")

func encrypt(ctx context.Context, raw net.Conn, config *tls.Config) (net.Conn, error) {
	stop := context.AfterFunc(ctx, func() { _ = raw.SetDeadline(time.Unix(1, 0)) })
	conn, err := negotiate(ctx, raw, config)
	if !stop() { // the connection carries a deadline that has passed
		if _, mute := errors.AsType[*greetingError](err); mute && errors.Is(ctx.Err(), context.DeadlineExceeded) {
			return nil, &greetingError{context.Cause(ctx), true}
		}
		return nil, context.Cause(ctx)
	}
	return conn, err
}

func negotiate(ctx context.Context, raw net.Conn, config *tls.Config) (net.Conn, error) {
	ask := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, 8), sslRequest)
	if _, err := raw.Write(ask); err != nil {
		return nil, err
	}
	answer := make([]byte, 1)
	_, err := io.ReadFull(raw, answer)
	switch {
	case err != nil:
		return nil, &greetingError{err, false}
	case answer[0] == 'N':
		return nil, errNoTLS
	case answer[0] != 'S':
		return nil, malformed("answer %q to the request for TLS", answer)
	}
	conn := tls.Client(raw, config)
	return conn, conn.HandshakeContext(ctx)
}

// links are the connections that are open, so that Close can end them.
type links struct {
	ctx  context.Context // ends with Close
	stop context.CancelFunc

	mu  sync.Mutex
	all map[*link]struct{}
}

func (k *links) add(l *link) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.ctx.Err() != nil {
		return false
	}
	if k.all == nil {
		k.all = map[*link]struct{}{}
	}
	k.all[l] = struct{}{}
	return true
}

func (k *links) remove(l *link) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.all, l)
}

// close ends every connection and refuses new ones.
func (k *links) close() {
	k.stop()
	k.mu.Lock()
	all := make([]*link, 0, len(k.all))
	for l := range k.all {
		all = append(all, l)
	}
	k.mu.Unlock()
	for _, l := range all {
		_ = l.Close()
	}
}
