package graphtest_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/neo4j/neo4j-go-driver/v5/neo4j"
	"github.com/neo4j/neo4j-go-driver/v5/neo4j/config"

	"github.com/fourkites/sources/graph/graphtest"
)

// newServer is a server that ends with the test.
func newServer(t *testing.T) *graphtest.Server {
	t.Helper()
	server := graphtest.NewServer()
	t.Cleanup(server.Close)
	if err := server.Err(); err != nil {
		t.Fatal(err)
	}
	return server
}

// open is the real driver, without retries.
func open(t *testing.T, server *graphtest.Server, changes ...func(*config.Config)) neo4j.DriverWithContext {
	t.Helper()
	driver, err := neo4j.NewDriverWithContext("bolt://"+server.Addr(),
		neo4j.BasicAuth(graphtest.DefaultUser, graphtest.DefaultPassword, ""), func(c *config.Config) {
			c.MaxTransactionRetryTime = 0
			for _, change := range changes {
				change(c)
			}
		})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = driver.Close(context.WithoutCancel(t.Context())) })
	return driver
}

// session is one that ends with the test.
func session(t *testing.T, driver neo4j.DriverWithContext, mode neo4j.AccessMode) neo4j.SessionWithContext {
	t.Helper()
	s := driver.NewSession(t.Context(), neo4j.SessionConfig{AccessMode: mode, FetchSize: 2})
	t.Cleanup(func() { _ = s.Close(context.WithoutCancel(t.Context())) })
	return s
}

// ask runs one statement and returns its values.
func ask(t *testing.T, s neo4j.SessionWithContext, cypher string, params map[string]any) ([][]any, neo4j.ResultSummary, error) {
	t.Helper()
	result, err := s.Run(t.Context(), cypher, params)
	if err != nil {
		return nil, nil, err
	}
	records, err := result.Collect(t.Context())
	if err != nil {
		return nil, nil, err
	}
	var all [][]any
	for _, r := range records {
		all = append(all, r.Values)
	}
	summary, err := result.Consume(t.Context())
	return all, summary, err
}

func codeOf(err error) string {
	if e, ok := errors.AsType[*neo4j.Neo4jError](err); ok {
		return e.Code
	}
	return ""
}

func TestEveryVersionOfTheProtocolAnswersTheDriver(t *testing.T) {
	t.Parallel()
	for _, version := range [][2]int{{5, 8}, {5, 7}, {5, 4}, {5, 1}, {5, 0}, {4, 4}} {
		server := newServer(t)
		server.UseProtocol(version[0], version[1])
		driver := open(t, server)
		at := time.Date(2026, 5, 1, 10, 0, 0, 5, time.FixedZone("Offset", 3600))
		want := []any{nil, true, int64(-17), int64(1) << 40, 1.5, "text", []byte{1}, []any{int64(200), "b"}, map[string]any{"a": int64(70_000)}}
		got, _, err := ask(t, session(t, driver, neo4j.AccessModeRead), "RETURN $v, $at", map[string]any{"v": want, "at": at})
		if err != nil {
			t.Fatalf("%v: %v", version, err)
		}
		if diff := cmp.Diff([]any{want}, got[0][:1]); diff != "" {
			t.Errorf("%v: %s", version, diff)
		}
		if back, ok := got[0][1].(time.Time); !ok || !back.Equal(at) {
			t.Errorf("%v: %v came back as %v", version, at, got[0][1])
		}
		info, err := driver.GetServerInfo(t.Context())
		if err != nil || info.ProtocolVersion().Major != version[0] || info.ProtocolVersion().Minor != version[1] || info.Agent() != "Neo4j/"+graphtest.Version {
			t.Errorf("%v: %+v, %v", version, info, err)
		}
		nodes, _, err := ask(t, session(t, driver, neo4j.AccessModeRead),
			"MATCH p = (c:Class {name: 'EtaController'})-[:HAS_METHOD]->(m) RETURN c, p, m", nil)
		if err != nil || len(nodes) != 1 {
			t.Fatalf("%v: %v, %v", version, nodes, err)
		}
		class, ok := nodes[0][0].(neo4j.Node)
		if !ok || class.Props["service"] != "eta-service" || !cmp.Equal(class.Labels, []string{"Class"}) {
			t.Errorf("%v: %+v", version, nodes[0][0])
		}
		if way, ok := nodes[0][1].(neo4j.Path); !ok || len(way.Nodes) != 2 || way.Relationships[0].Type != "HAS_METHOD" {
			t.Errorf("%v: %+v", version, nodes[0][1])
		}
	}
}

func TestRecordsComeInTheirOrderAsTheyArePulled(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	got, _, err := ask(t, session(t, open(t, server), neo4j.AccessModeRead), "UNWIND range(1, 7) AS n RETURN n", nil)
	if err != nil || len(got) != 7 || got[6][0] != int64(7) {
		t.Errorf("%v, %v", got, err)
	}
	if r := server.Requests(); len(r) != 1 || r[0].Records != 7 || !r[0].Finished || !r[0].Reading || !r[0].Implicit {
		t.Errorf("%+v", r)
	}
	if server.Running() != 0 || len(server.Transactions()) != 0 {
		t.Errorf("%d running, %v", server.Running(), server.Transactions())
	}
}

// writing are statements that access mode READ refuses.
var writing = []string{
	"CREATE (:A)", "MATCH (n) SET n.a = 1 RETURN n", "CREATE INDEX x FOR (n:A) ON (n.a)", "MERGE (a:A) RETURN a", "MATCH (n) DETACH DELETE n",
	"CALL db.createLabel('x')",
}

// kinds are the types that EXPLAIN tells.
var kinds = map[string]neo4j.StatementType{
	"MATCH (n) RETURN n": neo4j.StatementTypeReadOnly, "CREATE (a:A) RETURN a": neo4j.StatementTypeReadWrite,
	"CREATE (:A)": neo4j.StatementTypeWriteOnly, "SHOW DATABASES": neo4j.StatementTypeSchemaWrite,
	"CALL dbms.components()": neo4j.StatementTypeSchemaWrite, "TERMINATE TRANSACTION 'x'": neo4j.StatementTypeReadOnly,
	"SHOW INDEXES": neo4j.StatementTypeReadOnly, "CREATE INDEX x FOR (n:A) ON (n.a)": neo4j.StatementTypeSchemaWrite,
	"MATCH (n {set: 1}) RETURN n.create": neo4j.StatementTypeReadOnly, "CALL db.labels()": neo4j.StatementTypeReadOnly,
	"SHOW TRANSACTIONS": neo4j.StatementTypeReadOnly, "SHOW CONSTRAINTS": neo4j.StatementTypeReadOnly,
	"MATCH (n) DETACH DELETE n": neo4j.StatementTypeWriteOnly, "SHOW USERS": neo4j.StatementTypeSchemaWrite,
	"CALL db.clearQueryCaches()": neo4j.StatementTypeSchemaWrite, "CALL dbms.killConnection('x')": neo4j.StatementTypeSchemaWrite,
}

func TestReadingRefusesWhatWrites(t *testing.T) {
	t.Parallel()
	s := session(t, open(t, newServer(t)), neo4j.AccessModeRead)
	for _, cypher := range writing {
		if _, _, err := ask(t, s, cypher, nil); codeOf(err) != graphtest.CodeAccessMode {
			t.Errorf("%s: %v", cypher, err)
		}
	}
	for cypher, kind := range kinds {
		rows, summary, err := ask(t, s, "EXPLAIN "+cypher, nil)
		if err != nil || len(rows) > 0 || summary.StatementType() != kind || summary.Plan() == nil {
			t.Errorf("%s: %v, %v", cypher, summary, err)
		}
	}
}

func TestAWrongPasswordLocksTheAccountAtTheFourth(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	login := func(password string) string {
		driver, err := neo4j.NewDriverWithContext("bolt://"+server.Addr(), neo4j.BasicAuth(graphtest.DefaultUser, password, ""))
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = driver.Close(t.Context()) }()
		return codeOf(driver.VerifyConnectivity(t.Context()))
	}
	for range 3 {
		if code := login("wrong"); code != graphtest.CodeUnauthorized {
			t.Error(code)
		}
	}
	for _, password := range []string{"wrong", graphtest.DefaultPassword} {
		if code := login(password); code != graphtest.CodeRateLimit {
			t.Errorf("%s: %s", password, code)
		}
	}
	server.SetLockTime(0)
	if code := login(graphtest.DefaultPassword); code != "" {
		t.Error(code)
	}
	if tried, refused := server.Logins(); tried != 6 || refused != 5 {
		t.Errorf("%d tried, %d refused", tried, refused)
	}
}

func TestWritesTakeEffectWithTheirCommit(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	driver := open(t, server)
	s := session(t, driver, neo4j.AccessModeWrite)
	tx, err := s.BeginTransaction(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	result, err := tx.Run(t.Context(), "UNWIND $names AS name MERGE (s:Service {name: name}) ON CREATE SET s.made = true RETURN s.name", map[string]any{"names": []string{"new", "eta-service"}})
	if err != nil {
		t.Fatal(err)
	}
	summary, err := result.Consume(t.Context())
	if err != nil || summary.Counters().NodesCreated() != 1 {
		t.Errorf("%+v, %v", summary, err)
	}
	count := func() any {
		got, _, err := ask(t, session(t, driver, neo4j.AccessModeRead), "MATCH (s:Service) RETURN count(*)", nil)
		if err != nil {
			t.Fatal(err)
		}
		return got[0][0]
	}
	if n := count(); n != int64(3) {
		t.Errorf("%v services before the commit", n)
	}
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := count(); n != int64(4) {
		t.Errorf("%v services after the commit", n)
	}
	if _, _, err := ask(t, s, "MATCH (s:Service {made: true}) DETACH DELETE s", nil); err != nil || count() != int64(3) {
		t.Errorf("%v, %v services after the delete", err, count())
	}
}

func TestATransactionEndsWhenItsTimeIsOver(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	server.ReplyTo("slow", graphtest.Reply{Fields: []string{"n"}, Records: [][]any{{1}}, Delay: time.Minute})
	s := session(t, open(t, server), neo4j.AccessModeRead)
	_, err := s.Run(t.Context(), "RETURN slow", nil, neo4j.WithTxTimeout(50*time.Millisecond))
	if codeOf(err) != graphtest.CodeTimedOut {
		t.Error(err)
	}
	if r := server.Requests()[0]; r.Timeout != 50*time.Millisecond || r.Code != graphtest.CodeTimedOut || server.Running() != 0 {
		t.Errorf("%+v, %d running", r, server.Running())
	}
}

func TestACancelledCallIsGoneFromTheServer(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	server.ReplyTo("slow", graphtest.Reply{Fields: []string{"n"}, Records: [][]any{{1}}, Repeat: -1, Pause: time.Millisecond})
	ctx, cancel := context.WithCancel(t.Context())
	s := open(t, server).NewSession(ctx, neo4j.SessionConfig{AccessMode: neo4j.AccessModeRead})
	result, err := s.Run(ctx, "RETURN slow", nil)
	if err != nil || !result.Next(ctx) {
		t.Fatal(err, result.Err())
	}
	if server.Running() != 1 || len(server.Transactions()) != 1 {
		t.Errorf("%d running, %v", server.Running(), server.Transactions())
	}
	cancel()
	for result.Next(ctx) {
	}
	_ = s.Close(context.WithoutCancel(ctx))
	eventually(t, func() bool { return server.Running() == 0 && len(server.Transactions()) == 0 })
	if r := server.Requests()[0]; !r.Cancelled {
		t.Errorf("%+v", r)
	}
}

func TestTerminateEndsAnotherTransaction(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	driver := open(t, server)
	tx, err := session(t, driver, neo4j.AccessModeRead).BeginTransaction(t.Context(), neo4j.WithTxMetadata(map[string]any{"app": "test"}))
	if err != nil {
		t.Fatal(err)
	}
	other := session(t, driver, neo4j.AccessModeRead)
	got, _, err := ask(t, other, "SHOW TRANSACTIONS YIELD transactionId, metaData", nil)
	if err != nil || len(got) != 2 {
		t.Fatalf("%v, %v", got, err)
	}
	if _, _, err := ask(t, other, "TERMINATE TRANSACTIONS $id", map[string]any{"id": got[0][0]}); err != nil {
		t.Fatal(err)
	}
	_, err = tx.Run(t.Context(), "RETURN 1", nil)
	if code := codeOf(err); code != "Neo.ClientError.Transaction.Terminated" { // the driver renames it
		t.Errorf("%v", err)
	}
}

// eventually waits for what happens at the server a little later.
func eventually(t *testing.T, holds func() bool) {
	t.Helper()
	deadline := time.NewTimer(10 * time.Second)
	defer deadline.Stop()
	ticker := time.NewTicker(time.Millisecond)
	defer ticker.Stop()
	for !holds() {
		select {
		case <-deadline.C:
			t.Fatal("it never came to hold")
		case <-ticker.C:
		}
	}
}
