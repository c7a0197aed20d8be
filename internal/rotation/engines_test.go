package rotation_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/secret"
	"github.com/fourkites/sources/clickhouse"
	"github.com/fourkites/sources/graph"
	"github.com/fourkites/sources/internal/engines"
	"github.com/fourkites/sources/redshift"
)

// judge says to a ClickHouse server whether a login is good.
type judge struct {
	mu      sync.Mutex
	valid   map[string]string
	refused int
}

func (j *judge) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	user, password, _ := r.BasicAuth()
	j.mu.Lock()
	defer j.mu.Unlock()
	if want, known := j.valid[user]; !known || want != password {
		j.refused++
		w.WriteHeader(http.StatusUnauthorized)
	}
}

func (j *judge) accepts(_ context.Context, valid ...credential) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.valid = map[string]string{}
	for _, c := range valid {
		j.valid[c.user] = c.secret
	}
	return nil
}

func (j *judge) count() int {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.refused
}

// clickhouseReal is a client of a real ClickHouse server of its own.
func clickhouseReal(t *testing.T) starter {
	j := &judge{}
	web := httptest.NewServer(j)
	t.Cleanup(web.Close)
	server := engines.ClickHouseJudged(t, web.URL+"/")
	return func(t *testing.T, s store) *subject { return clickhouseOf(t, s, server, j) }
}

func clickhouseOf(t *testing.T, s store, server *engines.Server, j *judge) *subject {
	t.Helper()
	sub := &subject{
		source: "clickhouse", engine: "ClickHouse", logsIn: true, rekeys: true, tap: newTap(), accepts: j.accepts, refused: j.count,
		left: func() int {
			n, err := server.Query(context.WithoutCancel(t.Context()), engines.UserDefault, engines.PasswordDefault,
				"SELECT value FROM system.metrics WHERE metric = 'TCPConnection'")
			return number(t, n, err)
		},
	}
	s.begin(t, sub.accepts)
	client := must[*clickhouse.Client](t)(clickhouse.New(t.Context(), clickhouse.Config{
		Addresses: []string{server.Addr}, Database: engines.Database, User: s.of().name, Password: secret.From(s), Limits: limits(),
	}, base.WithDialer(sub.tap.dial)))
	sub.client = client
	sub.read = func(ctx context.Context) error {
		r, err := client.Query(ctx, clickhouse.Query{SQL: "SELECT number FROM system.numbers LIMIT 3"})
		if err != nil {
			return err
		}
		return drain(r.All())
	}
	return sub
}

func number(t *testing.T, text string, err error) int {
	t.Helper()
	n, wrong := strconv.Atoi(strings.TrimSpace(text))
	if err = errors.Join(err, wrong); err != nil {
		t.Error(err)
	}
	return n
}

// postgresReal is a client of a real PostgreSQL server.
func postgresReal(t *testing.T) starter {
	server := engines.SharedPostgres(t)
	return func(t *testing.T, s store) *subject { return postgresOf(t, s, server) }
}

func postgresOf(t *testing.T, s store, server *engines.PostgresServer) *subject {
	t.Helper()
	name := "client-of-" + s.of().name // tells its connections from those of others
	sub := &subject{
		source: "redshift", engine: "PostgreSQL", logsIn: true, rekeys: true, tap: newTap(), accepts: postgresUsers(server),
		refused: func() int { return server.Refused(t, s.of().name) },
		left: func() int {
			return number(t, server.Admin(t, "SELECT count(*) FROM pg_stat_activity WHERE application_name = '"+name+"'"), nil)
		},
	}
	s.begin(t, sub.accepts)
	host, port, err := net.SplitHostPort(server.Addr)
	if err != nil {
		t.Fatal(err)
	}
	cfg := redshift.Config{
		Name: name, Host: host, Database: engines.PostgresDatabase, User: s.of().name, Password: secret.From(s), CAFile: server.CAFile, Limits: limits(),
	}
	cfg.Port, _ = strconv.Atoi(port)
	client := must[*redshift.Client](t)(redshift.New(t.Context(), cfg, base.WithDialer(sub.tap.dial)))
	sub.client = client
	sub.read = func(ctx context.Context) error {
		r, err := client.Query(ctx, redshift.Query{SQL: "SELECT oid FROM pg_type LIMIT 3"})
		if err != nil {
			return err
		}
		return drain(r.All())
	}
	return sub
}

// postgresUsers gives accounts of a server their passwords.
func postgresUsers(server *engines.PostgresServer) accepts {
	known := map[string]struct{}{}
	return func(ctx context.Context, valid ...credential) error {
		var sql strings.Builder
		now := map[string]struct{}{}
		for _, c := range valid {
			if _, made := known[c.user]; !made {
				fmt.Fprintf(&sql, "CREATE ROLE %q LOGIN;\n", c.user)
			}
			now[c.user], known[c.user] = struct{}{}, struct{}{}
			fmt.Fprintf(&sql, "ALTER ROLE %q PASSWORD '%s';\n", c.user, c.secret)
		}
		for user := range known {
			if _, stays := now[user]; !stays {
				fmt.Fprintf(&sql, "ALTER ROLE %q PASSWORD 'of nobody';\n", user)
			}
		}
		_, err := server.Query(ctx, engines.PostgresAdmin, engines.PostgresAdminPassword, sql.String())
		return err
	}
}

// graphReal is a client of a real Neo4j server.
func graphReal(t *testing.T) starter {
	server := engines.SharedNeo4j(t)
	return func(t *testing.T, s store) *subject { return graphOf(t, s, server) }
}

func graphOf(t *testing.T, s store, server *engines.Neo4jServer) *subject {
	t.Helper()
	sub := &subject{
		source: "graph", engine: "Neo4j", logsIn: true, rekeys: true, most: 2,
		tap: newTap("Neo.ClientError.Security.Unauthorized", "Neo.ClientError.Security.AuthenticationRateLimit"),
		left: func() int {
			records := server.Admin(t, "CALL dbms.listConnections() YIELD username WHERE username STARTS WITH '"+s.of().name+"' RETURN count(*)")
			return int(records[0][0].(int64)) //nolint:forcetypeassert // a count
		},
	}
	sub.refused = func() int { _, n := sub.tap.count(); return n }
	known := map[string]struct{}{}
	sub.accepts = func(ctx context.Context, valid ...credential) error {
		now := map[string]struct{}{}
		for _, c := range valid {
			now[c.user], known[c.user] = struct{}{}, struct{}{}
			if err := neo4jPassword(ctx, server, c.user, c.secret); err != nil {
				return err
			}
		}
		for user := range known {
			if _, stays := now[user]; !stays {
				if err := neo4jPassword(ctx, server, user, "of nobody"); err != nil {
					return err
				}
			}
		}
		return nil
	}
	s.begin(t, sub.accepts)
	client := must[*graph.Client](t)(graph.New(t.Context(), graph.Config{
		URI: "bolt://" + server.Addr, User: s.of().name, Password: secret.From(s), Plaintext: true, Limits: limits(),
	}, base.WithDialer(sub.tap.dial)))
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

// neo4jPassword gives an account a password, and makes it where there is none. Setting the present one again is an error of
// the server, so the account is replaced.
func neo4jPassword(ctx context.Context, server *engines.Neo4jServer, user, password string) error {
	_, err := server.Query(ctx, engines.Neo4jUser, server.Password,
		"CREATE OR REPLACE USER `"+user+"` SET PASSWORD $password CHANGE NOT REQUIRED", map[string]any{"password": password})
	return err
}
