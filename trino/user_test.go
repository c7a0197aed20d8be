package trino_test

import (
	"context"
	"testing"
	"time"

	"github.com/fourkites/sources/base/secret"
	"github.com/fourkites/sources/trino"
	"github.com/fourkites/sources/trino/trinotest"
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
	server := started(t, trinotest.WithTLS())
	server.SetPassword("reader-1", "first")
	server.SetPassword("reader-2", "second")
	client := clientOf(t, server, func(c *trino.Config) { c.User, c.Password = "nobody", secret.From(secret.SourceFunc(issued)) })
	for _, user := range []string{"reader-1", "reader-2"} {
		if err := client.Ping(t.Context()); err != nil {
			t.Errorf("as %s: %v", user, err)
		}
		if said := server.Statements(); len(said) == 0 || said[len(said)-1].Header.Get("X-Trino-User") != user {
			t.Errorf("the statement was not that of %s", user)
		}
		server.SetPassword(user, "another one")
	}
}
