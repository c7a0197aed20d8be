package awssecret_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/secret"
	"github.com/fourkites/sources/base/secret/awssecret"
	"github.com/fourkites/sources/base/secret/awssecret/awssecrettest"
	"github.com/fourkites/sources/internal/engines"
)

func TestMain(m *testing.M) { engines.Main(m) }

// canary is part of every value; no error may hold it.
const canary = "c4nary-53cret"

func started(t testing.TB) *awssecrettest.Server {
	t.Helper()
	server := awssecrettest.NewServer()
	if err := server.Err(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	return server
}

func storeOf(t testing.TB, config awssecret.Config, opts ...base.Option) *awssecret.Store {
	t.Helper()
	store, err := awssecret.New(t.Context(), config, opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	return store
}

func opened(t testing.TB, store *awssecret.Store, reference string) secret.Source {
	t.Helper()
	source, err := secret.Resolver{"awssm": store.Open}.Resolve(t.Context(), reference)
	if err != nil {
		t.Fatal(err)
	}
	return source
}

// get reads a reference once.
func get(t testing.TB, store *awssecret.Store, reference string) (secret.Snapshot, error) {
	t.Helper()
	return opened(t, store, reference).Get(t.Context())
}

func reads(t testing.TB, source secret.Source, want string) secret.Snapshot {
	t.Helper()
	snap, err := source.Get(t.Context())
	if err != nil || snap.Reveal() != want {
		t.Fatalf("got %q, %v, want %q", snap.Reveal(), err, want)
	}
	return snap
}

// clean fails if an error holds a value, or does not name the reference.
func clean(t testing.TB, err error, reference string) {
	t.Helper()
	if strings.Contains(err.Error(), canary) || strings.Contains(err.Error(), awssecrettest.SecretKey) || strings.Contains(err.Error(), "\n") {
		t.Errorf("it holds a secret, or more than a line: %v", err)
	}
	if !strings.Contains(err.Error(), reference) {
		t.Errorf("%v does not name %s", err, reference)
	}
}

// direct reaches a server without a network, so that a bubble of synctest knows when all wait.
type direct struct {
	server *awssecrettest.Server
	hold   chan struct{} // answers come when it is closed; nil = at once
}

func (d direct) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	d.server.ServeHTTP(w, r)
	if d.hold != nil {
		select {
		case <-d.hold:
		case <-r.Context().Done():
			return nil, r.Context().Err()
		}
	}
	return w.Result(), nil
}

// bubbled is a store within a bubble; the server stands outside.
func bubbled(t *testing.T, d direct) (store *awssecret.Store, end func()) {
	t.Helper()
	store, err := awssecret.New(context.Background(), d.server.Config(), base.WithTransport(d))
	if err != nil {
		t.Fatal(err)
	}
	return store, func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	}
}
