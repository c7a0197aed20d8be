package minisql_test

import (
	"context"
	"errors"
	"strings"
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
			{Name: "timestamp", Type: "UInt64"},
			{Name: "id", Type: "String"},
			{Name: "body", Type: "String"},
			{Name: "sev", Type: "UInt8"},
			{Name: "attributes_string", Type: "Map(LowCardinality(String), String)"},
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
		"SELEC 1": 62, "SELECT 1 FROM": 62, "SELECT 1; SELECT 2": 62, "SELECT (": 62, "SELECT 'x": 62, "SELECT 1 FORMAT": 62, "SELECT {": 62,
		"": 62, "INSERT INTO a VALUES (1)": 62, "SELECT CASE END": 62, "SELECT 1 /* x": 62,
		"SELECT x FROM signoz_logs.logs": 47, "SELECT nosuch(1)": 46, "SELECT 1 FROM signoz_logs.nothing": 60, "SELECT x.* FROM signoz_logs.logs": 47,
		"WITH a AS (SELECT 1 FROM a) SELECT * FROM a": 60, "WITH a AS b, b AS a SELECT a": 47, "SELECT a AS b, b AS a": 47,
		"SELECT 1 FROM nowhere.logs": 81, "SELECT {x:String}": 456,
		"SELECT hasToken('a b', 'a b')": 36, "SELECT hasToken(body, 'a.b') FROM signoz_logs.logs": 36,
		"SELECT match('a', '(')": 427, "SELECT count() FROM signoz_logs.logs WHERE count() > 1": 184,
		"SELECT id, count() FROM signoz_logs.logs": 215, "SELECT id FROM signoz_logs.logs GROUP BY sev": 215, "SELECT count() FROM signoz_logs.logs ORDER BY id": 215,
		"SELECT sum() FROM signoz_logs.logs": 42, "SELECT countIf() FROM signoz_logs.logs": 42, "SELECT lower()": 42,
		"SELECT id FROM signoz_logs.logs WHERE body = 5": 386, "SELECT id FROM signoz_logs.logs WHERE sev = 'x'": 53, "SELECT id FROM signoz_logs.logs WHERE sev IN ('x')": 53,
		"SELECT id FROM signoz_logs.logs WHERE id IN (body)": 47, "SELECT id FROM signoz_logs.logs LIMIT id": 47, "SELECT 1 LIMIT -1": 440,
		"SELECT 'a' AND 1": 43, "SELECT toUInt64('x')": 6, "SELECT 1 + 'x'": 43, "SELECT intDiv(1, 0)": 153, "SELECT getSetting('nosuch')": 115,
		"SELECT arrayMap(x -> x, 'a')": 43, "SELECT arrayMap((x, y) -> x, [1], [1, 2])": 190, "SELECT 1 UNION ALL SELECT 1, 2": 258, "SELECT if(1, 'a', 2)": 386,
		"SELECT count() FROM system.numbers": 158, "SELECT 'a' LIKE 'a\\\\'": 25, "SELECT CAST(1 AS Nothing2)": 50, "SELECT (SELECT number FROM numbers(2))": 125,
	} {
		_, err := database(t).Query(t.Context(), sql, nil)
		if e, ok := errors.AsType[*minisql.Error](err); !ok || e.Code != code || e.Name == "" {
			t.Errorf("%s: %v, want code %d with its name", sql, err, code)
		}
	}
}

func TestDeepNestingIsRefused(t *testing.T) {
	t.Parallel()
	for _, sql := range []string{
		"SELECT " + strings.Repeat("(", 5000), "SELECT " + strings.Repeat("x -> ", 5000) + "1", "SELECT 1" + strings.Repeat(" + 1", 5000),
		"SELECT " + strings.Repeat("INTERVAL ", 5000), "SELECT " + strings.Repeat("NOT ", 5000) + "1",
		"SELECT " + strings.Repeat("- ", 5000) + "1", "SELECT " + strings.Repeat("CAST(", 5000),
	} {
		_, err := database(t).Query(t.Context(), sql, nil)
		if e, ok := errors.AsType[*minisql.Error](err); !ok || e.Code != 62 && e.Code != 167 {
			t.Errorf("%.40s: %v", sql, err)
		}
	}
	if _, err := database(t).Query(t.Context(), "SELECT 1"+strings.Repeat(" AND 1", 5000), nil); err != nil {
		t.Errorf("a long chain of AND is flat: %v", err)
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

func FuzzParse(f *testing.F) {
	for _, sql := range []string{
		"SELECT 1", "WITH a AS (SELECT 1) SELECT * FROM a", "SELECT x -> x + 1, [1,2][1], 'a'.1, {p:Array(String)}", "SELECT -(-1)::Int64",
		"SELECT id, count() FROM signoz_logs.logs", "SELECT sum() FROM signoz_logs.logs", "SELECT 1 FORMAT", "SELECT {", "SELECT 1 LIMIT id",
		"WITH a AS (SELECT * FROM a) SELECT * FROM a", "SELECT id FROM signoz_logs.logs WHERE id IN (body)", "EXPLAIN ESTIMATE SELECT 1",
		"SELECT arrayMap((x, y) -> x + y, [1], [1, 2])", "SELECT a.* FROM signoz_logs.logs AS a LEFT JOIN signoz_logs.resource b USING (fingerprint)",
		"SELECT CASE WHEN 1 THEN 2 END, CAST(1 AS Map(String)), map(1), tuple()[1], arrayJoin([1, 2]) AS x WHERE x > 1 SETTINGS a = 1",
		"SELECT quantiles(0.5, 2)(sev), topK(-1)(id), groupArray(0)(id) FROM signoz_logs.logs GROUP BY timestamp ORDER BY 1 NULLS FIRST LIMIT 1 BY 1",
	} {
		f.Add(sql)
	}
	db := database(f)
	f.Fuzz(func(t *testing.T, sql string) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := db.Query(ctx, sql, map[string]string{"p": "['a']"})
		if e, ok := errors.AsType[*minisql.Error](err); ok && e.Code == 49 {
			t.Error(err) // a panic that was caught
		}
	})
}
