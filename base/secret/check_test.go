package secret_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fourkites/sources/base/secret"
)

type account struct {
	Key *secret.Value `json:"key,omitempty"`
}

// wide has secrets at every kind of place.
type wide struct {
	Host     string
	Password secret.Value            `json:"password"`
	Token    secret.Value            `json:"token,omitzero"`
	App      account                 `json:"app"`
	Callers  []secret.Value          `json:"callers"`
	ByTenant map[string]secret.Value `json:"by_tenant"`
	Next     *wide                   `json:"next"`
	hidden   secret.Value
}

// shelf answers for references of the scheme shelf.
func shelf(asked *atomic.Int64) secret.Resolver {
	return secret.Resolver{"shelf": func(_ context.Context, reference string) (secret.Source, error) {
		if strings.HasSuffix(reference, "/malformed") {
			return nil, errors.New("it is malformed")
		}
		return secret.SourceFunc(func(ctx context.Context) (secret.Snapshot, error) {
			asked.Add(1)
			switch {
			case strings.HasSuffix(reference, "/good"):
				return secret.NewSnapshot(canary, "1", time.Time{}), nil
			case strings.HasSuffix(reference, "/slow"):
				<-ctx.Done()
				return secret.Snapshot{}, ctx.Err()
			case strings.HasSuffix(reference, "/panics"):
				panic(canary)
			case strings.HasSuffix(reference, "/ends"):
				runtime.Goexit()
			}
			return secret.Snapshot{}, errDown
		}), nil
	}}
}

func TestCheckReportsEverySecretThatCannotBeHadAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var asked atomic.Int64
		key := reference(t, "shelf://x/panics")
		c := wide{
			Host: "h", Password: reference(t, "shelf://x/down"), Token: secret.Literal(canary), App: account{&key},
			Callers: []secret.Value{reference(t, "shelf://x/good"), reference(t, "shelf://x/malformed")},
			ByTenant: map[string]secret.Value{
				"acme": secret.From(secret.SourceFunc(func(context.Context) (secret.Snapshot, error) { return secret.Snapshot{}, nil })),
			},
			Next:   &wide{Password: reference(t, "shelf://x/slow"), Token: reference(t, "nowhere://user:"+canary+"@x"), Host: canary},
			hidden: reference(t, "shelf://x/down"),
		}
		c.Next.Next = c.Next // it holds itself
		began := time.Now()
		err := secret.Check(t.Context(), shelf(&asked), &c)
		for _, want := range []string{
			"secret_test.app.key: shelf://x/panics: secret: the source panicked with a string",
			"secret_test.by_tenant[acme]: secret: empty",
			"secret_test.callers[1]: secret: unresolved: shelf://x/malformed: it is malformed",
			"secret_test.next.password: shelf://x/slow: ",
			"secret_test.next.token: secret: unresolved: scheme nowhere:// is not known",
			"secret_test.password: shelf://x/down: secret: unresolved: store is down",
		} {
			if !strings.Contains(fmt.Sprint(err), want) {
				t.Errorf("%q is not in %v", want, err)
			}
		}
		if !errors.Is(err, errDown) || !errors.Is(err, secret.ErrEmpty) || time.Since(began) != 30*time.Second {
			t.Errorf("after %s: %v", time.Since(began), err)
		}
		if strings.Contains(err.Error(), "callers[0]") || strings.Contains(err.Error(), "hidden") {
			t.Errorf("a good one, or an unexported one, is in %v", err)
		}
		leaks(t, "error", fmt.Sprint(err))
	})
}

func TestCheckAsksForEachSecretOnceAndForNoLiteral(t *testing.T) {
	t.Parallel()
	var asked atomic.Int64
	many := wide{Password: secret.Literal(canary)}
	for range 50 {
		many.Callers = append(many.Callers, reference(t, "shelf://x/good"))
	}
	if err := secret.Check(t.Context(), shelf(&asked), many, &wide{}); err != nil || asked.Load() != 50 {
		t.Errorf("%d asked, %v", asked.Load(), err)
	}
	if err := secret.Check(t.Context(), nil); err != nil {
		t.Error(err)
	}
	for _, nothing := range []any{nil, (*wide)(nil), "a text", 7} {
		if err := secret.Check(t.Context(), nil, nothing); err == nil {
			t.Errorf("a %T is no configuration", nothing)
		}
	}
}

type common struct {
	Password secret.Value `json:"password"`
	list
}

type list []secret.Value

func TestCheckFindsTheSecretsOfEmbeddedStructsByTheNamesInTheFile(t *testing.T) {
	t.Parallel()
	var asked atomic.Int64
	down := reference(t, "shelf://x/down")
	type Shared struct {
		Token secret.Value `json:"token"`
	}
	type config struct {
		common
		*Shared
		Internal secret.Value `json:"-"`
	}
	err := secret.Check(t.Context(), shelf(&asked), config{common{down, list{down}}, &Shared{down}, down}, struct{ A secret.Value }{down})
	want := `config.A: shelf://x/down: secret: unresolved: store is down
secret_test.Internal: shelf://x/down: secret: unresolved: store is down
secret_test.password: shelf://x/down: secret: unresolved: store is down
secret_test.token: shelf://x/down: secret: unresolved: store is down`
	if got := fmt.Sprint(err); got != want {
		t.Errorf("%s", got)
	}
}

func TestCheckLooksAsDeepAsConfigurationsGo(t *testing.T) {
	t.Parallel()
	type servers struct {
		ByName map[string][]*account `json:"by_name"`
	}
	type tenant struct {
		Servers servers `json:"servers"`
	}
	key := reference(t, "shelf://x/down")
	c := struct {
		Tenants []tenant `json:"tenants"`
	}{[]tenant{{servers{map[string][]*account{"a": {{&key}}}}}}}
	err := secret.Check(t.Context(), shelf(new(atomic.Int64)), c)
	if !strings.HasPrefix(fmt.Sprint(err), "config.tenants[0].servers.by_name[a][0].key: shelf://x/down: ") {
		t.Error(err)
	}
}

func TestCheckShowsNothingOfATextThatMayBeNoReference(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"nowhere://host?password=" + canary, "x://" + canary, "nowhere://user:a/" + canary + "@host"} {
		err := secret.Check(t.Context(), nil, wide{Password: reference(t, text)})
		if !errors.Is(err, secret.ErrUnresolved) || !strings.Contains(err.Error(), "secret_test.password: ") {
			t.Error(err)
		}
		leaks(t, "error", fmt.Sprint(err))
	}
}

func TestCheckEndsWhereAnOpenerOrASourceIgnoresItsContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		resolver := secret.Resolver{"stuck": func(context.Context, string) (secret.Source, error) {
			<-release
			return nil, nil
		}}
		var c wide
		for range 20 {
			c.Callers = append(c.Callers, reference(t, "stuck://x"))
		}
		began := time.Now()
		err := secret.Check(t.Context(), resolver, c)
		if took := time.Since(began); !errors.Is(err, context.DeadlineExceeded) || took != 31*time.Second {
			t.Errorf("after %s: %v", took, err)
		}
		if n := strings.Count(fmt.Sprint(err), "stuck://x: "); n != 20 {
			t.Errorf("%d of 20 are named: %v", n, err)
		}
		close(release)
	})
}

func TestCheckAsksEightAtATime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var now, most atomic.Int64
		var c wide
		for range 20 {
			c.Callers = append(c.Callers, secret.From(secret.SourceFunc(func(context.Context) (secret.Snapshot, error) {
				most.Store(max(most.Load(), now.Add(1)))
				defer now.Add(-1)
				time.Sleep(time.Second) // of the bubble
				return secret.NewSnapshot(canary, "", time.Time{}), nil
			})))
		}
		if err := secret.Check(t.Context(), nil, c); err != nil || most.Load() != 8 {
			t.Errorf("%d at a time, %v", most.Load(), err)
		}
	})
}

func ExampleCheck() {
	var c struct {
		Token secret.Value `json:"token"`
	}
	_ = c.Token.UnmarshalText([]byte("file:///does/not/exist"))
	err := secret.Check(context.Background(), nil, &c)
	fmt.Println(errors.Is(err, secret.ErrUnresolved))
	// Output: true
}
