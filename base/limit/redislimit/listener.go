package redislimit

import (
	"context"
	"time"
)

// reconnect is the time between two connections to listen on.
const reconnect = time.Second

// listen wakes the keeper when another process let one of this process' calls through. Where it cannot hear, the keeper
// finds out by looking.
func (l *Limiter) listen() {
	defer close(l.heard)
	for l.awaited() {
		l.hear()
		select {
		case <-l.life.Done():
			return
		case <-time.After(reconnect):
		}
	}
}

// awaited waits until the limiter is used, so that one that is not has no connection; false at its end.
func (l *Limiter) awaited() bool {
	select {
	case <-l.used:
		return true
	case <-l.life.Done():
		return false
	}
}

// hear listens until the connection fails or the limiter ends.
func (l *Limiter) hear() {
	defer l.hearing.Store(false)
	told := l.client.Subscribe(l.life, l.channel(l.id))
	defer func() { _ = told.Close() }()
	defer context.AfterFunc(l.life, func() { _ = told.Close() })() // it does not look at its context while it reads
	for {
		err := guarded(func() error {
			_, err := told.Receive(l.life)
			return err
		})
		if err != nil {
			return
		}
		l.hearing.Store(true) // the first message is that of the subscription
		l.rouse()
	}
}
