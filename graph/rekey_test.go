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
	"github.com/fourkites/sources/graph/graphtest"
)

// crowd makes calls that hold their answers open until each has one, so that each has a connection.
func crowd(t *testing.T, client *graph.Client, n int) error {
	t.Helper()
	problems := make([]error, n)
	var calls, open sync.WaitGroup
	open.Add(n)
	for i := range n {
		calls.Go(func() {
			here := sync.OnceFunc(open.Done)
			defer here()
			r, err := client.Query(t.Context(), graph.Query{Cypher: "UNWIND range(1, 3) AS id RETURN id"})
			if err != nil {
				problems[i] = err
				return
			}
			for _, err := range r.All() {
				problems[i] = errors.Join(problems[i], err)
				here()
				open.Wait()
			}
		})
	}
	calls.Wait()
	return errors.Join(problems...)
}

// Ten connections logged in with the first password and have idled since. By now the second has come and gone as well.
// Were they all logged in anew with the second, the third wrong login would lock the account for the third password too.
func TestIdleConnectionsOfAnOldPasswordDoNotLockTheAccount(t *testing.T) {
	t.Parallel()
	const many = 10
	server := graphtest.NewServer()
	t.Cleanup(server.Close)
	var present atomic.Pointer[string]
	turn := func(password string) {
		server.AddUser("turning", password)
		present.Store(&password)
	}
	turn("first")
	cfg := server.Config()
	cfg.User, cfg.Limits = "turning", base.Limits{Concurrency: 2 * many}
	cfg.Password = secret.From(secret.SourceFunc(func(context.Context) (secret.Snapshot, error) {
		return secret.NewSnapshot(*present.Load(), *present.Load(), time.Time{}), nil
	}))
	client, err := graph.New(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	if err := crowd(t, client, many); err != nil {
		t.Fatal(err)
	}
	turn("second")
	if err := crowd(t, client, many+1); err != nil {
		t.Fatal(err)
	}
	_, before := server.Logins()
	turn("third")
	if err := crowd(t, client, many+2); err != nil {
		t.Error(err)
	}
	if _, refused := server.Logins(); refused-before > 2 {
		t.Errorf("%d logins with a wrong password", refused-before)
	}
	if err := client.Close(); err != nil {
		t.Error(err)
	}
	if open, _ := server.Connections(); open != 0 {
		tick := time.NewTicker(time.Millisecond)
		defer tick.Stop()
		for late := time.After(10 * time.Second); open != 0; open, _ = server.Connections() {
			select {
			case <-tick.C:
			case <-late:
				t.Fatalf("%d connections are left", open)
			}
		}
	}
}
