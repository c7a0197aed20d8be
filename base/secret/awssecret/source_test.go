package awssecret_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/fourkites/sources/athena"
	"github.com/fourkites/sources/athena/athenatest"
	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/secret"
	"github.com/fourkites/sources/base/secret/awssecret"
	"github.com/fourkites/sources/redshift"
	"github.com/fourkites/sources/redshift/redshifttest"
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

// A rotation that alternates between two accounts changes the user with the password.
func TestARotationBetweenTwoAccountsIsSeenAsOne(t *testing.T) {
	t.Parallel()
	server, database := started(t), redshifttest.NewServer()
	t.Cleanup(database.Close)
	database.AddUser("blue", "first")
	server.Put("prod/warehouse", `{"username":"blue","password":"first"}`)
	store := storeOf(t, server.Config())
	config := database.Config()
	config.User = ""
	if err := config.Password.UnmarshalText([]byte("awssm://prod/warehouse#password")); err != nil {
		t.Fatal(err)
	}
	client, err := redshift.New(t.Context(), config, base.WithSecrets(secret.Resolver{"awssm": store.Open}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	if err := client.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	asked(t, server, 1)

	rotation, err := server.Rotate("prod/warehouse", `{"username":"green","password":"second"}`)
	if err != nil {
		t.Fatal(err)
	}
	database.AddUser("green", "second")
	if err := errors.Join(rotation.Set(), rotation.Test(), rotation.Finish()); err != nil {
		t.Fatal(err)
	}
	database.SetPassword("blue", "third") // the next rotation has the other account again
	database.DropConnections()
	if err := client.Ping(t.Context()); err != nil {
		t.Error(err)
	}
	asked(t, server, 1)
}

func TestACheckAtTheStartTellsOfEveryReference(t *testing.T) {
	t.Parallel()
	server := started(t)
	store := storeOf(t, server.Config())
	server.Put("there", `{"a":"x","b":"`+canary+`\n"}`)
	server.Put("denied", "x")
	server.Deny("denied", true)
	type Config struct{ Good, Absent, Denied, Broken, Pending secret.Value }
	var config Config
	for text, value := range map[string]*secret.Value{
		"awssm://there#a": &config.Good, "awssm://absent": &config.Absent, "awssm://denied": &config.Denied, "awssm://there#b": &config.Broken,
		"awssm://there?stage=AWSPENDING": &config.Pending,
	} {
		if err := value.UnmarshalText([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	err := secret.Check(t.Context(), secret.Resolver{"awssm": store.Open}, config)
	for _, want := range []error{awssecret.ErrNotFound, awssecret.ErrDenied, secret.ErrMalformed, awssecret.ErrPending} {
		if !errors.Is(err, want) {
			t.Errorf("%v is not in it", want)
		}
	}
	for _, field := range []string{"Absent: ", "Denied: ", "Broken: ", "Pending: "} {
		if err == nil || !strings.Contains(err.Error(), field) {
			t.Errorf("%v does not speak of %s", err, field)
		}
	}
	if err != nil && (strings.Contains(err.Error(), "Good") || strings.Contains(err.Error(), canary)) {
		t.Error(err)
	}
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
