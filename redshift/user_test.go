package redshift_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/secret"
	"github.com/fourkites/sources/redshift"
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
	c := newClient(t, cfg)
	for user, password := range map[string]string{"reader-1": "first", "reader-2": "second"} {
		server.AddUser(user, password)
	}
	for range 2 {
		if err := c.Ping(t.Context()); err != nil {
			t.Error(err)
		}
		server.SetPassword("reader-1", "another one")
		server.DropConnections()
	}
	cfg.Password = secret.From(secret.Static("first"))
	if err := newClient(t, cfg).Ping(t.Context()); !errors.Is(err, base.ErrUnauthenticated) || !strings.Contains(err.Error(), "user: neither") {
		t.Errorf("nobody names a user: %v", err)
	}
	cfg.Password = secret.Literal("first")
	if _, err := redshift.New(t.Context(), cfg); err == nil {
		t.Error("a literal names no user, and there is none")
	}
}
