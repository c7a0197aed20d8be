package graph

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/internal/tlsconfig"
)

const dialTimeout = 5 * time.Second // of a connection, TLS included

// dialer opens the connections of the driver. It does TLS itself, hands out links, and lets logins pass one after the
// other.
type dialer struct {
	address   string // that Config names
	plaintext bool
	dial      base.Dialer
	tls       *tls.Config // nil: plain
	gate      *gate
	links     links
}

func newDialer(c Config, at location, o base.Options, g *gate) (*dialer, error) {
	d := &dialer{address: at.address(), plaintext: c.Plaintext, dial: o.Dialer, gate: g}
	d.links.ctx, d.links.stop = context.WithCancel(context.Background())
	if d.dial == nil {
		d.dial = (&net.Dialer{KeepAlive: 30 * time.Second}).DialContext
	}
	if c.Plaintext {
		return d, nil
	}
	var err error
	d.tls, err = c.files().Config(o.TLS)
	return d, err
}

// connect is the driver's way to a connection. What fails is kept in the entry, for the driver drops some of it.
func (d *dialer) connect(ctx context.Context, address string) (net.Conn, error) {
	e, _ := ctx.Value(entryKey{}).(*entry)
	l, err := d.open(ctx, address)
	if err == nil && e != nil {
		if err = d.gate.enter(ctx, e); err != nil {
			_ = l.Close()
		}
	}
	if err != nil {
		err = &dialError{address, err}
		if e != nil {
			e.failed = err
		}
		return nil, err
	}
	if e != nil {
		e.failed = nil
	}
	return l, nil
}

func (d *dialer) open(ctx context.Context, address string) (*link, error) {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	stop := context.AfterFunc(d.links.ctx, cancel)
	defer stop()
	if host, _, err := net.SplitHostPort(address); d.plaintext && (err != nil || !tlsconfig.OnThisMachine(host)) {
		return nil, errInClear
	}
	raw, err := d.dial(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	l := &link{Conn: raw, raw: raw, links: &d.links}
	if d.tls != nil {
		if l.Conn, err = encrypt(ctx, raw, d.tls, address); err != nil {
			_ = raw.Close()
			return nil, err
		}
	}
	if !d.links.add(l) {
		_ = l.Close()
		return nil, errEnded
	}
	return l, nil
}

func encrypt(ctx context.Context, raw net.Conn, config *tls.Config, address string) (net.Conn, error) {
	if config.ServerName == "" {
		config = config.Clone()
		config.ServerName, _, _ = net.SplitHostPort(address)
	}
	conn := tls.Client(raw, config)
	return conn, conn.HandshakeContext(ctx)
}

var (
	errEnded   = errors.New("graph: the client was closed")
	errInClear = errors.New("the routing table names a server that is not on this machine, and the connection would have no TLS")
)

// dialError is a connection that did not come about: nothing was sent.
type dialError struct {
	address string
	err     error
}

func (e *dialError) Error() string { return fmt.Sprintf("%s: %s", e.address, e.err) }

func (e *dialError) Unwrap() error { return e.err }

// Timeout makes it an error of the network for the driver, which never says that it may wait longer.
func (e *dialError) Timeout() bool { return false }

// Temporary makes it an error of the network for the driver.
func (e *dialError) Temporary() bool { return false }

// links are the connections that are open, so that Close can end them, and the calls that wait to learn theirs.
type links struct {
	ctx  context.Context // ends with Close
	stop context.CancelFunc

	mu      sync.Mutex
	all     map[*link]struct{}
	waiting map[string]*entry // by the id of the call
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

// expect has the connection that carries this id found.
func (k *links) expect(e *entry) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.waiting == nil {
		k.waiting = map[string]*entry{}
	}
	k.waiting[e.id] = e
}

func (k *links) forget(e *entry) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.waiting, e.id)
}

// found says that the connection carries the call of this id.
func (k *links) found(id string, l *link) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if e := k.waiting[id]; e != nil {
		e.link.Store(l)
	}
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
