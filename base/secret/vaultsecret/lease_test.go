package vaultsecret_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fourkites/sources/base/fault"
	"github.com/fourkites/sources/base/secret"
	"github.com/fourkites/sources/base/secret/vaultsecret"
	"github.com/fourkites/sources/base/secret/vaultsecret/vaultsecrettest"
)

const account = "vault://database/creds/reader"

// book notes the accounts of a role.
type book struct {
	mu    sync.Mutex
	valid map[string]string // password by user
	all   int
}

func (b *book) issued(user, password string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.valid == nil {
		b.valid = map[string]string{}
	}
	b.valid[user] = password
	b.all++
}

func (b *book) revoked(user string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.valid, user)
}

func (b *book) takes(snap secret.Snapshot) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	password, ok := b.valid[snap.User]
	return ok && password == snap.Reveal()
}

func (b *book) counts() (valid, all int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.valid), b.all
}

// vaultRole is a role with accounts of 10 minutes, half an hour at most.
func vaultRole(b *book) vaultsecrettest.Role {
	role := vaultsecrettest.Role{Life: vaultsecrettest.Life{TTL: 10 * time.Minute, Max: 30 * time.Minute}}
	if b != nil {
		role.Issued, role.Revoked = b.issued, b.revoked
	}
	return role
}

func TestALeaseIsRenewedWhileThatBringsTimeAndThenReplaced(t *testing.T) {
	t.Parallel()
	server := started(t)
	var b book
	server.Database("reader", vaultRole(&b))
	synctest.Test(t, func(t *testing.T) {
		store, end := bubbled(t, direct{server: server}, server.Config())
		source := opened(t, store, account)
		began := time.Now()
		first := gets(t, source)
		if got := first.Expires.Sub(began); got != 10*time.Minute {
			t.Errorf("it expires after %s", got)
		}
		for range 3 { // at 8, 16 and 24 minutes: the last one reaches the longest life
			time.Sleep(8 * time.Minute)
			snap := gets(t, source)
			want := min(10*time.Minute, 30*time.Minute-time.Since(began))
			if snap.Version != first.Version || time.Until(snap.Expires) != want {
				t.Errorf("after %s: version %s after %s, %s left, want %s", time.Since(began), snap.Version, first.Version, time.Until(snap.Expires), want)
			}
		}
		time.Sleep(5 * time.Minute)
		second := gets(t, source)
		if second.Version == first.Version || second.User == first.User || time.Until(second.Expires) != 10*time.Minute {
			t.Errorf("%v after %v", second, first)
		}
		if !b.takes(first) || !b.takes(second) {
			t.Error("the old account did not stay for its connections, or the new one is not good")
		}
		end()
		if valid, all := b.counts(); valid != 0 || all != 2 {
			t.Errorf("%d of %d accounts are left after Close", valid, all)
		}
	})
}

func TestACacheOverTheStoreNeverHandsOutAnAccountThatHasEnded(t *testing.T) {
	t.Parallel()
	server := started(t)
	var b book
	server.Database("reader", vaultRole(&b))
	config := byAppRole(server, vaultsecrettest.Life{TTL: 7 * time.Minute, Max: time.Hour}, -1)
	synctest.Test(t, func(t *testing.T) {
		store, end := bubbled(t, direct{server: server}, config)
		cache := secret.NewCache(opened(t, store, account), secret.CacheConfig{OnError: func(err error) { t.Error(err) }})
		versions := map[string]bool{}
		for range 6 * 60 * 2 { // six hours
			snap, err := cache.Get(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			server.Leases() // ends what is over
			if !b.takes(snap) {
				t.Fatalf("user %s is not known", snap.User)
			}
			versions[snap.Version] = true
			time.Sleep(30 * time.Second)
			synctest.Wait()
		}
		if n := len(versions); n < 12 || n > 24 {
			t.Errorf("%d accounts in six hours of half an hour each", n)
		}
		if n := server.Tokens(); n > 2 {
			t.Errorf("%d tokens", n)
		}
		if err := cache.Close(); err != nil {
			t.Error(err)
		}
		end()
		if valid, _ := b.counts(); valid != 0 || server.Tokens() != 0 {
			t.Errorf("%d accounts and %d tokens are left after Close", valid, server.Tokens())
		}
	})
}

func TestAnAccountEndsWithTheTokenThatItWasTakenWith(t *testing.T) {
	t.Parallel()
	server := started(t)
	server.Database("reader", vaultsecrettest.Role{Life: vaultsecrettest.Life{TTL: time.Hour}})
	config := byAppRole(server, vaultsecrettest.Life{TTL: 10 * time.Minute}, 1) // a token that is renewed for ever
	synctest.Test(t, func(t *testing.T) {
		store, end := bubbled(t, direct{server: server}, config)
		source := opened(t, store, account)
		first := gets(t, source)
		if left := time.Until(first.Expires); left != 10*time.Minute {
			t.Errorf("%s left, and the token has 10 minutes", left)
		}
		time.Sleep(8 * time.Minute) // the token was renewed meanwhile
		synctest.Wait()
		if snap := gets(t, source); snap.Version != first.Version || time.Until(snap.Expires) <= 5*time.Minute {
			t.Errorf("%v after %v, %s left", snap, first, time.Until(snap.Expires))
		}
		end()
	})
}

func TestAnAccountThatTheServerRefusedIsReplacedAtOnce(t *testing.T) {
	t.Parallel()
	server := started(t)
	var b book
	server.Database("reader", vaultRole(&b))
	cache := secret.NewCache(opened(t, storeOf(t, server.Config()), account), secret.CacheConfig{})
	t.Cleanup(func() { _ = cache.Close() })
	seen := map[string]bool{}
	for range 6 {
		snap := gets(t, cache)
		if seen[snap.Version] {
			t.Fatalf("version %s was refused", snap.Version)
		}
		seen[snap.Version] = true
		if valid, _ := b.counts(); valid > 3 {
			t.Errorf("%d accounts at a time", valid)
		}
		cache.Refuse(snap.Version)
	}
	if n := server.Asked("sys/leases/renew"); n != 0 {
		t.Errorf("%d renewals of what was refused", n)
	}
}

func TestALeaseThatIsGoneOrCannotBeRenewedIsReplaced(t *testing.T) {
	t.Parallel()
	server := started(t)
	server.Database("reader", vaultRole(nil))
	store := storeOf(t, server.Config())
	source := opened(t, store, account)
	first := gets(t, source)
	server.Revoke(server.Leases()[0].ID)
	second := gets(t, source)
	if second.Version == first.Version {
		t.Error("an account that was revoked was handed out")
	}
	server.Fail(fault.Error(500, "renewal failed"), 1) // of the engine, whose account somebody has dropped
	if third := gets(t, source); third.Version == second.Version {
		t.Error("an account whose renewal fails was handed out")
	}
}

func TestALeaseThatIsNotRenewableIsHandedOutUntilItsLastThird(t *testing.T) {
	t.Parallel()
	server := started(t)
	role := vaultRole(nil)
	role.Fixed = true
	server.Database("reader", role)
	synctest.Test(t, func(t *testing.T) {
		store, end := bubbled(t, direct{server: server}, server.Config())
		source := opened(t, store, account)
		first := gets(t, source)
		time.Sleep(6 * time.Minute)
		if snap := gets(t, source); snap.Version != first.Version || !snap.Expires.Equal(first.Expires) {
			t.Errorf("%v after %v", snap, first)
		}
		time.Sleep(90 * time.Second)
		second := gets(t, source)
		if second.Version == first.Version || server.Asked("sys/leases/renew") != 0 {
			t.Errorf("%v after %v, %d renewals", second, first, server.Asked("sys/leases/renew"))
		}
		time.Sleep(8 * time.Minute)
		server.Deny("database/creds/reader")
		err := fails(t, source, vaultsecret.ErrDenied, "lease not renewable")
		if !errors.Is(&err, vaultsecret.ErrRenewal) {
			t.Error(&err)
		}
		end()
	})
}

func TestAServerThatIsDownKeepsTheAccountAtHand(t *testing.T) {
	t.Parallel()
	server := started(t)
	server.Database("reader", vaultRole(nil))
	store := storeOf(t, server.Config())
	source := opened(t, store, account)
	first := gets(t, source)
	server.Become(vaultsecrettest.Sealed)
	fails(t, source, vaultsecret.ErrSealed)
	server.Become(vaultsecrettest.Active)
	if snap := gets(t, source); snap.Version != first.Version {
		t.Error("another account was taken for a server that was down")
	}
}

func TestThereAreNeverMoreLeasesThanThreeForAReference(t *testing.T) {
	t.Parallel()
	server := started(t)
	server.Database("reader", vaultRole(nil))
	server.Deny("sys/leases/revoke")
	store, err := vaultsecret.New(t.Context(), server.Config())
	if err != nil {
		t.Fatal(err)
	}
	cache := secret.NewCache(opened(t, store, account), secret.CacheConfig{})
	t.Cleanup(func() { _ = cache.Close() })
	for range 3 {
		cache.Refuse(gets(t, cache).Version)
	}
	_, err = cache.Get(t.Context())
	if !errors.Is(err, vaultsecret.ErrLeases) || len(server.Leases()) != 3 {
		t.Errorf("%v, with %d leases", err, len(server.Leases()))
	}
	clean(t, err, "sys/leases/revoke")
	err = store.Close()
	if err == nil || !strings.Contains(err.Error(), "3 of 3 leases") || !strings.Contains(err.Error(), account+": 3") || !errors.Is(err, vaultsecret.ErrDenied) {
		t.Errorf("Close: %v", err)
	}
	if again := store.Close(); again == nil || again.Error() != err.Error() {
		t.Errorf("Close again: %v", again)
	}
}

func TestATokenThatTheStoreRevokesTakesItsLeasesAlong(t *testing.T) {
	t.Parallel()
	server := started(t)
	var b book
	server.Database("reader", vaultRole(&b))
	server.Deny("sys/leases/revoke")
	store, err := vaultsecret.New(t.Context(), byAppRole(server, vaultsecrettest.Life{TTL: time.Hour}, -1))
	if err != nil {
		t.Fatal(err)
	}
	gets(t, opened(t, store, account))
	if err := store.Close(); err != nil {
		t.Error(err)
	}
	if valid, _ := b.counts(); valid != 0 || server.Tokens() != 0 {
		t.Errorf("%d accounts, %d tokens are left", valid, server.Tokens())
	}
}

func TestACallerWhoLeavesLosesNoAccount(t *testing.T) {
	t.Parallel()
	server := started(t)
	var b book
	server.Database("reader", vaultRole(&b))
	synctest.Test(t, func(t *testing.T) {
		hold := make(chan struct{})
		store, end := bubbled(t, direct{server, hold}, server.Config())
		source := opened(t, store, account)
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		if _, err := source.Get(ctx); !errors.Is(err, vaultsecret.ErrSlow) || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("who left: %v", err)
		}
		close(hold)
		synctest.Wait()
		if _, all := b.counts(); all != 1 {
			t.Errorf("%d accounts", all)
		}
		gets(t, source)
		if _, all := b.counts(); all != 1 {
			t.Errorf("%d accounts, and one is at hand", all)
		}
		end()
		if valid, _ := b.counts(); valid != 0 {
			t.Errorf("%d accounts are left", valid)
		}
	})
}

func TestAnAccountWithoutTheWantedKeyIsGivenBack(t *testing.T) {
	t.Parallel()
	server := started(t)
	role := vaultRole(nil)
	role.Data = map[string]any{"token": "tok"}
	server.Database("reader", role)
	store := storeOf(t, server.Config())
	fails(t, opened(t, store, account+"#none"), vaultsecret.ErrKey)
	fails(t, opened(t, store, account+"#username"), vaultsecret.ErrReference, "the name comes with the password")
	fails(t, opened(t, store, account+"?version=2"), vaultsecret.ErrReference, "no versions")
	if n := len(server.Leases()); n != 0 {
		t.Errorf("%d leases that nobody has", n)
	}
	reads(t, opened(t, store, account+"#token"), "tok")
	fails(t, opened(t, store, "vault://database/creds/none"), vaultsecret.ErrInvalid, "unknown role: none")
	fails(t, opened(t, store, "vault://database/other"), vaultsecret.ErrNotFound)
}

func TestManySourcesAndReadersHaveAccountsOfTheirOwn(t *testing.T) {
	t.Parallel()
	server := started(t)
	var b book
	server.Database("reader", vaultRole(&b))
	store := storeOf(t, byAppRole(server, vaultsecrettest.Life{TTL: time.Hour}, 1))
	var all sync.WaitGroup
	for range 5 {
		source := opened(t, store, account)
		for range 4 {
			all.Go(func() {
				if snap, err := source.Get(t.Context()); err != nil || !b.takes(snap) {
					t.Errorf("%v, %v", snap, err)
				}
			})
		}
	}
	all.Wait()
	if valid, n := b.counts(); valid != 5 || n != 5 {
		t.Errorf("%d accounts, %d good, for five sources", n, valid)
	}
	if n := server.Asked("auth/approle/login"); n != 1 {
		t.Errorf("%d logins", n)
	}
}
