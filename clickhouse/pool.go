package clickhouse

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"
)

// pool keeps connections that nobody uses at the moment, the last used on top. How many there are in use is bounded by
// the guard's permits.
type pool struct {
	dial func(context.Context) (*conn, error)

	mu      sync.Mutex
	idle    []*conn
	inUse   map[*conn]struct{}
	version string // of the present credential; empty: not known yet, or there is none
	closed  bool
	sweeps  *time.Timer
}

var errPoolClosed = errors.New("clickhouse: the client was closed")

func newPool(dial func(context.Context) (*conn, error)) *pool {
	return &pool{dial: dial, inUse: map[*conn]struct{}{}}
}

// get takes an idle connection that is still good, or dials.
func (p *pool) get(ctx context.Context) (*conn, error) {
	for {
		c, err := p.pop()
		if err != nil {
			return nil, err
		}
		if c == nil {
			break
		}
		if !c.stale(time.Now()) && !c.link.gone(c.encrypted) {
			return c, nil
		}
		p.drop(c)
	}
	c, err := p.dial(ctx)
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		_ = c.link.Close()
		return nil, errPoolClosed
	}
	p.inUse[c] = struct{}{}
	return c, nil
}

func (p *pool) pop() (*conn, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil, errPoolClosed
	}
	if len(p.idle) == 0 {
		return nil, nil
	}
	c := p.idle[len(p.idle)-1]
	p.idle = p.idle[:len(p.idle)-1]
	p.inUse[c] = struct{}{}
	return c, nil
}

func (c *conn) stale(now time.Time) bool {
	return now.After(c.expires) || now.Sub(c.idleSince) > connIdle
}

// put gives a connection back whose last answer was read to its end.
func (p *pool) put(c *conn) {
	c.idleSince = time.Now()
	c.idle, c.bounded = 0, false
	c.trim()
	_ = c.link.SetDeadline(time.Time{})
	p.mu.Lock()
	delete(p.inUse, c)
	keep := !p.closed && c.idleSince.Before(c.expires) && !p.outdated(c)
	if keep {
		p.idle = append(p.idle, c)
		p.schedule()
	}
	p.mu.Unlock()
	if !keep {
		_ = c.link.Close()
	}
}

// drop closes a connection that must not be used again.
func (p *pool) drop(c *conn) {
	p.mu.Lock()
	delete(p.inUse, c)
	p.mu.Unlock()
	_ = c.link.Close()
}

// schedule plans the next sweep; the caller holds the lock.
func (p *pool) schedule() {
	if p.sweeps == nil {
		p.sweeps = time.AfterFunc(connIdle/5, p.sweep)
	}
}

// sweep closes idle connections that are too old or whose peer is gone.
func (p *pool) sweep() {
	p.mu.Lock()
	var dead []*conn
	now, keep := time.Now(), p.idle[:0]
	for _, c := range p.idle {
		if c.stale(now) || c.link.gone(c.encrypted) {
			dead = append(dead, c)
		} else {
			keep = append(keep, c)
		}
	}
	clear(p.idle[len(keep):])
	p.idle, p.sweeps = keep, nil
	if len(keep) > 0 && !p.closed {
		p.schedule()
	}
	p.mu.Unlock()
	for _, c := range dead {
		_ = c.link.Close()
	}
}

// outdated reports whether a connection logged in with another credential than the present one; the caller holds the lock.
func (p *pool) outdated(c *conn) bool { return p.version != "" && c.version != p.version }

// rekey goes on with the credential of that version: idle connections of another one are closed now, those in use at the
// end of their answer.
func (p *pool) rekey(version string) {
	p.mu.Lock()
	p.version = version
	var old []*conn
	p.idle = slices.DeleteFunc(p.idle, func(c *conn) bool {
		if p.outdated(c) {
			old = append(old, c)
			return true
		}
		return false
	})
	p.mu.Unlock()
	for _, c := range old {
		_ = c.link.Close()
	}
}

// forget closes every idle connection: the credential they were opened with has changed.
func (p *pool) forget() {
	p.mu.Lock()
	idle := p.idle
	p.idle = nil
	p.mu.Unlock()
	for _, c := range idle {
		_ = c.link.Close()
	}
}

// close closes every connection, those in use included.
func (p *pool) close() {
	p.mu.Lock()
	p.closed = true
	all := p.idle
	p.idle = nil
	for c := range p.inUse {
		c.cancel()
		all = append(all, c)
	}
	if p.sweeps != nil {
		p.sweeps.Stop()
		p.sweeps = nil
	}
	p.mu.Unlock()
	for _, c := range all {
		_ = c.link.Close()
	}
}
