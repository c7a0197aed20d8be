package minisql_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fourkites/sources/internal/minisql"
)

func database(t testing.TB) *minisql.DB {
	t.Helper()
	db := minisql.New()
	db.Put(minisql.Table{
		Name: "signoz_logs.logs",
		Columns: []minisql.Column{
			{Name: "timestamp", Type: "UInt64"}, {Name: "id", Type: "String"}, {Name: "body", Type: "String"},
			{Name: "sev", Type: "UInt8"}, {Name: "attributes_string", Type: "Map(LowCardinality(String), String)"},
			{Name: "resource_fingerprint", Type: "String"},
		},
	})
	rows := [][]any{
		{uint64(10), "a", "Error: NullPointer at Foo", uint64(17), map[string]any{"k": "v"}, "f1"},
		{uint64(10), "b", "all is 100% well", uint64(9), map[string]any{}, "f1"},
		{uint64(20), "c", "error again", uint64(17), map[string]any{"k": "w"}, "f2"},
	}
	if err := db.Append("signoz_logs.logs", rows...); err != nil {
		t.Fatal(err)
	}
	db.Put(minisql.Table{
		Name:    "signoz_logs.resource",
		Columns: []minisql.Column{{Name: "labels", Type: "String"}, {Name: "fingerprint", Type: "String"}},
		Rows:    [][]any{{`{"service.name":"cart"}`, "f1"}, {`{"service.name":"pay"}`, "f2"}},
	})
	return db
}

func TestStatementsAnswerAsClickHouseDoes(t *testing.T) {
	t.Parallel()
	at := time.Unix(1700000000, 0).UTC()
	for sql, want := range map[string][][]any{
		"SELECT 1": {{uint64(1)}},
		"select id from signoz_logs.logs order by timestamp desc, id desc limit 2":                   {{"c"}, {"b"}},
		"SELECT id FROM signoz_logs.logs WHERE lower(body) LIKE '%error%' ORDER BY id":               {{"a"}, {"c"}},
		`SELECT id FROM signoz_logs.logs WHERE body LIKE '%100\\%%'`:                                 {{"b"}},
		"SELECT id FROM signoz_logs.logs WHERE hasToken(lower(body), 'nullpointer')":                 {{"a"}},
		"SELECT id FROM signoz_logs.logs WHERE match(body, 'Null.ointer')":                           {{"a"}},
		"SELECT id FROM signoz_logs.logs WHERE (timestamp, id) < (20, 'c') ORDER BY id":              {{"a"}, {"b"}},
		"SELECT id FROM signoz_logs.logs WHERE attributes_string['k'] = 'w'":                         {{"c"}},
		"SELECT id FROM signoz_logs.logs WHERE NOT mapContains(attributes_string, 'k')":              {{"b"}},
		"SELECT sev, count() AS n FROM signoz_logs.logs GROUP BY sev ORDER BY n DESC":                {{uint64(17), uint64(2)}, {uint64(9), uint64(1)}},
		"SELECT count(), max(timestamp), uniq(sev) FROM signoz_logs.logs":                            {{uint64(3), uint64(20), uint64(2)}},
		"SELECT countIf(sev >= 17) / count() FROM signoz_logs.logs WHERE timestamp = 10":             {{0.5}},
		"SELECT sev FROM signoz_logs.logs GROUP BY sev HAVING count() > 1":                           {{uint64(17)}},
		"SELECT DISTINCT resource_fingerprint AS f FROM signoz_logs.logs ORDER BY f":                 {{"f1"}, {"f2"}},
		"SELECT arrayMap(x -> x * 2, [1, 2])":                                                        {{[]any{uint64(2), uint64(4)}}},
		"SELECT argMax(id, timestamp) FROM signoz_logs.logs":                                         {{"c"}},
		"SELECT toStartOfInterval(fromUnixTimestamp64Nano(1700000007000000000), INTERVAL 10 SECOND)": {{at}},
		"SELECT if(1 = 1, 'x', 'y') AS a, CASE WHEN 1 > 2 THEN 'p' ELSE 'q' END":                     {{"x", "q"}},
		"SELECT quantile(0.5)(number) FROM numbers(5)":                                               {{2.0}},
		"SELECT number FROM numbers(10) WHERE number % 3 = 0 LIMIT 2 OFFSET 1":                       {{uint64(3)}, {uint64(6)}},
		"SELECT l.id, r.labels FROM signoz_logs.logs AS l INNER JOIN signoz_logs.resource AS r ON l.resource_fingerprint = r.fingerprint WHERE r.fingerprint = 'f2'": {
			{"c", `{"service.name":"pay"}`},
		},
		"SELECT id FROM signoz_logs.logs ORDER BY timestamp LIMIT 1 BY timestamp":               {{"a"}, {"c"}},
		"SELECT id FROM signoz_logs.logs WHERE id IN ('a', 'c') AND sev NOT IN (9) ORDER BY id": {{"a"}, {"c"}},
		"SELECT 1 AS x UNION ALL SELECT 2":                                                      {{uint64(1)}, {uint64(2)}},
		"SELECT name FROM system.columns WHERE table = 'resource' ORDER BY position":            {{"labels"}, {"fingerprint"}},
		"SELECT toUnixTimestamp(toDateTime('2023-11-14 22:13:20'))":                             {{uint64(1700000000)}},
	} {
		t.Run(sql, func(t *testing.T) {
			t.Parallel()
			got, err := database(t).Query(t.Context(), sql, nil)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got.Rows); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestTheListQueryOfSigNozRunsAsItIs(t *testing.T) {
	t.Parallel()
	got, err := database(t).Query(t.Context(), `WITH __resource_filter AS (
	  SELECT fingerprint FROM signoz_logs.resource
	  WHERE (simpleJSONExtractString(labels, 'service.name') = {service:String} AND labels LIKE {l1:String}) GROUP BY fingerprint)
	SELECT timestamp, id FROM signoz_logs.logs
	WHERE resource_fingerprint GLOBAL IN (SELECT fingerprint FROM __resource_filter)
	  AND timestamp >= {from:UInt64} AND timestamp < {to:UInt64} ORDER BY timestamp DESC, id DESC LIMIT {n:UInt64}`,
		map[string]string{"service": "cart", "l1": "%service.name%", "from": "0", "to": "100", "n": "10"})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([][]any{{uint64(10), "b"}, {uint64(10), "a"}}, got.Rows); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]minisql.Column{{Name: "timestamp", Type: "UInt64"}, {Name: "id", Type: "String"}}, got.Columns); diff != "" {
		t.Error(diff)
	}
}

func TestMistakesGetTheCodesOfClickHouse(t *testing.T) {
	t.Parallel()
	for sql, code := range map[string]int{
		"SELEC 1": 62, "SELECT 1 FROM": 62, "SELECT 1; SELECT 2": 62, "SELECT (": 62, "SELECT 'x": 62,
		"SELECT x FROM signoz_logs.logs": 47, "SELECT nosuch(1)": 46, "SELECT 1 FROM signoz_logs.nothing": 60,
		"SELECT 1 FROM nowhere.logs": 81, "SELECT hasToken('a b', 'a b')": 36, "SELECT {x:String}": 456,
		"SELECT match('a', '(')": 427, "SELECT count() FROM signoz_logs.logs WHERE count() > 1": 184,
	} {
		_, err := database(t).Query(t.Context(), sql, nil)
		if e, ok := errors.AsType[*minisql.Error](err); !ok || e.Code != code {
			t.Errorf("%s: %v, want code %d", sql, err, code)
		}
	}
}

func TestParametersAreReadByTheirType(t *testing.T) {
	t.Parallel()
	got, err := database(t).Query(t.Context(), "SELECT {a:Array(String)}, {m:Map(String, String)}, {f:Float64}, count() FROM {t:Identifier} WHERE id IN {a:Array(String)}",
		map[string]string{"a": `['a','it\'s']`, "m": "{'k':'v'}", "f": "1.5", "t": "signoz_logs.logs"})
	if err != nil {
		t.Fatal(err)
	}
	want := [][]any{{[]any{"a", "it's"}, map[string]any{"k": "v"}, 1.5, uint64(1)}}
	if diff := cmp.Diff(want, got.Rows); diff != "" {
		t.Error(diff)
	}
}

func TestACancelledContextEndsAScan(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := database(t).Query(ctx, "SELECT sum(number) FROM numbers(100000) WHERE number > 1", nil); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

func FuzzQuery(f *testing.F) {
	for _, sql := range []string{"SELECT 1", "WITH a AS (SELECT 1) SELECT * FROM a", "SELECT x -> x + 1, [1,2][1], 'a'.1, {p:Array(String)}", "SELECT -(-1)::Int64"} {
		f.Add(sql)
	}
	db := minisql.New()
	f.Fuzz(func(t *testing.T, sql string) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, _ = db.Query(ctx, sql, map[string]string{"p": "['a']"}) // must not panic
	})
}
