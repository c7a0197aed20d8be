package clickhouse_test

import (
	"context"
	"errors"
	"math/big"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/rows"
	"github.com/fourkites/sources/base/secret"
	"github.com/fourkites/sources/clickhouse"
	"github.com/fourkites/sources/internal/engines"
)

func realClient(t *testing.T, user, password string, change func(*clickhouse.Config)) *clickhouse.Client {
	t.Helper()
	cfg := clickhouse.Config{
		Addresses: []string{engines.Shared(t).Addr}, User: user, Password: secret.Literal(password), Database: "default",
	}
	if change != nil {
		change(&cfg)
	}
	return newClient(t, cfg)
}

func newClient(t *testing.T, cfg clickhouse.Config, opts ...base.Option) *clickhouse.Client {
	t.Helper()
	c, err := clickhouse.New(t.Context(), cfg, opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

// one asks for a single value.
func one(t *testing.T, c *clickhouse.Client, sql string, args map[string]any) (any, error) {
	t.Helper()
	r, err := c.Query(t.Context(), clickhouse.Query{SQL: sql, Args: args})
	if err != nil {
		return nil, err
	}
	var got any
	for row, err := range r.All() {
		if err != nil {
			return nil, err
		}
		got = row.Value(0)
	}
	return got, nil
}

func TestEveryTypeOfARealServerIsDecoded(t *testing.T) {
	t.Parallel()
	big128, _ := new(big.Int).SetString("-170141183460469231731687303715884105728", 10)
	big256, _ := new(big.Int).SetString("57896044618658097711785492504343953926634992332820282019728792003956564819968", 10)
	moscow, err := time.LoadLocation("Europe/Moscow")
	if err != nil {
		t.Skip("this machine has no table of time zones")
	}
	at := time.Date(2024, 2, 29, 12, 34, 56, 0, time.UTC)
	for _, compression := range []string{"lz4", "zstd", "none"} {
		c := realClient(t, "default", "", func(c *clickhouse.Config) { c.Compression = compression })
		for _, test := range []struct {
			sql  string
			want any
		}{
			{"toUInt8(255)", uint8(255)},
			{"toInt64(-5)", int64(-5)},
			{"toFloat32(1.5)", float32(1.5)},
			{"true", true},
			{"toInt128('-170141183460469231731687303715884105728')", big128},
			{"toUInt256('57896044618658097711785492504343953926634992332820282019728792003956564819968')", big256},
			{"'text'", "text"},
			{"''", ""},
			{"repeat('x', 300)", strings.Repeat("x", 300)},
			{"repeat('y', 400000)", strings.Repeat("y", 400000)},
			{"toFixedString('ab', 4)", "ab\x00\x00"},
			{"toUUID('61f0c404-5cb3-11e7-907b-a6006ad3dba0')", "61f0c404-5cb3-11e7-907b-a6006ad3dba0"},
			{"toIPv4('10.1.2.3')", netip.MustParseAddr("10.1.2.3")},
			{"toIPv6('2001:db8::1')", netip.MustParseAddr("2001:db8::1")},
			{"toDate('2024-02-29')", at.Truncate(24 * time.Hour)},
			{"toDate32('1925-01-01')", time.Date(1925, 1, 1, 0, 0, 0, 0, time.UTC)},
			{"toDateTime('2024-02-29 12:34:56', 'UTC')", at},
			{"toDateTime64('2024-02-29 15:34:56.789', 3, 'Europe/Moscow')", at.Add(789 * time.Millisecond).In(moscow)},
			{"toDateTime64('1960-02-29 12:34:56.000000001', 9, 'UTC')", time.Date(1960, 2, 29, 12, 34, 56, 1, time.UTC)},
			{"toDecimal32('-1.05', 2)", "-1.05"},
			{"toDecimal64('0.001', 3)", "0.001"},
			{"toDecimal128('-0.5', 10)", "-0.5000000000"},
			{"CAST('b', 'Enum8(\\'a\\' = -1, \\'b\\' = 2)')", "b"},
			{"CAST('it\\'s, (x)', 'Enum16(\\'it\\\\\\'s, (x)\\' = 300)')", "it's, (x)"},
			{"NULL", nil},
			{"CAST(NULL, 'Nullable(UInt32)')", nil},
			{"CAST(7, 'Nullable(UInt32)')", uint32(7)},
			{"toLowCardinality('few')", "few"},
			{"CAST(NULL, 'LowCardinality(Nullable(String))')", nil},
			{"CAST('v', 'LowCardinality(Nullable(String))')", "v"},
			{"[1, 2, 3]::Array(UInt16)", []uint16{1, 2, 3}},
			{"['a', 'b']", []string{"a", "b"}},
			{"CAST([], 'Array(LowCardinality(String))')", []string{}},
			{"[[1], []]::Array(Array(UInt8))", []any{[]uint8{1}, []uint8{}}},
			{"[1, NULL]", []any{uint8(1), nil}},
			{"map('a', 'b')", map[string]string{"a": "b"}},
			{"CAST(map('k', 1.5), 'Map(LowCardinality(String), Float64)')", map[string]float64{"k": 1.5}},
			{"CAST(map('k', true), 'Map(String, Bool)')", map[string]bool{"k": true}},
			{"map(1, [2])", map[string]any{"1": []uint8{2}}},
			{"tuple(1, 'x')", []any{uint8(1), "x"}},
			{"CAST((1, 'x'), 'Tuple(a UInt8, `b c` String)')", map[string]any{"a": uint8(1), "b c": "x"}},
			{"CAST(3, 'SimpleAggregateFunction(sum, UInt64)')", uint64(3)},
			{"(1.5, 2.5)::Point", []any{1.5, 2.5}},
			{"toIntervalDay(3)", int64(3)},
			{`'{"a":{"b":1}}'::JSON`, `{"a":{"b":1}}`},
		} {
			got, err := one(t, c, "SELECT "+test.sql, nil)
			if err != nil {
				t.Errorf("%s: %v", test.sql, err)
				continue
			}
			if diff := cmp.Diff(test.want, got, cmp.Comparer(func(a, b *big.Int) bool { return a.Cmp(b) == 0 }),
				cmp.Comparer(func(a, b netip.Addr) bool { return a == b }),
				cmp.Comparer(func(a, b time.Time) bool { return a.Equal(b) && a.Location().String() == b.Location().String() })); diff != "" {
				t.Errorf("%s: %s", test.sql, diff)
			}
		}
	}
}

func TestATypeThatIsNotKnownIsRefusedByNameAndTheClientLives(t *testing.T) {
	t.Parallel()
	c := realClient(t, "default", "", nil)
	for sql, typ := range map[string]string{
		"SELECT 1::Dynamic AS odd": "Dynamic", "SELECT sumState(1) AS odd": "AggregateFunction", "SELECT 1::Variant(UInt8, String) AS odd": "Variant",
	} {
		_, err := one(t, c, sql, nil)
		if base.KindOf(err) != base.KindInvalid || !strings.Contains(err.Error(), `"odd"`) || !strings.Contains(err.Error(), typ) {
			t.Errorf("%s: %v", sql, err)
		}
	}
	if err := c.Ping(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestParametersAreBoundByTheServer(t *testing.T) {
	t.Parallel()
	c := realClient(t, "default", "", nil)
	nasty := "it's \\ a\nb\tc\r\x00 \\n {x:String} -- ' OR 1=1 \u2028 ü \b"
	at := time.Date(2024, 2, 29, 12, 34, 56, 123456789, time.UTC)
	for _, test := range []struct {
		typ  string
		arg  any
		want any
	}{
		{"String", nasty, nasty},
		{"String", "", ""},
		{"UInt64", uint64(1 << 63), uint64(1 << 63)},
		{"Int32", -5, int32(-5)},
		{"Float64", 1.25, 1.25},
		{"Bool", true, true},
		{"Nullable(String)", nil, nil},
		{"Nullable(String)", "x", "x"},
		{"Array(String)", []string{nasty, "", "plain"}, []string{nasty, "", "plain"}},
		{"Array(UInt8)", []int{1, 2}, []uint8{1, 2}},
		{"Array(Array(String))", [][]string{{"a'b"}, {}}, []any{[]string{"a'b"}, []string{}}},
		{"Map(String, UInt8)", map[string]int{"it's": 1}, map[string]any{"it's": uint8(1)}},
		{"DateTime64(9, 'UTC')", at, at},
		{"DateTime('UTC')", at.Truncate(time.Second), at.Truncate(time.Second)},
		{"Identifier", "one", uint8(1)},
	} {
		sql := "SELECT {v:" + test.typ + "}"
		if test.typ == "Identifier" {
			sql = "SELECT {v:Identifier} FROM (SELECT 1 AS one)"
		}
		got, err := one(t, c, sql, map[string]any{"v": test.arg})
		if diff := cmp.Diff(test.want, got); err != nil || diff != "" {
			t.Errorf("%s: %v %s", test.typ, err, diff)
		}
	}
}

func TestAnAccountThatMaySetNothingIsServed(t *testing.T) {
	t.Parallel()
	c := realClient(t, engines.UserReader, engines.PasswordReader, nil)
	var stats base.Stats
	ctx, cancel := context.WithTimeout(base.WithStats(t.Context(), &stats), 10*time.Second)
	defer cancel()
	for range 2 {
		r, err := c.Query(ctx, clickhouse.Query{SQL: "SELECT {n:UInt8}", Args: map[string]any{"n": 3}})
		if err != nil {
			t.Fatal(err)
		}
		if got, err := rows.Collect(r, rows.To[uint8]); err != nil || len(got) != 1 || got[0] != 3 {
			t.Errorf("%v %v", got, err)
		}
	}
	if len(stats.Notes) == 0 || !strings.Contains(stats.Notes[0], "no limit") {
		t.Errorf("notes %q do not say that the server held no limit", stats.Notes)
	}
}

func running(t *testing.T, c *clickhouse.Client, mark string) uint64 {
	t.Helper()
	got, err := one(t, c, "SELECT count() FROM system.processes WHERE query LIKE concat('%', {m:String}, '%') AND query NOT LIKE '%system.processes%'",
		map[string]any{"m": mark})
	if err != nil {
		t.Fatal(err)
	}
	n, _ := got.(uint64)
	return n
}

func gone(t *testing.T, c *clickhouse.Client, mark string) {
	t.Helper()
	deadline := time.After(time.Second)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for running(t, c, mark) > 0 {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("%s still runs at the server after a second", mark)
		}
	}
}

// Defects C4 and C6: the deadline, a cancel, and leaving early stop the query on the server, at once.
func TestNothingRunsOnAtTheServer(t *testing.T) {
	t.Parallel()
	watch := realClient(t, "default", "", nil)
	const endless = "SELECT number, sipHash64(number) FROM system.numbers"
	c := realClient(t, "default", "", func(c *clickhouse.Config) { c.MaxRows, c.MaxBytes = -1, -1 })
	t.Run("left after one row", func(t *testing.T) {
		r, err := c.Query(t.Context(), clickhouse.Query{SQL: endless + " -- left"})
		if err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		for _, err := range r.All() {
			if err != nil {
				t.Error(err)
			}
			break
		}
		if took := time.Since(began); took > time.Second {
			t.Errorf("leaving took %s", took)
		}
		gone(t, watch, "-- left")
	})
	t.Run("cancelled while nobody reads", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		r, err := c.Query(ctx, clickhouse.Query{SQL: endless + " -- cancelled"})
		if err != nil {
			t.Fatal(err)
		}
		cancel()
		gone(t, watch, "-- cancelled")
		for _, err = range r.Batches() {
			continue
		}
		if !errors.Is(err, context.Canceled) || base.KindOf(err) != base.KindCanceled {
			t.Errorf("%v", err)
		}
	})
	t.Run("deadline before the first row", func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		defer cancel()
		began := time.Now()
		_, err := c.Query(ctx, clickhouse.Query{SQL: "SELECT count() FROM system.numbers WHERE NOT ignore(sipHash64(number)) -- deadline"})
		if took := time.Since(began); !errors.Is(err, context.DeadlineExceeded) || base.KindOf(err) != base.KindDeadline || took > 450*time.Millisecond {
			t.Errorf("%v after %s", err, took)
		}
		gone(t, watch, "-- deadline")
	})
	t.Run("the cap", func(t *testing.T) {
		r, err := c.Query(t.Context(), clickhouse.Query{SQL: endless + " -- cap", MaxRows: 100})
		if err != nil {
			t.Fatal(err)
		}
		got, err := rows.Collect(r, rows.ToMap)
		if len(got) != 100 || !errors.Is(err, base.ErrTruncated) || r.Outcome() != base.Truncated {
			t.Errorf("%d rows, %v, %v", len(got), r.Outcome(), err)
		}
		gone(t, watch, "-- cap")
	})
	t.Run("the cap within the only block", func(t *testing.T) {
		for limit, want := range map[int64]base.Outcome{99: base.Truncated, 100: base.Data, 101: base.Data} {
			r, err := c.Query(t.Context(), clickhouse.Query{SQL: "SELECT number FROM numbers(100)", MaxRows: limit})
			if err != nil {
				t.Fatal(err)
			}
			got, err := rows.Collect(r, rows.To[uint64])
			if int64(len(got)) != min(limit, 100) || r.Outcome() != want || errors.Is(err, base.ErrTruncated) != (want == base.Truncated) {
				t.Errorf("cap %d: %d rows, %v, %v", limit, len(got), r.Outcome(), err)
			}
		}
	})
}

func TestExceptionsOfARealServerHaveTheirKinds(t *testing.T) {
	t.Parallel()
	c := realClient(t, "default", "", func(c *clickhouse.Config) { c.MaxRows = -1 })
	for sql, want := range map[string]base.Kind{
		"SELECT FROM WHERE":                                      base.KindInvalid,
		"SELECT no_such_column":                                  base.KindInvalid,
		"SELECT * FROM no_such_table":                            base.KindNotFound,
		"SELECT * FROM no_such_db.table":                         base.KindNotFound,
		"SELECT {missing:String}":                                base.KindInvalid,
		"SELECT toUInt8('abc')":                                  base.KindInvalid,
		"SELECT 1 SETTINGS max_threads = 1":                      base.KindPermission,
		"SELECT 1 SETTINGS readonly = 0":                         base.KindPermission,
		"SELECT throwIf(number = 3000000) FROM numbers(5000000)": base.KindInvalid,
	} {
		_, err := one(t, c, sql, nil)
		if base.KindOf(err) != want {
			t.Errorf("%s: %v, want %v", sql, err, want)
			continue
		}
		server, ok := errors.AsType[*clickhouse.ServerError](err)
		if !ok || server.Code == 0 || server.Message == "" {
			t.Errorf("%s: no ServerError in %v", sql, err)
		}
	}
	wrong := realClient(t, "default", "not-the-password", nil)
	for range 2 {
		if err := wrong.Ping(t.Context()); base.KindOf(err) != base.KindUnauthenticated || strings.Contains(err.Error(), "not-the-password") {
			t.Errorf("%v", err)
		}
	}
}

func TestExecInsertAndEstimateOnARealServer(t *testing.T) {
	t.Parallel()
	c := realClient(t, "default", "", func(c *clickhouse.Config) { c.AllowWrites = true })
	exec := func(sql string, args map[string]any) {
		t.Helper()
		if err := c.Exec(t.Context(), clickhouse.Statement{SQL: sql, Args: args}); err != nil {
			t.Fatal(err)
		}
	}
	exec("CREATE TABLE written (id UInt64, name String, at DateTime64(3), tags Map(String, String)) ENGINE = MergeTree ORDER BY id", nil)
	at := time.Date(2024, 2, 29, 12, 0, 0, 5e6, time.UTC)
	err := c.Insert(t.Context(), "default.written", []string{"id", "name", "at", "tags"}, [][]any{
		{uint64(1), "a", at, map[string]string{"k": "v"}}, {uint64(2), "it's", at, map[string]string{}},
	})
	if err != nil {
		t.Fatal(err)
	}
	exec("INSERT INTO written (id, name) SELECT 3, {n:String}", map[string]any{"n": "x'\\\n"})
	type row struct {
		ID   uint64
		Name string
		At   time.Time
		Tags map[string]string
	}
	r, err := c.Query(t.Context(), clickhouse.Query{SQL: "SELECT * FROM written ORDER BY id"})
	if err != nil {
		t.Fatal(err)
	}
	got, err := rows.Collect(r, rows.ToStruct[row])
	if err != nil || len(got) != 3 || !got[0].At.Equal(at) || got[0].Tags["k"] != "v" || got[2].Name != "x'\\\n" {
		t.Errorf("%v %v", got, err)
	}
	e, err := c.Estimate(t.Context(), clickhouse.Query{SQL: "SELECT * FROM written WHERE id = {id:UInt64}", Args: map[string]any{"id": 1}})
	if err != nil || len(e.Tables) != 1 || e.Rows == 0 {
		t.Errorf("%+v %v", e, err)
	}
}
