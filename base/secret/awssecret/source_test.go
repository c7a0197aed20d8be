package awssecret_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/fourkites/sources/athena"
	"github.com/fourkites/sources/athena/athenatest"
	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/secret"
)

// A client of a source is given the resolver, and its key rotates at the service and in the store.
func TestAClientSeesARotationWithoutAFailedCall(t *testing.T) {
	t.Parallel()
	server := started(t)
	source := athenatest.NewServer()
	t.Cleanup(source.Close)
	server.Put("athena", `{"key":"`+athenatest.AccessKey+`:`+athenatest.SecretKey+`"}`)
	store := storeOf(t, server.Config())
	config := source.Config()
	if err := config.Key.UnmarshalText([]byte("awssm://athena#key")); err != nil {
		t.Fatal(err)
	}
	client, err := athena.New(t.Context(), config, base.WithSecrets(secret.Resolver{"awssm": store.Open}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	for range 3 {
		if err := client.Ping(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	asked(t, server, 1)

	source.SetKey("DEMOACCESSKEY0000002", "another-secret", "")
	server.Put("athena", `{"key":"DEMOACCESSKEY0000002:another-secret"}`)
	source.SetKey(athenatest.AccessKey, "", "")
	for range 3 {
		if err := client.Ping(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	asked(t, server, 1)
}

// What is wrong in the store is no answer of the source.
func TestAStoreWithoutTheSecretIsNotASourceWithoutTheRow(t *testing.T) {
	t.Parallel()
	server := started(t)
	source := athenatest.NewServer()
	t.Cleanup(source.Close)
	store := storeOf(t, server.Config())
	config := source.Config()
	if err := config.Key.UnmarshalText([]byte("awssm://absent")); err != nil {
		t.Fatal(err)
	}
	client, err := athena.New(t.Context(), config, base.WithSecrets(secret.Resolver{"awssm": store.Open}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	err = client.Ping(t.Context())
	if !errors.Is(err, base.ErrUnauthenticated) || errors.Is(err, base.ErrNotFound) || !strings.Contains(err.Error(), "awssm://absent") {
		t.Error(err)
	}
	if n := len(source.Requests()); n != 0 {
		t.Errorf("%d requests without a key", n)
	}
}
