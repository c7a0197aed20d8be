package rotation_test

import (
	"context"
	"fmt"
	"iter"
	"testing"

	"github.com/fourkites/sources/athena"
	"github.com/fourkites/sources/athena/athenatest"
	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/secret"
	"github.com/fourkites/sources/clickhouse"
	"github.com/fourkites/sources/clickhouse/clickhousetest"
	"github.com/fourkites/sources/graph"
	"github.com/fourkites/sources/graph/graphtest"
	"github.com/fourkites/sources/redshift"
	"github.com/fourkites/sources/redshift/redshifttest"
	"github.com/fourkites/sources/trino"
	"github.com/fourkites/sources/trino/trinotest"
)

// limits leave room for the crowd.
func limits() base.Limits { return base.Limits{Concurrency: 16 * workers} }

// must ends the test where a constructor fails.
func must[T any](t *testing.T) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// users makes the accounts of a server from its ways to set a password and to take an account away: each user has the
// newest of its credentials.
func users(set func(user, password string), remove func(user string)) accepts {
	known := map[string]struct{}{}
	return func(_ context.Context, valid ...credential) error {
		now := map[string]credential{}
		for _, c := range valid {
			if c.n > now[c.user].n {
				now[c.user] = c
			}
		}
		for user := range known {
			if _, stays := now[user]; !stays {
				remove(user)
			}
		}
		clear(known)
		for user, c := range now {
			set(user, c.secret)
			known[user] = struct{}{}
		}
		return nil
	}
}

// drain reads all rows.
func drain[T any](rows iter.Seq2[T, error]) error {
	n := 0
	for _, err := range rows {
		if err != nil {
			return err
		}
		n++
	}
	if n == 0 {
		return fmt.Errorf("an answer without rows")
	}
	return nil
}

func clickhouseFake(t *testing.T, s store) *subject {
	server := clickhousetest.NewServer()
	t.Cleanup(server.Close)
	server.ReplyTo("rotated", clickhousetest.Bulk(10, 3))
	sub := &subject{
		source: "clickhouse", engine: "fake", logsIn: true, rekeys: true, end: server.Close, tap: newTap("Authentication failed"),
		accepts: users(server.AddUser, func(user string) { server.SetPassword(user, "of nobody") }),
		left:    func() int { open, _ := server.Connections(); return open },
	}
	sub.refused = func() int { _, n := sub.tap.count(); return n }
	s.begin(t, sub.accepts)
	client := must[*clickhouse.Client](t)(clickhouse.New(t.Context(), clickhouse.Config{
		Addresses: []string{server.Addr()}, User: s.of().name, Password: secret.From(s), Limits: limits(), AllowWrites: true,
	}, base.WithDialer(sub.tap.dial)))
	sub.client = client
	sub.read = func(ctx context.Context) error {
		r, err := client.Query(ctx, clickhouse.Query{SQL: "SELECT id, name, at FROM rotated"})
		if err != nil {
			return err
		}
		return drain(r.All())
	}
	return sub
}

// clickhouseWriter is the way of the client's writes, which is a driver of its own.
func clickhouseWriter(t *testing.T, s store) *subject {
	sub := clickhouseFake(t, s)
	client := sub.client.(*clickhouse.Client)
	sub.source = "clickhouse, writes"
	sub.read = func(ctx context.Context) error {
		return client.Exec(ctx, clickhouse.Statement{SQL: "CREATE TABLE IF NOT EXISTS written (x UInt8) ENGINE = Memory"})
	}
	return sub
}

func redshiftFake(t *testing.T, s store) *subject {
	server := redshifttest.NewServer()
	t.Cleanup(server.Close)
	server.Create("public.rotated", []redshifttest.Column{{Name: "id", Type: "bigint"}}, []any{1}, []any{2})
	sub := &subject{
		source: "redshift", engine: "fake", logsIn: true, rekeys: true, end: server.Close, tap: newTap("password authentication failed"),
		accepts: users(server.AddUser, func(user string) { server.SetPassword(user, "of nobody") }),
		left:    func() int { open, _ := server.Connections(); return open },
	}
	sub.refused = func() int { _, n := sub.tap.count(); return n }
	s.begin(t, sub.accepts)
	cfg := server.Config()
	cfg.User, cfg.Password, cfg.Limits = s.of().name, secret.From(s), limits()
	client := must[*redshift.Client](t)(redshift.New(t.Context(), cfg, base.WithDialer(sub.tap.dial)))
	sub.client = client
	sub.read = func(ctx context.Context) error {
		r, err := client.Query(ctx, redshift.Query{SQL: "SELECT id FROM rotated"})
		if err != nil {
			return err
		}
		return drain(r.All())
	}
	return sub
}

func graphFake(t *testing.T, s store) *subject {
	server := graphtest.NewServer()
	t.Cleanup(server.Close)
	sub := &subject{
		source: "graph", engine: "fake", logsIn: true, rekeys: true, end: server.Close, tap: newTap(), most: 2,
		left:    func() int { open, _ := server.Connections(); return open },
		refused: func() int { _, n := server.Logins(); return n },
	}
	alone := users(server.AddUser, server.RemoveUser)
	sub.accepts = func(ctx context.Context, valid ...credential) error {
		if len(valid) == 2 && valid[0].user == valid[1].user { // Neo4j has one password; the fake may have two
			server.AddUser(valid[0].user, valid[0].secret)
			server.AllowPassword(valid[1].user, valid[1].secret)
			return nil
		}
		return alone(ctx, valid...)
	}
	s.begin(t, sub.accepts)
	cfg := server.Config()
	cfg.User, cfg.Password, cfg.Limits = s.of().name, secret.From(s), limits()
	client := must[*graph.Client](t)(graph.New(t.Context(), cfg, base.WithDialer(sub.tap.dial)))
	sub.client = client
	sub.read = func(ctx context.Context) error {
		r, err := client.Query(ctx, graph.Query{Cypher: "UNWIND range(1, 3) AS id RETURN id"})
		if err != nil {
			return err
		}
		return drain(r.All())
	}
	return sub
}

func trinoFake(t *testing.T, s store) *subject {
	server := trinotest.NewServer(trinotest.WithTLS())
	t.Cleanup(server.Close)
	server.ReplyTo("rotated", trinotest.Bulk(10, 3))
	sub := &subject{
		source: "trino", engine: "fake", end: server.Close, tap: newTap(), refused: server.Refused,
		left: func() int { open, _ := server.Connections(); return open },
	}
	named := users(server.SetPassword, func(user string) { server.SetPassword(user, "") })
	sub.accepts = func(ctx context.Context, valid ...credential) error {
		var tokens []string
		for _, c := range valid {
			tokens = append(tokens, c.secret)
		}
		server.SetTokens(tokens...)
		return named(ctx, valid...)
	}
	s.begin(t, sub.accepts)
	cfg := server.Config()
	cfg.User, cfg.Limits = s.of().name, limits()
	if cfg.Password, cfg.Token = secret.From(s), (secret.Value{}); !s.of().paired {
		cfg.Password, cfg.Token = secret.Value{}, secret.From(s)
	}
	client := must[*trino.Client](t)(trino.New(t.Context(), cfg, append(server.Options(), base.WithDialer(sub.tap.dial))...))
	sub.client = client
	sub.read = func(ctx context.Context) error {
		r, err := client.Query(ctx, trino.Query{SQL: "SELECT id, name, at FROM rotated"})
		if err != nil {
			return err
		}
		return drain(r.All())
	}
	return sub
}

func athenaFake(t *testing.T, s store) *subject {
	server := athenatest.NewServer()
	t.Cleanup(server.Close)
	server.ReplyTo("rotated", athenatest.Reply{Columns: []athenatest.Column{{Name: "id", Type: "bigint"}}, Rows: [][]any{{1}, {2}}})
	sub := &subject{
		source: "athena", engine: "fake", end: server.Close, tap: newTap("UnrecognizedClientException"),
		left: func() int { open, _ := server.Connections(); return open },
	}
	sub.refused = func() int { _, n := sub.tap.count(); return n }
	known := map[string]struct{}{}
	sub.accepts = func(_ context.Context, valid ...credential) error {
		for access := range known {
			server.SetKey(access, "", "")
		}
		for _, c := range valid {
			server.SetKey(keyID(c), c.secret, "")
			known[keyID(c)] = struct{}{}
		}
		return nil
	}
	s.begin(t, sub.accepts)
	cfg := server.Config()
	cfg.Limits, cfg.Results = limits(), "pages"
	cfg.Key = secret.From(secret.SourceFunc(func(ctx context.Context) (secret.Snapshot, error) {
		snap, err := s.Get(ctx)
		var n int
		_, _ = fmt.Sscanf(snap.Version, "v%d", &n)
		return secret.NewSnapshot(keyID(credential{n: n})+":"+snap.Reveal(), snap.Version, snap.Expires), err
	}))
	client := must[*athena.Client](t)(athena.New(t.Context(), cfg, base.WithDialer(sub.tap.dial)))
	sub.client = client
	sub.read = func(ctx context.Context) error {
		r, err := client.Query(ctx, athena.Query{SQL: "SELECT id FROM rotated"})
		if err != nil {
			return err
		}
		return drain(r.All())
	}
	return sub
}

func keyID(c credential) string { return fmt.Sprintf("KEYOFTEST%d", c.n) }
