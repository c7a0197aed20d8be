package vaultsecret_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/fault"
	"github.com/fourkites/sources/base/secret"
	"github.com/fourkites/sources/base/secret/vaultsecret"
	"github.com/fourkites/sources/base/secret/vaultsecret/vaultsecrettest"
)

const (
	loginPath  = "auth/approle/login"
	renewPath  = "auth/token/renew-self"
	lookupPath = "auth/token/lookup-self"
)

func TestATokenIsRenewedWhileNobodyAsksAndReplacedAtItsLongestLife(t *testing.T) {
	t.Parallel()
	server := started(t)
	server.Put("secret/app", map[string]any{"password": "x"})
	config := byAppRole(server, vaultsecrettest.Life{TTL: time.Minute, Max: 5 * time.Minute}, -1)
	synctest.Test(t, func(t *testing.T) {
		store, end := bubbled(t, direct{server: server}, config)
		source := opened(t, store, "vault://secret/app")
		reads(t, source, "x")
		for range 10 {
			time.Sleep(3 * time.Minute) // longer than the token lives by itself
			synctest.Wait()
			if server.Tokens() == 0 {
				t.Fatal("the token has ended")
			}
			reads(t, source, "x")
		}
		logins, renewals := server.Asked(loginPath), server.Asked(renewPath)
		if logins < 6 || logins > 10 || renewals < 30 || renewals > 80 {
			t.Errorf("%d logins and %d renewals in half an hour", logins, renewals)
		}
		end()
		if n := server.Tokens(); n != 0 {
			t.Errorf("%d tokens are left", n)
		}
	})
}

func TestATokenThatWasReplacedIsRevokedWithItsAccountsToo(t *testing.T) {
	t.Parallel()
	server := started(t)
	var b book
	server.Database("reader", vaultRole(&b))
	config := byAppRole(server, vaultsecrettest.Life{TTL: 10 * time.Minute, Max: 12 * time.Minute}, -1)
	synctest.Test(t, func(t *testing.T) {
		store, end := bubbled(t, direct{server: server}, config)
		gets(t, opened(t, store, account))
		time.Sleep(590 * time.Second) // near the end of the first token
		synctest.Wait()
		if tokens, leases := server.Tokens(), len(server.Leases()); tokens != 2 || leases != 1 {
			t.Errorf("%d tokens and %d leases, want the old one beside the new one", tokens, leases)
		}
		end()
		if valid, _ := b.counts(); valid != 0 || server.Tokens() != 0 {
			t.Errorf("%d accounts, %d tokens are left", valid, server.Tokens())
		}
	})
}

func TestATokenThatEndedEarlyIsReplacedByOneLogin(t *testing.T) {
	t.Parallel()
	server := started(t)
	server.Put("secret/app", map[string]any{"password": "x"})
	store := storeOf(t, byAppRole(server, vaultsecrettest.Life{TTL: time.Hour}, -1))
	var sources []secret.Source
	for range 8 {
		source := opened(t, store, "vault://secret/app")
		reads(t, source, "x")
		sources = append(sources, source)
	}
	server.RevokeTokens()
	server.ForgetRequests()
	var all sync.WaitGroup
	for _, source := range sources {
		all.Go(func() { reads(t, source, "x") })
	}
	all.Wait()
	if n := server.Asked(loginPath); n != 1 {
		t.Errorf("%d logins", n)
	}
}

func TestAPathThatIsDeniedCausesNoLogins(t *testing.T) {
	t.Parallel()
	for _, mayLookUp := range []bool{true, false} {
		server := started(t)
		server.Put("secret/app", map[string]any{"password": canary})
		server.Deny("secret/data/app")
		if !mayLookUp {
			server.Deny(lookupPath)
		}
		store := storeOf(t, byAppRole(server, vaultsecrettest.Life{TTL: time.Hour}, -1))
		source := opened(t, store, "vault://secret/app")
		for range 4 {
			err := fails(t, source, vaultsecret.ErrDenied, "policies", "permission denied")
			if err.Status != 403 {
				t.Errorf("status %d", err.Status)
			}
		}
		if n := server.Asked(loginPath); n > 2 {
			t.Errorf("%d logins, may look up: %v", n, mayLookUp)
		}
		server.Allow()
		reads(t, source, canary)
	}
}

func TestASecretIDThatIsUsedUpIsSaidAndReadAnew(t *testing.T) {
	t.Parallel()
	server := started(t)
	server.Put("secret/app", map[string]any{"password": "x"})
	role, id := server.AppRole(vaultsecrettest.Life{TTL: time.Minute}, 1)
	file := filepath.Join(t.TempDir(), "secret-id")
	write(t, file, id)
	var secretID secret.Value
	if err := secretID.UnmarshalText([]byte("file://" + file)); err != nil {
		t.Fatal(err)
	}
	config := server.Config()
	config.Token, config.AppRole = secret.Value{}, vaultsecret.AppRole{RoleID: role, SecretID: secretID}
	synctest.Test(t, func(t *testing.T) {
		store, end := bubbled(t, direct{server: server}, config)
		source := opened(t, store, "vault://secret/app")
		reads(t, source, "x")
		server.RevokeTokens()
		err := fails(t, source, vaultsecret.ErrLogin, "auth/approle", "used up", "invalid role or secret ID")
		if err.Status != 400 {
			t.Errorf("status %d", err.Status)
		}
		for range 50 {
			fails(t, source, vaultsecret.ErrLogin)
		}
		if n := server.Asked(loginPath); n != 2 {
			t.Errorf("%d logins, want no more until the pause is over", n)
		}
		write(t, file, server.NewSecretID(role, 1))
		time.Sleep(time.Second)
		reads(t, source, "x")
		end()
	})
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestLoginsThatFailComeSeldomer(t *testing.T) {
	t.Parallel()
	server := started(t)
	config := byAppRole(server, vaultsecrettest.Life{TTL: time.Minute}, 0)
	synctest.Test(t, func(t *testing.T) {
		store, end := bubbled(t, direct{server: server}, config)
		source := opened(t, store, "vault://secret/app")
		for range 10 * 60 * 4 {
			fails(t, source, vaultsecret.ErrLogin)
			time.Sleep(time.Second / 4)
		}
		if n := server.Asked(loginPath); n < 12 || n > 30 {
			t.Errorf("%d logins in ten minutes", n)
		}
		end()
	})
}

func TestAServiceAccountLogsInWithTheTokenInItsFile(t *testing.T) {
	t.Parallel()
	server := started(t)
	server.Put("secret/app", map[string]any{"password": "x"})
	server.Kubernetes("agent", "demo-jwt-1", vaultsecrettest.Life{TTL: time.Hour})
	file := filepath.Join(t.TempDir(), "token")
	write(t, file, "demo-jwt-1\n")
	config := server.Config()
	config.Token, config.Kubernetes = secret.Value{}, vaultsecret.Kubernetes{Role: "agent", TokenFile: file}
	store := storeOf(t, config)
	source := opened(t, store, "vault://secret/app")
	reads(t, source, "x")

	server.RevokeTokens()
	server.Kubernetes("agent", "demo-jwt-2", vaultsecrettest.Life{TTL: time.Hour})
	fails(t, source, vaultsecret.ErrLogin, "auth/kubernetes")
	write(t, file, "demo-jwt-2\n")
	config.Kubernetes.TokenFile = filepath.Join(t.TempDir(), "none")
	fails(t, opened(t, storeOf(t, config), "vault://secret/app"), vaultsecret.ErrLogin, "kubernetes.token_file", "none")
	config.Kubernetes = vaultsecret.Kubernetes{Role: "agent", TokenFile: file, Mount: "k8s/east"}
	fails(t, opened(t, storeOf(t, config), "vault://secret/app"), vaultsecret.ErrLogin, "auth/k8s/east")
}

func TestAGivenTokenIsRenewedReadAgainAndNeverRevoked(t *testing.T) {
	t.Parallel()
	server := started(t)
	server.Put("secret/app", map[string]any{"password": "x"})
	file := filepath.Join(t.TempDir(), "token")
	var token secret.Value
	if err := token.UnmarshalText([]byte("file://" + file)); err != nil {
		t.Fatal(err)
	}
	config := server.Config()
	config.Token = token
	synctest.Test(t, func(t *testing.T) {
		write(t, file, server.NewToken(vaultsecrettest.Life{TTL: time.Minute, Max: 5 * time.Minute}))
		store, end := bubbled(t, direct{server: server}, config)
		source := opened(t, store, "vault://secret/app")
		reads(t, source, "x")
		time.Sleep(4 * time.Minute)
		reads(t, source, "x")
		time.Sleep(2 * time.Minute)
		fails(t, source, vaultsecret.ErrLogin, "there is no other")
		write(t, file, server.NewToken(vaultsecrettest.Life{TTL: time.Hour}))
		time.Sleep(time.Minute)
		reads(t, source, "x")
		end()
		if n := server.Tokens(); n != 1 {
			t.Errorf("%d tokens, want the given one", n)
		}
	})
}

func TestAWrongTokenIsTold(t *testing.T) {
	t.Parallel()
	server := started(t)
	config := server.Config()
	for token, want := range map[string]error{
		canary: vaultsecret.ErrDenied, canary + "\n": vaultsecret.ErrLogin, "a b" + canary: vaultsecret.ErrLogin,
	} {
		config.Token = secret.Literal(token)
		fails(t, opened(t, storeOf(t, config), "vault://secret/app"), want)
	}
}

func TestAWrongTokenInAFileIsReadAgain(t *testing.T) {
	t.Parallel()
	server := started(t)
	server.Put("secret/app", map[string]any{"password": "x"})
	file := filepath.Join(t.TempDir(), "token")
	write(t, file, "demo-wrong")
	config := server.Config()
	if err := config.Token.UnmarshalText([]byte("file://" + file)); err != nil {
		t.Fatal(err)
	}
	source := opened(t, storeOf(t, config), "vault://secret/app")
	fails(t, source, vaultsecret.ErrDenied)
	write(t, file, vaultsecrettest.RootToken)
	reads(t, source, "x")
}

func TestARenewalThatFailsForAWhileEndsNothing(t *testing.T) {
	t.Parallel()
	server := started(t)
	server.Database("reader", vaultsecrettest.Role{Life: vaultsecrettest.Life{TTL: time.Hour}})
	config := byAppRole(server, vaultsecrettest.Life{TTL: 10 * time.Minute}, 1)
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		store, err := vaultsecret.New(context.Background(), config, base.WithTransport(direct{server: server}), base.WithLogger(slog.New(slog.NewTextHandler(&log, nil))))
		if err != nil {
			t.Fatal(err)
		}
		source := opened(t, store, account)
		first := gets(t, source)
		time.Sleep(4 * time.Minute)
		server.Become(vaultsecrettest.Sealed)
		time.Sleep(4 * time.Minute)
		server.Become(vaultsecrettest.Active)
		time.Sleep(90 * time.Second)
		synctest.Wait()
		if snap := gets(t, source); snap.Version != first.Version || time.Until(snap.Expires) < 8*time.Minute {
			t.Errorf("%v after %v, %s left", snap, first, time.Until(snap.Expires))
		}
		if err := store.Close(); err != nil {
			t.Error(err)
		}
		if text := log.String(); !strings.Contains(text, "not renewed") || !strings.Contains(text, "sealed") || strings.Contains(text, "demo-") {
			t.Errorf("the log says %s", text)
		}
	})
}

func TestCloseIsBoundedAndEndsWhatWaits(t *testing.T) {
	t.Parallel()
	server := started(t)
	server.Database("reader", vaultRole(nil))
	store, err := vaultsecret.New(t.Context(), server.Config())
	if err != nil {
		t.Fatal(err)
	}
	gets(t, opened(t, store, account))
	server.Fail(fault.Silent(), -1)
	waiting := opened(t, store, "vault://secret/app")
	failed := make(chan error, 1)
	go func() {
		_, err := waiting.Get(context.Background())
		failed <- err
	}()
	for server.Asked("sys/internal/ui/mounts/secret/app") == 0 {
		<-time.After(time.Millisecond)
	}
	before := time.Now()
	err = store.Close()
	if took := time.Since(before); took > 20*time.Second {
		t.Errorf("Close took %s", took)
	}
	if err == nil || !strings.Contains(err.Error(), "1 of 1 leases") || !strings.Contains(err.Error(), account) {
		t.Errorf("Close: %v", err)
	}
	if err := <-failed; !errors.Is(err, secret.ErrClosed) {
		t.Errorf("under way: %v", err)
	}
	fails(t, waiting, secret.ErrClosed)
}
