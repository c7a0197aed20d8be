package graph_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/fourkites/sources/base/secret"
	"github.com/fourkites/sources/graph"
)

// issued is what a store says that issues a user with every password: another one when the first is refused.
func issued(ctx context.Context) (secret.Snapshot, error) {
	if secret.Refused(ctx, "1") {
		return secret.NewSnapshot("second", "2", time.Time{}).OfUser("reader-2"), nil
	}
	return secret.NewSnapshot("first", "1", time.Time{}).OfUser("reader-1"), nil
}

func TestTheStoreOfThePasswordNamesItsUserToo(t *testing.T) {
	t.Parallel()
	server := fake(t)
	cfg := server.Config()
	cfg.User, cfg.Password = "", secret.From(secret.SourceFunc(issued))
	server.AddUser("reader-1", "first")
	server.AddUser("reader-2", "second")
	c := newClient(t, cfg)
	for range 2 {
		if err := ask(t, c, readsClasses); err != nil {
			t.Error(err)
		}
		server.SetPassword("reader-1", "another one")
		server.DropConnections()
	}
	cfg.Password = secret.From(secret.Static("first"))
	if err := ask(t, newClient(t, cfg), readsClasses); err == nil || !strings.Contains(err.Error(), "set user") {
		t.Errorf("nobody names a user: %v", err)
	}
	cfg.Password = secret.Literal("first")
	if _, err := graph.New(t.Context(), cfg); err == nil {
		t.Error("a literal names no user, and there is none")
	}
}
