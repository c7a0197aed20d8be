package awssecret_test

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/fault"
	"github.com/fourkites/sources/base/secret"
	"github.com/fourkites/sources/base/secret/awssecret"
)

const account = `{"username":"reader","password":"one"}`

func TestReferencesToOneSecretShareARequest(t *testing.T) {
	t.Parallel()
	server := started(t)
	server.Put("db", account)
	server.Put("other", "two")
	synctest.Test(t, func(t *testing.T) {
		hold := make(chan struct{})
		store, end := bubbled(t, direct{server, hold})
		var wg sync.WaitGroup
		for range 20 {
			for reference, want := range map[string]string{
				"awssm://db#password": "one", "awssm://db#username": "reader", "awssm://db": account, "awssm://other": "two",
			} {
				source := opened(t, store, reference)
				wg.Go(func() {
					if snap, err := source.Get(context.Background()); err != nil || snap.Reveal() != want {
						t.Errorf("%s: %q, %v", reference, snap.Reveal(), err)
					}
				})
			}
		}
		synctest.Wait() // all have asked
		close(hold)
		wg.Wait()
		if n := len(server.Requests()); n != 2 {
			t.Errorf("%d requests for two secrets", n)
		}
		reads(t, opened(t, store, "awssm://db#password"), "one")
		if n := len(server.Requests()); n != 3 {
			t.Errorf("%d requests, want one more: an answer is not kept", n)
		}
		end()
	})
}

func TestAStageAndAVersionAreRequestsOfTheirOwn(t *testing.T) {
	t.Parallel()
	server := started(t)
	old := server.Put("db", "old")
	server.Put("db", "new")
	store := storeOf(t, server.Config())
	reads(t, opened(t, store, "awssm://db"), "new")
	reads(t, opened(t, store, "awssm://db?stage=AWSPREVIOUS"), "old")
	reads(t, opened(t, store, "awssm://db?version="+old), "old")
	var asked [][2]string
	for _, r := range server.Requests() {
		asked = append(asked, [2]string{r.Stage, r.Version})
	}
	if len(asked) != 3 || asked[0] != [2]string{"AWSCURRENT", ""} || asked[1] != [2]string{"AWSPREVIOUS", ""} || asked[2] != [2]string{"", old} {
		t.Errorf("asked for %v", asked)
	}
}

func TestACallerWhoLeavesTakesNobodyAlongAndTheLastOneEndsTheRequest(t *testing.T) {
	t.Parallel()
	server := started(t)
	server.Put("db", account)
	synctest.Test(t, func(t *testing.T) {
		hold := make(chan struct{})
		store, end := bubbled(t, direct{server, hold})
		source := opened(t, store, "awssm://db#password")
		leaving, leave := context.WithCancel(context.Background())
		var wg sync.WaitGroup
		wg.Go(func() {
			if _, err := source.Get(leaving); !errors.Is(err, context.Canceled) {
				t.Errorf("who left: %v", err)
			}
		})
		synctest.Wait()
		wg.Go(func() { // joins the request that the other one began
			if snap, err := source.Get(context.Background()); err != nil || snap.Reveal() != "one" {
				t.Errorf("who stayed: %v, %v", snap, err)
			}
		})
		synctest.Wait()
		leave()
		synctest.Wait()
		close(hold)
		wg.Wait()
		if n := len(server.Requests()); n != 1 {
			t.Errorf("%d requests", n)
		}
		end()
	})
	synctest.Test(t, func(t *testing.T) { // nobody stays: Close finds nothing that runs
		store, end := bubbled(t, direct{server, make(chan struct{})})
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		if _, err := opened(t, store, "awssm://db").Get(ctx); !errors.Is(err, awssecret.ErrSlow) {
			t.Error(err)
		}
		synctest.Wait()
		if n := store.Health().InFlight; n != 0 {
			t.Errorf("%d requests that nobody waits for", n)
		}
		before := time.Now()
		end()
		if took := time.Since(before); took != 0 {
			t.Errorf("Close waited %s for a request that nobody waits for", took)
		}
	})
}

func TestAnAnswerOfARequestThatBeganBeforeARefusalIsAskedForOnceMore(t *testing.T) {
	t.Parallel()
	server := started(t)
	server.Put("db", account)
	synctest.Test(t, func(t *testing.T) {
		hold := make(chan struct{})
		store, end := bubbled(t, direct{server, hold})
		source := opened(t, store, "awssm://db#password")
		first, second := secret.NewCache(source, secret.CacheConfig{}), secret.NewCache(source, secret.CacheConfig{})
		var wg sync.WaitGroup
		wg.Go(func() { reads(t, first, "one") })
		synctest.Wait() // the answer with the old version is made, and on its way
		server.Put("db", `{"password":"two"}`)
		second.Refuse(server.Requests()[0].Version + "unknown")
		second.Refuse("00000001-0000-4000-8000-000000000001#password")
		wg.Go(func() { reads(t, second, "two") })
		synctest.Wait()
		close(hold)
		wg.Wait()
		if n := len(server.Requests()); n != 2 {
			t.Errorf("%d requests, want 2", n)
		}
		for _, c := range []*secret.Cache{first, second} {
			if err := c.Close(); err != nil {
				t.Error(err)
			}
		}
		end()
	})
}

func TestCloseCutsWhatRunsAndRefusesWhatComes(t *testing.T) {
	t.Parallel()
	server := started(t)
	server.Put("db", account)
	server.Fail(fault.Silent(), -1)
	config := server.Config()
	config.Timeout, config.Limits.Attempt = -1, -1
	store, err := awssecret.New(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	source := opened(t, store, "awssm://db")
	failed := make(chan error, 1)
	go func() {
		_, err := source.Get(t.Context())
		failed <- err
	}()
	for len(server.Requests()) == 0 {
		<-time.After(time.Millisecond)
	}
	for range 2 {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	}
	if err := <-failed; !errors.Is(err, secret.ErrClosed) {
		t.Errorf("under way: %v", err)
	}
	if _, err := source.Get(t.Context()); !errors.Is(err, secret.ErrClosed) {
		t.Errorf("after: %v", err)
	}
	if open, _ := server.Connections(); open > 1 {
		t.Errorf("%d connections are open", open)
	}
}

func TestManyGoroutinesReadWhileASecretRotates(t *testing.T) {
	t.Parallel()
	server := started(t)
	server.Put("db", `{"username":"u0","password":"p0"}`)
	config := server.Config()
	config.Limits = base.Limits{}
	source := opened(t, storeOf(t, config), "awssm://db#password")
	cache := secret.NewCache(source, secret.CacheConfig{Poll: time.Millisecond})
	defer func() { _ = cache.Close() }()
	var readers sync.WaitGroup
	stop := make(chan struct{})
	for range 8 {
		readers.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				snap, err := cache.Get(t.Context())
				if err != nil {
					t.Error(err)
					return
				}
				if snap.User[1:] != snap.Reveal()[1:] {
					t.Errorf("user %s with the password of another version", snap.User)
				}
				<-time.After(100 * time.Microsecond)
			}
		})
	}
	for _, n := range []string{"1", "2", "3", "4"} {
		r, err := server.Rotate("db", `{"username":"u`+n+`","password":"p`+n+`"}`)
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(r.Set(), r.Test(), r.Finish()); err != nil {
			t.Fatal(err)
		}
		if _, err := cache.Refresh(t.Context()); err != nil {
			t.Error(err)
		}
	}
	close(stop)
	readers.Wait()
	reads(t, cache, "p4")
}

// stubborn holds its first request until it is released, although it was cut, and the others until the hold ends.
type stubborn struct {
	direct
	asked   *atomic.Int64
	release chan struct{}
}

func (s stubborn) RoundTrip(r *http.Request) (*http.Response, error) {
	if s.asked.Add(1) == 1 {
		<-s.release
		return nil, errors.New("cut")
	}
	return s.direct.RoundTrip(r)
}

func TestWhoComesAfterTheLastOneLeftHasARequestOfItsOwnThatOthersShare(t *testing.T) {
	t.Parallel()
	server := started(t)
	server.Put("db", account)
	synctest.Test(t, func(t *testing.T) {
		s := stubborn{direct{server, make(chan struct{})}, new(atomic.Int64), make(chan struct{})}
		store, err := awssecret.New(context.Background(), server.Config(), base.WithTransport(s))
		if err != nil {
			t.Fatal(err)
		}
		source := opened(t, store, "awssm://db#password")
		var callers sync.WaitGroup
		asks := func(ctx context.Context, want error) {
			callers.Go(func() {
				if snap, err := source.Get(ctx); !errors.Is(err, want) || err == nil && snap.Reveal() != "one" {
					t.Errorf("%v, %v", snap, err)
				}
			})
			synctest.Wait()
		}
		leaving, leave := context.WithCancel(context.Background())
		asks(leaving, context.Canceled)
		leave()
		synctest.Wait()
		asks(context.Background(), nil)
		close(s.release) // the request of the one who left ends, and takes nothing along
		synctest.Wait()
		asks(context.Background(), nil)
		close(s.hold)
		callers.Wait()
		if n := s.asked.Load(); n != 2 {
			t.Errorf("%d requests, want one of who left and one of the others", n)
		}
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
}
