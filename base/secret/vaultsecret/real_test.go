package vaultsecret_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/fourkites/sources/base/secret"
	"github.com/fourkites/sources/base/secret/vaultsecret"
	"github.com/fourkites/sources/internal/engines"
)

// realConfig is a login by the root token, which the store is given.
func realConfig(server *engines.OpenBaoServer) vaultsecret.Config {
	return vaultsecret.Config{Address: server.URL, Proxy: "none", Token: secret.Literal(engines.OpenBaoRootToken)}
}

// realRole makes a policy and a role of AppRole at a mount of its own, and the configuration to log in with it.
func realRole(t *testing.T, server *engines.OpenBaoServer, mount, policy string, role map[string]any) vaultsecret.Config {
	t.Helper()
	server.Write(t, "sys/auth/"+mount, map[string]any{"type": "approle"})
	server.Write(t, "sys/policies/acl/"+mount, map[string]any{"policy": policy})
	role["token_policies"] = mount
	server.Write(t, "auth/"+mount+"/role/app", role)
	roleID, _ := server.Read(t, "auth/"+mount+"/role/app/role-id")["role_id"].(string)
	secretID, _ := server.Write(t, "auth/"+mount+"/role/app/secret-id", nil)["secret_id"].(string)
	config := realConfig(server)
	config.Token = secret.Value{}
	config.AppRole = vaultsecret.AppRole{RoleID: roleID, SecretID: secret.Literal(secretID), Mount: mount}
	return config
}

func stores(t *testing.T, server *engines.OpenBaoServer, path string, data map[string]any) {
	t.Helper()
	server.Write(t, "secret/data/"+path, map[string]any{"data": data})
}

func TestARealServerKeepsVersions(t *testing.T) {
	t.Parallel()
	server := engines.SharedOpenBao(t)
	stores(t, server, "kv/a b", map[string]any{"username": "one", "password": canary, "port": 5439})
	stores(t, server, "kv/a b", map[string]any{"username": "two", "password": canary + "2"})
	store := storeOf(t, realConfig(server))
	latest, first := opened(t, store, "vault://secret/kv/a%20b"), opened(t, store, "vault://secret/kv/a%20b?version=1")
	if snap := reads(t, latest, canary+"2"); snap.User != "two" {
		t.Errorf("user %q", snap.User)
	}
	if snap := reads(t, first, canary); snap.User != "one" {
		t.Errorf("user %q", snap.User)
	}
	reads(t, opened(t, store, "vault://secret/kv/a%20b?version=1#port"), "5439")
	server.Write(t, "secret/delete/kv/a%20b", map[string]any{"versions": []int{2}})
	fails(t, latest, vaultsecret.ErrDeleted, "version 2")
	server.Write(t, "secret/undelete/kv/a%20b", map[string]any{"versions": []int{2}})
	reads(t, latest, canary+"2")
	server.Write(t, "secret/destroy/kv/a%20b", map[string]any{"versions": []int{1}})
	fails(t, first, vaultsecret.ErrDestroyed)
	fails(t, opened(t, store, "vault://secret/kv/a%20b?version=7"), vaultsecret.ErrNotFound)
	fails(t, opened(t, store, "vault://secret/kv/none"), vaultsecret.ErrNotFound)
	fails(t, opened(t, store, "vault://nowhere/none"), vaultsecret.ErrNotFound)

	server.Write(t, "sys/mounts/team/old", map[string]any{"type": "kv", "options": map[string]any{"version": "1"}})
	server.Write(t, "team/old/app/x", map[string]any{"password": "of the first KV"})
	reads(t, opened(t, store, "vault://team/old/app/x"), "of the first KV")
}

func TestARealTokenIsRenewedAndReplaced(t *testing.T) {
	t.Parallel()
	server := engines.SharedOpenBao(t)
	stores(t, server, "role/app", map[string]any{"password": "x"})
	stores(t, server, "role/other", map[string]any{"password": "x"})
	config := realRole(t, server, "renewed", `path "secret/data/role/app" { capabilities = ["read"] }`, map[string]any{"token_ttl": "2s", "token_max_ttl": "4s"})
	store := storeOf(t, config)
	source := opened(t, store, "vault://secret/role/app")
	denied := opened(t, store, "vault://secret/role/other")
	ticker := time.NewTicker(100 * time.Millisecond)
	defer ticker.Stop()
	for began := time.Now(); time.Since(began) < 7*time.Second; <-ticker.C {
		reads(t, source, "x")
	}
	fails(t, denied, vaultsecret.ErrDenied, "permission denied")

	config = realRole(t, server, "once", `path "secret/data/role/app" { capabilities = ["read"] }`, map[string]any{"token_ttl": "1h", "secret_id_num_uses": 1})
	store = storeOf(t, config)
	source = opened(t, store, "vault://secret/role/app")
	reads(t, source, "x")
	revokeTokensOf(t, server, "once")
	fails(t, source, vaultsecret.ErrLogin, "used up")
}

// revokeTokensOf ends all tokens of an auth method.
func revokeTokensOf(t *testing.T, server *engines.OpenBaoServer, mount string) {
	t.Helper()
	server.Write(t, "sys/leases/revoke-prefix/auth/"+mount, map[string]any{"sync": true})
}

func TestARealServerIsSealedAndUnsealed(t *testing.T) {
	t.Parallel()
	server := engines.OpenBao(t)
	stores(t, server, "app", map[string]any{"password": "x"})
	config := realConfig(server)
	config.Limits.Retries = -1
	cache := secret.NewCache(opened(t, storeOf(t, config), "vault://secret/app"), secret.CacheConfig{RetryMin: time.Millisecond, RetryMax: time.Millisecond})
	t.Cleanup(func() { _ = cache.Close() })
	reads(t, cache, "x")
	server.Seal(t)
	_, err := cache.Refresh(t.Context())
	if !errors.Is(err, vaultsecret.ErrSealed) {
		t.Errorf("sealed: %v", err)
	}
	clean(t, err, "unseal")
	reads(t, cache, "x") // the last good value
	server.Unseal(t)
	if _, err := cache.Refresh(t.Context()); err != nil {
		t.Errorf("unsealed: %v", err)
	}
	server.Stop(t)
	if _, err := cache.Refresh(t.Context()); !errors.Is(err, vaultsecret.ErrUnreachable) {
		t.Errorf("stopped: %v", err)
	}
}

const readAccounts = `
path "database/creds/*" { capabilities = ["read"] }
path "sys/leases/revoke" { capabilities = ["update"] }`

// logsIn tries an account of PostgreSQL.
func logsIn(t *testing.T, db *engines.PostgresServer, snap secret.Snapshot) error {
	t.Helper()
	config, err := pgx.ParseConfig("postgres://" + db.Addr + "/" + engines.PostgresDatabase + "?sslmode=require")
	if err != nil {
		t.Fatal(err)
	}
	config.User, config.Password = snap.User, snap.Reveal()
	conn, err := pgx.ConnectConfig(context.Background(), config)
	if err != nil {
		return err
	}
	return conn.Close(context.Background())
}

func refusedLogin(err error) bool {
	answer, ok := errors.AsType[*pgconn.PgError](err)
	return ok && answer.Code == "28P01"
}

func TestRealAccountsAreRenewedReplacedAndRevoked(t *testing.T) {
	t.Parallel()
	server, db := engines.SharedOpenBao(t), engines.SharedPostgres(t)
	server.Database(t, "database", "reader", db, "4s", "10s")
	config := realRole(t, server, "accounts", readAccounts, map[string]any{"token_ttl": "3s", "token_max_ttl": "1h"})
	store, err := vaultsecret.New(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	cache := secret.NewCache(opened(t, store, "vault://database/creds/reader"), secret.CacheConfig{OnError: func(err error) { t.Error(err) }})
	t.Cleanup(func() { _ = cache.Close() })
	lives := map[string]time.Duration{}
	var last secret.Snapshot
	ticker := time.NewTicker(200 * time.Millisecond)
	defer ticker.Stop()
	for began := time.Now(); len(lives) < 2 || time.Since(began) < 5*time.Second; <-ticker.C {
		if time.Since(began) > 30*time.Second {
			t.Fatalf("no other account in half a minute: %v", lives)
		}
		last = gets(t, cache)
		if err := logsIn(t, db, last); err != nil {
			t.Fatalf("after %s: %v", time.Since(began), err)
		}
		lives[last.User] = time.Since(began)
	}
	longest := time.Duration(0)
	for _, life := range lives {
		longest = max(longest, life)
	}
	if longest < 5*time.Second {
		t.Errorf("accounts of 4 s were not renewed: %v", lives)
	}

	cache.Refuse(last.Version)
	fresh := gets(t, cache)
	if fresh.User == last.User || logsIn(t, db, fresh) != nil {
		t.Errorf("%s after %s was refused", fresh.User, last.User)
	}
	if err := store.Close(); err != nil {
		t.Error(err)
	}
	for _, snap := range []secret.Snapshot{last, fresh} {
		if err := logsIn(t, db, snap); !refusedLogin(err) {
			t.Errorf("%s after Close: %v", snap.User, err)
		}
	}
}

func TestARealAccountThatSomebodyDroppedIsReplaced(t *testing.T) {
	t.Parallel()
	server, db := engines.SharedOpenBao(t), engines.SharedPostgres(t)
	server.Database(t, "warehouse", "reader", db, "1h", "2h")
	store := storeOf(t, realConfig(server))
	source := opened(t, store, "vault://warehouse/creds/reader")
	first := gets(t, source)
	if again := gets(t, source); again.Version != first.Version || !again.Expires.After(first.Expires) {
		t.Errorf("%v after %v", again, first)
	}
	db.Admin(t, `DROP ROLE "`+first.User+`"`)
	second := gets(t, source)
	if second.User == first.User || logsIn(t, db, second) != nil {
		t.Errorf("%s after %s was dropped", second.User, first.User)
	}
	err := fails(t, opened(t, store, "vault://warehouse/creds/none"), vaultsecret.ErrInvalid, "none")
	if strings.Contains(err.Error(), engines.OpenBaoRootToken) {
		t.Error(&err)
	}
}
