package vaultsecret_test

import (
	"context"
	"encoding/pem"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/fault"
	"github.com/fourkites/sources/base/secret"
	"github.com/fourkites/sources/base/secret/vaultsecret"
	"github.com/fourkites/sources/base/secret/vaultsecret/vaultsecrettest"
	"github.com/fourkites/sources/internal/loopback"
)

func TestStatesOfTheServerAreToldApart(t *testing.T) {
	t.Parallel()
	server := started(t)
	server.Put("secret/app", map[string]any{"password": canary})
	source := opened(t, storeOf(t, server.Config()), "vault://secret/app")
	reads(t, source, canary)
	for state, want := range map[vaultsecrettest.State]error{
		vaultsecrettest.Sealed:        vaultsecret.ErrSealed,
		vaultsecrettest.Standby:       vaultsecret.ErrStandby,
		vaultsecrettest.Redirecting:   vaultsecret.ErrStandby,
		vaultsecrettest.Uninitialised: vaultsecret.ErrUninitialised,
	} {
		server.Become(state)
		server.ForgetRequests()
		fails(t, source, want)
		if n := server.Asked("sys/health"); n > 1 {
			t.Errorf("%v: the health was asked for %d times", want, n)
		}
		byLogin := storeOf(t, byAppRole(server, vaultsecrettest.Life{TTL: time.Hour}, -1))
		fails(t, opened(t, byLogin, "vault://secret/app"), want, "at the login by auth/approle")
		for _, r := range server.Requests() {
			if r.Path == "sys/health" && (r.Header.Get("X-Vault-Token") != "" || r.Header.Get("X-Vault-Namespace") != "") {
				t.Errorf("the health was asked for with %v", r.Header)
			}
		}
		server.Become(vaultsecrettest.Active)
		reads(t, source, canary)
	}
}

func TestFailuresAreToldApart(t *testing.T) {
	t.Parallel()
	server := started(t)
	server.Put("secret/app", map[string]any{"password": canary})
	config := server.Config()
	config.Timeout = base.Duration(5 * time.Second)
	source := opened(t, storeOf(t, config), "vault://secret/app")
	reads(t, source, canary)
	for _, test := range []struct {
		f      fault.Fault
		want   error
		status int
	}{
		{fault.Status(429), vaultsecret.ErrThrottled, 429},
		{fault.Status(500), vaultsecret.ErrUnavailable, 500},
		{fault.Error(500, "pq: at or near "+canary), vaultsecret.ErrUnavailable, 500},
		{fault.Status(502).WithMessage("<html>" + canary + "</html>"), vaultsecret.ErrUnavailable, 502},
		{fault.Status(503), vaultsecret.ErrUnavailable, 503},
		{fault.Status(412), vaultsecret.ErrUnavailable, 412},
		{fault.Status(472), vaultsecret.ErrStandby, 472},
		{fault.Status(473), vaultsecret.ErrStandby, 473},
		{fault.Status(400).WithMessage(`{"errors":["bad"]}`), vaultsecret.ErrInvalid, 400},
		{fault.Status(405), vaultsecret.ErrInvalid, 405},
		{fault.Status(404).WithMessage("<html>" + canary + "</html>"), vaultsecret.ErrAnswer, 0},
		{fault.Status(200).WithMessage("<html>" + canary + "</html>"), vaultsecret.ErrAnswer, 0},
		{fault.Status(200).WithMessage(`{"data":{"data":{"password":"` + canary + `"}}}`), vaultsecret.ErrAnswer, 0},
		{fault.Status(200).WithMessage(`{"data":"` + canary + `"}`), vaultsecret.ErrAnswer, 0},
		{fault.Status(204).WithMessage(""), vaultsecret.ErrNotFound, 0},
		{fault.Oversized(), vaultsecret.ErrAnswer, 0},
		{fault.Garbage(), vaultsecret.ErrAnswer, 0},
		{fault.Reset(), vaultsecret.ErrUnreachable, 0},
		{fault.ResetMidBody(), vaultsecret.ErrUnreachable, 0},
	} {
		server.Fail(test.f, 1)
		_, err := source.Get(t.Context())
		server.ClearFaults()
		if test.f.Kind == fault.KindGarbage || test.f.Kind == fault.KindReset || test.f.Kind == fault.KindResetMidBody {
			if !errors.Is(err, vaultsecret.ErrUnreachable) && !errors.Is(err, vaultsecret.ErrAnswer) {
				t.Errorf("%v: %v", test.f, err)
			}
			clean(t, err)
			continue
		}
		if !errors.Is(err, test.want) {
			t.Errorf("%v: %v, want %v", test.f, err, test.want)
			continue
		}
		if own := clean(t, err); own.Status != test.status {
			t.Errorf("%v: status %d", test.f, own.Status)
		}
	}
	reads(t, source, canary)
}

func TestAQuotaIsWaitedForWhereThereIsTime(t *testing.T) {
	t.Parallel()
	server := started(t)
	server.Put("secret/app", map[string]any{"password": "x"})
	config := server.Config()
	config.Limits.Retries = 1
	source := opened(t, storeOf(t, config), "vault://secret/app")
	reads(t, source, "x")
	server.Fail(fault.RetryAfter("1"), 1)
	before := time.Now()
	reads(t, source, "x")
	if waited := time.Since(before); waited < 900*time.Millisecond {
		t.Errorf("the retry came after %s", waited)
	}
}

func TestNoWayToTheServerAndASlowOneAreToldApart(t *testing.T) {
	t.Parallel()
	server := started(t)
	config := server.Config()
	config.Address = "http://" + loopback.Nobody(t)
	fails(t, opened(t, storeOf(t, config), "vault://secret/app"), vaultsecret.ErrUnreachable)

	config.Address = "http://" + loopback.Serve(t, func(c net.Conn) { loopback.Mute(c) })
	config.Timeout = base.Duration(50 * time.Millisecond)
	fails(t, opened(t, storeOf(t, config), "vault://secret/app"), vaultsecret.ErrSlow)

	config = server.Config()
	config.Timeout = base.Duration(300 * time.Millisecond)
	server.Database("reader", vaultRole(nil))
	store := storeOf(t, config)
	gets(t, opened(t, store, account))
	source := opened(t, store, account)
	server.Fail(fault.Silent(), 1)
	fails(t, source, vaultsecret.ErrSlow) // which mount it is
	gets(t, source)
	server.Fail(fault.Silent(), 1)
	fails(t, source, vaultsecret.ErrSlow) // the renewal
	gets(t, source)
	cache := secret.NewCache(opened(t, store, account), secret.CacheConfig{RetryMin: time.Millisecond, RetryMax: time.Millisecond})
	t.Cleanup(func() { _ = cache.Close() })
	gets(t, cache)
	server.Fail(fault.Silent(), 1) // another account
	cache.Refuse(gets(t, cache).Version)
	if _, err := cache.Get(t.Context()); !errors.Is(err, vaultsecret.ErrSlow) {
		t.Errorf("an answer that does not come: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := source.Get(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("who has left: %v", err)
	}
}

func TestACacheKeepsTheReason(t *testing.T) {
	t.Parallel()
	server := started(t)
	server.Become(vaultsecrettest.Sealed)
	cache := secret.NewCache(opened(t, storeOf(t, server.Config()), "vault://secret/app"), secret.CacheConfig{})
	t.Cleanup(func() { _ = cache.Close() })
	_, err := cache.Get(t.Context())
	if !errors.Is(err, vaultsecret.ErrSealed) || !errors.Is(err, secret.ErrUnresolved) {
		t.Error(err)
	}
}

func TestACertificateMustHaveTheNameThatIsConfigured(t *testing.T) {
	t.Parallel()
	server := started(t)
	server.Put("secret/app", map[string]any{"password": "x"})
	front := httptest.NewTLSServer(server) // its certificate is valid for example.com
	t.Cleanup(front.Close)
	config := server.Config()
	config.Address = front.URL
	config.CAFile = filepath.Join(t.TempDir(), "ca.pem")
	write(t, config.CAFile, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: front.Certificate().Raw})))
	for name, want := range map[string]error{"": nil, "example.com": nil, "other.example": vaultsecret.ErrUnreachable} {
		config.ServerName = name
		source := opened(t, storeOf(t, config), "vault://secret/app")
		if want == nil {
			reads(t, source, "x")
			continue
		}
		fails(t, source, want)
	}
	config.ServerName, config.CAFile = "", ""
	fails(t, opened(t, storeOf(t, config), "vault://secret/app"), vaultsecret.ErrUnreachable)
}

// gate is a transport whose answers, which are made already, wait while it is shut.
type gate struct {
	server *vaultsecrettest.Server
	shut   atomic.Pointer[chan struct{}]
}

func (g *gate) RoundTrip(r *http.Request) (*http.Response, error) {
	d := direct{server: g.server}
	if shut := g.shut.Load(); shut != nil {
		d.hold = *shut
	}
	return d.RoundTrip(r)
}

func TestAnAnswerThatWasOnItsWayBeforeARefusalIsAskedForOnceMore(t *testing.T) {
	t.Parallel()
	server := started(t)
	server.Put("secret/app", map[string]any{"password": "one"})
	synctest.Test(t, func(t *testing.T) {
		through := &gate{server: server}
		store, err := vaultsecret.New(context.Background(), server.Config(), base.WithTransport(through))
		if err != nil {
			t.Fatal(err)
		}
		source := opened(t, store, "vault://secret/app")
		first, second := secret.NewCache(source, secret.CacheConfig{}), secret.NewCache(source, secret.CacheConfig{})
		old := reads(t, second, "one")
		shut := make(chan struct{})
		through.shut.Store(&shut)
		var all sync.WaitGroup
		all.Go(func() { reads(t, first, "one") })
		synctest.Wait() // the answer with the old version is made, and on its way
		server.Put("secret/app", map[string]any{"password": "two"})
		second.Refuse(old.Version)
		all.Go(func() { reads(t, second, "two") })
		synctest.Wait()
		close(shut)
		all.Wait()
		if n := server.Asked("secret/data/app"); n != 3 {
			t.Errorf("%d requests, want 3", n)
		}
		for _, c := range []*secret.Cache{first, second} {
			if err := c.Close(); err != nil {
				t.Error(err)
			}
		}
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
}
