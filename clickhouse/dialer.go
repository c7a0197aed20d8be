package clickhouse

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/internal/tlsconfig"
)

const (
	dialTimeout      = 5 * time.Second // for one address, TLS included
	handshakeTimeout = 10 * time.Second
)

// dialer opens connections for both drivers: it picks the address, does TLS, and hands out links.
type dialer struct {
	addresses []string
	dial      base.Dialer
	tls       *tls.Config // nil: plain
	last      atomic.Int64
}

func newDialer(c Config, o base.Options) (*dialer, error) {
	d := &dialer{addresses: c.addresses(), dial: o.Dialer}
	if d.dial == nil {
		d.dial = (&net.Dialer{KeepAlive: 30 * time.Second}).DialContext
	}
	if !c.Secure {
		return d, nil
	}
	var err error
	d.tls, err = c.files().Config(o.TLS)
	return d, err
}

func (c Config) files() tlsconfig.Files {
	return tlsconfig.Files{CAFile: c.CAFile, CertFile: c.CertFile, KeyFile: c.KeyFile, ServerName: c.ServerName}
}

// order is the address that worked last, then the others in turn.
func (d *dialer) order() []string {
	first := int(d.last.Load()) % len(d.addresses)
	return slices.Concat(d.addresses[first:], d.addresses[:first])
}

// open connects to the first address that can be had.
func (d *dialer) open(ctx context.Context) (*link, error) {
	var problems []error
	for _, address := range d.order() {
		l, err := d.connect(ctx, address)
		if err == nil {
			return l, nil
		}
		problems = append(problems, err)
		if ctx.Err() != nil {
			break
		}
	}
	return nil, errors.Join(problems...)
}

// worked keeps an address for the next connection.
func (d *dialer) worked(address string) { d.last.Store(int64(slices.Index(d.addresses, address))) }

// failed moves on to the next address, for this one accepted a connection and then did not answer.
func (d *dialer) failed(address string) {
	for i, a := range d.addresses {
		if a == address {
			d.last.CompareAndSwap(int64(i), int64((i+1)%len(d.addresses)))
		}
	}
}

// connect connects to that address, which its error names.
func (d *dialer) connect(ctx context.Context, address string) (*link, error) {
	l, err := d.reach(ctx, address)
	switch {
	case err == nil:
	case strings.Contains(err.Error(), address): // as the network's own errors do
		return nil, err
	default:
		return nil, fmt.Errorf("%s: %w", address, err)
	}
	d.worked(address)
	return l, nil
}

func (d *dialer) reach(ctx context.Context, address string) (*link, error) {
	limited, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	raw, err := d.dial(limited, "tcp", address)
	if err != nil {
		return nil, overdue(ctx, err)
	}
	if d.tls == nil {
		return newLink(ctx, raw, raw), nil
	}
	config := d.tls
	if config.ServerName == "" {
		host, _, _ := net.SplitHostPort(address)
		config = config.Clone()
		config.ServerName = host
	}
	conn := tls.Client(raw, config)
	if err := conn.HandshakeContext(limited); err != nil {
		_ = raw.Close()
		return nil, &handshakeError{true, overdue(ctx, err)}
	}
	return newLink(ctx, conn, raw), nil
}

// overdue is the context's end where that is why dialing failed. The network goes by the deadline, which passes a moment
// before the context ends: that moment is waited for, so that the caller's deadline is not taken for a dead host.
func overdue(ctx context.Context, err error) error {
	if at, ok := ctx.Deadline(); ok && !time.Now().Before(at) {
		<-ctx.Done()
		return errors.Join(context.Cause(ctx), err)
	}
	return err
}
