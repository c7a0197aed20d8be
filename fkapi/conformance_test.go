package fkapi_test

import (
	"context"
	"iter"
	"strings"
	"testing"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/basetest"
	"github.com/fourkites/sources/base/fault"
	"github.com/fourkites/sources/base/secret"
	"github.com/fourkites/sources/fkapi"
	"github.com/fourkites/sources/fkapi/fkapitest"
)

// config is that of the fake with the suite's settings.
func config(server *fkapitest.Server, s basetest.Settings) fkapi.Config {
	c := server.Config()
	c.Limits, c.Password = s.Limits, secret.Literal(fkapitest.Password)
	c.MaxResponseBytes = 8 << 20
	if s.Address != "" {
		c.TrackingURL, c.CompanyURL = "http://"+s.Address, "http://"+s.Address
	}
	return c
}

func fakeOf(server *fkapitest.Server, probe string) basetest.Fake {
	return basetest.Fake{
		Address: strings.TrimPrefix(server.URL, "http://"), Fail: server.Fail, Connections: server.Connections, Running: server.Running,
		Close: server.Close, Refuse: func() { server.SetKeys() },
		Calls: func() int {
			n := 0
			for _, r := range server.Requests() {
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
	server := fkapitest.NewServer()
	t.Cleanup(server.Close)
	addLoads(server, suiteLoads)
	client, err := fkapi.NewTracking(t.Context(), config(server, s), s.Options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() }) // a row may have left calls running
	return basetest.Subject{
		Client: client, Fake: fakeOf(server, "tracking_ids=0&"), Items: suiteLoads,
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
	server := fkapitest.NewServer()
	t.Cleanup(server.Close)
	server.AddRelationship("acme", live("swift"), live("slow"))
	client, err := fkapi.NewCompany(t.Context(), config(server, s), s.Options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() }) // a row may have left calls running
	return basetest.Subject{
		Client: client, Fake: fakeOf(server, "/companies/-"), Items: 2,
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
		Family: basetest.HTTP, New: subject, Secrets: []string{fkapitest.Secret, fkapitest.Password}, Transient: fault.Status(503),
		Configure: func(l base.Limits) error {
			return configure(context.Background(), fkapi.Config{
				AppID: "a", Secret: secret.Literal("s3cret"), CompanyURL: "https://company.example.com", Limits: l,
			})
		},
		Skip: map[string]string{"F41": "both clients only read; no method has a side effect to repeat"},
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
