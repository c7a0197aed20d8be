package redislimit_test

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/limit"
	"github.com/fourkites/sources/base/limit/redislimit"
	"github.com/fourkites/sources/internal/loopback"
)

// lossy passes commands on, and loses one answer in so many: it ends the connection instead.
func lossy(t *testing.T, backend string, one int, lost *atomic.Int64) string {
	t.Helper()
	return loopback.Serve(t, func(client net.Conn) {
		server, err := new(net.Dialer).DialContext(context.Background(), "tcp", backend)
		if err != nil {
			return
		}
		var both sync.WaitGroup
		defer both.Wait()
		defer func() { _ = server.Close() }()
		both.Go(func() {
			_, _ = io.Copy(server, client)
			_ = server.Close()
		})
		defer func() { _ = client.Close() }()
		for chunk := make([]byte, 4096); ; {
			n, err := server.Read(chunk)
			if err != nil {
				return
			}
			if rand.IntN(one) == 0 {
				lost.Add(1)
				return
			}
			if _, err := client.Write(chunk[:n]); err != nil {
				return
			}
		}
	})
}

// gauge is a referee within the process.
type gauge struct{ inside, most, calls atomic.Int64 }

func (g *gauge) enter(weight int64) {
	g.calls.Add(1)
	now := g.inside.Add(weight)
	for most := g.most.Load(); now > most && !g.most.CompareAndSwap(most, now); most = g.most.Load() {
	}
}

func TestTheBoundHoldsAndNobodyIsForgottenOverLostAnswers(t *testing.T) {
	t.Parallel()
	server := miniredis.RunT(t)
	var lost atomic.Int64
	c := redislimit.Config{
		Addresses: []string{lossy(t, server.Addr(), 15, &lost)}, Name: "lossy", Concurrency: 4, MaxWaiting: 6,
		CoolDown: base.Duration(20 * time.Millisecond),
	}
	var (
		seen gauge
		wg   sync.WaitGroup
		all  []*redislimit.Limiter
	)
	ctx, cancel := context.WithTimeout(t.Context(), 1500*time.Millisecond)
	defer cancel()
	for range 3 {
		l, err := redislimit.New(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = l.Close() }() // its last answer may be lost too
		all = append(all, l)
		for range 4 {
			wg.Go(func() {
				for ctx.Err() == nil {
					if err := once(ctx, l, &seen, 1+rand.Int64N(3)); err != nil {
						t.Error(err)
					}
				}
			})
		}
	}
	wg.Wait()
	if most := seen.most.Load(); most > 4 || seen.calls.Load() < 20 || lost.Load() == 0 {
		t.Errorf("weight %d at once, the bound is 4; %d calls, %d answers lost", most, seen.calls.Load(), lost.Load())
	}
	c.Addresses = []string{server.Addr()}
	last := open(t, c)
	eventually(t, "everything is given back", func() bool {
		release, err := last.Acquire(soon(t), 1)
		if err != nil {
			return false
		}
		defer release()
		u := last.Usage()
		return u.Used == 1 && u.Waiting == 0
	})
	for _, l := range all {
		if u := l.Usage(); u.Held != 0 || u.Queued != 0 {
			t.Errorf("usage %+v", u)
		}
	}
}

// once makes a call, or gives up on the way; its error is none that a caller should see.
func once(ctx context.Context, l *redislimit.Limiter, seen *gauge, weight int64) error {
	ctx, cancel := context.WithTimeout(ctx, time.Duration(10+rand.IntN(200))*time.Millisecond)
	defer cancel()
	release, err := l.Acquire(ctx, weight)
	switch {
	case err == nil:
		seen.enter(weight)
		_ = wait(ctx, time.Duration(rand.IntN(5))*time.Millisecond)
		seen.inside.Add(-weight)
		release()
	case errors.Is(err, redislimit.ErrOutage), errors.Is(err, limit.ErrFull):
		_ = wait(ctx, 5*time.Millisecond)
	case ctx.Err() != nil:
	default:
		return err
	}
	return nil
}

func TestAnExchangeThatComesLateChangesNothing(t *testing.T) {
	t.Parallel()
	server := miniredis.RunT(t)
	var sent atomic.Pointer[[]byte]
	address := loopback.Serve(t, func(client net.Conn) {
		backend, err := new(net.Dialer).DialContext(context.Background(), "tcp", server.Addr())
		if err != nil {
			return
		}
		defer func() { _ = backend.Close() }()
		var both sync.WaitGroup
		defer both.Wait()
		both.Go(func() { _, _ = io.Copy(client, backend) })
		for chunk := make([]byte, 1<<16); ; {
			n, err := client.Read(chunk)
			if err != nil {
				_ = backend.Close()
				return
			}
			copied := slices.Clone(chunk[:n])
			if len(copied) > 200 { // an exchange, and no greeting
				sent.Store(&copied)
			}
			_, _ = backend.Write(copied)
		}
	})
	c := config(server)
	c.Addresses = []string{address}
	a := open(t, c)
	acquire(t, a, 1)() // the script is known now
	eventually(t, "it is given back", func() bool { return a.Usage().Used == 0 })
	first := acquire(t, a, 1)
	early := *sent.Load() // in which it holds nothing
	second := acquire(t, a, 1)
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", server.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if _, err := conn.Write(early); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Read(make([]byte, 100)); err != nil {
		t.Fatal(err)
	}
	b := open(t, config(server))
	third := waits(t, b, 1)
	if u := b.Usage(); u.Used != 2 {
		t.Errorf("usage %+v", u)
	}
	first()
	got(t, third)()
	second()
}
