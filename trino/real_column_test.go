package trino_test

import (
	"fmt"
	"math"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/fourkites/sources/base/rows"
	"github.com/fourkites/sources/internal/engines"
	"github.com/fourkites/sources/trino"
)

var realTyped = []struct {
	sql  string
	typ  string
	want any
}{
	{"true", "boolean", true},
	{"TINYINT '-128'", "tinyint", int8(-128)},
	{"SMALLINT '32767'", "smallint", int16(32767)},
	{"INTEGER '-2147483648'", "integer", int32(math.MinInt32)},
	{"BIGINT '9223372036854775807'", "bigint", int64(math.MaxInt64)},
	{"BIGINT '-9223372036854775808'", "bigint", int64(math.MinInt64)},
	{"BIGINT '9007199254740993'", "bigint", int64(9007199254740993)},
	{"REAL '1.5'", "real", float32(1.5)},
	{"1e300", "double", 1e300},
	{"nan()", "double", math.NaN()},
	{"-infinity()", "double", math.Inf(-1)},
	{"DECIMAL '123456789012345678901234567890.12'", "decimal(32,2)", "123456789012345678901234567890.12"},
	{"U&'a\"\\005C\\000A\\+01F600'", "varchar(5)", "a\"\\\n😀"},
	{"CAST('x' AS char(3))", "char(3)", "x  "},
	{"X'00ff'", "varbinary", []byte{0, 255}},
	{"DATE '0001-01-01'", "date", time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC)},
	{"DATE '-0001-12-31'", "date", time.Date(-1, 12, 31, 0, 0, 0, 0, time.UTC)},
	{"DATE '12345-06-07'", "date", time.Date(12345, 6, 7, 0, 0, 0, 0, time.UTC)},
	{"TIMESTAMP '9999-12-31 23:59:59'", "timestamp(0)", time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)},
	{"TIMESTAMP '1969-12-31 23:59:59.999'", "timestamp(3)", time.Date(1969, 12, 31, 23, 59, 59, 999e6, time.UTC)},
	{"TIMESTAMP '2020-01-01 00:00:00.123456789'", "timestamp(9)", time.Date(2020, 1, 1, 0, 0, 0, 123456789, time.UTC)},
	{"TIMESTAMP '2020-01-01 00:00:00.123456789999'", "timestamp(12)", time.Date(2020, 1, 1, 0, 0, 0, 123456789, time.UTC)},
	{"TIMESTAMP '2020-06-01 12:00:00.123456789 UTC'", "timestamp(9) with time zone", time.Date(2020, 6, 1, 12, 0, 0, 123456789, time.UTC)},
	{"TIMESTAMP '2020-01-01 00:00:00.123456789 Asia/Kolkata'", "timestamp(9) with time zone", time.Date(2019, 12, 31, 18, 30, 0, 123456789, time.UTC)},
	{"TIMESTAMP '2020-01-01 00:00:00 -08:00'", "timestamp(0) with time zone", time.Date(2020, 1, 1, 8, 0, 0, 0, time.UTC)},
	{"TIME '01:02:03.123456'", "time(6)", time.Hour + 2*time.Minute + 3*time.Second + 123456*time.Microsecond},
	{"TIME '01:02:03.123456 +05:30'", "time(6) with time zone", "01:02:03.123456+05:30"},
	{"INTERVAL '2' DAY + INTERVAL '3' HOUR", "interval day to second", 51 * time.Hour},
	{"- INTERVAL '1.5' SECOND", "interval day to second", -1500 * time.Millisecond},
	{"INTERVAL '15' MONTH", "interval year to month", int32(15)},
	{"- INTERVAL '15' MONTH", "interval year to month", int32(-15)},
	{"UUID '12151fd2-7586-11e9-8f9e-2a86e4085a59'", "uuid", "12151fd2-7586-11e9-8f9e-2a86e4085a59"},
	{`JSON '{"a": [1, "x"]}'`, "json", `{"a":[1,"x"]}`},
	{"IPADDRESS '2001:db8::1'", "ipaddress", netip.MustParseAddr("2001:db8::1")},
	{"ARRAY[1, 2]", "array(integer)", []int32{1, 2}},
	{"ARRAY['a', NULL]", "array(varchar(1))", []any{"a", nil}},
	{"ARRAY[ARRAY[BIGINT '1'], ARRAY[]]", "array(array(bigint))", []any{[]int64{1}, []int64{}}},
	{"MAP(ARRAY['a'], ARRAY[1.5e0])", "map(varchar(1), double)", map[string]float64{"a": 1.5}},
	{"MAP(ARRAY[BIGINT '7', BIGINT '8'], ARRAY['x', NULL])", "map(bigint, varchar(1))", map[string]any{"7": "x", "8": nil}},
	{
		`CAST(ROW(1, 'a', NULL) AS ROW(x integer, "b ""c" varchar, z timestamp(3) with time zone))`,
		`row(x integer, "b ""c" varchar, z timestamp(3) with time zone)`,
		map[string]any{"x": int32(1), `b "c`: "a", "z": nil},
	},
	{"ROW(1, 'a')", "row(integer, varchar(1))", []any{int32(1), "a"}},
	{
		"CAST(ROW(X'00ff', DATE '2024-02-29') AS ROW(b varbinary, d date))", "row(b varbinary, d date)",
		map[string]any{"b": []byte{0, 255}, "d": time.Date(2024, 2, 29, 0, 0, 0, 0, time.UTC)},
	},
	{"NULL", "unknown", nil},
}

func TestRealTypesBecomeTheirGoValues(t *testing.T) {
	server := engines.SharedTrino(t)
	client := realClient(t, server)
	equal := cmp.Options{cmpopts.EquateNaNs(), cmpopts.EquateComparable(netip.Addr{}), cmp.Comparer(func(a, b time.Time) bool { return a.Equal(b) })}
	columns := make([]string, len(realTyped)) // in one statement: each costs the server more than all its columns
	for i, c := range realTyped {
		columns[i] = fmt.Sprintf("IF(n = 0, %s) AS v%d", c.sql, i)
	}
	r, err := client.Query(t.Context(), trino.Query{SQL: "SELECT " + strings.Join(columns, ", ") + " FROM (VALUES 0, 1) AS x (n) ORDER BY n"})
	if err != nil {
		t.Fatal(err)
	}
	all, err := rows.Collect(r, rows.ToMap)
	if err != nil || len(all) != 2 {
		t.Fatalf("%d rows, %v", len(all), err)
	}
	for i, c := range realTyped {
		name := fmt.Sprintf("v%d", i)
		if got := r.Columns()[i].Type; spelt(got) != spelt(c.typ) {
			t.Errorf("%s is a %s, want %s", c.sql, got, c.typ)
		}
		if diff := cmp.Diff(c.want, all[0][name], equal); diff != "" || all[1][name] != nil {
			t.Errorf("%s (%s): %s", c.sql, c.typ, diff)
		}
	}
}

// spelt is a type in one spelling: the server itself has several.
func spelt(typ string) string { return strings.ReplaceAll(strings.ToLower(typ), ", ", ",") }

func TestRealValuesAreBound(t *testing.T) {
	server := engines.SharedTrino(t)
	client := realClient(t, server)
	at := time.Date(2025, 1, 2, 3, 4, 5, 123456789, time.FixedZone("", 19800))
	for _, c := range []struct{ value, want any }{
		{"O'Hare \"x\" ? \\ \n 😀", "O'Hare \"x\" ? \\ \n 😀"},
		{int64(math.MaxInt64), int64(math.MaxInt64)},
		{7, int32(7)},
		{1.5, 1.5},
		{true, true},
		{[]byte{0, 255}, []byte{0, 255}},
		{at, at.UTC()},
		{[]string{"a", "b'c"}, []string{"a", "b'c"}},
		{map[string]int64{"k": 1 << 40}, map[string]int64{"k": 1 << 40}},
		{90 * time.Minute, 90 * time.Minute},
	} {
		r, err := client.Query(t.Context(), trino.Query{SQL: "SELECT ? AS v", Args: []any{c.value}})
		if err != nil {
			t.Errorf("%v: %v", c.value, err)
			continue
		}
		all, err := rows.Collect(r, rows.ToMap)
		if err != nil || len(all) != 1 {
			t.Errorf("%v: %v", c.value, err)
			continue
		}
		if diff := cmp.Diff(c.want, all[0]["v"], cmp.Comparer(func(a, b time.Time) bool { return a.Equal(b) })); diff != "" {
			t.Errorf("%v: %s", c.value, diff)
		}
	}
}
