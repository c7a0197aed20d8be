package clickhouse_test

import (
	"context"
	"testing"
	"time"

	"github.com/fourkites/sources/base/secret"
	"github.com/fourkites/sources/clickhouse"
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
	server := bulkServer(t)
	cfg := clickhouse.Config{Addresses: []string{server.Addr()}, User: "nobody", Password: secret.From(secret.SourceFunc(issued)), AllowWrites: true}
	c := newClient(t, cfg)
	for _, user := range []string{"reader-1", "reader-2"} {
		server.AddUser(user, map[string]string{"reader-1": "first", "reader-2": "second"}[user])
		if err := c.Ping(t.Context()); err != nil {
			t.Errorf("as %s: %v", user, err)
		}
		if err := c.Exec(t.Context(), clickhouse.Statement{SQL: "CREATE TABLE IF NOT EXISTS t (x UInt8) ENGINE = Memory"}); err != nil {
			t.Errorf("as %s: %v", user, err)
		}
		server.SetPassword(user, "another one")
		server.DropConnections()
	}
}
