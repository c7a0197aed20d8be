package clickhouse

import (
	"context"
	"errors"
	"net"
	"os"
	"testing"
	"time"

	"github.com/fourkites/sources/base"
)

// The context of an attempt may have ended while its connection was being had.
func TestAnAnswerWhoseContextHasEndedAlreadyEndsOnce(t *testing.T) {
	t.Parallel()
	c, err := New(t.Context(), Config{Host: "127.0.0.1"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	ctx, cancel := context.WithCancelCause(t.Context())
	gone := errors.New("gone")
	cancel(gone)
	for range 500 {
		ours, theirs := net.Pipe()
		_ = theirs.Close()
		k := &conn{link: newLink(t.Context(), ours, ours), hello: hello{zone: time.UTC}}
		k.in = &input{src: timedReader{k}, buf: make([]byte, 64)}
		s := newStream(ctx, &ask{client: c, op: &base.Op{Name: "Query"}, caller: ctx}, k)
		if _, err := s.Next(); !errors.Is(err, gone) {
			t.Fatal(err)
		}
	}
}

// A dialer that goes by the deadline fails a moment before the context ends.
func TestTheCallersDeadlineIsNotADeadHost(t *testing.T) {
	t.Parallel()
	early := func(ctx context.Context, _, _ string) (net.Conn, error) {
		at, _ := ctx.Deadline()
		for time.Now().Before(at) {
			continue
		}
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: os.ErrDeadlineExceeded}
	}
	c, err := New(t.Context(), Config{Host: "127.0.0.1"}, base.WithDialer(early))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	for range 50 {
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Millisecond)
		err := c.Ping(ctx)
		cancel()
		if kind := base.KindOf(err); kind != base.KindDeadline && kind != base.KindNoTimeLeft {
			t.Fatal(err)
		}
	}
}

// stuck is a connection on which a write waits until it is let go.
type stuck struct {
	net.Conn
	entered, release chan struct{}
}

func (c stuck) Write([]byte) (int, error) {
	close(c.entered)
	<-c.release
	return 0, net.ErrClosed
}

// The context ends an answer while it is read: what the reader gets is typed, whoever is the first.
func TestTheErrorOfAnAnswerIsTypedWhileItsEndIsUnderWay(t *testing.T) {
	t.Parallel()
	c, err := New(t.Context(), Config{Host: "127.0.0.1"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	c.ending.Store(true) // so that no other connection is made to kill the query
	ctx, cancel := context.WithCancel(t.Context())
	ours, theirs := net.Pipe()
	t.Cleanup(func() { _ = theirs.Close() })
	raw := stuck{ours, make(chan struct{}), make(chan struct{})}
	k := &conn{link: newLink(t.Context(), raw, raw), hello: hello{zone: time.UTC}}
	k.in = newInput(timedReader{k})
	op := &base.Op{Name: "Query"}
	s, hold, err := base.Open(ctx, c.guard, op, func(inner context.Context) (*stream, error) {
		return newStream(inner, &ask{client: c, op: op, caller: ctx}, k), nil
	})
	if err != nil {
		t.Fatal(err)
	}
	s.attach(hold, func() {})
	cancel()
	<-raw.entered
	got := make(chan error, 1)
	go func() { _, err := s.Next(); got <- err }()
	select {
	case err = <-got:
		close(raw.release)
	case <-time.After(50 * time.Millisecond):
		close(raw.release)
		err = <-got
	}
	if base.KindOf(err) != base.KindCanceled || !typed(err) {
		t.Errorf("%T %v", err, err)
	}
}

func typed(err error) bool {
	_, ok := errors.AsType[*base.Error](err)
	return ok
}
