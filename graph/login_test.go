package graph_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/secret"
	"github.com/fourkites/sources/graph"
	"github.com/fourkites/sources/graph/graphtest"
)

// store is a source of passwords that says how often it was asked.
type store struct {
	now   atomic.Pointer[string]
	asked atomic.Int64
}

func (s *store) set(password string) { s.now.Store(&password) }

func (s *store) Get(context.Context) (secret.Snapshot, error) {
	s.asked.Add(1)
	return secret.NewSnapshot(*s.now.Load(), "", time.Time{}), nil
}

func withStore(server *graphtest.Server, password string) (graph.Config, *store) {
	s := &store{}
	s.set(password)
	config := server.Config()
	config.Password = secret.From(s)
	return config, s
}

// many asks at once, and gives the errors.
func many(t *testing.T, c *graph.Client, n int) []error {
	t.Helper()
	all := make([]error, n)
	var wait sync.WaitGroup
	for i := range all {
		wait.Go(func() { all[i] = ask(t, c, readsClasses) })
	}
	wait.Wait()
	return all
}

func TestAWrongPasswordLocksNoAccount(t *testing.T) {
	t.Parallel()
	server := fake(t)
	config, passwords := withStore(server, "wrong")
	c := newClient(t, config)
	for _, err := range many(t, c, 20) {
		if !errors.Is(err, base.ErrUnauthenticated) {
			t.Error(err)
		}
	}
	if _, refused := server.Logins(); refused > 2 {
		t.Errorf("%d wrong logins, and the fourth locks the account", refused)
	}
	passwords.set(graphtest.DefaultPassword)
	await(t, "the right one is let in", func() bool { return ask(t, c, readsClasses) == nil })
}

func TestAPasswordThatChangesUnderLoadCostsNoCallAndOneRefresh(t *testing.T) {
	t.Parallel()
	server := fake(t)
	config, passwords := withStore(server, graphtest.DefaultPassword)
	c := newClient(t, config)
	for _, err := range many(t, c, 20) {
		if err != nil {
			t.Error(err)
		}
	}
	before := passwords.asked.Load()
	passwords.set("the-next-one")
	server.SetPassword(graphtest.DefaultUser, "the-next-one")
	server.DropConnections()
	for _, err := range many(t, c, 20) {
		if err != nil {
			t.Error(err)
		}
	}
	_, refused := server.Logins()
	if asked := passwords.asked.Load() - before; refused > 2 || asked != 1 {
		t.Errorf("%d wrong logins, the store was asked %d times", refused, asked)
	}
}

func TestAnAccountWithoutAPasswordIsToldWhatToSet(t *testing.T) {
	t.Parallel()
	server := fake(t)
	config := server.Config()
	config.User, config.Password = "", secret.Value{}
	err := ask(t, newClient(t, config), readsClasses)
	if !errors.Is(err, base.ErrUnauthenticated) || !strings.Contains(err.Error(), "NEO4J_PASSWORD") {
		t.Error(err)
	}
}

func TestALockedAccountIsWaitedFor(t *testing.T) {
	t.Parallel()
	server := fake(t)
	config := server.Config()
	config.Limits.Retries = -1
	server.Fail(graphtest.Error(graphtest.CodeRateLimit, "too many"), 1)
	err := ask(t, newClient(t, config), readsClasses)
	if e, ok := errors.AsType[*base.Error](err); !ok || e.Kind != base.KindThrottled || e.RetryAfter != 5*time.Second {
		t.Error(err)
	}
}

func TestReadersOfAClusterAreAsked(t *testing.T) {
	t.Parallel()
	server := fake(t)
	if err := server.UseTLS(); err != nil {
		t.Fatal(err)
	}
	config := server.Config()
	config.URI = strings.Replace(config.URI, "bolt://", "neo4j://", 1)
	c := newClient(t, config, base.WithTLS(server.ClientTLS()))
	if err := ask(t, c, readsClasses); err != nil || server.Routes() == 0 {
		t.Errorf("%v after %d routes", err, server.Routes())
	}
}

func TestReadersOnThisMachineNeedNoTLSAndOthersAreNotDialled(t *testing.T) {
	t.Parallel()
	server, reader := fake(t), fake(t)
	server.SetReaders(reader.Addr())
	config := server.Config()
	config.URI = strings.Replace(config.URI, "bolt://", "neo4j://", 1)
	config.Limits.Retries = -1
	var dialled sync.Map
	dial := base.WithDialer(func(ctx context.Context, network, address string) (net.Conn, error) {
		dialled.Store(address, true)
		return new(net.Dialer).DialContext(ctx, network, address)
	})
	if err := ask(t, newClient(t, config, dial), readsClasses); err != nil || len(reader.Requests()) == 0 || len(server.Requests()) > 0 {
		t.Errorf("%v; the reader was sent %d, the server %d", err, len(reader.Requests()), len(server.Requests()))
	}
	server.SetReaders("192.0.2.1:7687")
	err := ask(t, newClient(t, config, dial), readsClasses)
	if !errors.Is(err, base.ErrInvalid) || !strings.Contains(err.Error(), "not on this machine") {
		t.Error(err)
	}
	if _, far := dialled.Load("192.0.2.1:7687"); far {
		t.Error("it was dialled")
	}
}

func TestOlderVersionsOfBoltAreSpoken(t *testing.T) {
	t.Parallel()
	for _, minor := range []int{0, 1, 2, 4, 8} {
		server := fake(t)
		server.UseProtocol(5, minor)
		c := newClient(t, server.Config())
		if err := c.Ping(t.Context()); err != nil {
			t.Errorf("5.%d: %v", minor, err)
		}
		if err := ask(t, c, readsClasses); err != nil {
			t.Errorf("5.%d: %v", minor, err)
		}
	}
	server := fake(t)
	server.UseProtocol(9, 9)
	if err := ask(t, newClient(t, server.Config()), readsClasses); !errors.Is(err, base.ErrProtocol) {
		t.Errorf("none in common: %v", err)
	}
}

func TestADialerThatPanicsTakesNoPlaceWithIt(t *testing.T) {
	t.Parallel()
	server := fake(t)
	var dials atomic.Int64
	dial := base.WithDialer(func(ctx context.Context, network, address string) (net.Conn, error) {
		if dials.Add(1) <= 5 { // more than the places there are for logins
			panic("the caller's dialer")
		}
		return new(net.Dialer).DialContext(ctx, network, address)
	})
	client := newClient(t, server.Config(), dial)
	for range 5 {
		if err := client.Ping(t.Context()); err == nil {
			t.Fatal("a dialer panicked and nothing was said")
		}
	}
	if err := client.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	if err := client.Close(); err != nil || time.Since(began) >= base.CloseGrace {
		t.Errorf("%v after %s: a session was waited for that nobody has", err, time.Since(began))
	}
}
