// Package limit holds the mechanisms that keep a client within what its source can bear: permits for calls in flight,
// and a rate that follows the server's own quota headers.
package limit

import (
	"container/list"
	"context"
	"errors"
	"sync"
)

// What a wait can end with, beside the error of its context.
var (
	ErrFull   = errors.New("limit: too many calls wait already")
	ErrWoken  = errors.New("limit: the wait was called off")
	ErrClosed = errors.New("limit: closed")
)

// Permits bounds the weight of the calls in flight. Waiters are served in the order in which they came; a light call
// never overtakes a heavy one. The bound can be changed at any time: a lower one takes effect as permits come back.
// Weights are positive; one above the bound is let through when nothing else is in flight, rather than never.
// Safe for concurrent use. It exists beside x/sync/semaphore because that one can neither be resized nor bound its
// queue.
type Permits struct {
	mu      sync.Mutex
	size    int64 // <= 0: no bound
	queue   int   // most waiters
	used    int64
	waiters list.List // of *waiter
	closed  bool
}

type waiter struct {
	weight int64
	ready  chan struct{} // closed once served, or once the permits are closed
	served bool
}

// NewPermits makes permits of the given size with a queue of at most that many waiters. A size that is not positive
// means no bound.
func NewPermits(size int64, queue int) *Permits { return &Permits{size: size, queue: queue} }

// TryAcquire takes permits of the weight if they are free and nobody waits.
func (p *Permits) TryAcquire(weight int64) bool {
	p.mu.Lock()
	ok := !p.closed && p.waiters.Len() == 0 && p.fits(weight)
	if ok {
		p.used += weight
	}
	p.mu.Unlock()
	return ok
}

// fits lets a call that is heavier than the whole bound run alone; the caller holds the lock.
func (p *Permits) fits(weight int64) bool {
	return p.size <= 0 || p.used == 0 || p.used+weight <= p.size
}

// Acquire waits until permits of the weight are free. It ends early with the context's error, with ErrWoken when wake
// is closed, with ErrFull when the queue is full and with ErrClosed after Close. Each Acquire that returns nil needs
// one Release of the same weight.
func (p *Permits) Acquire(ctx context.Context, weight int64, wake <-chan struct{}) error {
	p.mu.Lock()
	switch {
	case p.closed:
		p.mu.Unlock()
		return ErrClosed
	case p.waiters.Len() == 0 && p.fits(weight):
		p.used += weight
		p.mu.Unlock()
		return nil
	case p.waiters.Len() >= p.queue:
		p.mu.Unlock()
		return ErrFull
	}
	w := &waiter{weight: weight, ready: make(chan struct{})}
	place := p.waiters.PushBack(w)
	p.mu.Unlock()
	select {
	case <-w.ready:
		return p.answer(w)
	case <-ctx.Done():
		return p.leave(place, w, ctx.Err())
	case <-wake:
		return p.leave(place, w, ErrWoken)
	}
}

func (p *Permits) answer(w *waiter) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !w.served {
		return ErrClosed
	}
	return nil
}

// leave gives up the place in the queue. A waiter that was served meanwhile gives its permits back.
func (p *Permits) leave(place *list.Element, w *waiter, err error) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if w.served {
		p.used -= w.weight
	} else if !p.closed {
		p.waiters.Remove(place)
	}
	p.serve()
	return err
}

// Release gives permits back and serves those who wait.
func (p *Permits) Release(weight int64) {
	p.mu.Lock()
	p.used -= weight
	if p.waiters.Len() > 0 {
		p.serve()
	}
	p.mu.Unlock()
}

func (p *Permits) serve() {
	for front := p.waiters.Front(); front != nil; front = p.waiters.Front() {
		w := front.Value.(*waiter)
		if !p.fits(w.weight) {
			return
		}
		p.used += w.weight
		w.served = true
		p.waiters.Remove(front)
		close(w.ready)
	}
}

// Resize changes the bound. Calls in flight are left alone.
func (p *Permits) Resize(size int64, queue int) {
	p.mu.Lock()
	p.size, p.queue = size, queue
	p.serve()
	p.mu.Unlock()
}

// Close sends every waiter away with ErrClosed and admits nobody more. Permits that are out may still come back.
func (p *Permits) Close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	for e := p.waiters.Front(); e != nil; e = e.Next() {
		close(e.Value.(*waiter).ready)
	}
	p.waiters.Init()
}

// Usage is what the permits look like at one instant.
type Usage struct {
	Size    int64 // the bound; not positive means none
	Used    int64 // weight in flight
	Waiting int   // calls in the queue
}

// Usage reads the present state.
func (p *Permits) Usage() Usage {
	p.mu.Lock()
	defer p.mu.Unlock()
	return Usage{Size: p.size, Used: p.used, Waiting: p.waiters.Len()}
}
