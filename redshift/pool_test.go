package redshift

import (
	"net"
	"strconv"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/secret"
	"github.com/fourkites/sources/internal/engines"
)

func TestConnectionsLiveForHalfAnHourAtMostAndNotAllEquallyLong(t *testing.T) {
	t.Parallel()
	pc := offline(t).pool.Load().Config()
	if most := pc.MaxConnLifetime + pc.MaxConnLifetimeJitter; most != 30*time.Minute || pc.MaxConnLifetimeJitter < time.Minute {
		t.Errorf("%s and up to %s more", pc.MaxConnLifetime, pc.MaxConnLifetimeJitter)
	}
	if pc.ConnConfig.DefaultQueryExecMode != pgx.QueryExecModeExec || pc.HealthCheckPeriod <= 0 {
		t.Errorf("%v %s", pc.ConnConfig.DefaultQueryExecMode, pc.HealthCheckPeriod)
	}
}

func TestTheNumberOfConnectionsFollowsTheLimits(t *testing.T) {
	t.Parallel()
	c := offline(t)
	for concurrency, most := range map[int]int32{7: 16, 100: 202, -1: 1<<15 - 1, 20_000: 1<<15 - 1} {
		if err := c.Reload(base.Limits{Concurrency: concurrency}); err != nil || c.pool.Load().Stat().MaxConns() != most {
			t.Errorf("concurrency %d: %d connections, %v", concurrency, c.pool.Load().Stat().MaxConns(), err)
		}
	}
	same := base.Limits{Concurrency: 20_000}
	if err := c.Reload(same); err != nil {
		t.Fatal(err)
	}
	first := c.pool.Load()
	same.Retries = 1
	if err := c.Reload(same); err != nil || c.pool.Load() != first {
		t.Error("the pool was exchanged for one of the same size", err)
	}
}

// The check of a statement's words is one wall, the extended protocol the other: this is the other alone.
func TestTheExtendedProtocolRefusesASecondStatement(t *testing.T) {
	t.Parallel()
	server := engines.SharedPostgres(t)
	cfg := Config{
		Database: engines.PostgresDatabase, User: engines.PostgresWriter, Password: secret.Literal(engines.PostgresWriterPassword), CAFile: server.CAFile,
	}
	host, port, err := net.SplitHostPort(server.Addr)
	if err != nil {
		t.Fatal(err)
	}
	cfg.Host = host
	cfg.Port, _ = strconv.Atoi(port)
	c, err := New(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	a := &ask{client: c, op: opQuery, query: Query{SQL: "SELECT 1; COMMIT; CREATE TABLE escaped()"}, caller: t.Context()}
	s, err := a.open(t.Context())
	if err == nil {
		_ = s.Close()
	}
	if e := classify(err); e.Code != "42601" {
		t.Errorf("%v", err)
	}
	if n := server.Admin(t, "SELECT count(*) FROM pg_class WHERE relname = 'escaped'"); n != "0" {
		t.Error("a table was made")
	}
}
