package graphtest_test

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/neo4j/neo4j-go-driver/v5/neo4j"

	"github.com/fourkites/sources/internal/engines"
)

// The real server is asked what the fake is asked: both must answer alike.
func TestARealNeo4jAnswersLikeThisOne(t *testing.T) {
	t.Parallel()
	server := engines.Neo4j(t)
	driver, err := neo4j.NewDriverWithContext("bolt://"+server.Addr, neo4j.BasicAuth(engines.Neo4jUser, server.Password, ""))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = driver.Close(context.WithoutCancel(t.Context())) }()
	copyGraph(t, open(t, newServer(t)), driver)
	reader := session(t, driver, neo4j.AccessModeRead)
	for cypher, want := range answers {
		got, _, err := ask(t, reader, cypher, params)
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%s: %v\n%s", cypher, err, diff)
		}
	}
	for cypher, code := range refused {
		if _, _, err := ask(t, reader, cypher, nil); codeOf(err) != code {
			t.Errorf("%.60q: %v", cypher, err)
		}
	}
	for _, cypher := range writing {
		if _, _, err := ask(t, reader, cypher, nil); codeOf(err) != "Neo.ClientError.Statement.AccessMode" {
			t.Errorf("%s: %v", cypher, err)
		}
	}
	for cypher, kind := range kinds {
		_, summary, err := ask(t, reader, "EXPLAIN "+cypher, nil)
		if err != nil {
			t.Errorf("EXPLAIN %s: %v", cypher, err)
		} else if got := summary.StatementType(); got != kind {
			t.Errorf("EXPLAIN %s: %d, want %d", cypher, got, kind)
		}
	}
}

// copyGraph makes in one server what is in the other.
func copyGraph(t *testing.T, from, to neo4j.DriverWithContext) {
	t.Helper()
	read, write := session(t, from, neo4j.AccessModeRead), session(t, to, neo4j.AccessModeWrite)
	nodes, _, err := ask(t, read, "MATCH (n) RETURN labels(n)[0], properties(n), elementId(n)", nil)
	if err != nil {
		t.Fatal(err)
	}
	place := map[any]any{}
	for _, n := range nodes {
		made, _, err := ask(t, write, "CREATE (n:"+n[0].(string)+") SET n = $props RETURN elementId(n)", map[string]any{"props": n[1]})
		if err != nil {
			t.Fatal(err)
		}
		place[n[2]] = made[0][0]
	}
	relationships, _, err := ask(t, read, "MATCH (a)-[r]->(b) RETURN type(r), properties(r), elementId(a), elementId(b)", nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range relationships {
		_, _, err := ask(t, write, "MATCH (a), (b) WHERE elementId(a) = $from AND elementId(b) = $to CREATE (a)-[r:"+r[0].(string)+"]->(b) SET r = $props",
			map[string]any{"from": place[r[2]], "to": place[r[3]], "props": r[1]})
		if err != nil {
			t.Fatal(err)
		}
	}
}
