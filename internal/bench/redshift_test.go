package bench

import (
	"context"
	"net"
	"net/url"
	"os"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/fourkites/sources/base/rows"
	"github.com/fourkites/sources/base/secret"
	"github.com/fourkites/sources/internal/engines"
	"github.com/fourkites/sources/redshift"
)

const (
	warehouseRows = 1_000_000
	warehouseSQL  = "SELECT id, name, score, at, n FROM bulk"
	warehouseMake = "CREATE TABLE bulk AS SELECT i::int8 AS id, 'row' || i % 1000 AS name, i * 0.5::float8 AS score, " +
		"timestamptz '2024-01-01' + i * interval '1 second' AS at, (i % 100)::int4 AS n FROM generate_series(1, 1000000) i; ANALYZE bulk"
)

type warehouseRow struct {
	ID    int64     `db:"id"`
	Name  string    `db:"name"`
	Score float64   `db:"score"`
	At    time.Time `db:"at"`
	N     int32     `db:"n"`
}

// warehouseServer is the server of BENCH_POSTGRES (postgres://user:password@host:port/database?sslmode=..., with a table
// bulk as above), or with INTEGRATION=1 one of its own.
func warehouseServer(b *testing.B) (redshift.Config, string) {
	b.Helper()
	address := os.Getenv("BENCH_POSTGRES")
	if address == "" {
		server := engines.Postgres(b)
		server.Admin(b, warehouseMake)
		u := url.URL{
			Scheme: "postgres", User: url.UserPassword(engines.PostgresReader, engines.PostgresReaderPassword), Host: server.Addr,
			Path: engines.PostgresDatabase, RawQuery: url.Values{"sslmode": {"verify-full"}, "sslrootcert": {server.CAFile}}.Encode(),
		}
		address = u.String()
	}
	u, err := url.Parse(address)
	if err != nil {
		b.Fatal("BENCH_POSTGRES is no URL")
	}
	host, port, _ := net.SplitHostPort(u.Host)
	n, _ := strconv.Atoi(port)
	password, _ := u.User.Password()
	return redshift.Config{
		Host: host, Port: n, Database: u.Path[1:], User: u.User.Username(), Password: secret.Literal(password),
		Plaintext: u.Query().Get("sslmode") == "disable", CAFile: u.Query().Get("sslrootcert"), MaxRows: -1, MaxBytes: -1,
	}, address
}

// BenchmarkWarehouse reads a million rows of five columns (bigint, text, double precision, timestamptz, integer) in
// every way, in one run, all as texts (QueryExecModeExec): drained and not decoded, pgx's Scan into variables, pgx's
// structs by name, our structs streamed and collected. by_name_x is the time of pgx's structs by this one's, x_scan
// this one's by that of Scan; by_name_cpu_x is the same for what the client's process works, which a busy machine
// changes less.
func BenchmarkWarehouse(b *testing.B) {
	cfg, address := warehouseServer(b)
	client, err := redshift.New(b.Context(), cfg)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = client.Close() })
	settings, err := pgx.ParseConfig(address)
	if err != nil {
		b.Fatal("BENCH_POSTGRES is no URL for pgx")
	}
	settings.DefaultQueryExecMode = pgx.QueryExecModeExec
	conn, err := pgx.ConnectConfig(b.Context(), settings)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = conn.Close(context.Background()) })

	took, cost := map[string]float64{}, map[string]float64{}
	run := func(name string, read func(context.Context) (int, error)) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			best := time.Duration(1 << 62)
			work := processorTime(b)
			for b.Loop() {
				began := time.Now()
				if n, err := read(b.Context()); err != nil || n != warehouseRows {
					b.Fatalf("%d rows, %v", n, err)
				}
				best = min(best, time.Since(began))
			}
			took[name] = best.Seconds()
			cost[name] = (processorTime(b) - work).Seconds() / float64(b.N)
			b.ReportMetric(best.Seconds()*1000, "best_ms")
			b.ReportMetric(cost[name]*1000, "cpu_ms")
			b.ReportMetric(cost["by name"]/cost[name], "by_name_cpu_x")
			b.ReportMetric(took["by name"]/took[name], "by_name_x")
			b.ReportMetric(took[name]/took["scan"], "x_scan")
		})
	}
	query := func(ctx context.Context) *rows.Rows {
		r, err := client.Query(ctx, redshift.Query{SQL: warehouseSQL})
		if err != nil {
			b.Fatal(err)
		}
		return r
	}
	run("drain", func(ctx context.Context) (n int, err error) {
		r := conn.PgConn().ExecParams(ctx, warehouseSQL, nil, nil, nil, nil)
		for r.NextRow() {
			n++
		}
		_, err = r.Close()
		return n, err
	})
	run("scan", func(ctx context.Context) (int, error) { return scanWarehouse(ctx, conn) })
	run("by name", func(ctx context.Context) (int, error) {
		r, err := conn.Query(ctx, warehouseSQL)
		if err != nil {
			return 0, err
		}
		all, err := pgx.CollectRows(r, pgx.RowToStructByName[warehouseRow])
		return len(all), err
	})
	run("structs", func(ctx context.Context) (n int, err error) {
		for row, err := range rows.ToStruct[warehouseRow](query(ctx)) {
			if err != nil {
				return n, err
			}
			if row.Name != "" {
				n++
			}
		}
		return n, nil
	})
	run("collected", func(ctx context.Context) (int, error) {
		all, err := rows.Collect(query(ctx), rows.ToStruct[warehouseRow])
		return len(all), err
	})
}

// processorTime is what this process has worked so far, on all processors.
func processorTime(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func scanWarehouse(ctx context.Context, conn *pgx.Conn) (n int, err error) {
	r, err := conn.Query(ctx, warehouseSQL)
	if err != nil {
		return 0, err
	}
	defer r.Close()
	var row warehouseRow
	for ; r.Next(); n++ {
		if err := r.Scan(&row.ID, &row.Name, &row.Score, &row.At, &row.N); err != nil {
			return n, err
		}
	}
	return n, r.Err()
}
