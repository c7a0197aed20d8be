package clickhouse_test

import (
	"strings"
	"testing"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/rows"
	"github.com/fourkites/sources/base/secret"
	"github.com/fourkites/sources/clickhouse"
	"github.com/fourkites/sources/internal/engines"
)

func TestAnOldServerIsServedAsFarAsItCan(t *testing.T) {
	t.Parallel()
	server := engines.SharedOld(t)
	for _, compression := range []string{"lz4", "zstd", "none"} {
		cfg := clickhouse.Config{
			Addresses: []string{server.Addr}, Database: "default", Compression: compression, MaxRows: -1, MaxBytes: -1,
		}
		c := newClient(t, cfg)
		r, err := c.Query(t.Context(), clickhouse.Query{SQL: "SELECT number, toString(number) AS text, toDateTime(number) AS at FROM system.numbers LIMIT 200000"})
		if err != nil {
			t.Fatal(err)
		}
		got, err := rows.Collect(r, rows.ToMap)
		if err != nil || len(got) != 200000 || got[199999]["text"] != "199999" {
			t.Errorf("%s: %d rows, %v", compression, len(got), err)
		}
		if _, err := one(t, c, "CREATE TABLE pwned (x UInt8) ENGINE = Memory", nil); base.KindOf(err) != base.KindPermission {
			t.Errorf("a write: %v", err)
		}
		_, err = one(t, c, "SELECT {n:UInt8}", map[string]any{"n": 1})
		if base.KindOf(err) != base.KindInvalid || !strings.Contains(err.Error(), "binds no values") {
			t.Errorf("a parameter: %v", err)
		}
	}
	wrong := clickhouse.Config{Addresses: []string{server.Addr}, Database: "default", Password: secret.Literal("no")}
	if err := newClient(t, wrong).Ping(t.Context()); base.KindOf(err) != base.KindUnauthenticated {
		t.Error(err)
	}
}
