package graphtest_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/neo4j/neo4j-go-driver/v5/neo4j"
	"github.com/neo4j/neo4j-go-driver/v5/neo4j/config"

	"github.com/fourkites/sources/base/fault"
	"github.com/fourkites/sources/graph/graphtest"
)

const three = "UNWIND range(1, 3) AS n RETURN n"

// outcome is what the driver makes of one statement.
func outcome(ctx context.Context, s neo4j.SessionWithContext, cypher string) (records int, err error) {
	result, err := s.Run(ctx, cypher, nil)
	if err != nil {
		return 0, err
	}
	for result.Next(ctx) {
		records++
	}
	return records, result.Err()
}

func TestEveryFaultOfAStatementIsSeenByTheDriver(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		fault   fault.Fault
		records int
		code    string
		broken  bool // the connection is over
	}{
		{fault.Reset(), 0, "", true},
		{fault.Cut(0), 0, "", true},
		{fault.Cut(9), 0, "", true},
		{fault.Garbage(), 0, "", true},
		{fault.HostileLength(), 0, "", true},
		{fault.MalformedBlock(), 0, "", true},
		{fault.CorruptCompression(), 0, "", true},
		{fault.CutMidBody(), 0, "", true},
		{fault.ResetMidBody(), 0, "", true},
		{fault.Refuse(), 0, "", true},
		{fault.Status(503), 0, graphtest.CodeDatabaseUnavailable, false},
		{fault.RetryAfter("1"), 0, graphtest.CodeNoThreads, false},
		{fault.Error(1, "it broke"), 0, graphtest.CodeUnknown, false},
		{graphtest.Error(graphtest.CodeDeadlock, "deadlock"), 0, graphtest.CodeDeadlock, false},
		{graphtest.ErrorAfter(2, graphtest.CodeMemoryPool, "memory"), 2, graphtest.CodeMemoryPool, false},
		{fault.Delay(time.Millisecond), 3, "", false},
		{fault.Slow(16, time.Microsecond), 3, "", false},
	} {
		t.Run(tc.fault.String(), func(t *testing.T) {
			t.Parallel()
			server := newServer(t)
			server.Fail(tc.fault, 1)
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			s := session(t, open(t, server), neo4j.AccessModeRead)
			records, err := outcome(ctx, s, three)
			if codeOf(err) != tc.code || (err == nil) != (tc.records == 3) || tc.fault.Kind != fault.KindResetMidBody && records > tc.records {
				t.Errorf("%d records, %v", records, err)
			}
			if tc.fault.Kind == fault.KindError && records != tc.records {
				t.Errorf("%d records before the error", records)
			}
			_ = s.Close(t.Context()) // the driver leaves a broken connection with the session
			again := session(t, open(t, server), neo4j.AccessModeRead)
			if records, err := outcome(t.Context(), again, three); records != 3 || err != nil {
				t.Errorf("the next one: %d records, %v", records, err)
			}
			eventually(t, func() bool { return server.Running() == 0 && len(server.Transactions()) == 0 })
		})
	}
}

func TestASilentServerIsLeftByTheClientAndThenForgets(t *testing.T) {
	t.Parallel()
	for _, f := range []fault.Fault{fault.Silent(), fault.IgnoreCancel(), fault.Oversized(), fault.Bomb()} {
		server := newServer(t)
		server.Fail(f, 1)
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		s := session(t, open(t, server), neo4j.AccessModeRead)
		if _, err := outcome(ctx, s, three); err == nil {
			t.Errorf("%v: an answer", f)
		}
		cancel()
		eventually(t, func() bool { return server.Running() == 0 && len(server.Transactions()) == 0 })
		if r := server.Requests(); len(r) != 1 || !r[0].Cancelled {
			t.Errorf("%v: %+v", f, r)
		}
	}
}

func TestEveryFaultOfAConnectionIsSeenByTheDriver(t *testing.T) {
	t.Parallel()
	for _, f := range []fault.Fault{
		fault.Refuse(), fault.WrongPassword(), fault.Silent().OnConnect(), fault.Garbage().OnConnect(), fault.Reset().OnConnect(),
		fault.HostileLength().OnConnect(), fault.Cut(4).OnConnect(), fault.Cut(12).OnConnect(), fault.Status(503).OnConnect(),
		fault.Error(1, "no").OnConnect(),
	} {
		t.Run(f.String(), func(t *testing.T) {
			t.Parallel()
			server := newServer(t)
			server.Fail(f, 1)
			ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
			defer cancel()
			driver := open(t, server)
			if _, err := outcome(ctx, session(t, driver, neo4j.AccessModeRead), three); err == nil {
				t.Error("an answer")
			} else if f.Kind == fault.KindWrongPassword && codeOf(err) != graphtest.CodeUnauthorized {
				t.Error(err)
			}
			if records, err := outcome(t.Context(), session(t, driver, neo4j.AccessModeRead), three); records != 3 || err != nil {
				t.Errorf("the next one: %d records, %v", records, err)
			}
		})
	}
}

func TestACommitThatIsCutHasTakenEffect(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		fault  fault.Fault
		effect bool
	}{
		{fault.Reset(), true},
		{fault.Cut(0), true},
		{fault.Silent(), true},
		{fault.Garbage(), true},
		{fault.Delay(time.Millisecond), true},
		{graphtest.Error(graphtest.CodeNotALeader, "elsewhere"), false},
	} {
		server := newServer(t)
		server.FailCommit(tc.fault, 1)
		driver := open(t, server)
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		tx, err := session(t, driver, neo4j.AccessModeWrite).BeginTransaction(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := tx.Run(ctx, "CREATE (:Made)", nil); err != nil {
			t.Fatal(err)
		}
		if err := tx.Commit(ctx); (err == nil) != (tc.fault.Kind == fault.KindDelay) {
			t.Errorf("%v: %v", tc.fault, err)
		}
		cancel()
		records, err := outcome(t.Context(), session(t, driver, neo4j.AccessModeRead), "MATCH (m:Made) RETURN m")
		if err != nil || (records == 1) != tc.effect {
			t.Errorf("%v: %d made, %v", tc.fault, records, err)
		}
	}
}

func TestAPasswordCanBeChangedAllowedExpiredAndRemoved(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	driver := open(t, server)
	s := session(t, driver, neo4j.AccessModeRead)
	if _, err := outcome(t.Context(), s, three); err != nil {
		t.Fatal(err)
	}
	server.SetPassword(graphtest.DefaultUser, "new")
	if _, err := outcome(t.Context(), s, three); err != nil {
		t.Errorf("an open connection: %v", err)
	}
	fresh := func() string {
		_, err := outcome(t.Context(), session(t, open(t, server), neo4j.AccessModeRead), three)
		return codeOf(err)
	}
	if code := fresh(); code != graphtest.CodeUnauthorized {
		t.Error(code)
	}
	server.AllowPassword(graphtest.DefaultUser, graphtest.DefaultPassword)
	if code := fresh(); code != "" {
		t.Error(code)
	}
	server.ExpirePassword(graphtest.DefaultUser)
	if code := fresh(); code != graphtest.CodeCredentialsExpired {
		t.Error(code)
	}
	server.RemoveUser(graphtest.DefaultUser)
	if code := fresh(); code != graphtest.CodeUnauthorized {
		t.Error(code)
	}
}

func TestTheHintOfSilenceIsGivenAndKept(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	server.SetReceiveTimeout(time.Second)
	server.ReplyTo("slow", graphtest.Reply{Fields: []string{"n"}, Records: [][]any{{1}}, Delay: 1500 * time.Millisecond})
	if records, err := outcome(t.Context(), session(t, open(t, server), neo4j.AccessModeRead), "RETURN slow"); records != 1 || err != nil {
		t.Errorf("a server that is heard: %d, %v", records, err)
	}
	server.Fail(fault.Silent(), 1)
	_, err := outcome(t.Context(), session(t, open(t, server), neo4j.AccessModeRead), three)
	if _, ok := errors.AsType[*neo4j.ConnectivityError](err); !ok {
		t.Errorf("a server that is not: %v", err)
	}
}

func TestOverTLSTheDriverRoutesToReaders(t *testing.T) {
	t.Parallel()
	router, reader := newServer(t), newServer(t)
	for _, s := range []*graphtest.Server{router, reader} {
		if err := s.UseTLS(); err != nil {
			t.Fatal(err)
		}
	}
	router.SetReaders(reader.Addr())
	roots := router.ClientTLS()
	driver, err := neo4j.NewDriverWithContext("neo4j+s://"+router.Addr(), neo4j.BasicAuth(graphtest.DefaultUser, graphtest.DefaultPassword, ""),
		func(c *config.Config) { c.TlsConfig, c.MaxTransactionRetryTime = roots, 0 })
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = driver.Close(context.WithoutCancel(t.Context())) }()
	_, err = outcome(t.Context(), session(t, driver, neo4j.AccessModeRead), three)
	if err == nil {
		t.Error("a certificate of another server is trusted")
	}
	if router.Routes() == 0 || len(router.Requests()) > 0 {
		t.Errorf("%d routes, %v", router.Routes(), router.Requests())
	}
	router.SetReaders(router.Addr())
	if n, err := outcome(t.Context(), session(t, reopen(t, router), neo4j.AccessModeRead), three); n != 3 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
}

func reopen(t *testing.T, server *graphtest.Server) neo4j.DriverWithContext {
	t.Helper()
	driver, err := neo4j.NewDriverWithContext("neo4j+s://"+server.Addr(), neo4j.BasicAuth(graphtest.DefaultUser, graphtest.DefaultPassword, ""),
		func(c *config.Config) { c.TlsConfig, c.MaxTransactionRetryTime = server.ClientTLS(), 0 })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = driver.Close(context.WithoutCancel(t.Context())) })
	return driver
}
