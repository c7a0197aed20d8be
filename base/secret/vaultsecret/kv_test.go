package vaultsecret_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/fourkites/sources/base/secret"
	"github.com/fourkites/sources/base/secret/vaultsecret"
)

func TestAKeyOfTheLatestVersionIsReadWithItsUser(t *testing.T) {
	t.Parallel()
	server := started(t)
	server.Put("secret/prod/db", map[string]any{"username": "reader", "password": "one", "port": 5439, "tls": true})
	store := storeOf(t, server.Config())
	password := opened(t, store, "vault://secret/prod/db")
	first := reads(t, password, "one")
	if first.User != "reader" || !first.Expires.IsZero() {
		t.Errorf("user %q, expires %s", first.User, first.Expires)
	}
	if again := reads(t, password, "one"); again.Version != first.Version {
		t.Errorf("version %s, then %s", first.Version, again.Version)
	}
	if snap := reads(t, opened(t, store, "vault://secret/prod/db#username"), "reader"); snap.User != "" {
		t.Errorf("user %q of a key that is no password", snap.User)
	}
	reads(t, opened(t, store, "vault://secret/prod/db#port"), "5439")
	reads(t, opened(t, store, "vault://secret/prod/db#tls"), "true")

	server.Put("secret/prod/db", map[string]any{"username": "reader2", "password": "one"})
	second := reads(t, password, "one")
	if second.Version == first.Version || second.User != "reader2" {
		t.Errorf("version %s after %s, user %s", second.Version, first.Version, second.User)
	}
	reads(t, opened(t, store, "vault://secret/prod/db?version=1#port"), "5439")

	server.Remove("secret/prod/db")
	server.Put("secret/prod/db", map[string]any{"password": "anew"})
	if third := reads(t, password, "anew"); third.Version == first.Version {
		t.Error("the first version after a removal is told from the first before by nothing")
	}
}

func TestAVersionThatIsGoneIsAnError(t *testing.T) {
	t.Parallel()
	server := started(t)
	path := "secret/app"
	server.Put(path, map[string]any{"password": canary})
	server.Put(path, map[string]any{"password": canary + "2"})
	store := storeOf(t, server.Config())
	latest, first := opened(t, store, "vault://secret/app"), opened(t, store, "vault://secret/app?version=1")
	server.Delete(path, 2)
	fails(t, latest, vaultsecret.ErrDeleted, "version 2", "undelete")
	reads(t, first, canary)
	server.Undelete(path, 2)
	reads(t, latest, canary+"2")
	server.Destroy(path, 1)
	fails(t, first, vaultsecret.ErrDestroyed, "version 1")
	fails(t, opened(t, store, "vault://secret/app?version=9"), vaultsecret.ErrNotFound)
	fails(t, opened(t, store, "vault://secret/none"), vaultsecret.ErrNotFound)
	fails(t, opened(t, store, "vault://secret/data/app"), vaultsecret.ErrNotFound, "leave out data/")
	fails(t, opened(t, store, "vault://nowhere/app"), vaultsecret.ErrNotFound)
}

func TestWhatCannotBeASecretIsRefused(t *testing.T) {
	t.Parallel()
	server := started(t)
	store := storeOf(t, server.Config())
	for _, test := range []struct {
		value any
		want  error
	}{
		{"", secret.ErrEmpty},
		{canary + "\n", secret.ErrMalformed},
		{canary + "\x00", secret.ErrMalformed},
		{canary + "\uFFFD", secret.ErrMalformed},
		{nil, secret.ErrMalformed},
		{map[string]any{"a": canary}, secret.ErrMalformed},
		{[]any{canary}, secret.ErrMalformed},
	} {
		server.Put("secret/bad", map[string]any{"password": test.value})
		fails(t, opened(t, store, "vault://secret/bad"), test.want, `"password"`)
	}
	server.Put("secret/bad", map[string]any{"password": "x", "username": canary + "\n"})
	fails(t, opened(t, store, "vault://secret/bad"), secret.ErrMalformed, "username")
	server.Put("secret/bad", map[string]any{"user": "x", canary + " as a key": "y"})
	err := fails(t, opened(t, store, "vault://secret/bad#key"), vaultsecret.ErrKey, `no key "key"`, "user and 1 more")
	if !errors.Is(&err, secret.ErrUnresolved) {
		t.Error(&err)
	}
	server.Put("secret/pem", map[string]any{"password": "-----BEGIN X-----\nabc\n-----END X-----\n"})
	reads(t, opened(t, store, "vault://secret/pem"), "-----BEGIN X-----\nabc\n-----END X-----\n")
}

func TestTheFirstKVIsReadToo(t *testing.T) {
	t.Parallel()
	server := started(t)
	server.PutPlain("kv/app", map[string]any{"username": "one", "password": "same"})
	store := storeOf(t, server.Config())
	source := opened(t, store, "vault://kv/app")
	first := reads(t, source, "same")
	if first.User != "one" || !first.Expires.IsZero() {
		t.Errorf("user %q, expires %s", first.User, first.Expires)
	}
	server.PutPlain("kv/app", map[string]any{"username": "two", "password": "same"})
	if second := reads(t, source, "same"); second.Version == first.Version || second.User != "two" {
		t.Errorf("the version of another user is %s after %s", second.Version, first.Version)
	}
	fails(t, opened(t, store, "vault://kv/none"), vaultsecret.ErrNotFound)
	fails(t, opened(t, store, "vault://kv/app?version=1"), vaultsecret.ErrReference, "no versions")
}

func TestAMountThatMayNotBeAskedForIsGuessed(t *testing.T) {
	t.Parallel()
	server := started(t)
	server.Put("secret/app", map[string]any{"password": "x"})
	server.Database("reader", vaultRole(nil))
	server.Deny("sys/internal/")
	store := storeOf(t, server.Config())
	reads(t, opened(t, store, "vault://secret/app"), "x")
	if snap := gets(t, opened(t, store, "vault://database/creds/reader")); snap.User == "" {
		t.Error("an account without a user")
	}
}

func TestNamesWithStrangeCharactersReachTheServerAsTheyAre(t *testing.T) {
	t.Parallel()
	server := started(t)
	store := storeOf(t, server.Config())
	for reference, path := range map[string]string{
		"vault://secret/a%20b":         "secret/a b",
		"vault://secret/a%3Fb":         "secret/a?b",
		"vault://secret/a%23b":         "secret/a#b",
		"vault://secret/a%25b":         "secret/a%b",
		"vault://secret/a+b":           "secret/a+b",
		"vault://secret/%C3%BC/x:y":    "secret/ü/x:y",
		"vault://secret/data/data/x.y": "secret/data/data/x.y",
	} {
		server.Put(path, map[string]any{"a/b#c": "value of " + path})
		reads(t, opened(t, store, reference+"#a/b%23c"), "value of "+path)
	}
}

func TestAReferenceThatCannotBeOneIsRefusedBeforeAnythingIsAsked(t *testing.T) {
	t.Parallel()
	server := started(t)
	store := storeOf(t, server.Config())
	for _, text := range []string{
		"vault://", "vault://secret", "vault:///secret/app", "vault://secret/app/", "vault://secret//app", "vault://secret/../app", "vault://secret/%2e%2e/app",
		"vault://secret/a%2Fb", "vault://secret/a%zz", "vault://secret/a%ff", "vault://secret/a%00", "vault://secret/app#", "vault://secret/app#a#b",
		"vault://secret/app?", "vault://secret/app?version=0", "vault://secret/app?version=-1", "vault://secret/app?version=01", "vault://secret/app?version=+1",
		"vault://secret/app?version=1&x=2", "vault://secret/app?stage=x", "vault://secret/app?version=99999999999", "vault://secret/" + strings.Repeat("x", 2000),
	} {
		if _, err := store.Open(t.Context(), text); !errors.Is(err, vaultsecret.ErrReference) {
			t.Errorf("%.60s: %v", text, err)
		}
	}
	if _, err := store.Open(t.Context(), "secret/app"); !errors.Is(err, vaultsecret.ErrReference) {
		t.Error(err)
	}
	if n := len(server.Requests()); n != 0 {
		t.Errorf("%d requests", n)
	}
}
