package clickhouse_test

import (
	"database/sql"
	"errors"
	"fmt"
	"math"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/rows"
	"github.com/fourkites/sources/clickhouse"
	"github.com/fourkites/sources/internal/engines"
)

func TestTypesWithinTypesOfARealServerAreDecoded(t *testing.T) {
	t.Parallel()
	c := realClient(t, "default", "", nil)
	max256, _ := new(big.Int).SetString(strings.Repeat("f", 64), 16)
	kolkata, err := time.LoadLocation("Asia/Kolkata")
	if err != nil {
		t.Skip("this machine has no table of time zones")
	}
	for _, test := range []struct {
		sql  string
		want any
	}{
		{"CAST([(1, 'a'), (2, 'b')], 'Nested(x UInt8, y String)')", []any{map[string]any{"x": uint8(1), "y": "a"}, map[string]any{"x": uint8(2), "y": "b"}}},
		{"CAST(['a', NULL, 'a'], 'Array(LowCardinality(Nullable(String)))')", []any{"a", nil, "a"}},
		{"CAST(map('a', NULL, 'b', 7), 'Map(String, Nullable(Int64))')", map[string]any{"a": nil, "b": int64(7)}},
		{"CAST(map('a', 'x'), 'Map(LowCardinality(String), LowCardinality(String))')", map[string]string{"a": "x"}},
		{"CAST(map('a', ['x', 'y']), 'Map(String, Array(String))')", map[string]any{"a": []string{"x", "y"}}},
		{"CAST([map('a', 1)], 'Array(Map(String, UInt8))')", []any{map[string]any{"a": uint8(1)}}},
		{"CAST((1, NULL, [2]), 'Tuple(UInt8, Nullable(String), Array(Int8))')", []any{uint8(1), nil, []int8{2}}},
		{"CAST([], 'Array(Tuple(a UInt8))')", []any{}},
		{"tuple()", []any{}},
		{"CAST(map(), 'Map(String, String)')", map[string]string{}},
		{"CAST(NULL, 'Nullable(Decimal(10, 2))')", nil},
		{"CAST('-0.01', 'Decimal(76, 70)')", "-0.01" + strings.Repeat("0", 68)},
		{"toUInt256('" + max256.String() + "')", max256},
		{"toInt8(-128)", int8(-128)},
		{"nan", math.NaN()},
		{"-inf", math.Inf(-1)},
		{"toBFloat16(1.5)", float32(1.5)},
		{"toFixedString('', 3)", "\x00\x00\x00"},
		{"toUUID('00000000-0000-0000-0000-000000000000')", "00000000-0000-0000-0000-000000000000"},
		{"toDate32('2299-12-31')", time.Date(2299, 12, 31, 0, 0, 0, 0, time.UTC)},
		{"toDate32('1900-01-01')", time.Date(1900, 1, 1, 0, 0, 0, 0, time.UTC)},
		{"toDateTime64('1900-01-01 00:00:00', 3, 'UTC')", time.Date(1900, 1, 1, 0, 0, 0, 0, time.UTC)},
		{"toDateTime64('2262-04-11 23:47:16.854775807', 9, 'UTC')", time.Date(2262, 4, 11, 23, 47, 16, 854775807, time.UTC)},
		{"toDateTime('2024-01-01 05:30:00', 'Asia/Kolkata')", time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC).In(kolkata)},
		{"toDateTime('1970-01-01 00:00:00', 'UTC')", time.Unix(0, 0).UTC()},
		{"toLowCardinality(toNullable(toDate('2024-01-01')))", time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)},
		{"[toDateTime('2024-01-01 00:00:00', 'UTC')]", []any{time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)}},
		{"CAST('', 'Enum8(\\'\\' = 0, \\'a\\' = 1)')", ""},
		{"[CAST('a', 'Enum8(\\'b\\' = 0, \\'a\\' = -1)')]", []string{"a"}},
		{"CAST(NULL, 'Nullable(Enum8(\\'b\\' = 1))')", nil},
		{"unhex('fffe00')", "\xff\xfe\x00"},
		{"[[['a']], []]", []any{[]any{[]string{"a"}}, []any{}}},
		{"[(1.0, 2.0)]::Ring", []any{[]any{1.0, 2.0}}},
	} {
		got, err := one(t, c, "SELECT "+test.sql+" AS v", nil)
		if err != nil {
			t.Errorf("%s: %v", test.sql, err)
			continue
		}
		if diff := cmp.Diff(test.want, got, cmp.Comparer(func(a, b *big.Int) bool { return a.Cmp(b) == 0 }),
			cmp.Comparer(func(a, b float64) bool { return a == b || math.IsNaN(a) && math.IsNaN(b) }),
			cmp.Comparer(func(a, b time.Time) bool { return a.Equal(b) && a.Location().String() == b.Location().String() })); diff != "" {
			t.Errorf("%s: %s", test.sql, diff)
		}
	}
}

func TestAnswersOfEveryShapeAreRead(t *testing.T) {
	t.Parallel()
	c := realClient(t, "default", "", nil)
	ask := func(q clickhouse.Query) (*rows.Rows, []map[string]any, error) {
		r, err := c.Query(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		got, err := rows.Collect(r, rows.ToMap)
		return r, got, err
	}
	r, got, err := ask(clickhouse.Query{SQL: "SELECT 1 AS a, 'x' AS b WHERE 0"})
	if err != nil || len(got) != 0 || r.Outcome() != base.NoData || len(r.Columns()) != 2 || r.Columns()[1].Name != "b" {
		t.Errorf("an empty answer: %v %v %v %v", r.Columns(), got, r.Outcome(), err)
	}
	var wide strings.Builder
	for i := range 2000 {
		fmt.Fprintf(&wide, ", toString(%d) AS c%d", i, i)
	}
	if _, got, err = ask(clickhouse.Query{SQL: "SELECT 1" + wide.String()}); err != nil || len(got[0]) != 2001 || got[0]["c1999"] != "1999" {
		t.Errorf("2001 columns: %v", err)
	}
	if _, got, err = ask(clickhouse.Query{SQL: "SELECT arrayStringConcat(arrayMap(i -> repeat('y', 1000000), range(20))) AS v FROM numbers(2)"}); err != nil || len(got) != 2 || len(got[1]["v"].(string)) != 20_000_000 {
		t.Errorf("huge texts: %d rows, %v", len(got), err)
	}
	r, got, err = ask(clickhouse.Query{SQL: "SELECT arrayStringConcat(arrayMap(i -> repeat('y', 1000000), range(20))) AS v", MaxBytes: 1 << 20})
	if len(got) != 0 || !errors.Is(err, base.ErrTruncated) || r.Outcome() != base.Truncated {
		t.Errorf("a text above the cap: %d rows, %v", len(got), err)
	}
	r, err = c.Query(t.Context(), clickhouse.Query{SQL: "SELECT number % 3 AS k, count() AS n FROM numbers(9) GROUP BY k WITH TOTALS ORDER BY k", Settings: map[string]string{"extremes": "1"}})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := rows.Collect(r, rows.ToMap); err != nil || len(got) != 3 {
		t.Errorf("totals and extremes are not rows: %d rows, %v", len(got), err)
	}
	if _, got, err = ask(clickhouse.Query{SQL: "SHOW DATABASES"}); err != nil || len(got) == 0 {
		t.Error(got, err)
	}
	if _, got, err = ask(clickhouse.Query{SQL: "DESCRIBE TABLE system.one"}); err != nil || len(got) != 1 {
		t.Error(got, err)
	}
	if _, got, err = ask(clickhouse.Query{SQL: "EXPLAIN SELECT 1"}); err != nil || len(got) == 0 {
		t.Error(got, err)
	}
	r, err = c.Query(t.Context(), clickhouse.Query{SQL: "SELECT toDateTime('2024-07-01 12:00:00') AS v", Settings: map[string]string{"session_timezone": "America/New_York"}})
	if err != nil {
		t.Fatal(err)
	}
	if at, err := rows.Collect(r, rows.To[time.Time]); err != nil || !at[0].Equal(time.Date(2024, 7, 1, 16, 0, 0, 0, time.UTC)) {
		t.Errorf("an instant in the zone of the session: %v %v", at, err)
	}
}

func TestARowOfARealServerFillsAStruct(t *testing.T) {
	t.Parallel()
	c := realClient(t, engines.UserReader, engines.PasswordReader, nil)
	type row struct {
		ID     uint64
		Name   *string
		Score  sql.Null[float64]
		Tags   []string
		Labels map[string]string
		At     time.Time
		Ratio  float32
		Rest   map[string]any `db:",extras"`
	}
	r, err := c.Query(t.Context(), clickhouse.Query{SQL: `SELECT toUInt8(7) AS id, CAST(NULL, 'LowCardinality(Nullable(String))') AS name, toNullable(1.5) AS score,
		['a', 'b'] AS tags, CAST(map('k', 'v'), 'Map(LowCardinality(String), String)') AS labels, toDateTime64('2024-01-01 00:00:00.5', 3, 'UTC') AS at,
		toFloat64(0.5) AS ratio, 'more' AS other`})
	if err != nil {
		t.Fatal(err)
	}
	got, err := rows.Collect(r, rows.ToStruct[row])
	want := []row{{
		ID: 7, Score: sql.Null[float64]{V: 1.5, Valid: true}, Tags: []string{"a", "b"}, Labels: map[string]string{"k": "v"},
		At: time.Date(2024, 1, 1, 0, 0, 0, 5e8, time.UTC), Ratio: 0.5, Rest: map[string]any{"other": "more"},
	}}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v %s", err, diff)
	}
}
