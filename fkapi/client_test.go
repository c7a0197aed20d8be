package fkapi_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/fkapi"
	"github.com/fourkites/sources/fkapi/fkapitest"
)

var created = time.Now().UTC().Truncate(time.Second).Add(-48 * time.Hour)

// addLoads adds n loads, one a minute, the newest last: LOAD001, LOAD002, ...
func addLoads(server *fkapitest.Server, n int) {
	for i := range n {
		server.AddLoad(fkapi.Load{
			ID: fmt.Sprint(123_456_001 + i), LoadNumber: fmt.Sprintf("LOAD%03d", i+1), Status: fkapi.StatusAwaitingTrackingInfo,
			StatusText: "Awaiting Tracking Info", CreatedAt: created.Add(time.Duration(i) * time.Minute),
			Shipper: fkapi.Party{ID: "acme", Name: "Acme Foods"}, Carrier: fkapi.Party{ID: "swift", Name: "Swift Haul"},
		})
	}
}

func yes() *bool { v := true; return &v }

func live(with string) fkapi.Relationship {
	return fkapi.Relationship{Active: yes(), Status: "live", AllowTracking: yes(), Target: fkapi.Company{Permalink: with}}
}

func tracking(t *testing.T, server *fkapitest.Server, change func(*fkapi.Config)) *fkapi.TrackingClient {
	t.Helper()
	c := server.Config()
	if change != nil {
		change(&c)
	}
	client, err := fkapi.NewTracking(t.Context(), c, server.Options()...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := client.Close(); err != nil {
			t.Error(err)
		}
	})
	return client
}

func company(t *testing.T, server *fkapitest.Server) *fkapi.CompanyClient {
	t.Helper()
	client, err := fkapi.NewCompany(t.Context(), server.Config(), server.Options()...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := client.Close(); err != nil {
			t.Error(err)
		}
	})
	return client
}

func newServer(t *testing.T, opts ...fkapitest.Option) *fkapitest.Server {
	t.Helper()
	server := fkapitest.NewServer(opts...)
	t.Cleanup(server.Close)
	return server
}

func wantKind(t *testing.T, err error, kind base.Kind) {
	t.Helper()
	if base.KindOf(err) != kind {
		t.Errorf("kind %v, want %v: %v", base.KindOf(err), kind, err)
	}
}

func bounded(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	t.Cleanup(cancel)
	return ctx
}
