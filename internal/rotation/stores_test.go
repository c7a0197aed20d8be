package rotation_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/fourkites/sources/base/secret"
	"github.com/fourkites/sources/base/secret/awssecret"
	"github.com/fourkites/sources/base/secret/vaultsecret"
	"github.com/fourkites/sources/internal/engines"
)

// manager is a secret in Secrets Manager that is turned as a rotation function does, between two accounts.
type manager struct {
	secret.Source
	account
	store   *awssecret.Store
	admin   *secretsmanager.Client
	id      string // of the present version
	accepts accepts
	now     credential
}

const managed = "prod/rotation"

func newManager(t *testing.T, a account) *manager {
	server := engines.Moto(t)
	store := must[*awssecret.Store](t)(awssecret.New(t.Context(), awssecret.Config{
		Region: engines.MotoRegion, Endpoint: server.URL, Proxy: "none", Key: secret.Literal("demo:demo"),
	}))
	m := &manager{store: store, account: a, now: a.nth(1), admin: secretsmanager.New(secretsmanager.Options{
		BaseEndpoint: &server.URL, Region: engines.MotoRegion, Retryer: aws.NopRetryer{}, HTTPClient: &http.Client{Transport: &http.Transport{DisableKeepAlives: true}},
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "demo", SecretAccessKey: "demo"}, nil
		}),
	})}
	m.Source = must[secret.Source](t)(store.Open(t.Context(), "awssm://"+managed+"#password"))
	return m
}

// Close ends the store of the client.
func (m *manager) Close() error { return m.store.Close() }

func (m *manager) timed() bool { return false }

// text is what the secret holds of a credential.
func text(c credential) *string {
	b, _ := json.Marshal(map[string]string{"username": c.user, "password": c.secret})
	return aws.String(string(b))
}

func (m *manager) begin(t *testing.T, server accepts) {
	t.Helper()
	m.accepts = server
	out, err := m.admin.CreateSecret(t.Context(), &secretsmanager.CreateSecretInput{Name: aws.String(managed), SecretString: text(m.now)})
	if err = errors.Join(err, server(t.Context(), m.now)); err != nil {
		t.Fatal(err)
	}
	m.id = aws.ToString(out.VersionId)
}

// issue creates the version as pending, sets the password of the other account, and makes the version the current one.
func (m *manager) issue(ctx context.Context) error {
	next := m.nth(m.now.n + 1)
	out, err := m.admin.PutSecretValue(ctx, &secretsmanager.PutSecretValueInput{
		SecretId: aws.String(managed), SecretString: text(next), VersionStages: []string{"AWSPENDING"},
	})
	if err != nil {
		return err
	}
	if err := m.accepts(ctx, next, m.now); err != nil {
		return err
	}
	_, err = m.admin.UpdateSecretVersionStage(ctx, &secretsmanager.UpdateSecretVersionStageInput{
		SecretId: aws.String(managed), VersionStage: aws.String("AWSCURRENT"), RemoveFromVersionId: &m.id, MoveToVersionId: out.VersionId,
	})
	m.id, m.now = aws.ToString(out.VersionId), next
	return err
}

// revoke changes the password of the account that was used before.
func (m *manager) revoke(ctx context.Context) error { return m.accepts(ctx, m.now) }

// vault issues accounts of PostgreSQL that live for four seconds and are dropped then.
type vault struct {
	account
	store  *vaultsecret.Store
	source secret.Source
	db     *engines.PostgresServer

	mu    sync.Mutex
	users []string
}

const leaseOfVault = "4s"

func newVault(t *testing.T, a account) *vault {
	server, db := engines.OpenBao(t), engines.SharedPostgres(t)
	server.Database(t, "database", "rotation", db, leaseOfVault, leaseOfVault)
	store := must[*vaultsecret.Store](t)(vaultsecret.New(t.Context(), vaultsecret.Config{
		Address: server.URL, Proxy: "none", Token: secret.Literal(engines.OpenBaoRootToken),
	}))
	return &vault{account: a, db: db, store: store, source: must[secret.Source](t)(store.Open(t.Context(), "vault://database/creds/rotation"))}
}

func (v *vault) Get(ctx context.Context) (secret.Snapshot, error) {
	snap, err := v.source.Get(ctx)
	v.mu.Lock()
	defer v.mu.Unlock()
	if err == nil && !slices.Contains(v.users, snap.User) {
		v.users = append(v.users, snap.User)
	}
	return snap, err
}

// Close ends the store of the client, which takes its accounts back.
func (v *vault) Close() error { return v.store.Close() }

func (v *vault) timed() bool { return true }

func (v *vault) begin(*testing.T, accepts) {}

func (v *vault) issue(context.Context) error { return nil }

// revoke waits until the account that was issued last is dropped.
func (v *vault) revoke(ctx context.Context) error {
	v.mu.Lock()
	last := v.users[len(v.users)-1]
	v.mu.Unlock()
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for {
		left, err := v.db.Query(ctx, engines.PostgresAdmin, engines.PostgresAdminPassword, "SELECT count(*) FROM pg_roles WHERE rolname = '"+last+"'")
		if err != nil || strings.TrimSpace(left) == "0" {
			return err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}
