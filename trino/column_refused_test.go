package trino_test

import (
	"net/http"
	"testing"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/trino"
)

// What does not fit its type as a whole is not read as the part of it that does.
func TestAValueThatDoesNotFitItsTypeIsRefused(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ typ, value string }{
		{"map(bigint,bigint)", `{"12 garbage":1}`},
		{"map(bigint,bigint)", `{"7,8":3}`},
		{"map(bigint,bigint)", `{"null":2}`},
		{"map(boolean,bigint)", `{"true\u0020":1}`},
		{"map(double,bigint)", `{"1.5]}zzz":1}`},
		{"map(double,bigint)", `{"":1}`},
		{"map(varchar,bigint)", `{null:1}`},
		{"timestamp(3)", `"2026-02-31 00:00:00.000"`},
		{"timestamp(3)", `"2026-02-28 24:00:00.000"`},
		{"timestamp(3)", `"2026-02-28 23:60:00.000"`},
		{"timestamp(3)", `"2026-02-28 23:59:60.000"`},
		{"timestamp(6)", `"294248-01-01 00:00:00.000000"`},
		{"timestamp(6)", `"-290309-01-01 00:00:00.000000"`},
		{"timestamp(9)", `"2026-04-31 00:00:00.000000000"`},
		{"timestamp(3) with time zone", `"2026-02-28 00:00:00.000 +99:99"`},
		{"timestamp(3) with time zone", `"2026-02-28 00:00:00.000 +01:60"`},
		{"date", `"2025-02-29"`},
		{"date", `"1900-02-29"`},
		{"date", `"2025-00-01"`},
		{"date", `"2025-13-01"`},
		{"time(3)", `"24:00:00.000"`},
		{"interval day to second", `"1 24:00:00.000"`},
		{"boolean", `truest`},
		{"boolean", `fals`},
		{"boolean", `true"`},
		{"double", `1.5.5`},
		{"double", `1.5x`},
		{"double", `.`},
		{"double", `1e999`},
		{"timestamp(3)", `"2026-02-28"00:00:00.000"`},
		{"timestamp(3)", `"2026-02-28 00:00:00.0\""`},
		{"timestamp(0)", `"2026-02-28 00:00:00."`},
	} {
		client := handler(t, func(w http.ResponseWriter, _ *http.Request) { send(w, "%s", oneColumn(c.typ, "[["+c.value+"]]")) })
		if n, err := count(client.Query(t.Context(), trino.Query{SQL: "SELECT 1"})); n != 0 || base.KindOf(err) != base.KindProtocol {
			t.Errorf("%s: %s: %d rows, %v", c.typ, c.value, n, err)
		}
	}
	for _, c := range []struct{ typ, value string }{
		{"date", `"2000-02-29"`},
		{"date", `"-4712-02-29"`},
		{"date", `"+5881580-07-11"`},
		{"timestamp(6)", `"294247-01-10 04:00:53.999999"`},
		{"timestamp(6)", `"-290307-12-22 00:00:00.000000"`},
		{"time(3)", `"23:59:59.999"`},
		{"timestamp(3) with time zone", `"2026-02-28 00:00:00.000 -14:00"`},
		{"map(double,bigint)", `{"NaN":1,"-Infinity":2,"1.0E10":3}`},
		{"boolean", " false\n"},
		{"double", " -1.5 "},
		{"double", "1.5E2"},
		{"double", "12345678901234567890.12345"},
		{"timestamp(3)", ` "2026-02-28 00:00:00.000" `},
		{"timestamp(3)", `"2026-02-28\u002000:00:00.000"`},
		{"varchar", `"a text of more than sixteen bytes \" \\"`},
		{"varchar", `"\\"`},
	} {
		client := handler(t, func(w http.ResponseWriter, _ *http.Request) { send(w, "%s", oneColumn(c.typ, "[["+c.value+"]]")) })
		if n, err := count(client.Query(t.Context(), trino.Query{SQL: "SELECT 1"})); n != 1 || err != nil {
			t.Errorf("%s: %s: %d rows, %v", c.typ, c.value, n, err)
		}
	}
}
