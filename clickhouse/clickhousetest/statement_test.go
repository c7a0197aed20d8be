package clickhousetest_test

import (
	"testing"

	"github.com/ClickHouse/clickhouse-go/v2"

	"github.com/fourkites/sources/base/logs"
	"github.com/fourkites/sources/clickhouse/clickhousetest"
)

func TestTheSettingsThatLimitAReadAreObeyed(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	for range 20 {
		s.Insert(logs.Record{Time: instant, Body: "x"})
	}
	conn := openStandard(t, s)
	for setting, code := range map[string]int{"max_result_rows": 396, "max_rows_to_read": 158} {
		ctx := clickhouse.Context(t.Context(), clickhouse.WithSettings(clickhouse.Settings{setting: 10}))
		if err := conn.Exec(ctx, "SELECT body FROM signoz_logs.logs_v2"); codeOf(err) != code {
			t.Errorf("%s: %v, want code %d", setting, err, code)
		}
	}
	blocks := 0
	ctx := clickhouse.Context(t.Context(), clickhouse.WithSettings(clickhouse.Settings{"max_block_size": 6}),
		clickhouse.WithProfileInfo(func(p *clickhouse.ProfileInfo) { blocks = int(p.Blocks) }))
	if err := conn.Exec(ctx, "SELECT body FROM signoz_logs.logs_v2"); err != nil || blocks != 4 {
		t.Errorf("%d blocks, %v; want 4", blocks, err)
	}
}

func TestAnEstimateCountsTheRowsThatWouldBeRead(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.Insert(logs.Record{Time: instant, Body: "x"}, logs.Record{Time: instant, Body: "y"})
	var (
		database, table    string
		parts, rows, marks uint64
	)
	row := openStandard(t, s).QueryRow(t.Context(), "EXPLAIN ESTIMATE SELECT body FROM signoz_logs.logs_v2 LIMIT 1")
	if err := row.Scan(&database, &table, &parts, &rows, &marks); err != nil {
		t.Fatal(err)
	}
	if database != "signoz_logs" || table != "logs_v2" || rows == 0 || rows > 2 || marks != 1 {
		t.Errorf("got %s.%s, %d rows, %d marks", database, table, rows, marks)
	}
}

func TestATableIsMadeEmptiedAndDropped(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	conn := openStandard(t, s, inDatabase("work"))
	for _, sql := range []string{
		"-- a remark\nCREATE TABLE `t` (id UInt64 CODEC(Delta(8), ZSTD(1)), `odd name` Nullable(String) DEFAULT 'a, b', INDEX i id TYPE minmax) ENGINE = MergeTree ORDER BY id",
		"CREATE TABLE IF NOT EXISTS t (id UInt8) ENGINE = Memory",
		"SET max_threads = 4",
	} {
		if err := conn.Exec(t.Context(), sql); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
	batch, err := conn.PrepareBatch(t.Context(), "INSERT INTO work.t (id)")
	if err != nil {
		t.Fatal(err)
	}
	if err := batch.Append(uint64(7)); err != nil {
		t.Fatal(err)
	}
	if err := batch.Send(); err != nil {
		t.Fatal(err)
	}
	want(t, "rows", [][]any{{uint64(7), nil}}, s.Rows("work.t"))
	if err := conn.Exec(t.Context(), "TRUNCATE TABLE t"); err != nil {
		t.Fatal(err)
	}
	if n := len(s.Rows("work.t")); n != 0 {
		t.Errorf("%d rows after TRUNCATE", n)
	}
	for sql, code := range map[string]int{
		"CREATE TABLE t (id UInt8) ENGINE = Memory": 57, "CREATE TABLE j (d Dynamic) ENGINE = Memory": 50,
		"DROP TABLE absent": 60, "DESCRIBE TABLE absent": 60, "CREATE USER x": 48, "KILL MUTATION WHERE 1": 48,
	} {
		if err := conn.Exec(t.Context(), sql); codeOf(err) != code {
			t.Errorf("%s: %v, want code %d", sql, err, code)
		}
	}
	if err := conn.Exec(t.Context(), "DROP TABLE t"); err != nil || s.Rows("work.t") != nil {
		t.Errorf("DROP: %v, rows %v", err, s.Rows("work.t"))
	}
}

func TestRepliesTakeTurnsAndTheLastStays(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	number := func(n int) clickhousetest.Reply {
		return clickhousetest.Reply{Columns: []clickhousetest.Column{{Name: "n", Type: "UInt64"}}, Rows: [][]any{{n}}}
	}
	s.ReplyTo("turns", number(1), number(2))
	conn := openStandard(t, s)
	for _, want := range []uint64{1, 2, 2} {
		var n uint64
		if err := conn.QueryRow(t.Context(), "SELECT turns").Scan(&n); err != nil || n != want {
			t.Errorf("%d, %v, want %d", n, err, want)
		}
	}
}

func TestAReplyAddedLaterIsAskedFirst(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	number := func(n int) clickhousetest.Reply {
		return clickhousetest.Reply{Columns: []clickhousetest.Column{{Name: "n", Type: "UInt64"}}, Rows: [][]any{{n}}}
	}
	s.Reply(nil, number(1))
	s.Reply(func(r clickhousetest.Request) bool { return r.LogComment == "two" }, number(2))
	conn := openStandard(t, s)
	ctx := clickhouse.Context(t.Context(), clickhouse.WithSettings(clickhouse.Settings{"log_comment": "two"}))
	var one, two uint64
	if err := conn.QueryRow(t.Context(), "SELECT n").Scan(&one); err != nil {
		t.Fatal(err)
	}
	if err := conn.QueryRow(ctx, "SELECT n").Scan(&two); err != nil || one != 1 || two != 2 {
		t.Errorf("got %d and %d, %v", one, two, err)
	}
	s.ClearReplies()
	if err := conn.QueryRow(ctx, "SELECT nonsense FROM").Scan(&one); err == nil {
		t.Error("a reply was given after ClearReplies")
	}
}
