package graph_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/secret"
	"github.com/fourkites/sources/graph"
	"github.com/fourkites/sources/internal/engines"
)

// changing is a source of the password that a test changes.
type changing struct{ now atomic.Pointer[string] }

func (c *changing) set(password string) { c.now.Store(&password) }

func (c *changing) Get(context.Context) (secret.Snapshot, error) {
	return secret.NewSnapshot(*c.now.Load(), "", time.Time{}), nil
}

// All of these change the server, so it is theirs alone, and they run one after the other.
func TestRealSessionsOutliveWhatHappensToTheServer(t *testing.T) {
	t.Parallel()
	server := engines.Neo4j(t)
	wrongPasswordLocksNothing(t, server)
	rotationCostsNoCall(t, server)
	restartUnderLoad(t, server)
	closeEndsTransactions(t, server)
}

// atOnce makes n calls side by side, and gives their errors.
func atOnce(n int, call func() error) []error {
	all := make([]error, n)
	var wait sync.WaitGroup
	for i := range all {
		wait.Go(func() { all[i] = call() })
	}
	wait.Wait()
	return all
}

func one(ctx context.Context, client *graph.Client) error {
	r, err := client.Query(ctx, graph.Query{Cypher: "RETURN 1 AS one"})
	if err != nil {
		return err
	}
	for _, err := range r.All() {
		if err != nil {
			return err
		}
	}
	return nil
}

func wrongPasswordLocksNothing(t *testing.T, server *engines.Neo4jServer) {
	t.Helper()
	client := realClient(t, server, func(c *graph.Config) { c.Password = secret.Literal("not-the-password") })
	for _, err := range atOnce(20, func() error { return one(t.Context(), client) }) {
		if !errors.Is(err, base.ErrUnauthenticated) {
			t.Errorf("a wrong password: %v", err)
		}
	}
	if err := one(t.Context(), realClient(t, server)); err != nil {
		t.Errorf("the right one, at once: %v", err)
	}
}

func rotationCostsNoCall(t *testing.T, server *engines.Neo4jServer) {
	t.Helper()
	var password changing
	password.set(server.Password)
	proxy := engines.Proxy(t, server.Addr)
	client := realClient(t, server, func(c *graph.Config) {
		c.URI, c.Password = "bolt://"+proxy.Addr, secret.From(&password)
	})
	load := func(when string) {
		for _, err := range atOnce(20, func() error { return one(t.Context(), client) }) {
			if err != nil {
				t.Errorf("%s: %v", when, err)
			}
		}
	}
	load("before")
	server.ChangePassword(t, "the-next-password")
	load("on connections that are open")
	password.set("the-next-password")
	proxy.Cut()
	load("on new ones")
}

func restartUnderLoad(t *testing.T, server *engines.Neo4jServer) {
	t.Helper()
	client := realClient(t, server, func(c *graph.Config) { c.Limits.Breaker.OpenFor = base.Duration(100 * time.Millisecond) })
	ctx, stop := context.WithCancel(t.Context())
	var wait sync.WaitGroup
	var good, bad atomic.Int64
	for range 4 {
		wait.Go(func() {
			pace := time.NewTicker(5 * time.Millisecond)
			defer pace.Stop()
			for ; ctx.Err() == nil; <-pace.C {
				switch err := one(ctx, client); {
				case err == nil:
					good.Add(1)
				case ctx.Err() != nil:
				case errors.Is(err, base.ErrUnavailable), errors.Is(err, base.ErrCircuitOpen), errors.Is(err, base.ErrBudgetExhausted), errors.Is(err, base.ErrConflict):
					bad.Add(1)
				default:
					t.Errorf("while it restarts: %v", err)
				}
			}
		})
	}
	await(t, "calls work", func() bool { return good.Load() > 10 })
	server.Restart(t)
	before := good.Load()
	await(t, "calls work again", func() bool { return good.Load() > before+10 })
	server.Kill(t)
	server.Start(t)
	before = good.Load()
	await(t, "calls work after a crash", func() bool { return good.Load() > before+10 })
	stop()
	wait.Wait()
	t.Logf("%d calls worked, %d did not", good.Load(), bad.Load())
}

func closeEndsTransactions(t *testing.T, server *engines.Neo4jServer) {
	t.Helper()
	config := graph.Config{
		URI: "bolt://" + server.Addr, User: engines.Neo4jUser, Password: secret.Literal(server.Password), CAFile: server.CAFile, MaxRows: -1, MaxBytes: -1,
	}
	client, err := graph.New(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	r, err := client.Query(t.Context(), graph.Query{Cypher: endless})
	if err != nil {
		t.Fatal(err)
	}
	id, began := r.Stats().QueryID, time.Now()
	if err := client.Close(); err == nil {
		t.Error("Close says nothing of the answer that it cut")
	}
	if took := time.Since(began); took > 2*base.CloseGrace {
		t.Errorf("Close took %s", took)
	}
	await(t, "the transaction is gone", func() bool { return running(t, server, id) == 0 })
	for r.Next() { //nolint:revive // what came before is read
	}
	if !errors.Is(r.Err(), base.ErrClosed) {
		t.Errorf("the answer: %v", r.Err())
	}
}

// A statement that was sent to a newer server is answered the same way.
func TestRealServersOfTheNextYearsAnswer(t *testing.T) {
	t.Parallel()
	server := engines.Neo4jNext(t)
	client := realClient(t, server)
	if err := one(t.Context(), client); err != nil {
		t.Error(err)
	}
	if _, err := realAnswer(t, client, "CREATE (:Escaped)", nil); !errors.Is(err, base.ErrPermission) {
		t.Error(err)
	}
}
