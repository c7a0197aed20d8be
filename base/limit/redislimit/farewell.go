package redislimit

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/fourkites/sources/base/limit"
)

// closePatience is how long Close waits for calls that run, beyond what their lease would take.
const closePatience = 5 * time.Second

// Close sends away everybody who waits, with limit.ErrClosed, and lets nobody in. It waits up to 5 seconds until the calls
// that run have given back their places, tells Redis that this process is gone, and ends the connections. What is held
// then still is free at the end of the lease; that is an error. A second Close does nothing.
func (l *Limiter) Close() error {
	if l.client == nil {
		return nil
	}
	var err error
	l.closed.Do(func() {
		l.dismiss()
		err = l.drain()
		l.end() // the keeper and the listener
		<-l.kept
		if l.lastWord() {
			err = errors.Join(err, l.farewell())
		}
		err = errors.Join(err, l.client.Close())
		<-l.heard
		err = errors.Join(err, l.connector.close())
	})
	return err
}

// dismiss ends every wait.
func (l *Limiter) dismiss() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.done = true
	for _, r := range slices.Concat(l.fresh, l.asking) {
		r.end(limit.ErrClosed)
	}
	for id, r := range l.line {
		r.end(limit.ErrClosed)
		l.left = append(l.left, id)
	}
	clear(l.line)
	l.fresh = nil
	l.rouse()
}

func (l *Limiter) drain() error {
	late := time.NewTimer(closePatience)
	defer late.Stop()
	for {
		l.mu.Lock()
		held := l.held
		l.mu.Unlock()
		if held == 0 {
			return nil
		}
		select {
		case <-l.changes:
		case <-late.C:
			return fmt.Errorf("redislimit: close: calls of weight %d still run; their places are free after the lease", held)
		}
	}
}

// lastWord reports whether Redis knows of this process.
func (l *Limiter) lastWord() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.epoch != "" && l.outage.err == nil && l.held == 0
}

// farewell gives everything back.
func (l *Limiter) farewell() error {
	l.mu.Lock()
	c := l.config
	l.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), c.Timeout.D())
	defer cancel()
	_, err := l.attempt(ctx, exchange{mode: modeBye}, c)
	if err != nil && ctx.Err() == nil { // a stale connection, perhaps
		_, err = l.attempt(ctx, exchange{mode: modeBye}, c)
	}
	if err != nil {
		return fmt.Errorf("redislimit: close: the places are free after the lease: %w", l.connector.clean(err))
	}
	return nil
}
