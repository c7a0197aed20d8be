package graphtest_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/neo4j/neo4j-go-driver/v5/neo4j"

	"github.com/fourkites/sources/graph/graphtest"
)

func list(values ...any) []any { return values }

// answers are what the example graph answers.
var answers = map[string][][]any{
	"MATCH (s:Service) RETURN s.name ORDER BY s.name DESC SKIP 1 LIMIT 1;":                                                             {{"notification-service"}},
	"MATCH (:Class {name: 'EtaService'})-[:HAS_METHOD]->(m) RETURN m.name AS name, m.end - m.line ORDER BY name":                       {{"estimate", int64(38)}, {"publish", int64(14)}},
	"MATCH (m:Method)<-[k:CALLS]-(a) WHERE m.name = 'refresh' WITH k, a ORDER BY a.name RETURN min(k.line), count(*), collect(a.name)": {{int64(25), int64(2), list("find", "save")}},
	"MATCH (n) WHERE n:Class AND NOT n.name ENDS WITH 'Controller' RETURN count(n)":                                                    {{int64(3)}},
	"MATCH (n:Class|Service) RETURN count(DISTINCT labels(n))":                                                                         {{int64(2)}},
	"MATCH (a:Method {name: 'get'}) MATCH (a)-[:CALLS*1..3]->(b) RETURN b.name ORDER BY b.name":                                        {{"estimate"}, {"eta-service"}, {"find"}, {"refresh"}},
	"MATCH (k:Class {name: 'EtaController'})-[:HAS_METHOD*0..1]->(n) RETURN n.name ORDER BY n.name":                                    {{"EtaController"}, {"estimate"}},
	"MATCH (a:Method {name: 'get'}), (b:Method {name: 'publish'}) MATCH p = shortestPath((a)-[:CALLS*..9]->(b)) RETURN length(p)":      {{int64(5)}},
	"MATCH (a:Method {name: 'get'}), (b:Method {name: 'publish'}) MATCH p = shortestPath((a)-[:CALLS*..4]->(b)) RETURN p":              nil,
	"MATCH p = (:Repo)-->(f:File)-->(c) WHERE c.name STARTS WITH 'Not' RETURN [n IN nodes(p) | n.name], size(relationships(p))": {
		{list("example/yard", "notification-service/src/main/java/com/example/notifications/NotificationService.java", "NotificationService"), int64(2)},
	},
	"MATCH (m:Method) WHERE (m)-[:HAS_LOG]->({level: 'error'}) RETURN m.name":                                 {{"find"}},
	"MATCH (m:Method) WHERE NOT EXISTS { (m)<-[:CALLS]-() } AND m.route IS NULL RETURN m.name":                nil,
	"MATCH (s:Service) RETURN s.name, COUNT { (s)<-[:CALLS]-(:Method) } AS n ORDER BY n DESC, s.name LIMIT 1": {{"eta-service", int64(1)}},
	"OPTIONAL MATCH (x:Nobody) RETURN x, coalesce(x.name, 'none')":                                            {{nil, "none"}},
	"UNWIND [3, 1, null, 2] AS n WITH n WHERE n > 1 RETURN collect(n)":                                        {{list(int64(3), int64(2))}},
	"UNWIND [1, 1, 2] AS n WITH DISTINCT n RETURN sum(n), max(n), avg(n)":                                     {{int64(3), int64(2), 1.5}},
	"RETURN CASE WHEN null THEN 1 WHEN 2 < 3 <= 3 THEN 'yes' ELSE 'no' END, CASE 2 WHEN 1 THEN 'a' END":       {{"yes", nil}},
	"RETURN 1 + 2 * 3 - -1, 7 / 2, 7 % 2, 'a' + 1, [1] + [2], [1, 2, 3][1..], [1, 2][-1], 1.5 * 2":            {{int64(8), int64(3), int64(1), "a1", list(int64(1), int64(2)), list(int64(2), int64(3)), int64(2), 3.0}},
	"RETURN 1 IN [2, null], 1 IN [1, null], null = null, true XOR true, {a: [1]}.a[0], $p.x":                  {{nil, true, nil, false, int64(1), int64(9)}},
	"RETURN any(x IN [1, 2] WHERE x > 1), all(x IN [1, 2] WHERE x > 1), head(range(4, 0, -2)), split('a.b', '.')": {
		{true, false, int64(4), list("a", "b")},
	},
	"CALL db.labels() YIELD label WHERE label CONTAINS 'e' WITH label ORDER BY label RETURN collect(label) /* of the model */": {{list("File", "Method", "Repo", "Service")}},
	"MATCH (n) RETURN n.name AS `a name` ORDER BY `a name` LIMIT 1":                                                            {{"EtaController"}},
	"SHOW DATABASES YIELD name, default AS usual":                                                                              {{"neo4j", true}, {"system", false}},
}

var params = map[string]any{"p": map[string]any{"x": 9}}

func TestStatementsAreEvaluatedOverTheGraph(t *testing.T) {
	t.Parallel()
	driver := open(t, newServer(t))
	for cypher, want := range answers {
		got, _, err := ask(t, session(t, driver, neo4j.AccessModeRead), cypher, params)
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%s: %v\n%s", cypher, err, diff)
		}
	}
}

// refused are statements that no Neo4j runs.
var refused = map[string]string{
	"":                                graphtest.CodeSyntax,
	"SELECT 1":                        graphtest.CodeSyntax,
	"MATCH (n RETURN n":               graphtest.CodeSyntax,
	"RETURN n":                        graphtest.CodeSyntax,
	"RETURN 1; RETURN 2":              graphtest.CodeSyntax,
	"RETURN 'it''s'":                  graphtest.CodeSyntax, // two texts in a row
	"RETURN 'open":                    graphtest.CodeSyntax,
	"RETURN nothing(1)":               graphtest.CodeSyntax,
	"RETURN $missing":                 graphtest.CodeParameterMissing,
	"CALL apoc.nothing()":             graphtest.CodeProcedureNotFound,
	"MATCH (n) WHERE n.name RETURN n": graphtest.CodeType,
	"RETURN 1/0":                      "Neo.ClientError.Statement.ArithmeticError",
}

// bounded are statements that this server does not run to their end.
var bounded = map[string]string{
	"SHOW NOTHING":                             graphtest.CodeSyntax,
	"UNWIND range(1, 9000000) AS n RETURN n":   graphtest.CodeMemoryPool,
	"MATCH (a), (b), (c), (d), (e) RETURN 1":   graphtest.CodeMemoryPool,
	"RETURN " + strings.Repeat("(", 10_000):    graphtest.CodeSyntax,
	"RETURN " + strings.Repeat("NOT ", 10_000): graphtest.CodeSyntax,
	"RETURN " + strings.Repeat("({a: ", 180):   graphtest.CodeSyntax,
}

func TestWhatIsNotKnownIsAnErrorAndNoGuess(t *testing.T) {
	t.Parallel()
	driver := open(t, newServer(t))
	for _, table := range []map[string]string{refused, bounded} {
		for cypher, code := range table {
			if _, _, err := ask(t, session(t, driver, neo4j.AccessModeRead), cypher, nil); codeOf(err) != code {
				t.Errorf("%.60s: %v", cypher, err)
			}
		}
	}
}

func TestAGraphIsWrittenAndIndexed(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	server.Clear()
	driver := open(t, server)
	for _, cypher := range []string{
		"CREATE INDEX by_name IF NOT EXISTS FOR (n:A) ON (n.name)",
		"CREATE INDEX by_name IF NOT EXISTS FOR (n:A) ON (n.name)",
		"CREATE (a:A {name: 'a', gone: null})-[:TO {n: 1}]->(b:B {name: 'b'}), (b)<-[:TO]-(:C)",
		"MATCH (a:A) MERGE (a)-[k:TO]->(b:B {name: 'b'}) ON MATCH SET k.seen = true ON CREATE SET k.made = true",
		"MATCH (a:A) SET a += {x: 1, y: 2}, a:Extra SET a.y = null REMOVE a.name",
		"MATCH (c:C) DETACH DELETE c",
	} {
		if _, _, err := ask(t, session(t, driver, neo4j.AccessModeWrite), cypher, nil); err != nil {
			t.Fatalf("%s: %v", cypher, err)
		}
	}
	got, _, err := ask(t, session(t, driver, neo4j.AccessModeRead),
		"MATCH (a:Extra)-[k:TO]->(b) OPTIONAL MATCH (c:C) RETURN properties(a), properties(k), labels(a), b.name, c", nil)
	want := [][]any{{map[string]any{"x": int64(1)}, map[string]any{"n": int64(1), "seen": true}, list("A", "Extra"), "b", nil}}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v\n%s", err, diff)
	}
	got, _, err = ask(t, session(t, driver, neo4j.AccessModeRead), "SHOW INDEXES YIELD name, type, entityType, labelsOrTypes, properties", nil)
	if diff := cmp.Diff([][]any{{"by_name", "RANGE", "NODE", list("A"), list("name")}}, got); diff != "" || err != nil {
		t.Errorf("%v\n%s", err, diff)
	}
	_, _, err = ask(t, session(t, driver, neo4j.AccessModeWrite), "MATCH (b:B) DELETE b", nil)
	if codeOf(err) != "Neo.ClientError.Schema.ConstraintValidationFailed" {
		t.Error(err)
	}
}

func TestADocumentThatDoesNotFitChangesNothing(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	for text, want := range map[string]string{
		`{`: "unexpected end", `{"classes":[{}]}`: "classes[0].class: empty",
		`{"classes":[{"class":"A","calls":[{"method":"m","to":"B"}]}]}`: `classes[0].calls[0]: no method "m"`,
	} {
		if err := server.Load([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", text, err)
		}
	}
	if err := server.Load(graphtest.Example()); err != nil {
		t.Error(err)
	}
	got, _, err := ask(t, session(t, open(t, server), neo4j.AccessModeRead), "MATCH (m:Method) RETURN count(m)", nil)
	if err != nil || got[0][0] != int64(9) {
		t.Errorf("%v, %v", got, err)
	}
}
