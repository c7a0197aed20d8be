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
