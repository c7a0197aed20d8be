package redislimit_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/limit"
	"github.com/fourkites/sources/base/limit/redislimit"
	"github.com/fourkites/sources/base/secret"
	"github.com/fourkites/sources/internal/loopback"
)

// The library makes room for what a length announces before it reads on, and panics where there can be none.
func TestAnAnswerThatAnnouncesMoreThanThereCanBeIsAnOutage(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"a text": "$9223372036854775000\r\n", "a list": "*9223372036854775000\r\n", "within a list": "*9\r\n$9223372036854775000\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			address := loopback.Serve(t, func(conn net.Conn) {
				words := bufio.NewScanner(conn)
				for words.Scan() {
					answer := ""
					switch strings.ToLower(words.Text()) {
					case "hello":
						answer = "-ERR unknown command\r\n"
					case "evalsha", "subscribe", "ping":
						answer = text
					}
					if _, err := io.WriteString(conn, answer); err != nil {
						return
					}
				}
			})
			l := open(t, redislimit.Config{Addresses: []string{address}, Name: "huge", Concurrency: 1})
			if _, err := l.Acquire(soon(t), 1); !errors.Is(err, redislimit.ErrOutage) {
				t.Errorf("got %v", err)
			}
			if err := l.Ping(t.Context()); !errors.Is(err, redislimit.ErrOutage) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// Servers cut the arguments that they repeat, Redis behind 128 bytes.
func TestAServerThatRepeatsHalfAPasswordDoesNotGetItIntoAnError(t *testing.T) {
	t.Parallel()
	password := "token-" + strings.Repeat("0123456789abcdef", 20)
	address := loopback.Serve(t, func(conn net.Conn) {
		words := bufio.NewScanner(conn)
		for words.Scan() {
			if word := words.Text(); strings.HasPrefix(word, "token-") {
				if _, err := io.WriteString(conn, "-ERR unknown command, with args beginning with: '"+word[:128]+"' \r\n"); err != nil {
					return
				}
			}
		}
	})
	c := redislimit.Config{Addresses: []string{address}, Name: "echo", Rate: 1, Password: secret.Literal(password)}
	l := open(t, c)
	_, err := l.Acquire(soon(t), 1)
	for _, text := range []string{err.Error(), l.Ping(t.Context()).Error(), l.Usage().Problem} {
		if !strings.Contains(text, "beginning with: '"+secret.Redacted+"'") || strings.Contains(text, "0123456789") {
			t.Errorf("got %s", text)
		}
	}
}

type writer func()

func (w writer) Write(p []byte) (int, error) { w(); return len(p), nil }

func TestALogThatHangsKeepsNoCallBeyondItsContext(t *testing.T) {
	t.Parallel()
	hung, free := make(chan struct{}), make(chan struct{})
	log := slog.New(slog.NewTextHandler(writer(func() { close(hung); <-free }), nil))
	c := redislimit.Config{Addresses: []string{loopback.Nobody(t)}, Name: "test", Concurrency: 1, CoolDown: base.Duration(time.Second)}
	l := open(t, c, base.WithLogger(log))
	defer close(free)
	done := make(chan error, 2)
	try := func() {
		_, err := l.Acquire(soon(t), 1)
		done <- err
	}
	go try()
	<-hung
	go try()
	for range 2 {
		select {
		case err := <-done:
			if !errors.Is(err, redislimit.ErrOutage) {
				t.Errorf("got %v", err)
			}
		case <-soon(t).Done():
			t.Fatal("a call waits for the log")
		}
	}
}

func TestALimiterThatNobodyMadeIsAClosedOne(t *testing.T) {
	t.Parallel()
	var l redislimit.Limiter
	if _, err := l.Acquire(t.Context(), 1); !errors.Is(err, limit.ErrClosed) {
		t.Errorf("got %v", err)
	}
	if err := l.Ping(t.Context()); !errors.Is(err, limit.ErrClosed) {
		t.Errorf("got %v", err)
	}
	if err := l.Reload(redislimit.Config{Name: "a", Rate: 1}); err == nil {
		t.Error("it was reloaded")
	}
	l.Observe(http.Header{"X-Ratelimit-Remaining": {"0"}, "X-Ratelimit-Reset": {"60"}})
	if u := l.Usage(); u.Held != 0 {
		t.Errorf("usage %+v", u)
	}
	if err := l.Close(); err != nil {
		t.Errorf("got %v", err)
	}
}

// A process that died cannot renew its lease, which then ends at an hour that is long to come.
func TestAClockThatIsSetBackDoesNotKeepThePlacesOfTheDead(t *testing.T) {
	t.Parallel()
	server := miniredis.RunT(t)
	now := time.Now()
	server.SetTime(now.Add(24 * time.Hour))
	for key, fields := range map[string][2]string{"used": {"dead", "2"}, "state": {"epoch", "E"}, "grants": {"dead", "dead/1/1 1;"}} {
		server.HSet("sources:limit:{test}:"+key, fields[0], fields[1])
	}
	if _, err := server.ZAdd("sources:limit:{test}:alive", float64(now.Add(24*time.Hour+15*time.Second).UnixMicro()), "dead"); err != nil {
		t.Fatal(err)
	}
	server.SetTime(now)
	l := open(t, config(server))
	waiting := waits(t, l, 1)
	server.SetTime(now.Add(16 * time.Second))
	got(t, waiting)()
	if left := server.HGet("sources:limit:{test}:grants", "dead"); left != "" {
		t.Errorf("%q is kept for a process that died", left)
	}
}

func TestAClockThatIsSetBackLetsNobodyOvertake(t *testing.T) {
	t.Parallel()
	server := miniredis.RunT(t)
	now := time.Now()
	server.SetTime(now)
	c := config(server)
	c.Concurrency = 1
	l := open(t, c)
	release := acquire(t, l, 1)
	first := waits(t, l, 1)
	server.SetTime(now.Add(-time.Minute))
	second := waits(t, l, 1)
	eventually(t, "both stand in the line", func() bool { return l.Usage().Waiting == 2 })
	release()
	free := got(t, first)
	pending(t, second)
	free()
	got(t, second)()
}

// Whoever lets another process' call through says when it may go, by the server's clock.
func TestACallLetThroughBeforeTheClockWasSetBackGoesAtOnce(t *testing.T) {
	t.Parallel()
	server := miniredis.RunT(t)
	now := time.Now()
	l := open(t, config(server))
	defer acquire(t, l, 2)()
	first := waits(t, l, 1)
	const prefix = "sources:limit:{test}:"
	line, err := server.ZMembers(prefix + "line")
	if err != nil || len(line) != 1 {
		t.Fatal(line, err)
	}
	process, _, _ := strings.Cut(line[0], "/")
	if _, err := server.ZRem(prefix+"line", line[0]); err != nil {
		t.Fatal(err)
	}
	server.HSet(prefix+"grants", process, fmt.Sprintf("%s %d;", line[0], now.Add(24*time.Hour).UnixMicro()))
	got(t, first)()
}

// A firewall that drops what is sent to Redis ends no deadline of a call: programs would take it for one.
func TestAnOutageByTimeIsNotTakenForTheDeadlineOfTheCall(t *testing.T) {
	t.Parallel()
	dropped := func(ctx context.Context, _, _ string) (net.Conn, error) {
		<-ctx.Done()
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: ctx.Err()}
	}
	c := redislimit.Config{Name: "dropped", Rate: 1, Timeout: base.Duration(50 * time.Millisecond)}
	l := open(t, c, base.WithDialer(dropped))
	_, err := l.Acquire(soon(t), 1)
	if !errors.Is(err, redislimit.ErrOutage) || errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "deadline exceeded") {
		t.Errorf("got %v", err)
	}
	g, err := base.NewGuard(base.GuardConfig{Name: "jira"}, base.Options{Limiter: l})
	if err != nil {
		t.Fatal(err)
	}
	_, err = base.Do(soon(t), g, &base.Op{Name: "Read", Safety: base.ReadOnly}, func(context.Context) (int, error) { return 1, nil })
	if !errors.Is(err, redislimit.ErrOutage) || !strings.Contains(err.Error(), "out of reach") || errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
}

func TestCloseEndsACallWhoseExchangeIsUnderWay(t *testing.T) {
	t.Parallel()
	server := miniredis.RunT(t)
	defer acquire(t, open(t, config(server)), 2)()
	dialing, proceed := make(chan struct{}, 8), make(chan struct{})
	l := open(t, config(server), base.WithDialer(func(ctx context.Context, network, address string) (net.Conn, error) {
		dialing <- struct{}{}
		<-proceed
		return new(net.Dialer).DialContext(ctx, network, address)
	}))
	failed, closed := make(chan error, 1), make(chan error, 1)
	go func() {
		_, err := l.Acquire(context.Background(), 1)
		failed <- err
	}()
	<-dialing // of the keeper or of the listener
	<-dialing
	go func() { closed <- l.Close() }()
	eventually(t, "the limiter is closed to new calls", func() bool {
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		_, err := l.Acquire(ctx, 1)
		return errors.Is(err, limit.ErrClosed)
	})
	close(proceed)
	for what, ended := range map[string]<-chan error{"the call": failed, "Close": closed} {
		select {
		case err := <-ended:
			if what == "the call" && !errors.Is(err, limit.ErrClosed) || what == "Close" && err != nil {
				t.Errorf("%s: %v", what, err)
			}
		case <-soon(t).Done():
			t.Errorf("%s hangs", what)
		}
	}
}

func TestAnEarlierResetDoesNotOpenTheQuota(t *testing.T) {
	t.Parallel()
	server := miniredis.RunT(t)
	a, b := open(t, config(server)), open(t, config(server))
	a.Observe(used("1800"))
	eventually(t, "Redis knows", func() bool { return a.Usage().Blocked > 0 })
	b.Observe(used("30"))
	eventually(t, "the other hears of it", func() bool { return b.Usage().Blocked > 0 })
	_, err := b.Acquire(soon(t), 1)
	if refusal, ok := errors.AsType[*redislimit.Refusal](err); !ok || refusal.Wait < 25*time.Minute {
		t.Errorf("got %v", err)
	}
}

// A client of a cluster sends an exchange again when its answer is lost.
func TestAnExchangeThatComesTwiceIsHeardOnce(t *testing.T) {
	t.Parallel()
	server := miniredis.RunT(t)
	const state = "sources:limit:{test}:state"
	c := config(server)
	c.Concurrency, c.Rate = -1, 1000
	l := open(t, c)
	acquire(t, l, 1)()
	alive, err := server.ZMembers("sources:limit:{test}:alive")
	if err != nil || len(alive) != 1 {
		t.Fatal(alive, err)
	}
	last, err := strconv.Atoi(server.HGet(state, alive[0]))
	if err != nil {
		t.Fatal(err)
	}
	server.HSet(state, alive[0], strconv.Itoa(last+1))
	acquire(t, l, 1)()
	if got := server.HGet(state, alive[0]); got != strconv.Itoa(last+2) {
		t.Errorf("exchange %s was heard, want %d", got, last+2)
	}
}

func TestALimitThatNobodyUsesLeavesNothingInRedis(t *testing.T) {
	t.Parallel()
	server := miniredis.RunT(t)
	c := config(server)
	c.Concurrency, c.Rate = 1, 1000
	l := open(t, c)
	defer acquire(t, l, 1)()
	waiting := waits(t, l, 1)
	for _, key := range server.Keys() {
		if server.TTL(key) <= 0 {
			t.Errorf("%s stays for ever", key)
		}
	}
	if len(server.Keys()) < 4 {
		t.Errorf("keys %q", server.Keys())
	}
	pending(t, waiting)
}
