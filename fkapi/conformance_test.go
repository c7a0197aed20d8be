package fkapi_test

import (
	"context"
	"fmt"
	"iter"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/basetest"
	"github.com/fourkites/sources/base/fault"
	"github.com/fourkites/sources/base/secret"
	"github.com/fourkites/sources/fkapi"
	"github.com/fourkites/sources/fkapi/fkapitest"
)

// stand is a fake whose clock and whose credential a row can change.
type stand struct {
	*fkapitest.Server
	config fkapi.Config
	skew   atomic.Int64
	key    rotating
	turns  int
}

func newStand(t testing.TB, s basetest.Settings) *stand {
	st := &stand{}
	st.Server = fkapitest.NewServer(fkapitest.WithClock(func() time.Time { return time.Now().Add(time.Duration(st.skew.Load())) }))
	t.Cleanup(st.Close)
	key := fkapitest.Secret
	st.key.text.Store(&key)
	st.config = st.Config()
	c := &st.config
	c.Secret, c.Password = secret.From(&st.key), secret.Literal(fkapitest.Password)
	c.Limits, c.MaxResponseBytes = s.Limits, 8<<20
	c.CAFile, c.CertFile, c.KeyFile = s.CAFile, s.CertFile, s.KeyFile
	scheme := "http://"
	if s.CAFile != "" {
		scheme = "https://"
	}
	if s.Address != "" {
		c.TrackingURL, c.CompanyURL = scheme+s.Address, scheme+s.Address
	}
	return st
}

func (st *stand) rotate() {
	st.turns++
	next := fmt.Sprintf("%s-%d", fkapitest.Secret, st.turns)
	st.key.text.Store(&next)
	st.SetKeys(next)
}

func (st *stand) fake(probe string) basetest.Fake {
	return basetest.Fake{
		Address: strings.TrimPrefix(st.URL, "http://"), Fail: st.Fail, Connections: func() int { open, _ := st.Connections(); return open }, Running: st.Running,
		Close: st.Close, Refuse: func() { st.SetKeys() }, Rotate: st.rotate, Skew: func(d time.Duration) { st.skew.Store(int64(d)) },
		Calls: func() int {
			n := 0
			for _, r := range st.Requests() {
				if !strings.Contains(r.Target, probe) {
					n++
				}
			}
			return n
		},
	}
}

func counted[T any](seq iter.Seq2[T, error]) iter.Seq2[int, error] {
	return func(yield func(int, error) bool) {
		n := 0
		for _, err := range seq {
			if err == nil {
				n++
			}
			if !yield(n, err) {
				return
			}
		}
	}
}

const suiteLoads = 5

func trackingSubject(t testing.TB, s basetest.Settings) basetest.Subject {
	st := newStand(t, s)
	addLoads(st.Server, suiteLoads)
	client, err := fkapi.NewTracking(t.Context(), st.config, s.Options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() }) // a row may have left calls running
	return basetest.Subject{
		Client: client, Fake: st.fake("tracking_ids=0&"), Items: suiteLoads,
		Read: func(ctx context.Context) (int, error) {
			all, err := base.Collect(client.SearchLoads(ctx, fkapi.SearchOptions{}))
			return len(all), err
		},
		Each: func(ctx context.Context) iter.Seq2[int, error] {
			return counted(client.SearchLoads(ctx, fkapi.SearchOptions{}))
		},
	}
}

func companySubject(t testing.TB, s basetest.Settings) basetest.Subject {
	st := newStand(t, s)
	st.AddRelationship("acme", live("swift"), live("slow"))
	client, err := fkapi.NewCompany(t.Context(), st.config, s.Options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() }) // a row may have left calls running
	return basetest.Subject{
		Client: client, Fake: st.fake("/companies/-"), Items: 2,
		Read: func(ctx context.Context) (int, error) {
			all, err := base.Collect(client.Relationships(ctx, fkapi.RelationshipsOptions{Company: "acme"}))
			return len(all), err
		},
		Each: func(ctx context.Context) iter.Seq2[int, error] {
			return counted(client.Relationships(ctx, fkapi.RelationshipsOptions{Company: "acme"}))
		},
	}
}

func harness(subject func(testing.TB, basetest.Settings) basetest.Subject, configure func(context.Context, fkapi.Config) error) basetest.Harness {
	return basetest.Harness{
		Family: basetest.HTTP, New: subject, TLS: true, Secrets: []string{fkapitest.Secret, fkapitest.Password}, Transient: fault.Status(503),
		Inside: fault.Status(200, "Content-Type", "application/json").WithMessage(`{"statusCode":422,"message":"load_ids is too long"}`),
		Configure: func(l base.Limits) error {
			return configure(context.Background(), fkapi.Config{
				AppID: "a", Secret: secret.Literal("s3cret"), CompanyURL: "https://company.example.com", Limits: l,
			})
		},
		Skip: map[string]string{
			"F41": "both clients only read; no method has a side effect to repeat",
		},
	}
}

func TestTrackingKeepsThePromisesOfEverySource(t *testing.T) {
	basetest.Run(t, harness(trackingSubject, func(ctx context.Context, c fkapi.Config) error {
		client, err := fkapi.NewTracking(ctx, c)
		if err == nil {
			err = client.Close()
		}
		return err
	}))
}

func TestCompanyKeepsThePromisesOfEverySource(t *testing.T) {
	basetest.Run(t, harness(companySubject, func(ctx context.Context, c fkapi.Config) error {
		client, err := fkapi.NewCompany(ctx, c)
		if err == nil {
			err = client.Close()
		}
		return err
	}))
}
