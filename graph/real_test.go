package graph_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/rows"
	"github.com/fourkites/sources/base/secret"
	"github.com/fourkites/sources/graph"
	"github.com/fourkites/sources/internal/engines"
)

func realClient(t testing.TB, server *engines.Neo4jServer, change ...func(*graph.Config)) *graph.Client {
	t.Helper()
	config := graph.Config{
		URI: "bolt://" + server.Addr, User: engines.Neo4jUser, Password: secret.Literal(server.Password), CAFile: server.CAFile,
	}
	for _, f := range change {
		f(&config)
	}
	client, err := graph.New(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := client.Close(); err != nil {
			t.Error(err)
		}
	})
	return client
}

func realAnswer(t testing.TB, client *graph.Client, cypher string, args map[string]any) ([]map[string]any, error) {
	t.Helper()
	r, err := client.Query(t.Context(), graph.Query{Cypher: cypher, Args: args})
	if err != nil {
		return nil, err
	}
	var all []map[string]any
	for row, err := range r.All() {
		if err != nil {
			return all, err
		}
		all = append(all, row.Map())
	}
	return all, nil
}

func TestRealValuesArePlain(t *testing.T) {
	t.Parallel()
	server := engines.SharedNeo4j(t)
	server.Admin(t, "CREATE (:Plain {name: 'a', n: 9007199254740993})-[:PLAIN_TO {line: 3}]->(:Plain {name: 'b'})")
	client := realClient(t, server)
	if err := client.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	zone := time.FixedZone("", 7200)
	for cypher, want := range map[string]any{
		"RETURN null AS v":                                               nil,
		"RETURN 9007199254740993 AS v":                                   int64(9007199254740993),
		"RETURN 1.5 AS v":                                                1.5,
		"RETURN $text AS v":                                              "x'`\\u0027",
		"RETURN [1, 'a', null] AS v":                                     []any{int64(1), "a", nil},
		"RETURN {a: [1]} AS v":                                           map[string]any{"a": []any{int64(1)}},
		"RETURN date('2025-01-02') AS v":                                 time.Date(2025, 1, 2, 0, 0, 0, 0, time.UTC),
		"RETURN localdatetime('2025-01-02T03:04:05.006') AS v":           time.Date(2025, 1, 2, 3, 4, 5, 6e6, time.UTC),
		"RETURN datetime('2025-01-02T03:04:05+02:00') AS v":              time.Date(2025, 1, 2, 3, 4, 5, 0, zone),
		"RETURN localtime('03:04:05.5') AS v":                            "03:04:05.5",
		"RETURN time('03:04:05+02:00') AS v":                             "03:04:05+02:00",
		"RETURN duration('P1Y2M3DT4H5M6.5S') AS v":                       "P14M3DT14706.5S",
		"RETURN point({x: 1, y: 2}) AS v":                                map[string]any{"srid": int64(7203), "x": 1.0, "y": 2.0},
		"RETURN point({x: 1, y: 2, z: 3}) AS v":                          map[string]any{"srid": int64(9157), "x": 1.0, "y": 2.0, "z": 3.0},
		"MATCH p = (:Plain)-[]->() RETURN [n IN nodes(p) | n.name] AS v": []any{"a", "b"},
	} {
		got, err := realAnswer(t, client, cypher, map[string]any{"text": "x'`\\u0027"})
		if err != nil {
			t.Errorf("%s: %v", cypher, err)
			continue
		}
		equal := cmp.Comparer(func(a, b time.Time) bool {
			return a.Equal(b) && a.Format(time.RFC3339Nano) == b.Format(time.RFC3339Nano)
		})
		if diff := cmp.Diff([]map[string]any{{"v": want}}, got, equal); diff != "" {
			t.Errorf("%s: %s", cypher, diff)
		}
	}
	got, err := realAnswer(t, client, "MATCH p = (a:Plain)-[r]->() RETURN a, r, p", nil)
	if err != nil || len(got) != 1 {
		t.Fatal(got, err)
	}
	a, r, p := got[0]["a"].(map[string]any), got[0]["r"].(map[string]any), got[0]["p"].(map[string]any)
	if diff := cmp.Diff(map[string]any{"name": "a", "n": int64(9007199254740993)}, a["properties"]); diff != "" {
		t.Error(diff)
	}
	if a["id"] != r["from"] || r["type"] != "PLAIN_TO" || len(p["nodes"].([]any)) != 2 || len(p["relationships"].([]any)) != 1 {
		t.Errorf("%v, %v, %v", a, r, p)
	}
}

// Whatever is tried, a statement that does not only read is refused, and the graph is as it was.
func TestRealStatementsThatWriteAreRefused(t *testing.T) {
	t.Parallel()
	server := engines.SharedNeo4j(t)
	client := realClient(t, server)
	refused := []string{
		"CREATE (:Escaped)",
		"MERGE (:Escaped)",
		"MATCH (n) SET n.escaped = 1",
		"MATCH (n) DETACH DELETE n",
		"CALL { CREATE (:Escaped) } RETURN 1",
		"MATCH (n) CALL (n) { SET n.escaped = 1 } RETURN n",
		"EXPLAIN MATCH (n) RETURN n; CREATE (:Escaped)",
		"PROFILE CREATE (:Escaped)",
		"CYPHER 5 CREATE (:Escaped)",
		"UNWIND [1, 2] AS x CALL { WITH x CREATE (:Escaped) } IN TRANSACTIONS RETURN 1",
		"CREATE INDEX escaped FOR (n:Escaped) ON (n.a)",
		"CREATE CONSTRAINT escaped FOR (n:Escaped) REQUIRE n.a IS UNIQUE",
		"CREATE USER escaped SET PASSWORD 'escaped-now' CHANGE NOT REQUIRED",
		"ALTER USER neo4j SET PASSWORD 'escaped-now' CHANGE NOT REQUIRED",
		"CREATE DATABASE escaped",
		"CALL db.createLabel('Escaped')",
		"CALL dbms.setConfigValue('db.logs.query.enabled', 'OFF')",
		"TERMINATE TRANSACTION 'neo4j-transaction-1'",
		"SHOW TRANSACTIONS YIELD transactionId AS id TERMINATE TRANSACTIONS id YIELD message RETURN message",
		"CALL dbms.killConnection('bolt-1')",
		"CALL db.clearQueryCaches()",
		"LOAD CSV FROM 'file:///etc/passwd' AS line RETURN line",
		"load/**/csv FROM 'http://127.0.0.1:1/' AS line RETURN line",
		"L\\u004FAD CSV FROM 'http://127.0.0.1:1/' AS line RETURN line",
		"CALL { LOAD CSV FROM 'http://127.0.0.1:1/' AS line RETURN line } RETURN line",
		"RETURN 1 UNION LOAD //\nCSV WITH HEADERS FROM 'http://127.0.0.1:1/' AS line RETURN line",
	}
	for _, cypher := range refused {
		_, err := realAnswer(t, client, cypher, nil)
		if !errors.Is(err, base.ErrPermission) && !errors.Is(err, base.ErrInvalid) {
			t.Errorf("%s: %v", cypher, err)
		}
		if e, ok := errors.AsType[*base.Error](err); ok && e.Attempts > 1 {
			t.Errorf("%s: %d attempts", cypher, e.Attempts)
		}
	}
	left := server.Admin(t, "MATCH (n) WHERE n:Escaped OR n.escaped IS NOT NULL RETURN count(n)")
	if left[0][0] != int64(0) {
		t.Errorf("%v were written", left)
	}
	if indexes := server.Admin(t, "SHOW INDEXES YIELD name WHERE name = 'escaped' RETURN name"); len(indexes) > 0 {
		t.Error("an index was made")
	}
}

func TestRealStatementsThatReadWork(t *testing.T) {
	t.Parallel()
	client := realClient(t, engines.SharedNeo4j(t))
	for _, cypher := range []string{
		"SHOW DATABASES",
		"SHOW INDEXES",
		"SHOW PROCEDURES YIELD name",
		"SHOW TRANSACTIONS",
		"CALL dbms.components()",
		"CALL dbms.components() YIELD name RETURN name",
		"CALL db.labels()",
		"EXPLAIN MATCH (n) RETURN n",
		"EXPLAIN CREATE (n:Planned)",
		"CYPHER 5 MATCH (n) RETURN n LIMIT 1",
		"CYPHER runtime=slotted MATCH (n) RETURN n LIMIT 1",
		"MATCH (n) RETURN n.load AS csv LIMIT 1;",
		"CALL { RETURN 1 AS x UNION RETURN 2 AS x } RETURN x",
		"RETURN date.truncate('month', date()) AS d, toUpper('load csv')",
	} {
		if _, err := realAnswer(t, client, cypher, nil); err != nil {
			t.Errorf("%s: %v", cypher, err)
		}
	}
}

func TestRealNamesThatTheDatabaseDoesNotHaveAreSaid(t *testing.T) {
	t.Parallel()
	client := realClient(t, engines.SharedNeo4j(t))
	for _, cypher := range []string{"MATCH (n:No_Such_Label) RETURN n", "MATCH ()-[r:NO_SUCH_TYPE]->() RETURN r"} {
		_, err := realAnswer(t, client, cypher, nil)
		if !errors.Is(err, base.ErrInvalid) || !strings.Contains(err.Error(), "graph_describe_schema") || !strings.Contains(strings.ToUpper(err.Error()), "NO_SUCH") {
			t.Errorf("%s: %v", cypher, err)
		}
	}
}

func running(t testing.TB, server *engines.Neo4jServer, id string) int {
	t.Helper()
	return len(server.Admin(t, fmt.Sprintf("SHOW TRANSACTIONS YIELD metaData WHERE metaData.call = '%s' RETURN 1", id)))
}

const endless = "UNWIND range(1, 10000000) AS x RETURN x, 'some text that fills buffers ' + x AS text"

// Whoever leaves an answer ends its transaction at the server.
func TestRealAnswersThatAreLeftLeaveNoTransaction(t *testing.T) {
	t.Parallel()
	server := engines.SharedNeo4j(t)
	client := realClient(t, server, func(c *graph.Config) { c.MaxRows, c.MaxBytes = -1, -1 })
	for name, leave := range map[string]func(context.CancelFunc, *rows.Rows){
		"cancel while nobody reads": func(cancel context.CancelFunc, _ *rows.Rows) { cancel() },
		"close":                     func(_ context.CancelFunc, r *rows.Rows) { _ = r.Close() },
		"leave the loop": func(_ context.CancelFunc, r *rows.Rows) {
			for range r.All() { //nolint:errcheck // the loop is left at once
				break
			}
		},
	} {
		ctx, cancel := context.WithCancel(t.Context())
		r, err := client.Query(ctx, graph.Query{Cypher: endless})
		if err != nil {
			t.Fatal(err)
		}
		id := r.Stats().QueryID
		if running(t, server, id) != 1 {
			t.Errorf("%s: the transaction is not seen", name)
		}
		began := time.Now()
		leave(cancel, r)
		if took := time.Since(began); took > time.Second {
			t.Errorf("%s: it took %s", name, took)
		}
		await(t, name+": the transaction is gone", func() bool { return running(t, server, id) == 0 })
		cancel()
	}
	if err := client.Ping(t.Context()); err != nil {
		t.Error(err)
	}
}

// await looks again and again, ten seconds at most.
func await(t testing.TB, what string, there func() bool) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for range 500 {
		if there() {
			return
		}
		<-tick.C
	}
	t.Errorf("not within ten seconds: %s", what)
}

func TestRealTimeIsHeld(t *testing.T) {
	t.Parallel()
	server := engines.SharedNeo4j(t)
	client := realClient(t, server, func(c *graph.Config) { c.MaxExecution = base.Duration(time.Second) })
	const slow = "UNWIND range(1, 1000000000) AS x WITH x WHERE x < 0 RETURN x"
	_, err := realAnswer(t, client, slow, nil)
	if !errors.Is(err, base.ErrQuotaExceeded) {
		t.Errorf("the operator's: %v", err)
	}
	began := time.Now()
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if _, err = client.Query(ctx, graph.Query{Cypher: slow}); !errors.Is(err, base.ErrDeadline) || time.Since(began) > 600*time.Millisecond {
		t.Errorf("the caller's: %v after %s", err, time.Since(began))
	}
}
