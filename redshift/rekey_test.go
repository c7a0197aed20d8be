package redshift_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fourkites/sources/base/secret"
	"github.com/fourkites/sources/redshift"
	"github.com/fourkites/sources/redshift/redshifttest"
)

// A new password comes before the old one ends. Nobody calls then, and yet no connection of the old one is kept.
func TestConnectionsOfAnOlderPasswordAreLetGo(t *testing.T) {
	t.Parallel()
	server := redshifttest.NewServer()
	t.Cleanup(server.Close)
	server.AddUser("kept", "old-pass")
	var asked atomic.Int64
	cfg := server.Config()
	cfg.User = "kept"
	cfg.Password = secret.From(secret.SourceFunc(func(context.Context) (secret.Snapshot, error) {
		if asked.Add(1) == 1 {
			return secret.NewSnapshot("old-pass", "", time.Now().Add(2*time.Second)), nil
		}
		server.SetPassword("kept", "new-pass")
		return secret.NewSnapshot("new-pass", "", time.Time{}), nil
	}))
	client, err := redshift.New(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	if err := client.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	open := func() int { n, _ := server.Connections(); return n }
	if open() == 0 {
		t.Fatal("no connection is kept at all")
	}
	late := time.After(20 * time.Second)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for open() > 0 {
		select {
		case <-tick.C:
		case <-late:
			t.Fatalf("%d connections of the old password are left", open())
		}
	}
	if err := client.Ping(t.Context()); err != nil {
		t.Error(err)
	}
}
