package redislimit_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"go.uber.org/goleak"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/limit/redislimit"
	"github.com/fourkites/sources/base/secret"
	"github.com/fourkites/sources/internal/engines"
	"github.com/fourkites/sources/internal/loopback"
)

// journal is a log that may be read while it is written.
type journal struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(p)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}

func TestWhileRedisIsAwayCallsFailAtOnceAndThenGoAgain(t *testing.T) {
	t.Parallel()
	server := miniredis.RunT(t)
	c := config(server)
	c.CoolDown = base.Duration(50 * time.Millisecond)
	var log journal
	l := open(t, c, base.WithLogger(slog.New(slog.NewTextHandler(&log, nil))))
	acquire(t, l, 1)()
	server.Close()
	eventually(t, "the outage is found", func() bool {
		_, err := l.Acquire(soon(t), 1)
		return errors.Is(err, redislimit.ErrOutage)
	})
	_, err := l.Acquire(soon(t), 1)
	refusal, ok := errors.AsType[*redislimit.Refusal](err)
	if !ok || refusal.Wait > 50*time.Millisecond || !strings.Contains(err.Error(), "limit test: redislimit: the shared limit is out of reach") {
		t.Errorf("got %v", err)
	}
	if u := l.Usage(); u.Outage.IsZero() || u.Problem == "" || u.Outages != 1 || u.Opened != 0 {
		t.Errorf("usage %+v", u)
	}
	if err := server.Restart(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "calls go again", func() bool {
		release, err := l.Acquire(soon(t), 1)
		if err == nil {
			release()
		}
		return err == nil
	})
	if u := l.Usage(); !u.Outage.IsZero() || u.Problem != "" {
		t.Errorf("usage %+v", u)
	}
	if text := log.String(); strings.Count(text, "out of reach") != 1 || strings.Count(text, "reached again") != 1 {
		t.Errorf("log:\n%s", text)
	}
}

func TestWhileRedisIsAwayAnOpenLimitLetsCallsThroughAndCountsThem(t *testing.T) {
	t.Parallel()
	server := miniredis.RunT(t)
	c := config(server)
	c.CoolDown, c.OnOutage = base.Duration(50*time.Millisecond), redislimit.Open
	l := open(t, c)
	first := acquire(t, l, 1)
	server.Close()
	releases := []func(){acquire(t, l, 1), acquire(t, l, 1), acquire(t, l, 1)}
	if u := l.Usage(); u.Opened != 3 || u.Held != 4 {
		t.Errorf("usage %+v", u)
	}
	if err := server.Restart(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "Redis counts them", func() bool { return l.Usage().Used == 4 })
	other := open(t, config(server))
	late := waits(t, other, 1)
	for _, release := range releases {
		pending(t, late)
		release()
	}
	got(t, late)()
	first()
}

func TestAWaitEndsWhenRedisGoesAway(t *testing.T) {
	t.Parallel()
	server := miniredis.RunT(t)
	l := open(t, config(server))
	releases := []func(){acquire(t, l, 1), acquire(t, l, 1)}
	waiting := waits(t, l, 1)
	server.Close()
	select {
	case _, ok := <-waiting:
		if ok {
			t.Error("the call was let through")
		}
	case <-soon(t).Done():
		t.Error("the call still waits")
	}
	for _, release := range releases {
		release()
	}
}

func TestProcessesThatKnewTheLostDataLetNobodyThroughUntilAllHaveTold(t *testing.T) {
	t.Parallel()
	server := miniredis.RunT(t)
	c := config(server)
	c.Lease = base.Duration(4 * time.Second)
	a, b := open(t, c), open(t, c)
	first, second := acquire(t, a, 1), acquire(t, b, 1)
	server.FlushAll()
	third := waits(t, a, 1)
	if u := a.Usage(); u.Blocked <= 0 || u.Lost == 0 {
		t.Errorf("usage %+v", u)
	}
	eventually(t, "the other tells what it holds", func() bool { return a.Usage().Used == 2 })
	eventually(t, "the calm is over", func() bool { return a.Usage().Blocked == 0 })
	pending(t, third)
	second()
	got(t, third)()
	first()
	if u := b.Usage(); u.Lost == 0 {
		t.Errorf("usage %+v", u)
	}
}

func TestAServerThatDoesNotAnswerCostsOneTimeoutAndNoCallMore(t *testing.T) {
	t.Parallel()
	c := redislimit.Config{Addresses: []string{loopback.Serve(t, loopback.Mute)}, Name: "mute", Concurrency: 1, Timeout: base.Duration(200 * time.Millisecond)}
	l := open(t, c)
	short, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := l.Acquire(short, 1); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a call's own deadline: %v", err)
	}
	if _, err := l.Acquire(soon(t), 1); !errors.Is(err, redislimit.ErrOutage) {
		t.Errorf("got %v", err)
	}
	began := time.Now()
	for range 1000 {
		if _, err := l.Acquire(soon(t), 1); !errors.Is(err, redislimit.ErrOutage) {
			t.Fatalf("got %v", err)
		}
	}
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("1,000 calls took %s", took)
	}
	if err := l.Ping(t.Context()); !errors.Is(err, redislimit.ErrOutage) {
		t.Errorf("got %v", err)
	}
}

// rotating is a source whose secret the test changes.
type rotating struct {
	mu   sync.Mutex
	text string
}

func (r *rotating) Get(context.Context) (secret.Snapshot, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return secret.NewSnapshot(r.text, "v-"+r.text, time.Time{}).OfUser("bot"), nil
}

func TestARotatedPasswordIsAskedForOnceTheOldOneIsRefused(t *testing.T) {
	t.Parallel()
	server := miniredis.RunT(t)
	server.RequireUserAuth("bot", "first")
	source := &rotating{text: "first"}
	c := config(server)
	c.Password = secret.From(source)
	l := open(t, c)
	acquire(t, l, 1)()
	server.RequireUserAuth("bot", "second")
	source.mu.Lock()
	source.text = "second"
	source.mu.Unlock()
	server.Close() // ends the connections
	if err := server.Restart(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the new password is used", func() bool {
		release, err := l.Acquire(soon(t), 1)
		if err == nil {
			release()
		}
		return err == nil
	})
}

func TestAKeyOfAnotherKindIsAnOutageThatSaysSo(t *testing.T) {
	t.Parallel()
	server := miniredis.RunT(t)
	if err := server.Set("sources:limit:{test}:state", "x"); err != nil {
		t.Fatal(err)
	}
	_, err := open(t, config(server)).Acquire(soon(t), 1)
	if !errors.Is(err, redislimit.ErrOutage) || !strings.Contains(err.Error(), "WRONGTYPE") {
		t.Errorf("got %v", err)
	}
}

func TestNobodyAtTheAddressIsAnOutageAtOnce(t *testing.T) {
	t.Parallel()
	address := loopback.Nobody(t)
	_, err := open(t, redislimit.Config{Addresses: []string{address}, Name: "nobody", Rate: 1}).Acquire(soon(t), 1)
	if !errors.Is(err, redislimit.ErrOutage) || !errors.Is(err, syscall.ECONNREFUSED) || !strings.Contains(err.Error(), address) {
		t.Errorf("got %v", err)
	}
}

func TestConnectionsAreEncryptedAndTheServerIsVerified(t *testing.T) {
	t.Parallel()
	server := miniredis.RunT(t)
	address, authority := engines.TLSTerminator(t, server.Addr())
	file := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(file, authority, 0o600); err != nil {
		t.Fatal(err)
	}
	c := config(server)
	c.Addresses, c.CAFile = []string{address}, file
	acquire(t, open(t, c), 1)()
	c.CAFile, c.TLS = "", true
	_, err := open(t, c).Acquire(soon(t), 1)
	if _, unknown := errors.AsType[x509.UnknownAuthorityError](err); !unknown || !errors.Is(err, redislimit.ErrOutage) {
		t.Errorf("a server of an authority that is not trusted: %v", err)
	}
}

// answers speaks as much of the protocol as opens a connection, and then answers with what the test wants.
func answers(text string) func(net.Conn) {
	return func(conn net.Conn) {
		words := bufio.NewScanner(conn)
		for words.Scan() {
			answer := ""
			switch strings.ToLower(words.Text()) {
			case "hello":
				answer = "-ERR unknown command\r\n"
			case "evalsha":
				answer = text
			}
			if _, err := io.WriteString(conn, answer); err != nil {
				return
			}
		}
	}
}

func TestAnAnswerOfAnotherFormIsAnOutage(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"a number":         ":1\r\n",
		"nothing":          "*0\r\n",
		"too few parts":    "*2\r\n:1\r\n:2\r\n",
		"words":            "*9\r\n" + strings.Repeat("+x\r\n", 9),
		"no lists":         "*9\r\n+x\r\n" + strings.Repeat(":1\r\n", 8),
		"a half":           "*9\r\n+x\r\n" + strings.Repeat(":1\r\n", 5) + strings.Repeat("*1\r\n+a\r\n", 3),
		"not the protocol": "HTTP/1.1 400 Bad Request\r\n\r\n",
		"read only":        "-READONLY You can't write against a read only replica.\r\n",
		"loading":          "-LOADING Redis is loading the dataset in memory\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := redislimit.Config{Addresses: []string{loopback.Serve(t, answers(text))}, Name: "odd", Concurrency: 1}
			if _, err := open(t, c).Acquire(soon(t), 1); !errors.Is(err, redislimit.ErrOutage) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestAServerThatRepeatsThePasswordDoesNotGetItIntoAnError(t *testing.T) {
	t.Parallel()
	address := loopback.Serve(t, func(conn net.Conn) {
		words := bufio.NewScanner(conn)
		for words.Scan() {
			if word := words.Text(); strings.Contains(word, "hunter2") {
				if _, err := io.WriteString(conn, "-ERR unknown command, with args beginning with: `"+word+"`\r\n"); err != nil {
					return
				}
			}
		}
	})
	var log journal
	c := redislimit.Config{Addresses: []string{address}, Name: "echo", Rate: 1, Password: secret.Literal("hunter2 of redis")}
	l := open(t, c, base.WithLogger(slog.New(slog.NewTextHandler(&log, nil))))
	_, err := l.Acquire(soon(t), 1)
	for _, text := range []string{err.Error(), l.Ping(t.Context()).Error(), l.Usage().Problem, log.String()} {
		if !strings.Contains(text, "unknown command") || !strings.Contains(text, secret.Redacted) || strings.Contains(text, "hunter2") {
			t.Errorf("got %s", text)
		}
	}
}

func TestNothingIsLeftAfterClose(t *testing.T) { //nolint:paralleltest // it counts goroutines
	server := miniredis.RunT(t)
	before := goleak.IgnoreCurrent()
	for range 3 {
		l, err := redislimit.New(t.Context(), config(server))
		if err != nil {
			t.Fatal(err)
		}
		release := acquire(t, l, 1)
		waiting := waits(t, l, 2)
		release()
		got(t, waiting)()
		if err := errors.Join(l.Close(), l.Close()); err != nil {
			t.Error(err)
		}
	}
	for _, address := range []string{loopback.Serve(t, loopback.Mute), loopback.Nobody(t)} {
		c := redislimit.Config{Addresses: []string{address}, Name: "away", Concurrency: 1, Timeout: base.Duration(100 * time.Millisecond)}
		l, err := redislimit.New(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := l.Acquire(soon(t), 1); !errors.Is(err, redislimit.ErrOutage) {
			t.Errorf("got %v", err)
		}
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	}
	server.Close()
	goleak.VerifyNone(t, before, goleak.IgnoreAnyFunction("github.com/fourkites/sources/internal/loopback.(*server).accept"))
}
