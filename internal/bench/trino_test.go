package bench

import (
	"context"
	"database/sql"
	"net"
	"net/http"
	"os"
	"strconv"
	"testing"
	"time"

	trinodriver "github.com/trinodb/trino-go-client/trino"

	"github.com/fourkites/sources/base/rows"
	"github.com/fourkites/sources/internal/engines"
	"github.com/fourkites/sources/trino"
	"github.com/fourkites/sources/trino/trinotest"
)

const (
	trinoPages = 50
	trinoRows  = 20_000 * trinoPages // one million
	trinoSQL   = "SELECT id, name, at, score, ok FROM bulk"
	// trinoReal gives a million rows of the same types on a real server with the catalog tpch.
	trinoReal = "SELECT orderkey AS id, shipinstruct AS name, CAST(shipdate AS timestamp(3)) AS at, extendedprice AS score, " +
		"linenumber = 1 AS ok FROM tpch.sf1.lineitem LIMIT 1000000"
)

type trinoRow struct {
	ID    int64
	Name  string
	At    time.Time
	Score float64
	OK    bool
}

// trinoAddress is a server in process that replays pages which were rendered once; with BENCH_TRINO=real a real one that
// is started for it (INTEGRATION=1 besides).
func trinoAddress(b *testing.B) (address, sql string) {
	b.Helper()
	if os.Getenv("BENCH_TRINO") == "real" {
		return engines.Trino(b).Addr, trinoReal
	}
	server := trinotest.NewServer()
	b.Cleanup(server.Close)
	server.ReplyTo(trinoSQL, trinotest.Bulk(trinoRows/trinoPages, trinoPages))
	return server.Addr(), trinoSQL
}

// BenchmarkTrino reads a million rows of five columns in every way, in one run: by trino-go-client first, then our
// structs and our columns; driver_x is the driver's time by this one's. On a real server the spooled protocol is
// measured too.
func BenchmarkTrino(b *testing.B) {
	address, statement := trinoAddress(b)
	real := statement == trinoReal
	took := map[string]float64{}
	run := func(name, against string, read func(context.Context) (int, error)) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if n, err := read(b.Context()); err != nil || n != trinoRows {
					b.Fatalf("%d rows, %v", n, err)
				}
			}
			took[name] = b.Elapsed().Seconds() / float64(b.N)
			b.ReportMetric(took[against]/took[name], "driver_x")
			b.ReportMetric(trinoRows/took[name], "rows/s")
		})
	}
	for _, spooling := range []string{"off", "auto"} {
		if spooling == "auto" && !real {
			continue
		}
		suffix := map[string]string{"off": "", "auto": "-spooled"}[spooling]
		db, query := trinoPeers(b, address, spooling)
		run("driver"+suffix, "driver"+suffix, func(ctx context.Context) (int, error) { return scanDriver(ctx, db, statement, spooling) })
		run("structs"+suffix, "driver"+suffix, func(ctx context.Context) (int, error) {
			r, err := query(ctx, statement)
			if err != nil {
				return 0, err
			}
			n := 0
			for _, err := range rows.ToStruct[trinoRow](r) {
				if err != nil {
					return n, err
				}
				n++
			}
			return n, nil
		})
		run("columns"+suffix, "driver"+suffix, func(ctx context.Context) (int, error) {
			r, err := query(ctx, statement)
			if err != nil {
				return 0, err
			}
			n := 0
			for batch, err := range r.Batches() {
				if err != nil {
					return n, err
				}
				n += batch.Len()
			}
			return n, nil
		})
	}
}

func trinoPeers(b *testing.B, address, spooling string) (*sql.DB, func(context.Context, string) (*rows.Rows, error)) {
	b.Helper()
	host, text, err := net.SplitHostPort(address)
	if err != nil {
		b.Fatal(err)
	}
	port, err := strconv.Atoi(text)
	if err != nil {
		b.Fatal(err)
	}
	client, err := trino.New(b.Context(), trino.Config{
		Host: host, Port: port, Plaintext: true, Proxy: "none", Compression: "none", Spooling: spooling, MaxRows: -1, MaxBytes: -1,
	})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = client.Close() })
	connector, err := trinodriver.NewConnector(&trinodriver.Config{
		ServerURI: "http://bench@" + address, HTTPClient: &http.Client{Transport: &http.Transport{DisableCompression: true}},
	})
	if err != nil {
		b.Fatal(err)
	}
	db := sql.OpenDB(connector)
	b.Cleanup(func() { _ = db.Close() })
	return db, func(ctx context.Context, statement string) (*rows.Rows, error) {
		return client.Query(ctx, trino.Query{SQL: statement, MaxRows: -1, MaxBytes: -1})
	}
}

// scanDriver reads by database/sql, each row scanned into the struct.
func scanDriver(ctx context.Context, db *sql.DB, statement, spooling string) (int, error) {
	var args []any
	if spooling == "auto" {
		args = append(args, sql.Named("encoding", "json+zstd"))
	}
	all, err := db.QueryContext(ctx, statement, args...)
	if err != nil {
		return 0, err
	}
	defer func() { _ = all.Close() }()
	n := 0
	for all.Next() {
		var r trinoRow
		if err := all.Scan(&r.ID, &r.Name, &r.At, &r.Score, &r.OK); err != nil {
			return n, err
		}
		n++
	}
	return n, all.Err()
}
