package trino_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/rows"
	"github.com/fourkites/sources/base/secret"
	"github.com/fourkites/sources/internal/engines"
	"github.com/fourkites/sources/trino"
)

// The tests of the real server share one and run one after the other; one of them kills it and starts it again.

func realClient(t testing.TB, server *engines.TrinoServer, change ...func(*trino.Config)) *trino.Client {
	t.Helper()
	host, port := split(t, server.Addr)
	config := trino.Config{Host: host, Port: port, Plaintext: true, Proxy: "none", Catalog: "tpch", Schema: "tiny"}
	for _, f := range change {
		f(&config)
	}
	client, err := trino.New(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	return client
}

func secureConfig(t testing.TB, server *engines.TrinoServer, password string) func(*trino.Config) {
	return func(c *trino.Config) {
		c.Host, c.Port = split(t, server.SecureAddr)
		c.Plaintext, c.CAFile, c.User, c.Password = false, server.CAFile, engines.TrinoUser, secret.Literal(password)
		if password == "" {
			c.Password = secret.Value{}
		}
	}
}

// stateOf is what the server itself says of a query.
func stateOf(t testing.TB, server *engines.TrinoServer, id string) string {
	t.Helper()
	got, err := server.Query(t.Context(), "SELECT state || ' ' || COALESCE(error_code, '') FROM system.runtime.queries WHERE query_id = '"+id+"'")
	if err != nil {
		t.Fatal(err)
	}
	if len(got) == 0 {
		return "unknown"
	}
	return got[0][0].(string)
}

// Whoever leaves an answer stops the query: it is gone from the server's list of running queries.
func TestRealQueriesThatAreLeftAreCancelled(t *testing.T) {
	server := engines.SharedTrino(t)
	for name, leave := range map[string]func(client *trino.Client, cancel context.CancelFunc, r *rows.Rows){
		"cancel while nobody reads": func(_ *trino.Client, cancel context.CancelFunc, _ *rows.Rows) { cancel() },
		"close":                     func(_ *trino.Client, _ context.CancelFunc, r *rows.Rows) { _ = r.Close() },
		"leave the loop": func(_ *trino.Client, _ context.CancelFunc, r *rows.Rows) {
			for range r.All() { //nolint:errcheck // the loop is left at once
				break
			}
		},
	} {
		for _, spooling := range []string{"off", "auto"} {
			client := realClient(t, server, func(c *trino.Config) { c.Spooling, c.MaxRows, c.MaxBytes = spooling, -1, -1 })
			ctx, cancel := context.WithCancel(t.Context())
			r, err := client.Query(ctx, trino.Query{SQL: "SELECT * FROM tpch.sf10.lineitem", MaxRows: -1})
			if err != nil {
				t.Fatal(err)
			}
			id := r.Stats().QueryID
			if state := stateOf(t, server, id); state != "RUNNING " {
				t.Errorf("%s: before: %s", name, state)
			}
			leave(client, cancel, r)
			eventually(t, name+" ends the query", func() bool { return stateOf(t, server, id) == "FAILED USER_CANCELED" })
			cancel()
		}
	}
}

func TestRealQueriesEndAtTheCap(t *testing.T) {
	server := engines.SharedTrino(t)
	client := realClient(t, server)
	var stats base.Stats
	n, err := count(client.Query(base.WithStats(t.Context(), &stats), trino.Query{SQL: "SELECT * FROM tpch.sf1.lineitem", MaxRows: 1234}))
	if n != 1234 || !errors.Is(err, base.ErrTruncated) {
		t.Errorf("%d rows, %v", n, err)
	}
	eventually(t, "the query ends", func() bool { return stateOf(t, server, stats.QueryID) == "FAILED USER_CANCELED" })
	s, err := client.QueryStatus(t.Context(), stats.QueryID)
	if err != nil || s.State != "FAILED" || s.ErrorCode != "USER_CANCELED" || s.Started.IsZero() || s.Ended.IsZero() {
		t.Errorf("%+v %v", s, err)
	}
}

func TestRealQueriesEndAtTheirTime(t *testing.T) {
	server := engines.SharedTrino(t)
	client := realClient(t, server, func(c *trino.Config) { c.MaxExecution = base.Duration(time.Second) })
	_, err := count(client.Query(t.Context(), trino.Query{SQL: "SELECT count(*) FROM tpch.sf100.lineitem a JOIN tpch.sf100.orders b ON a.orderkey % 7 = b.orderkey % 7"}))
	e, ok := errors.AsType[*trino.ServerError](err)
	if !errors.Is(err, base.ErrQuotaExceeded) || !ok || e.Name != "EXCEEDED_TIME_LIMIT" || e.Code != 131075 {
		t.Errorf("%v", err)
	}
	slow := realClient(t, server)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	began := time.Now()
	_, err = count(slow.Query(ctx, trino.Query{SQL: "SELECT count(*) FROM tpch.sf100.lineitem WHERE comment LIKE '%z%z%z%'"}))
	typed, ok := errors.AsType[*base.Error](err)
	if !errors.Is(err, base.ErrDeadline) || !ok || typed.QueryID == "" || time.Since(began) > 3*time.Second {
		t.Fatalf("%s, %v", time.Since(began), err)
	}
	eventually(t, "the query ends", func() bool { return strings.HasPrefix(stateOf(t, server, typed.QueryID), "FAILED") })
}

func TestRealPasswordsAreAskedForOverTLS(t *testing.T) {
	server := engines.SharedTrino(t)
	if err := realClient(t, server, secureConfig(t, server, engines.TrinoPassword)).Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, password := range []string{"wrong-password", ""} {
		client := realClient(t, server, secureConfig(t, server, password))
		for range 2 {
			err := client.Ping(t.Context())
			if !errors.Is(err, base.ErrUnauthenticated) || strings.Contains(err.Error(), "wrong-password") {
				t.Errorf("%q: %v", password, err)
			}
		}
	}
	foreign := realClient(t, server, secureConfig(t, server, engines.TrinoPassword), func(c *trino.Config) { c.CAFile = "" })
	if err := foreign.Ping(t.Context()); !errors.Is(err, base.ErrInvalid) || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("an unknown CA: %v", err)
	}
}

func TestRealSegmentsAreFetchedAndAcknowledged(t *testing.T) {
	server := engines.SharedTrino(t)
	type line struct {
		OrderKey   int64
		LineNumber int32
	}
	sum := func(spooling string) (n int, keys, most int64) {
		client := realClient(t, server, func(c *trino.Config) { // beside HTTPS this storage, which has none, would be refused
			c.Spooling, c.MaxRows, c.MaxBytes = spooling, -1, -1
		})
		r, err := client.Query(t.Context(), trino.Query{SQL: "SELECT l.orderkey * 8 + n AS order_key, linenumber AS line_number, rpad(comment, 200, 'x') AS comment " +
			"FROM lineitem l CROSS JOIN UNNEST(sequence(1, 8)) AS u (n)"})
		if err != nil {
			t.Fatal(err)
		}
		before := live()
		for l, err := range rows.ToStructLax[line](r) {
			if err != nil {
				t.Fatal(err)
			}
			if n, keys = n+1, keys+l.OrderKey*10+int64(l.LineNumber); n%60_000 == 0 {
				most = max(most, live()-before)
			}
		}
		return n, keys, most
	}
	before, _, _ := server.Spooled()
	n, keys, direct := sum("off")
	if again, _, _ := server.Spooled(); again != before {
		t.Error("segments were fetched though spooling is off")
	}
	m, same, spooled := sum("auto")
	if bound := int64(64 << 20); direct > bound || spooled > bound { // of an answer of 100 MB
		t.Errorf("%d MiB more are in use, spooled %d", direct>>20, spooled>>20)
	}
	if n == 0 || n != m || keys != same {
		t.Errorf("direct %d rows, spooled %d; sums %d, %d", n, m, keys, same)
	}
	fetched, _, _ := server.Spooled()
	if fetched -= before; fetched == 0 {
		t.Fatal("nothing was spooled")
	}
	eventually(t, "every segment is acknowledged and deleted", func() bool {
		_, deleted, left := server.Spooled()
		return deleted >= fetched && left == 0
	})
}

func TestRealErrorsHaveTheirKinds(t *testing.T) {
	server := engines.SharedTrino(t)
	client := realClient(t, server, func(c *trino.Config) { c.Limits.Retries = -1 })
	for sql, want := range map[string]struct {
		kind base.Kind
		name string
	}{
		"SELECT FROM":                             {base.KindInvalid, "SYNTAX_ERROR"},
		"SELECT nocolumn FROM nation":             {base.KindInvalid, "COLUMN_NOT_FOUND"},
		"SELECT 1 / 0":                            {base.KindInvalid, "DIVISION_BY_ZERO"},
		"SELECT 1 + 'a'":                          {base.KindInvalid, "TYPE_MISMATCH"},
		"SELECT nofunction(1)":                    {base.KindInvalid, "FUNCTION_NOT_FOUND"},
		"SELECT * FROM absent":                    {base.KindNotFound, "TABLE_NOT_FOUND"},
		"SELECT * FROM tpch.absent.nation":        {base.KindNotFound, "SCHEMA_NOT_FOUND"},
		"SELECT * FROM absent.tiny.nation":        {base.KindNotFound, "CATALOG_NOT_FOUND"},
		"SELECT CAST('x' AS bigint) FROM nation":  {base.KindInvalid, "INVALID_CAST_ARGUMENT"},
		"SELECT fail('on purpose') FROM lineitem": {base.KindInvalid, "GENERIC_USER_ERROR"},
	} {
		_, err := count(client.Query(t.Context(), trino.Query{SQL: sql}))
		e, ok := errors.AsType[*trino.ServerError](err)
		if base.KindOf(err) != want.kind || !ok || e.Name != want.name {
			t.Errorf("%s: %v", sql, err)
		}
	}
	_, err := client.Query(t.Context(), trino.Query{SQL: "SELECT 1", Session: trino.Session{"no_such_property": "1"}})
	if !errors.Is(err, base.ErrInvalid) {
		t.Errorf("%v", err)
	}
}

func TestRealDatabaseSQL(t *testing.T) {
	server := engines.SharedTrino(t)
	client := realClient(t, server, secureConfig(t, server, engines.TrinoPassword))
	db := dbOf(t, client)
	var name string
	var at time.Time
	err := db.QueryRowContext(t.Context(), "SELECT name, TIMESTAMP '2025-01-02 03:04:05.123' FROM nation WHERE nationkey = ?", 3).Scan(&name, &at)
	if err != nil || name != "CANADA" {
		t.Errorf("%q %s %v", name, at, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	lines, err := db.QueryContext(ctx, "SELECT orderkey FROM tpch.sf10.lineitem /* database/sql */")
	if err != nil || !lines.Next() {
		t.Fatal(err)
	}
	cancel()
	eventually(t, "the query ends", func() bool {
		got, err := server.Query(t.Context(), "SELECT count(*) FROM system.runtime.queries WHERE query LIKE '%/* database/sql */%' AND query NOT LIKE '%system.runtime%' AND state = 'RUNNING'")
		return err == nil && got[0][0].(float64) == 0
	})
	_ = lines.Close()
}
