package awssecret_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fourkites/sources/base/fault"
	"github.com/fourkites/sources/base/secret"
	"github.com/fourkites/sources/base/secret/awssecret"
	"github.com/fourkites/sources/base/secret/awssecret/awssecrettest"
)

// cached runs a test in a bubble, with a cache of a reference to the secret db.
func cached(t *testing.T, server *awssecrettest.Server, cfg secret.CacheConfig, f func(t *testing.T, c *secret.Cache)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		store, end := bubbled(t, direct{server, nil})
		c := secret.NewCache(opened(t, store, "awssm://db#password"), cfg)
		f(t, c)
		if err := c.Close(); err != nil {
			t.Error(err)
		}
		end()
	})
}

func asked(t *testing.T, server *awssecrettest.Server, want int) {
	t.Helper()
	if n := len(server.Requests()); n != want {
		t.Errorf("%d requests, want %d", n, want)
	}
	server.ForgetRequests()
}

func TestARotationIsSeenWhenItIsFinishedAndNotBefore(t *testing.T) {
	t.Parallel()
	server := started(t)
	server.Put("db", `{"username":"blue","password":"old"}`)
	cached(t, server, secret.CacheConfig{Poll: time.Minute}, func(t *testing.T, c *secret.Cache) {
		if snap := reads(t, c, "old"); snap.User != "blue" {
			t.Errorf("user %s", snap.User)
		}
		r, err := server.Rotate("db", `{"username":"green","password":"new"}`)
		if err != nil {
			t.Fatal(err)
		}
		for _, step := range []func() error{func() error { return nil }, r.Set, r.Test} {
			if err := step(); err != nil {
				t.Fatal(err)
			}
			<-time.After(2 * time.Minute)
			reads(t, c, "old")
		}
		heard := make(chan secret.Snapshot, 1)
		defer c.Subscribe(func(s secret.Snapshot) { heard <- s })()
		if err := r.Finish(); err != nil {
			t.Fatal(err)
		}
		if snap := <-heard; snap.Reveal() != "new" || snap.User != "green" || snap.Version != r.Version()+"#password" {
			t.Errorf("heard %v of %s", snap, snap.User)
		}
		reads(t, c, "new")
	})
}

func TestARefusedVersionIsOneRequest(t *testing.T) {
	t.Parallel()
	server := started(t)
	server.Put("db", `{"password":"old"}`)
	cached(t, server, secret.CacheConfig{Poll: -1}, func(t *testing.T, c *secret.Cache) {
		old := reads(t, c, "old")
		asked(t, server, 1)
		server.Put("db", `{"password":"new"}`)
		for range 10 {
			c.Refuse(old.Version)
		}
		reads(t, c, "new")
		asked(t, server, 1)
		for range 10 {
			c.Refuse(old.Version) // old news
			reads(t, c, "new")
		}
		asked(t, server, 0)
	})
}

func TestAVersionThatIsRefusedAndHasNoSuccessorIsNotServed(t *testing.T) {
	t.Parallel()
	server := started(t)
	server.Put("db", `{"password":"old"}`)
	cached(t, server, secret.CacheConfig{Poll: -1}, func(t *testing.T, c *secret.Cache) {
		c.Refuse(reads(t, c, "old").Version)
		asked(t, server, 1)
		for range 20 {
			if _, err := c.Get(context.Background()); !errors.Is(err, secret.ErrRefused) {
				t.Error(err)
			}
		}
		asked(t, server, 1)
	})
}

func TestTheLastGoodValueServesWhileTheStoreIsDownAndExpires(t *testing.T) {
	t.Parallel()
	for name, down := range map[string]func(*awssecrettest.Server){
		"outage":  func(s *awssecrettest.Server) { s.Fail(fault.Status(503), -1) },
		"denied":  func(s *awssecrettest.Server) { s.Deny("db", true) },
		"deleted": func(s *awssecrettest.Server) { s.Delete("db") },
		"emptied": func(s *awssecrettest.Server) { s.Put("db", `{"password":""}`) },
		"broken":  func(s *awssecrettest.Server) { s.Put("db", "{\"password\":\"x\\n\"}") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := started(t)
			server.Put("db", `{"password":"old"}`)
			cached(t, server, secret.CacheConfig{Poll: time.Minute, MaxAge: time.Hour}, func(t *testing.T, c *secret.Cache) {
				reads(t, c, "old")
				down(server)
				<-time.After(58 * time.Minute)
				reads(t, c, "old")
				<-time.After(3 * time.Minute)
				if _, err := c.Get(context.Background()); !errors.Is(err, secret.ErrExpired) {
					t.Errorf("after its time: %v", err)
				}
				if n := len(server.Requests()); n < 30 || n > 200 {
					t.Errorf("%d requests in an hour", n)
				}
				server.ClearFaults()
				server.Deny("db", false)
				server.Restore("db")
				server.Put("db", `{"password":"back"}`)
				<-time.After(3 * time.Minute)
				reads(t, c, "back")
			})
		})
	}
}

func TestAPendingVersionIsNotServedUnderItsId(t *testing.T) {
	t.Parallel()
	server := started(t)
	server.Put("db", "old")
	r, err := server.Rotate("db", canary)
	if err != nil {
		t.Fatal(err)
	}
	store := storeOf(t, server.Config())
	_, err = get(t, store, "awssm://db?version="+r.Version())
	if !errors.Is(err, awssecret.ErrPending) {
		t.Fatal(err)
	}
	clean(t, err, r.Version())
	if err := errors.Join(r.Set(), r.Test(), r.Finish()); err != nil {
		t.Fatal(err)
	}
	reads(t, opened(t, store, "awssm://db?version="+r.Version()), canary)
}
