package awssecret_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/secret"
	"github.com/fourkites/sources/base/secret/awssecret"
	"github.com/fourkites/sources/base/secret/awssecret/awssecrettest"
)

// A password is named in the configuration and read where it is used, through a cache that sees its rotation.
func Example() {
	server := awssecrettest.NewServer() // in production: AWS
	defer server.Close()
	server.Put("prod/db", `{"username":"reader","password":"first"}`)

	ctx := context.Background()
	store, err := awssecret.New(ctx, server.Config()) // in production: awssecret.Config{Region: "eu-west-1"}
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = store.Close() }()

	// What each client does with the resolver that base.WithSecrets gives it:
	secrets := secret.Resolver{"awssm": store.Open}
	var password secret.Value
	_ = password.UnmarshalText([]byte("awssm://prod/db#password"))
	source, err := password.Source(ctx, secrets)
	if err != nil {
		fmt.Println(err)
		return
	}
	cache := secret.NewCache(source, secret.CacheConfig{})
	defer func() { _ = cache.Close() }()

	snap, err := cache.Get(ctx)
	fmt.Println(snap.User, snap.Reveal(), err)

	server.Put("prod/db", `{"username":"reader2","password":"second"}`)
	cache.Refuse(snap.Version) // the database does not take the first one any more
	snap, err = cache.Get(ctx)
	fmt.Println(snap.User, snap.Reveal(), err)
	// Output:
	// reader first <nil>
	// reader2 second <nil>
}

// Plain fields of a configuration may be references too.
func ExampleStore_Open() {
	server := awssecrettest.NewServer()
	defer server.Close()
	server.Put("prod/db", `{"host":"db.example","port":5439}`)
	store, err := awssecret.New(context.Background(), server.Config())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = store.Close() }()

	// Given to the ConfigFromEnv of a source.
	_ = base.EnvSecrets(secret.Resolver{"awssm": store.Open})

	source, err := store.Open(context.Background(), "awssm://prod/db#port")
	if err != nil {
		fmt.Println(err)
		return
	}
	snap, err := source.Get(context.Background())
	fmt.Println(snap.Reveal(), err)

	source, _ = store.Open(context.Background(), "awssm://prod/db#password")
	_, err = source.Get(context.Background())
	fmt.Println(errors.Is(err, awssecret.ErrKey), err)
	// Output:
	// 5439 <nil>
	// true secret: unresolved: awssm://prod/db#password: no such key: the secret has no key "password"; it has host, port
}
