package vaultsecret_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/secret"
	"github.com/fourkites/sources/base/secret/vaultsecret"
	"github.com/fourkites/sources/base/secret/vaultsecret/vaultsecrettest"
)

// A password is named in the configuration and read where it is used, through a cache that sees its rotation.
func Example() {
	server := vaultsecrettest.NewServer() // in production: Vault
	defer server.Close()
	server.Put("secret/prod/db", map[string]any{"username": "reader", "password": "first"})

	ctx := context.Background()
	store, err := vaultsecret.New(ctx, server.Config()) // in production: an address, and AppRole or Kubernetes
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = store.Close() }()

	// What each client does with the resolver that base.WithSecrets gives it:
	secrets := secret.Resolver{"vault": store.Open}
	var password secret.Value
	_ = password.UnmarshalText([]byte("vault://secret/prod/db#password"))
	source, err := password.Source(ctx, secrets)
	if err != nil {
		fmt.Println(err)
		return
	}
	cache := secret.NewCache(source, secret.CacheConfig{})
	defer func() { _ = cache.Close() }()

	snap, err := cache.Get(ctx)
	fmt.Println(snap.User, snap.Reveal(), err)

	server.Put("secret/prod/db", map[string]any{"username": "reader2", "password": "second"})
	cache.Refuse(snap.Version) // the database does not take the first one any more
	snap, err = cache.Get(ctx)
	fmt.Println(snap.User, snap.Reveal(), err)
	// Output:
	// reader first <nil>
	// reader2 second <nil>
}

// An account is issued for each source, renewed while it is in use, and revoked in the end.
func ExampleStore_Close() {
	server := vaultsecrettest.NewServer()
	defer server.Close()
	server.Database("reader", vaultsecrettest.Role{
		Life:    vaultsecrettest.Life{TTL: time.Hour},
		Issued:  func(user, _ string) { fmt.Println("issued", user) },
		Revoked: func(user string) { fmt.Println("revoked", user) },
	})
	store, err := vaultsecret.New(context.Background(), server.Config())
	if err != nil {
		fmt.Println(err)
		return
	}
	source, err := store.Open(context.Background(), "vault://database/creds/reader")
	if err != nil {
		fmt.Println(err)
		return
	}
	snap, err := source.Get(context.Background())
	fmt.Println(snap.User, err)
	fmt.Println(store.Close())
	// Output:
	// issued v-demo-reader-0002
	// v-demo-reader-0002 <nil>
	// revoked v-demo-reader-0002
	// <nil>
}

// Errors say what to change.
func ExampleStore_Open() {
	server := vaultsecrettest.NewServer()
	defer server.Close()
	server.Put("secret/app", map[string]any{"host": "db.example", "port": 5439})
	store, err := vaultsecret.New(context.Background(), server.Config())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = store.Close() }()

	// Plain fields of a configuration may be references too, where the store is given to the ConfigFromEnv of a source.
	_ = base.EnvSecrets(secret.Resolver{"vault": store.Open})

	source, _ := store.Open(context.Background(), "vault://secret/app#port")
	snap, err := source.Get(context.Background())
	fmt.Println(snap.Reveal(), err)

	source, _ = store.Open(context.Background(), "vault://secret/app#password")
	_, err = source.Get(context.Background())
	fmt.Println(errors.Is(err, vaultsecret.ErrKey), err)
	// Output:
	// 5439 <nil>
	// true secret: unresolved: vault://secret/app#password: no such key: the secret has no key "password"; it has host, port
}
