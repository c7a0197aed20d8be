package awssecret

import (
	"context"
	"errors"
	"sync"

	"github.com/fourkites/sources/base/secret"
)

// flights are the requests under way. Clients that ask for keys of the same secret at the same moment share one; an answer
// that has come is not kept.
type flights struct {
	run func(context.Context, ask) (*answer, error)
	ctx context.Context // of the store; its end ends all of them
	wg  sync.WaitGroup

	mu     sync.Mutex
	closed bool
	open   map[ask]*flight
}

// flight is one request, which any number of callers wait for. It ends early when all of them have left.
type flight struct {
	done    chan struct{}
	cancel  context.CancelFunc
	waiting int // under flights.mu
	answer  *answer
	err     error
}

// fetch asks, or joins who asks already, and reports which. An error of the caller's own context is left to the caller.
func (f *flights) fetch(ctx context.Context, a ask) (got *answer, joined bool, err error) {
	under, joined, err := f.board(a)
	if err != nil {
		return nil, false, err
	}
	select {
	case <-under.done:
		return under.answer, joined, under.err
	case <-ctx.Done():
		f.leave(a, under)
		return nil, joined, context.Cause(ctx)
	}
}

func (f *flights) board(a ask) (under *flight, joined bool, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return nil, false, secret.ErrClosed
	}
	if under = f.open[a]; under != nil {
		under.waiting++
		return under, true, nil
	}
	ctx, cancel := context.WithCancel(f.ctx)
	under = &flight{done: make(chan struct{}), cancel: cancel, waiting: 1}
	f.open[a] = under
	f.wg.Go(func() { f.fly(ctx, a, under) })
	return under, false, nil
}

// errNoAnswer is the error of a request whose goroutine a transport ended.
var errNoAnswer = errors.New("the request ended without an answer")

func (f *flights) fly(ctx context.Context, a ask, under *flight) {
	defer under.cancel()
	under.err = errNoAnswer
	defer func() {
		f.mu.Lock()
		f.land(a, under)
		f.mu.Unlock()
		close(under.done)
	}()
	under.answer, under.err = f.run(ctx, a)
}

// land takes the request off the list. The caller holds the lock.
func (f *flights) land(a ask, under *flight) {
	if f.open[a] == under {
		delete(f.open, a)
	}
}

func (f *flights) leave(a ask, under *flight) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if under.waiting--; under.waiting == 0 {
		f.land(a, under) // who comes next asks anew
		under.cancel()
	}
}

// close refuses new requests; those under way end with the context of the store.
func (f *flights) close() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closed = true
}
