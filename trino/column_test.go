package trino_test

import (
	"encoding/json"
	"math"
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/fourkites/sources/base/rows"
	"github.com/fourkites/sources/trino"
	"github.com/fourkites/sources/trino/trinotest"
)

// typed are values as the server writes them, and what they are in Go; the real server's forms are in real_types_test.go.
var typed = []struct {
	typ  string
	wire any
	want any
}{
	{"boolean", true, true},
	{"tinyint", -128, int8(-128)},
	{"smallint", 32767, int16(32767)},
	{"integer", -2147483648, int32(-2147483648)},
	{"bigint", json.Number("9223372036854775807"), int64(9223372036854775807)},
	{"bigint", json.Number("-9223372036854775808"), int64(-9223372036854775808)},
	{"bigint", json.Number("9007199254740993"), int64(9007199254740993)},
	{"real", 1.5, float32(1.5)},
	{"double", json.Number("1.0E10"), 1e10},
	{"double", "-Infinity", math.Inf(-1)},
	{"decimal(38, 2)", "123456789012345678901234567890.12", "123456789012345678901234567890.12"},
	{"number", json.Number("1.25"), "1.25"},
	{"varchar", "a\"\\\n\u2028😀", "a\"\\\n\u2028😀"},
	{"char(3)", "x  ", "x  "},
	{"varbinary", "AP8=", []byte{0, 255}},
	{"date", "0001-01-01", time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC)},
	{"date", "-0001-12-31", time.Date(-1, 12, 31, 0, 0, 0, 0, time.UTC)},
	{"date", "2024-02-29", time.Date(2024, 2, 29, 0, 0, 0, 0, time.UTC)},
	{"timestamp(0)", "9999-12-31 23:59:59", time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)},
	{"timestamp(3)", "1969-12-31 23:59:59.999", time.Date(1969, 12, 31, 23, 59, 59, 999e6, time.UTC)},
	{"timestamp(6)", "0001-01-01 00:00:00.000001", time.Date(1, 1, 1, 0, 0, 0, 1000, time.UTC)},
	{"timestamp(9)", "2262-12-31 00:00:00.123456789", time.Date(2262, 12, 31, 0, 0, 0, 123456789, time.UTC)},
	{"timestamp(12)", "2020-01-01 00:00:00.123456789999", time.Date(2020, 1, 1, 0, 0, 0, 123456789, time.UTC)},
	{"timestamp(9) with time zone", "2020-06-01 12:00:00.123456789 UTC", time.Date(2020, 6, 1, 12, 0, 0, 123456789, time.UTC)},
	{"timestamp(3) with time zone", "2020-01-01 00:00:00.000 +05:30", time.Date(2019, 12, 31, 18, 30, 0, 0, time.UTC)},
	{"time(6)", "01:02:03.123456", time.Hour + 2*time.Minute + 3*time.Second + 123456*time.Microsecond},
	{"time(6) with time zone", "01:02:03.123456+05:30", "01:02:03.123456+05:30"},
	{"INTERVAL DAY TO SECOND", "-2 03:00:00.500", -(51*time.Hour + 500*time.Millisecond)},
	{"INTERVAL YEAR TO MONTH", "-1-3", int32(-15)},
	{"uuid", "12151fd2-7586-11e9-8f9e-2a86e4085a59", "12151fd2-7586-11e9-8f9e-2a86e4085a59"},
	{"json", `{"a":1}`, `{"a":1}`},
	{"ipaddress", "10.0.0.1", netip.MustParseAddr("10.0.0.1")},
	{"array(integer)", []any{1, 2}, []int32{1, 2}},
	{"array(varchar)", []any{"a", nil}, []any{"a", nil}},
	{"array(array(bigint))", []any{[]any{1}, []any{}}, []any{[]int64{1}, []int64{}}},
	{"map(varchar, double)", map[string]any{"a": 1.5}, map[string]float64{"a": 1.5}},
	{"map(bigint, varchar)", map[string]any{"7": "x", "8": nil}, map[string]any{"7": "x", "8": nil}},
	{"map(date, boolean)", map[string]any{"2024-02-29": true}, map[string]bool{"2024-02-29 00:00:00 +0000 UTC": true}},
	{`row(x integer, "b ""c" varchar, z timestamp(3) with time zone)`, []any{1, "a", nil}, map[string]any{"x": int32(1), `b "c`: "a", "z": nil}},
	{"row(integer, double precision)", []any{1, nil}, []any{int32(1), nil}},
	{"HyperLogLog", "AgwBAA==", "AgwBAA=="},
	{"something new", map[string]any{"a": json.Number("12345678901234567890")}, map[string]any{"a": json.Number("12345678901234567890")}},
	{"unknown", nil, nil},
}

func TestEveryTypeBecomesItsGoValueAndNullBecomesNil(t *testing.T) {
	t.Parallel()
	server := started(t)
	reply := trinotest.Reply{Rows: [][]any{{}, {}, {}}}
	for _, c := range typed {
		reply.Columns = append(reply.Columns, trinotest.Column{Name: c.typ, Type: c.typ})
		for i := range reply.Rows { // NULL first, so that values follow one
			v := c.wire
			if i == 0 {
				v = nil
			}
			reply.Rows[i] = append(reply.Rows[i], v)
		}
	}
	server.ReplyTo("everything", reply)
	answer, err := clientOf(t, server).Query(t.Context(), trino.Query{SQL: "SELECT * FROM everything"})
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for row, err := range answer.All() {
		if err != nil {
			t.Fatal(err)
		}
		for i, c := range typed {
			want := c.want
			if n == 0 {
				want = nil
			}
			if diff := cmp.Diff(want, row.Value(i), cmpopts.EquateNaNs(), cmpopts.EquateComparable(netip.Addr{})); diff != "" {
				t.Errorf("row %d: %s: %s", n, c.typ, diff)
			}
		}
		n++
	}
	if n != 3 || answer.Columns()[0].Type != "boolean" {
		t.Errorf("%d rows", n)
	}
}

func TestAnInstantKeepsItsZone(t *testing.T) {
	t.Parallel()
	server := started(t)
	server.ReplyTo("zones", trinotest.Reply{
		Columns: []trinotest.Column{{Name: "at", Type: "timestamp(9) with time zone"}},
		Rows:    [][]any{{"2020-01-01 00:00:00.123456789 Asia/Kolkata"}, {"2020-01-01 00:00:00.123456789 -08:00"}},
	})
	answer, err := clientOf(t, server).Query(t.Context(), trino.Query{SQL: "SELECT at FROM zones"})
	if err != nil {
		t.Fatal(err)
	}
	got, err := rows.Collect(answer, rows.To[time.Time])
	if err != nil || len(got) != 2 {
		t.Fatal(got, err)
	}
	for i, want := range []string{"2020-01-01T00:00:00.123456789+05:30", "2020-01-01T00:00:00.123456789-08:00"} {
		if text := got[i].Format(time.RFC3339Nano); text != want {
			t.Errorf("%s, want %s", text, want)
		}
	}
	if got[0].Location().String() != "Asia/Kolkata" {
		t.Error(got[0].Location())
	}
}
