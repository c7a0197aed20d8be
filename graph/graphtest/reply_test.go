package graphtest_test

import (
	"context"
	"testing"
	"time"

	"github.com/neo4j/neo4j-go-driver/v5/neo4j"

	"github.com/fourkites/sources/graph/graphtest"
)

func TestRepliesTakeTurnsAndStay(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	s := session(t, open(t, server), neo4j.AccessModeRead)
	one := func(n int) graphtest.Reply { return graphtest.Reply{Fields: []string{"n"}, Records: [][]any{{n}}} }
	server.ReplyTo("apoc", one(1), one(2))
	server.ReplyTo("broken", graphtest.Reply{Err: &graphtest.ServerError{Code: graphtest.CodeDeadlock, Message: "deadlock"}})
	_, summary, err := ask(t, s, "EXPLAIN CALL apoc.x() YIELD n", nil)
	if err != nil || summary.StatementType() != neo4j.StatementTypeReadOnly {
		t.Errorf("%v, %v", summary, err)
	}
	for _, want := range []int64{1, 2, 2} {
		got, _, err := ask(t, s, "CALL apoc.x() YIELD n", nil)
		if err != nil || got[0][0] != want {
			t.Errorf("%v, %v; want %d", got, err, want)
		}
	}
	if _, _, err := ask(t, s, "broken", nil); codeOf(err) != graphtest.CodeDeadlock {
		t.Error(err)
	}
	server.ClearReplies()
	if _, _, err := ask(t, s, "CALL apoc.x() YIELD n", nil); codeOf(err) != graphtest.CodeProcedureNotFound {
		t.Error(err)
	}
	requests := server.Requests()
	if len(requests) != 6 || !requests[0].Explain || requests[0].Cypher != "CALL apoc.x() YIELD n" || requests[1].Explain {
		t.Errorf("%+v", requests)
	}
	server.ForgetRequests()
	if len(server.Requests()) != 0 {
		t.Error("requests are there after they were forgotten")
	}
}

func TestAScriptedStatementThatWritesIsRefusedToReaders(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	server.ReplyTo("gds", graphtest.Reply{Fields: []string{"n"}, Type: "rw", Stats: map[string]any{"nodes-created": 2}})
	driver := open(t, server)
	if _, _, err := ask(t, session(t, driver, neo4j.AccessModeRead), "CALL gds.x()", nil); codeOf(err) != graphtest.CodeAccessMode {
		t.Error(err)
	}
	_, summary, err := ask(t, session(t, driver, neo4j.AccessModeWrite), "CALL gds.x()", nil)
	if err != nil || summary.Counters().NodesCreated() != 2 {
		t.Errorf("%+v, %v", summary, err)
	}
}

func TestDroppedConnectionsTakeTheirTransactionsAlong(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	server.SetTransactionTimeout(time.Hour)
	driver := open(t, server)
	tx, err := session(t, driver, neo4j.AccessModeWrite).BeginTransaction(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Run(t.Context(), "CREATE (:Lost)", nil); err != nil {
		t.Fatal(err)
	}
	if open := server.Transactions(); len(open) != 1 || open[0].Timeout != time.Hour || open[0].Statement != "CREATE (:Lost)" || open[0].Reading {
		t.Errorf("%+v", open)
	}
	server.DropConnections()
	eventually(t, func() bool { return len(server.Transactions()) == 0 })
	if err := tx.Commit(t.Context()); err == nil {
		t.Error("committed over a connection that is gone")
	}
	got, _, err := ask(t, session(t, driver, neo4j.AccessModeWrite), "MATCH (l:Lost) RETURN count(l)", nil)
	if err != nil || got[0][0] != int64(0) {
		t.Errorf("%v, %v", got, err)
	}
}

func TestWritersWaitForOneAnother(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	driver := open(t, server)
	first, err := session(t, driver, neo4j.AccessModeWrite).BeginTransaction(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := first.Run(t.Context(), "CREATE (:Turn)", nil); err != nil {
		t.Fatal(err)
	}
	second := make(chan error, 1)
	go func() {
		s := driver.NewSession(t.Context(), neo4j.SessionConfig{})
		defer func() { _ = s.Close(context.WithoutCancel(t.Context())) }()
		_, err := outcome(t.Context(), s, "MATCH (t:Turn) CREATE (:Turn)")
		second <- err
	}()
	eventually(t, func() bool { return server.Running() == 1 && len(server.Transactions()) == 2 })
	if err := first.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := <-second; err != nil {
		t.Fatal(err)
	}
	got, _, err := ask(t, session(t, driver, neo4j.AccessModeRead), "MATCH (t:Turn) RETURN count(t)", nil)
	if err != nil || got[0][0] != int64(2) {
		t.Errorf("%v, %v", got, err)
	}
}

func TestTheDriverLogsInAnewOnAnOpenConnection(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	server.AddUser("other", "secret-of-the-other")
	driver := open(t, server)
	before := session(t, driver, neo4j.AccessModeRead)
	if _, err := outcome(t.Context(), before, three); err != nil {
		t.Fatal(err)
	}
	if err := before.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	token := neo4j.BasicAuth("other", "secret-of-the-other", "")
	s := driver.NewSession(t.Context(), neo4j.SessionConfig{AccessMode: neo4j.AccessModeRead, Auth: &token})
	defer func() { _ = s.Close(context.WithoutCancel(t.Context())) }()
	if _, err := outcome(t.Context(), s, three); err != nil {
		t.Fatal(err)
	}
	if r := server.Requests(); r[1].User != "other" || r[1].Connection != r[0].Connection {
		t.Errorf("%+v", r)
	}
}
