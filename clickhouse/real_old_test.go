package clickhouse_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

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

func TestAnOldServerIsWrittenToAndStopped(t *testing.T) {
	t.Parallel()
	server := engines.ClickHouseOld(t)
	c := newClient(t, clickhouse.Config{Addresses: []string{server.Addr}, Database: "default", AllowWrites: true, MaxRows: -1, MaxBytes: -1})
	if err := c.Exec(t.Context(), clickhouse.Statement{SQL: "CREATE TABLE written (id UInt64, name String) ENGINE = MergeTree ORDER BY id"}); err != nil {
		t.Fatal(err)
	}
	if err := c.Insert(t.Context(), "written", []string{"id", "name"}, [][]any{{uint64(1), "a"}, {uint64(2), "it's"}}); err != nil {
		t.Fatal(err)
	}
	if got, err := one(t, c, "SELECT groupArray(name) FROM written", nil); err != nil || fmt.Sprint(got) != "[a it's]" {
		t.Error(got, err)
	}
	for sql, want := range map[string]base.Kind{
		"SELECT no_such": base.KindInvalid, "SELECT * FROM no_such": base.KindNotFound, "SELECT FROM WHERE": base.KindInvalid,
		"SELECT * FROM url('http://127.0.0.1:9/', 'CSV', 'a String')": base.KindInvalid, // refused before it is sent
	} {
		if _, err := one(t, c, sql, nil); base.KindOf(err) != want {
			t.Errorf("%s: %v, want %v", sql, err, want)
		}
	}
	count := func(mark string) string {
		return server.HTTPQuery(t, engines.UserDefault, engines.PasswordDefault,
			"SELECT count() FROM system.processes WHERE query LIKE '%"+mark+"%' AND query NOT LIKE '%system.processes%'")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	_, err := c.Query(ctx, clickhouse.Query{SQL: "SELECT count() FROM system.numbers WHERE NOT ignore(sipHash64(number)) -- overdue"})
	if base.KindOf(err) != base.KindDeadline {
		t.Error(err)
	}
	r, err := c.Query(t.Context(), clickhouse.Query{SQL: "SELECT number FROM system.numbers -- left"})
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range r.All() {
		if err != nil {
			t.Error(err)
		}
		break
	}
	for _, mark := range []string{"-- overdue", "-- left"} {
		poll(t, mark+" still runs", func() bool { return count(mark) == "0" })
	}
	reader := newClient(t, clickhouse.Config{
		Addresses: []string{server.Addr}, Database: "default", User: engines.UserReader,
		Password: secret.Literal(engines.PasswordReader),
	})
	if got, err := one(t, reader, "SELECT count() FROM written", nil); err != nil || got != uint64(2) {
		t.Errorf("a read-only account: %v %v", got, err)
	}
}
