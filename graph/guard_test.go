package graph_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/graph"
	"github.com/fourkites/sources/graph/graphtest"
)

func fake(t testing.TB) *graphtest.Server {
	t.Helper()
	server := graphtest.NewServer()
	t.Cleanup(server.Close)
	if err := server.Err(); err != nil {
		t.Fatal(err)
	}
	return server
}

func newClient(t testing.TB, cfg graph.Config, opts ...base.Option) *graph.Client {
	t.Helper()
	c, err := graph.New(t.Context(), cfg, opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

func ask(t testing.TB, c *graph.Client, cypher string) error {
	t.Helper()
	r, err := c.Query(t.Context(), graph.Query{Cypher: cypher})
	if err != nil {
		return err
	}
	for _, err := range r.All() {
		if err != nil {
			return err
		}
	}
	return nil
}

func TestStatementsThatReachOutAreNotSent(t *testing.T) {
	t.Parallel()
	server := fake(t)
	c := newClient(t, server.Config())
	for cypher, kind := range map[string]error{
		"LOAD CSV FROM 'file:///etc/passwd' AS l RETURN l":                         base.ErrPermission,
		"load\tcsv with headers FROM $url AS l RETURN l":                           base.ErrPermission,
		"LOAD/* */CSV FROM $url AS l RETURN l":                                     base.ErrPermission,
		"LOAD // CSV\n CSV FROM $url AS l RETURN l":                                base.ErrPermission,
		"LOAD\u00a0CSV FROM $url AS l RETURN l":                                    base.ErrPermission,
		"LOAD\u180eCSV FROM $url AS l RETURN l":                                    base.ErrPermission,
		"LOAD\x1fCSV FROM $url AS l RETURN l":                                      base.ErrPermission,
		"CALL { LOAD CSV FROM $url AS l RETURN l } RETURN l":                       base.ErrPermission,
		"CALL (x) { WITH x LOAD CSV FROM $url AS l RETURN l } RETURN l":            base.ErrPermission,
		"RETURN EXISTS { LOAD CSV FROM $url AS l RETURN l }":                       base.ErrPermission,
		"RETURN '\\' LOAD CSV' LOAD CSV FROM $url AS l RETURN l":                   base.ErrPermission,
		"L\\u004FAD CSV FROM $url AS l RETURN l":                                   base.ErrInvalid,
		"RETURN '\\u0027 LOAD CSV FROM $url AS l RETURN l //'":                     base.ErrInvalid,
		"TERMINATE TRANSACTION 'neo4j-transaction-1'":                              base.ErrPermission,
		"SHOW TRANSACTIONS YIELD transactionId AS i TERMINATE /**/ TRANSACTIONS i": base.ErrPermission,
		"CALL dbms.killConnection('bolt-1')":                                       base.ErrPermission,
		"CALL `dbms`./**/`killConnection`('bolt-1')":                               base.ErrPermission,
		"CALL `dbms.killConnection`('bolt-1')":                                     base.ErrPermission,
		"OPTIONAL CALL DBMS.KillConnections(['bolt-1'])":                           base.ErrPermission,
		"CALL db.clearQueryCaches":                                                 base.ErrPermission,
		"CALL apoc.cypher.doIt('CREATE (n)', {})":                                  base.ErrPermission,
		"CALL apoc.load.json($url)":                                                base.ErrPermission,
		"CALL apoc.periodic.iterate('a', 'b', {})":                                 base.ErrPermission,
		"RETURN apoc.cypher.runFirstColumnSingle('RETURN 1', {})":                  base.ErrPermission,
		"RETURN apoc.`cypher`.runFirstColumnMany('RETURN 1', {})":                  base.ErrPermission,
		"RETURN genai.vector.encode('x', 'OpenAI', {})":                            base.ErrPermission,
		"RETURN [1, 2][0..apoc.cypher.runFirstColumnSingle('RETURN 1', {})]":       base.ErrPermission,
		"RETURN [1, 2][0 . /**/ . `genai`.vector.encode('x', 'OpenAI', {})]":       base.ErrPermission,
		"RETURN [1, 2][..com.example.anything(1)]":                                 base.ErrPermission,
		"RETURN 1 //\r UNION LOAD CSV FROM $url AS l RETURN l":                     base.ErrPermission,
		"RETURN com.example.anything(1)":                                           base.ErrPermission,
		"CALL com.example.anything()":                                              base.ErrPermission,
		"RETURN 1; RETURN 2":                                                       base.ErrInvalid,
		"RETURN 1;/**/CREATE (n)":                                                  base.ErrInvalid,
		"PROFILE MATCH (n) RETURN n":                                               base.ErrInvalid,
		"RETURN 'open":                                                             base.ErrInvalid,
		"RETURN 1 /* open":                                                         base.ErrInvalid,
		"RETURN `open":                                                             base.ErrInvalid,
		"RETURN '\xff'":                                                            base.ErrInvalid,
		" ":                                                                        base.ErrInvalid,
		"RETURN '" + strings.Repeat("x", 256<<10) + "'":                            base.ErrInvalid,
	} {
		err := ask(t, c, cypher)
		if e, ok := errors.AsType[*base.Error](err); !ok || !errors.Is(err, kind) || e.Sent != base.NotSent {
			t.Errorf("%.80q: %v", cypher, err)
		}
	}
	if sent := server.Requests(); len(sent) > 0 {
		t.Errorf("%d were sent, such as %s", len(sent), sent[0].Cypher)
	}
}

func TestWordsThatOnlyLookLikeItAreSent(t *testing.T) {
	t.Parallel()
	server := fake(t)
	config := server.Config()
	config.Procedures = []string{"gds.graph.list", "com.example.*"}
	c := newClient(t, config)
	for _, cypher := range []string{
		"RETURN 'LOAD CSV', \"TERMINATE TRANSACTION\" AS x",
		"MATCH (n:Class) RETURN n.load AS `LOAD CSV` // LOAD CSV",
		"RETURN $load, $csv",
		"CALL apoc.path.expand(1)",
		"CALL gds.graph.list()",
		"RETURN com.example.anything(1), date.truncate('day', x), point.distance(a, b)",
		"CALL { MATCH (n) RETURN n } RETURN n;",
		"MATCH (call:Call) WHERE n.call RETURN 1",
		"RETURN [1, 2][0..size(x)], x[n.first..n.last], [1, 2][date.truncate('day', x)..2]",
	} {
		server.ReplyTo(cypher, graphtest.Reply{Fields: []string{"x"}, Records: [][]any{{int64(1)}}})
		if err := ask(t, c, cypher); err != nil {
			t.Errorf("%s: %v", cypher, err)
		}
		server.ClearReplies()
	}
}

func TestAPlanThatWritesIsNotRun(t *testing.T) {
	t.Parallel()
	server := fake(t)
	c := newClient(t, server.Config())
	for range 2 {
		if err := ask(t, c, "CREATE (n:Escaped)"); !errors.Is(err, base.ErrPermission) {
			t.Error(err)
		}
	}
	for range 3 {
		if err := ask(t, c, "MATCH (n:Class) RETURN count(n)"); err != nil {
			t.Error(err)
		}
	}
	plans, runs := 0, 0
	for _, r := range server.Requests() {
		switch {
		case !r.Reading:
			t.Errorf("not in access mode READ: %+v", r)
		case r.Explain:
			plans++
		case strings.HasPrefix(r.Cypher, "CREATE"):
			t.Errorf("it was run: %+v", r)
		default:
			runs++
		}
	}
	if plans != 3 || runs != 3 {
		t.Errorf("%d plans, %d runs: a text that reads is planned once, one that writes each time", plans, runs)
	}
}

func TestAPlanOfTheSchemaIsRunOnlyWhereItBeginsAsAQuestion(t *testing.T) {
	t.Parallel()
	server := fake(t)
	c := newClient(t, server.Config())
	for _, cypher := range []string{
		"CREATE INDEX x FOR (n:Class) ON (n.a)", "CYPHER 5 runtime=slotted CREATE INDEX x FOR (n:Class) ON (n.a)",
		"CYPHER match=create CREATE INDEX x FOR (n:Class) ON (n.a)", "USE neo4j CREATE INDEX x FOR (n:Class) ON (n.a)", "ALTER USER a SET PASSWORD 'b'",
	} {
		server.ReplyTo(cypher, graphtest.Reply{Fields: []string{"x"}, Type: "s"})
		if err := ask(t, c, cypher); !errors.Is(err, base.ErrPermission) {
			t.Errorf("%s: %v", cypher, err)
		}
	}
	for _, r := range server.Requests() {
		if !r.Explain {
			t.Errorf("it was run: %s", r.Cypher)
		}
	}
	for _, cypher := range []string{"SHOW DATABASES", "CYPHER 5 SHOW DATABASES", "CALL dbms.components()"} {
		server.ReplyTo(cypher, graphtest.Reply{Fields: []string{"x"}, Type: "s"})
		if err := ask(t, c, cypher); err != nil {
			t.Errorf("%s: %v", cypher, err)
		}
	}
}

func TestATransactionSaysWhoseItIsAndHowLongItMayTake(t *testing.T) {
	t.Parallel()
	server := fake(t)
	config := server.Config()
	config.Name = "code"
	c := newClient(t, config)
	r, err := c.Query(t.Context(), graph.Query{Cypher: "MATCH (n:Class) RETURN n", Timeout: 20e9})
	if err != nil {
		t.Fatal(err)
	}
	id := r.Stats().QueryID
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	for _, sent := range server.Requests() {
		if sent.Metadata["call"] != id || sent.Metadata["app"] != "code" || sent.Metadata["op"] != "Query" || sent.Timeout != 20e9 {
			t.Errorf("%+v", sent)
		}
	}
}

func TestATransactionMayTakeNoLongerThanTheOperatorAllows(t *testing.T) {
	t.Parallel()
	server := fake(t)
	config := server.Config()
	config.MaxExecution = base.Duration(10e9)
	c := newClient(t, config)
	for timeout, want := range map[time.Duration]time.Duration{0: 10e9, 4e9: 4e9, 40e9: 10e9} {
		before := len(server.Requests())
		r, err := c.Query(t.Context(), graph.Query{Cypher: "RETURN 1 AS x", Timeout: timeout})
		if err != nil {
			t.Fatal(err)
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
		for _, sent := range server.Requests()[before:] {
			if sent.Timeout != want {
				t.Errorf("%s of the caller: %s", timeout, sent.Timeout)
			}
		}
	}
}
