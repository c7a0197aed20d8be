package vaultsecret_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/secret"
	"github.com/fourkites/sources/base/secret/vaultsecret"
	"github.com/fourkites/sources/base/secret/vaultsecret/vaultsecrettest"
	"github.com/fourkites/sources/internal/engines"
)

func TestMain(m *testing.M) { engines.Main(m) }

// canary is part of every value; no error may hold it.
const canary = "c4nary-53cret"

func started(t testing.TB) *vaultsecrettest.Server {
	t.Helper()
	server := vaultsecrettest.NewServer()
	if err := server.Err(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	return server
}

func storeOf(t testing.TB, config vaultsecret.Config, opts ...base.Option) *vaultsecret.Store {
	t.Helper()
	store, err := vaultsecret.New(t.Context(), config, opts...)
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

func opened(t testing.TB, store *vaultsecret.Store, reference string) secret.Source {
	t.Helper()
	source, err := secret.Resolver{"vault": store.Open}.Resolve(context.Background(), reference)
	if err != nil {
		t.Fatal(err)
	}
	return source
}

func reads(t testing.TB, source secret.Source, want string) secret.Snapshot {
	t.Helper()
	snap := gets(t, source)
	if snap.Reveal() != want {
		t.Fatalf("got %q, want %q", snap.Reveal(), want)
	}
	return snap
}

func gets(t testing.TB, source secret.Source) secret.Snapshot {
	t.Helper()
	snap, err := source.Get(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return snap
}

// fails asks once, and checks that the error has the reason, names the reference, and holds nothing secret. It gives a copy.
func fails(t testing.TB, source secret.Source, want error, says ...string) vaultsecret.Error {
	t.Helper()
	snap, err := source.Get(context.Background())
	if !errors.Is(err, want) {
		t.Fatalf("got %v, %v, want %v", snap, err, want)
	}
	return clean(t, err, says...)
}

func clean(t testing.TB, err error, says ...string) vaultsecret.Error {
	t.Helper()
	own, ok := errors.AsType[*vaultsecret.Error](err)
	if !ok {
		t.Fatalf("%T %v is no *Error", err, err)
	}
	for _, hidden := range []string{canary, "demo-", "\n"} {
		if strings.Contains(err.Error(), hidden) {
			t.Errorf("it holds %q: %v", hidden, err)
		}
	}
	if !strings.Contains(err.Error(), own.Reference) || !strings.HasPrefix(own.Reference, "vault://") {
		t.Errorf("%v does not name the reference", err)
	}
	for _, text := range says {
		if !strings.Contains(err.Error(), text) {
			t.Errorf("%v does not say %q", err, text)
		}
	}
	if !errors.Is(err, secret.ErrUnresolved) && !errors.Is(err, secret.ErrEmpty) && !errors.Is(err, secret.ErrClosed) {
		t.Errorf("%v is none that a cache knows", err)
	}
	if _, foreign := errors.AsType[*base.Error](err); foreign {
		t.Errorf("%v has an error of base in its tree", err)
	}
	return *own
}

// direct reaches a server without a network, so that a bubble of synctest knows when all wait.
type direct struct {
	server *vaultsecrettest.Server
	hold   chan struct{} // answers come when it is closed; nil = at once
}

func (d direct) RoundTrip(r *http.Request) (*http.Response, error) {
	w, received := httptest.NewRecorder(), r.Clone(r.Context())
	if received.Body == nil {
		received.Body = http.NoBody
	}
	d.server.ServeHTTP(w, received)
	if d.hold != nil {
		select {
		case <-d.hold:
		case <-r.Context().Done():
			return nil, r.Context().Err()
		}
	}
	resp := w.Result()
	resp.Request = r
	return resp, nil
}

// bubbled is a store within a bubble; the server stands outside.
func bubbled(t *testing.T, d direct, config vaultsecret.Config) (store *vaultsecret.Store, end func()) {
	t.Helper()
	store, err := vaultsecret.New(context.Background(), config, base.WithTransport(d))
	if err != nil {
		t.Fatal(err)
	}
	return store, func() {
		t.Helper()
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	}
}

// byAppRole is the configuration of a login that the store makes itself.
func byAppRole(server *vaultsecrettest.Server, life vaultsecrettest.Life, uses int) vaultsecret.Config {
	config := server.Config()
	config.Token = secret.Value{}
	role, id := server.AppRole(life, uses)
	config.AppRole = vaultsecret.AppRole{RoleID: role, SecretID: secret.Literal(id)}
	return config
}
