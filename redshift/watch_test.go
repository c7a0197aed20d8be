package redshift_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/redshift"
)

func TestWhatAServerSaysBesideItsRowsIsBounded(t *testing.T) {
	t.Parallel()
	flood := func(say func(i int) pgproto3.BackendMessage) func(b *pgproto3.Backend) int {
		return func(b *pgproto3.Backend) int {
			for i := range 100_000 {
				if b.Send(say(i)); b.Flush() != nil {
					return i
				}
			}
			return -1
		}
	}
	for what, say := range map[string]func(*pgproto3.Backend) int{
		"long settings": flood(func(i int) pgproto3.BackendMessage {
			return &pgproto3.ParameterStatus{Name: fmt.Sprint("p", i), Value: strings.Repeat("x", 1<<20)}
		}),
		"many settings": flood(func(i int) pgproto3.BackendMessage {
			return &pgproto3.ParameterStatus{Name: fmt.Sprint("p", i), Value: strings.Repeat("x", 1<<10)}
		}),
		"notices": flood(func(int) pgproto3.BackendMessage {
			return &pgproto3.NoticeResponse{Severity: "NOTICE", Message: strings.Repeat("x", 1<<18)}
		}),
	} {
		for _, early := range []bool{true, false} {
			sent := make(chan int, 1)
			p := &peer{answer: func(b *pgproto3.Backend) { sent <- say(b) }}
			if early {
				p = &peer{login: func(b *pgproto3.Backend) bool { sent <- say(b); return false }}
			}
			_, err := one(t.Context(), newClient(t, newPeer(t, p).config()), "SELECT 1")
			if n := <-sent; base.KindOf(err) != base.KindProtocol || n < 0 {
				t.Errorf("%s, in the login %v: %d messages, %v", what, early, n, err)
			}
		}
	}
}

func TestNoticesOfEachRowAreNoFlood(t *testing.T) {
	t.Parallel()
	p := newPeer(t, &peer{answer: func(b *pgproto3.Backend) {
		describe(b, oidInt4)
		for range 20 {
			b.Send(&pgproto3.NoticeResponse{Severity: "NOTICE", Message: strings.Repeat("x", 1<<20)})
			row(b, "1")
			_ = b.Flush()
		}
		complete(b, "SELECT 20")
	}})
	if _, err := one(t.Context(), newClient(t, p.config()), "SELECT 1"); err != nil {
		t.Error(err)
	}
}

// salts goes on to the rounds of SCRAM, and says whether the client sent a proof after that, and not its leave.
func salts(b *pgproto3.Backend, rounds string) (proved bool) {
	b.Send(&pgproto3.AuthenticationSASL{AuthMechanisms: []string{"SCRAM-SHA-256"}})
	_ = b.Flush()
	_ = b.SetAuthType(pgproto3.AuthTypeSASL)
	m, _ := b.Receive()
	first, ok := m.(*pgproto3.SASLInitialResponse)
	if !ok {
		return false
	}
	_, nonce, _ := strings.Cut(string(first.Data), "r=")
	salt := base64.StdEncoding.EncodeToString([]byte("salt"))
	b.Send(&pgproto3.AuthenticationSASLContinue{Data: []byte("r=" + nonce + "x,s=" + salt + ",i=" + rounds)})
	_ = b.Flush()
	_ = b.SetAuthType(pgproto3.AuthTypeSASLContinue)
	m, _ = b.Receive()
	_, proved = m.(*pgproto3.SASLResponse)
	return proved
}

func TestSCRAMMayNotAskForManyRounds(t *testing.T) {
	t.Parallel()
	for _, rounds := range []string{"10000000", "100001"} {
		p := newPeer(t, &peer{login: func(b *pgproto3.Backend) bool {
			if salts(b, rounds) {
				t.Errorf("%s rounds were computed", rounds)
			}
			return false
		}})
		_, err := one(t.Context(), newClient(t, p.config()), "SELECT 1")
		if base.KindOf(err) != base.KindProtocol || !strings.Contains(err.Error(), "rounds") {
			t.Errorf("%s: %v", rounds, err)
		}
	}
	again := newPeer(t, &peer{login: func(b *pgproto3.Backend) bool {
		if !salts(b, "100000") {
			t.Error("what PostgreSQL may be set to is refused")
		}
		b.Send(&pgproto3.AuthenticationSASLContinue{Data: []byte("r=x,s=eA==,i=1")})
		return b.Flush() == nil
	}})
	if _, err := one(t.Context(), newClient(t, again.config()), "SELECT 1"); base.KindOf(err) != base.KindProtocol || !strings.Contains(err.Error(), "second time") {
		t.Error(err)
	}
}

func TestAPasswordIsNotSentInClear(t *testing.T) {
	t.Parallel()
	p := newPeer(t, &peer{login: func(b *pgproto3.Backend) bool {
		b.Send(&pgproto3.AuthenticationCleartextPassword{})
		_ = b.Flush()
		_ = b.SetAuthType(pgproto3.AuthTypeCleartextPassword)
		m, err := b.Receive()
		if _, leaves := m.(*pgproto3.Terminate); err == nil && !leaves {
			t.Errorf("it answered with a %T", m)
		}
		return false
	}})
	err := newClient(t, p.config()).Ping(t.Context())
	if base.KindOf(err) != base.KindInvalid || !strings.Contains(err.Error(), "in clear") {
		t.Error(err)
	}
}

func TestLoginsThatNobodyWaitsForAreNoMoreThanThePermits(t *testing.T) {
	t.Parallel()
	var now, most atomic.Int64
	held := make(chan struct{})
	p := newPeer(t, &peer{login: func(b *pgproto3.Backend) bool {
		most.Store(max(most.Load(), now.Add(1)))
		defer now.Add(-1)
		<-held
		return true
	}})
	t.Cleanup(func() { close(held) })
	cfg := p.config()
	cfg.Limits.Concurrency, cfg.Limits.Breaker.Ratio = 2, -1
	c := newClient(t, cfg)
	for range 6 {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		if _, err := one(ctx, c, "SELECT 1"); err == nil {
			t.Error("an answer without a login")
		}
		cancel()
	}
	if n := most.Load(); n == 0 || n > 2 {
		t.Errorf("%d logins at once, and two permits", n)
	}
	begin := time.Now()
	if err := c.Close(); err != nil || time.Since(begin) > 3*time.Second {
		t.Errorf("Close: %v after %s", err, time.Since(begin))
	}
}

func TestCloseIsBoundedWhateverADialerDoes(t *testing.T) {
	t.Parallel()
	stuck := make(chan struct{})
	defer close(stuck)
	p := newPeer(t, &peer{})
	c, err := redshift.New(t.Context(), p.config(), base.WithDialer(func(context.Context, string, string) (net.Conn, error) {
		<-stuck
		return nil, net.ErrClosed
	}))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := one(ctx, c, "SELECT 1"); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
	begin := time.Now()
	if err := c.Close(); err == nil || !strings.Contains(err.Error(), "did not end") || time.Since(begin) > 8*time.Second {
		t.Errorf("%v after %s", err, time.Since(begin))
	}
}
