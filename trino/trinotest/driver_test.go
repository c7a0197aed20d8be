package trinotest_test

import (
	"database/sql"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	trinodriver "github.com/trinodb/trino-go-client/trino"
	"go.uber.org/goleak"

	"github.com/fourkites/sources/trino"
	"github.com/fourkites/sources/trino/trinotest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// driverOf is the field's own driver, without the trino package in between.
func driverOf(t *testing.T, server *trinotest.Server) *sql.DB {
	t.Helper()
	transport := &http.Transport{}
	connector, err := trinodriver.NewConnector(&trinodriver.Config{
		ServerURI: "http://someone@" + server.Addr(), Catalog: "hive", Schema: "log", HTTPClient: &http.Client{Transport: transport},
	})
	if err != nil {
		t.Fatal(err)
	}
	db := sql.OpenDB(connector)
	t.Cleanup(func() {
		_ = db.Close()
		transport.CloseIdleConnections()
		server.Close()
	})
	return db
}

func TestTheFieldsOwnDriverUnderstandsTheServer(t *testing.T) {
	server := trinotest.NewServer(trinotest.WithPageRows(2))
	db := driverOf(t, server)
	at := time.Date(2025, 1, 2, 3, 4, 5, 0, time.UTC)
	server.AddTable("hive.log.t", []trinotest.Column{
		{Name: "n", Type: "bigint"}, {Name: "s", Type: "varchar"}, {Name: "at", Type: "timestamp(3) with time zone"},
	}, []any{1, "a", at}, []any{2, "b'c", at}, []any{3, nil, at}, []any{4, "d", at})
	rows, err := db.QueryContext(t.Context(), "SELECT n, s, at FROM t WHERE n >= ? AND (s IS NULL OR s <> ?) ORDER BY n DESC LIMIT 3", 1, "a")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	var got []int64
	for rows.Next() {
		var n int64
		var s sql.NullString
		var when time.Time
		if err := rows.Scan(&n, &s, &when); err != nil {
			t.Fatal(err)
		}
		if got = append(got, n); !when.Equal(at) {
			t.Errorf("%s", when)
		}
	}
	if diff := cmp.Diff([]int64{4, 3, 2}, got); diff != "" || rows.Err() != nil {
		t.Error(diff, rows.Err())
	}
}

func TestTheFieldsOwnDriverReadsTheSegments(t *testing.T) {
	server := trinotest.NewServer(trinotest.WithSpooling())
	db := driverOf(t, server)
	server.ReplyTo("bulk", trinotest.Bulk(100, 5))
	rows, err := db.QueryContext(t.Context(), "SELECT * FROM bulk", sql.Named("encoding", "json+zstd"))
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for rows.Next() {
		n++
	}
	if n != 500 || rows.Err() != nil || rows.Close() != nil {
		t.Errorf("%d rows, %v", n, rows.Err())
	}
	deadline := time.After(5 * time.Second) // the driver acknowledges beside its reading
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for server.Acknowledged() != 4 {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("%d segments acknowledged", server.Acknowledged())
		}
	}
}

func TestConditionsOverNullAreNeitherTrueNorFalse(t *testing.T) {
	server := trinotest.NewServer()
	db := driverOf(t, server)
	server.AddTable("hive.log.t", []trinotest.Column{{Name: "s", Type: "varchar"}}, []any{"a"}, []any{nil}, []any{`100%_\`})
	for where, want := range map[string]int{
		"s = 'a'": 1, "s <> 'a'": 1, "NOT s = 'a'": 1, "s IS NULL": 1, "s IN ('a', NULL)": 1, "s NOT IN ('b', NULL)": 0,
		"s = 'a' OR s IS NULL": 2, "COALESCE(s, '') = ''": 1, "s LIKE '100%'": 1, `s LIKE '%\'`: 1, "TRY_CAST(s AS integer) IS NULL": 3,
		"strpos(s, '%') = 4": 1, "regexp_like(s, '^[a-z]$')": 1, "lower('A') = 'a' AND TRUE": 3, "s BETWEEN 'a' AND 'b'": 1,
	} {
		n := 0
		rows, err := db.QueryContext(t.Context(), "SELECT s FROM t WHERE "+where)
		if err != nil {
			t.Errorf("%s: %v", where, err)
			continue
		}
		for rows.Next() {
			n++
		}
		if n != want || rows.Err() != nil || rows.Close() != nil {
			t.Errorf("%s: %d rows, want %d, %v", where, n, want, rows.Err())
		}
	}
	for _, bad := range []string{"SELECT FROM t", "SELECT x FROM t", "SELECT s FROM absent", "SELECT s FROM t WHERE s > 1", "SELECT f(s) FROM t", "SELECT '"} {
		rows, err := db.QueryContext(t.Context(), bad)
		if err == nil {
			err = rows.Err()
			_ = rows.Close()
		}
		if err == nil {
			t.Errorf("%s: no error", bad)
		}
	}
}

func TestRepliesTakeTurnsAndTheLastStays(t *testing.T) {
	server := trinotest.NewServer()
	db := driverOf(t, server)
	number := func(n int) trinotest.Reply {
		return trinotest.Reply{Columns: []trinotest.Column{{Name: "n", Type: "bigint"}}, Rows: [][]any{{n}}}
	}
	server.Reply(nil, number(5))
	server.ReplyTo("turns", number(1), trinotest.Reply{Err: trinotest.NewError(46, "gone"), Times: 2}, number(3))
	for _, want := range []int{1, -1, -1, 3, 3} {
		n := -1
		if err := db.QueryRowContext(t.Context(), "SELECT turns").Scan(&n); n != want || (err == nil) != (want > 0) {
			t.Errorf("%d, %v, want %d", n, err, want)
		}
	}
	server.ClearReplies()
	var n int
	if err := db.QueryRowContext(t.Context(), "SELECT turns").Scan(&n); err == nil {
		t.Error("a reply was given after ClearReplies")
	}
	server.ForgetRequests()
	if n := len(server.Requests()); n != 0 {
		t.Errorf("%d requests are kept", n)
	}
}

func TestWhatTheServerDoesNotReadIsNoFaultOfTheStatement(t *testing.T) {
	t.Parallel()
	server := trinotest.NewServer()
	t.Cleanup(server.Close)
	client, err := trino.New(t.Context(), server.Config())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	server.AddTable("hive.log.t", []trinotest.Column{{Name: "x", Type: "bigint"}}, []any{1})
	for sql, want := range map[string]string{
		"SELECT count(*) FROM t": "script the answer with Reply", "SELECT a.x FROM t a JOIN t b ON a.x = b.x": "script the answer with Reply",
		"SELECT count(x) FROM t": "script the answer with Reply", "SELECT x FROM t WHERE x = ? AND x = ?": "expected 2 but found 1",
	} {
		q := trino.Query{SQL: sql}
		if want == "expected 2 but found 1" {
			q.Args = []any{1}
		}
		if _, err := client.Query(t.Context(), q); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", sql, err)
		}
	}
}
