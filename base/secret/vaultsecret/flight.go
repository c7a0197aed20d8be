package vaultsecret

import (
	"context"
	"sync"
	"time"

	"github.com/fourkites/sources/base/secret"
)

// longest bounds what a store does for one Get, also where its Config has no bound.
const longest = time.Minute

// tasks are what runs for a store. Its owner calls shut, then waits.
type tasks struct {
	ctx context.Context // ends all of them
	wg  sync.WaitGroup

	mu     sync.Mutex
	closed bool
}

// start runs f unless the store is closed.
func (t *tasks) start(f func()) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return false
	}
	t.wg.Go(f)
	return true
}

// shut refuses new tasks.
func (t *tasks) shut() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.closed = true
}

// over waits until no task runs, or the time is up.
func (t *tasks) over(patience time.Duration) bool {
	done := make(chan struct{})
	go func() { // ends with the last task
		t.wg.Wait()
		close(done)
	}()
	late := time.NewTimer(patience)
	defer late.Stop()
	select {
	case <-done:
		return true
	case <-late.C:
		return false
	}
}

// single runs one thing at a time, which any number of callers wait for. It goes on when all of them have left: an account
// that was issued to nobody would be lost.
type single[T any] struct {
	tasks *tasks
	run   func(context.Context) (T, error)

	mu    sync.Mutex
	under *flight[T]
}

type flight[T any] struct {
	done  chan struct{}
	value T
	err   error
}

// do runs it, or joins who does already, and reports which. Values of the context are those of who came first.
func (g *single[T]) do(ctx context.Context) (value T, joined bool, err error) {
	f, joined, err := g.board(ctx)
	if err != nil {
		return value, false, err
	}
	select {
	case <-f.done:
		return f.value, joined, f.err
	case <-ctx.Done():
		return value, joined, context.Cause(ctx)
	}
}

func (g *single[T]) board(ctx context.Context) (f *flight[T], joined bool, err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.under != nil {
		return g.under, true, nil
	}
	own, cancel := context.WithTimeout(context.WithoutCancel(ctx), longest)
	f = &flight[T]{done: make(chan struct{})}
	end := context.AfterFunc(g.tasks.ctx, cancel)
	if !g.tasks.start(func() {
		defer cancel()
		defer end()
		g.fly(own, f)
	}) {
		end()
		cancel()
		return nil, false, secret.ErrClosed
	}
	g.under = f
	return f, false, nil
}

func (g *single[T]) fly(ctx context.Context, f *flight[T]) {
	f.value, f.err = g.run(ctx)
	g.mu.Lock()
	g.under = nil
	g.mu.Unlock()
	close(f.done)
}
