package awssecret_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/secret"
	"github.com/fourkites/sources/base/secret/awssecret"
	"github.com/fourkites/sources/internal/engines"
)

// service is a Secrets Manager with an administrator: the fake of this package or moto.
type service struct {
	t     *testing.T
	admin *secretsmanager.Client
	store *awssecret.Store
}

func serviceOf(t *testing.T, config awssecret.Config) service {
	t.Helper()
	key, err := config.Key.Source(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	snap, err := key.Get(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	id, word, _ := strings.Cut(snap.Reveal(), ":")
	admin := secretsmanager.New(secretsmanager.Options{
		BaseEndpoint: &config.Endpoint, Region: config.Region, Retryer: aws.NopRetryer{},
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: id, SecretAccessKey: word}, nil
		}),
	})
	return service{t, admin, storeOf(t, config)}
}

func motoConfig(server *engines.MotoServer) awssecret.Config {
	return awssecret.Config{
		Region: engines.MotoRegion, Endpoint: server.URL, Proxy: "none", Key: secret.Literal("demo:demo"), Limits: base.Limits{Retries: -1},
	}
}

func (s service) create(name, text string) (id, arn string) {
	s.t.Helper()
	out, err := s.admin.CreateSecret(s.t.Context(), &secretsmanager.CreateSecretInput{Name: &name, SecretString: &text})
	if err != nil {
		s.t.Fatal(err)
	}
	return aws.ToString(out.VersionId), aws.ToString(out.ARN)
}

func (s service) put(name, text string, stages ...string) (id string) {
	s.t.Helper()
	out, err := s.admin.PutSecretValue(s.t.Context(), &secretsmanager.PutSecretValueInput{SecretId: &name, SecretString: &text, VersionStages: stages})
	if err != nil {
		s.t.Fatal(err)
	}
	return aws.ToString(out.VersionId)
}

func (s service) promote(name, from, to string) {
	s.t.Helper()
	_, err := s.admin.UpdateSecretVersionStage(s.t.Context(), &secretsmanager.UpdateSecretVersionStageInput{
		SecretId: &name, VersionStage: aws.String("AWSCURRENT"), RemoveFromVersionId: &from, MoveToVersionId: &to,
	})
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s service) reads(reference, want string) secret.Snapshot {
	s.t.Helper()
	return reads(s.t, opened(s.t, s.store, reference), want)
}

func (s service) fails(reference string, want error) {
	s.t.Helper()
	if _, err := get(s.t, s.store, reference); !errors.Is(err, want) {
		s.t.Errorf("%s: %v, want %v", reference, err, want)
	} else {
		clean(s.t, err, reference)
	}
}

// rotates takes a secret through two rotations. The fake and moto are held to the same.
func (s service) rotates() {
	const name = "prod/rotating"
	first, arn := s.create(name, `{"username":"blue","password":"one"}`)
	c := secret.NewCache(opened(s.t, s.store, "awssm://"+name+"#password"), secret.CacheConfig{})
	defer func() {
		if err := c.Close(); err != nil {
			s.t.Error(err)
		}
	}()
	if snap := reads(s.t, c, "one"); snap.User != "blue" || snap.Version != first+"#password" {
		s.t.Errorf("%v of %s", snap, snap.User)
	}
	s.reads("awssm://"+arn+"#password", "one")
	s.reads("awssm://"+name+"?version="+first+"#username", "blue")
	s.fails("awssm://"+name+"?stage=AWSPREVIOUS", awssecret.ErrNotFound)

	second := s.put(name, `{"username":"green","password":"`+canary+`"}`, "AWSPENDING")
	if snap, err := c.Refresh(s.t.Context()); err != nil || snap.Reveal() != "one" {
		s.t.Errorf("during a rotation: %v, %v", snap, err)
	}
	s.fails("awssm://"+name+"?version="+second+"#password", awssecret.ErrPending)

	s.promote(name, first, second)
	c.Refuse(first + "#password")
	if snap := reads(s.t, c, canary); snap.User != "green" || snap.Version != second+"#password" {
		s.t.Errorf("%v of %s", snap, snap.User)
	}
	s.reads("awssm://"+name+"?stage=AWSPREVIOUS#password", "one")
	s.reads("awssm://"+name+"?version="+first+"#password", "one")

	third := s.put(name, `{"username":"blue","password":"three"}`, "AWSPENDING")
	s.promote(name, second, third)
	if snap := s.reads("awssm://"+name+"#password", "three"); snap.Version != third+"#password" || snap.User != "blue" {
		s.t.Errorf("%v of %s", snap, snap.User)
	}
	s.reads("awssm://"+name+"?stage=AWSPREVIOUS#password", canary)
}

// changes writes over a secret by hand. Moto knows this way as long as no label was moved.
func (s service) changes() {
	s.create("plain", "one")
	id := s.put("plain", "two")
	if snap := s.reads("awssm://plain", "two"); snap.Version != id {
		s.t.Error(snap)
	}
	s.reads("awssm://plain?stage=AWSPREVIOUS", "one")
}

// disappears deletes a secret, restores it, and deletes it for good.
func (s service) disappears() {
	name := "gone"
	s.create(name, "here")
	s.reads("awssm://gone", "here")
	s.fails("awssm://absent", awssecret.ErrNotFound)
	s.fails("awssm://gone?version="+strings.Repeat("1", 36), awssecret.ErrNotFound)
	if _, err := s.admin.DeleteSecret(s.t.Context(), &secretsmanager.DeleteSecretInput{SecretId: &name}); err != nil {
		s.t.Fatal(err)
	}
	s.fails("awssm://gone", awssecret.ErrDeleted)
	if _, err := s.admin.RestoreSecret(s.t.Context(), &secretsmanager.RestoreSecretInput{SecretId: &name}); err != nil {
		s.t.Fatal(err)
	}
	s.reads("awssm://gone", "here")
	if _, err := s.admin.DeleteSecret(s.t.Context(), &secretsmanager.DeleteSecretInput{SecretId: &name, ForceDeleteWithoutRecovery: aws.Bool(true)}); err != nil {
		s.t.Fatal(err)
	}
	s.fails("awssm://gone", awssecret.ErrNotFound)
}

// keepsOther has secrets that are binary, or have no value yet.
func (s service) keepsOther() {
	if _, err := s.admin.CreateSecret(s.t.Context(), &secretsmanager.CreateSecretInput{Name: aws.String("bytes"), SecretBinary: []byte{0, 1, 2}}); err != nil {
		s.t.Fatal(err)
	}
	s.fails("awssm://bytes", awssecret.ErrBinary)
	if _, err := s.admin.CreateSecret(s.t.Context(), &secretsmanager.CreateSecretInput{Name: aws.String("void")}); err != nil {
		s.t.Fatal(err)
	}
	s.fails("awssm://void", awssecret.ErrNotFound)
	s.create("pem", "-----BEGIN X-----\nAAAA\n-----END X-----\n")
	s.reads("awssm://pem", "-----BEGIN X-----\nAAAA\n-----END X-----\n")
	s.create("echoed", canary+"\n")
	s.fails("awssm://echoed", secret.ErrMalformed)
}

func TestTheFakeBehavesAsTheService(t *testing.T) {
	t.Parallel()
	s := serviceOf(t, started(t).Config())
	s.rotates()
	s.changes()
	s.disappears()
	s.keepsOther()
}

func TestARealServiceRotatesAndDeletes(t *testing.T) {
	t.Parallel()
	s := serviceOf(t, motoConfig(engines.Moto(t)))
	s.rotates()
	s.changes()
	s.disappears()
	s.keepsOther()
}

func TestARealServiceThatRefusesOrIsDownLeavesTheLastGoodValue(t *testing.T) {
	t.Parallel()
	server := engines.Moto(t)
	s := serviceOf(t, motoConfig(server))
	s.create("db", `{"password":"one"}`)
	c := secret.NewCache(opened(t, s.store, "awssm://db#password"), secret.CacheConfig{})
	defer func() { _ = c.Close() }()
	snap := reads(t, c, "one")

	server.DenyAfter(t, 0)
	_, err := c.Refresh(t.Context())
	if !errors.Is(err, awssecret.ErrCredentials) && !errors.Is(err, awssecret.ErrDenied) {
		t.Errorf("403: %v", err)
	} else {
		clean(t, err, "awssm://db#password")
	}
	reads(t, c, "one")
	server.DenyAfter(t, -1)

	// The key was refused, and is not sent again; another store has it anew.
	s = serviceOf(t, motoConfig(server))
	s.reads("awssm://db#password", "one")
	server.Kill(t)
	s.fails("awssm://db#password", awssecret.ErrUnreachable)
	if _, err := c.Refresh(t.Context()); err == nil {
		t.Error("a dead server answers")
	}
	if again := reads(t, c, "one"); again.Version != snap.Version {
		t.Error(again)
	}
	server.Start(t)
	s.fails("awssm://db#password", awssecret.ErrNotFound) // it does not outlive a restart
}
