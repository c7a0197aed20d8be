package base_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fourkites/sources/base"
)

func TestLimitsAreTheOperatorsThenTheSourcesThenTheHouses(t *testing.T) {
	t.Parallel()
	g := newGuard(t, base.Limits{Concurrency: 3, Retries: -1, Breaker: base.Breaker{Probes: 2}}, func(c *base.GuardConfig) {
		c.Defaults = base.Limits{Concurrency: 15, Timeout: base.Duration(time.Minute), Idle: base.Duration(time.Second), Rate: 5, Breaker: base.Breaker{OpenFor: base.Duration(time.Second), Probes: 9}}
	})
	if diff := cmp.Diff(base.Limits{
		Concurrency: 3, MaxWaiting: 1000, Rate: 5, Retries: -1, RetryRatio: 0.1, RetryAfter: base.Duration(time.Minute),
		Timeout: base.Duration(time.Minute), Idle: base.Duration(time.Second), Breaker: base.Breaker{Ratio: 0.5, OpenFor: base.Duration(time.Second), Probes: 2},
	}, g.Limits()); diff != "" {
		t.Error(diff)
	}
	if g.Name() != "fake" {
		t.Error(g.Name())
	}
	if _, err := base.NewGuard(base.GuardConfig{Limits: base.Limits{Retries: 99}}, base.Options{}); err == nil {
		t.Error("limits that make no sense were accepted")
	}
}

// loud is a handler that panics.
type loud struct{ slog.Handler }

func (loud) Handle(context.Context, slog.Record) error { panic("in the handler") }

func TestOnlyALoggerThatWasPassedIsToldAndNoSecret(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	handler := slog.NewJSONHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug})
	for _, h := range []slog.Handler{handler, loud{handler}} {
		g, err := base.NewGuard(base.GuardConfig{
			Name: "fake", Secrets: func() []string { return []string{canary} },
			Limits: base.Limits{Retries: -1, Breaker: base.Breaker{MinCalls: 1, OpenFor: base.Duration(time.Hour)}},
		}, base.Options{Logger: slog.New(h)})
		if err != nil {
			t.Fatal(err)
		}
		_, _ = base.Do(t.Context(), g, read, answer)
		_, _ = base.Do(t.Context(), g, read, fails(base.NewError(base.KindNotFound, errors.New("no "+canary))))
		for range 3 {
			_, _ = base.Do(t.Context(), g, read, fails(base.NewError(base.KindUnavailable, errors.New("lost "+canary))))
		}
		idle(t, g)
	}
	text := out.String()
	if n := strings.Count(text, `"msg":"call failed"`); n != 4 || spills(text) {
		t.Errorf("%d failures:\n%s", n, text)
	}
	if strings.Count(text, `"msg":"breaker changed"`) != 1 || !strings.Contains(text, `"state":"open"`) || !strings.Contains(text, `"kind":"circuit open"`) {
		t.Error(text)
	}
}

func TestCloseUnderLoadEndsAndEveryCallIsAnswered(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newGuard(t, base.Limits{Concurrency: 10, Retries: -1})
		var mu sync.Mutex
		ends := map[base.Kind]int{}
		var all sync.WaitGroup
		for range 100 {
			all.Go(func() {
				_, err := base.Do(t.Context(), g, read, func(context.Context) (int, error) { time.Sleep(time.Second); return 0, nil })
				mu.Lock()
				defer mu.Unlock()
				ends[base.KindOf(err)]++
			})
		}
		synctest.Wait()
		began := time.Now()
		for range 3 {
			all.Go(func() {
				if err := g.Close(t.Context()); err != nil || time.Since(began) != time.Second {
					t.Errorf("after %s: %v", time.Since(began), err)
				}
			})
		}
		all.Wait()
		if diff := cmp.Diff(map[base.Kind]int{base.KindUnknown: 10, base.KindClosed: 90}, ends); diff != "" {
			t.Error(diff)
		}
	})
}
