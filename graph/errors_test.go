package graph_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/fault"
	"github.com/fourkites/sources/graph"
	"github.com/fourkites/sources/graph/graphtest"
)

const (
	readsClasses = "MATCH (c:Class) RETURN c.name AS name"
	// planted is a secret that a server could quote.
	planted = "a-password-that-shows-nowhere"
)

func TestCodesOfTheServerHaveKinds(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]error{
		"Neo.ClientError.Security.Forbidden":                                 base.ErrPermission,
		"Neo.ClientError.Statement.AccessMode":                               base.ErrPermission,
		"Neo.ClientError.General.ForbiddenOnReadOnlyDatabase":                base.ErrPermission,
		"Neo.ClientError.Database.DatabaseNotFound":                          base.ErrNotFound,
		"Neo.ClientError.Statement.SyntaxError":                              base.ErrInvalid,
		"Neo.ClientError.Statement.ParameterMissing":                         base.ErrInvalid,
		"Neo.ClientError.Schema.IndexNotFound":                               base.ErrInvalid,
		"Neo.ClientError.Transaction.TransactionTimedOut":                    base.ErrQuotaExceeded,
		"Neo.ClientError.Transaction.TransactionTimedOutClientConfiguration": base.ErrQuotaExceeded,
		"Neo.TransientError.General.MemoryPoolOutOfMemoryError":              base.ErrQuotaExceeded,
		"Neo.ClientError.Transaction.Terminated":                             base.ErrCanceled,
		"Neo.TransientError.Request.NoThreadsAvailable":                      base.ErrThrottled,
		"Neo.TransientError.Transaction.DeadlockDetected":                    base.ErrConflict,
		"Neo.TransientError.General.DatabaseUnavailable":                     base.ErrUnavailable,
		"Neo.TransientError.Something.Else":                                  base.ErrUnavailable,
		"Neo.ClientError.Cluster.NotALeader":                                 base.ErrUnavailable,
		"Neo.ClientError.Security.AuthenticationRateLimit":                   base.ErrThrottled,
		"Neo.DatabaseError.General.UnknownError":                             base.ErrInternal,
		"Neo.Unheard.Of":                                                     base.ErrInternal,
	} {
		server := fake(t)
		config := server.Config()
		config.Limits.Retries = -1
		c := newClient(t, config)
		server.Fail(graphtest.Error(code, "because of "+graphtest.DefaultPassword+"\nand more"), 1)
		err := ask(t, c, readsClasses)
		e, typed := errors.AsType[*base.Error](err)
		own, found := errors.AsType[*graph.ServerError](err)
		if !errors.Is(err, want) || !typed || e.Code != code || e.Sent != base.Answered || !found || own.Code != code {
			t.Errorf("%s: %v", code, err)
		}
		if strings.Contains(err.Error(), graphtest.DefaultPassword) || found && strings.Contains(own.Error(), graphtest.DefaultPassword) {
			t.Errorf("%s tells the password: %v", code, err)
		}
	}
}

func TestAFailureBetweenRowsIsAnErrorAfterThem(t *testing.T) {
	t.Parallel()
	server := fake(t)
	c := newClient(t, server.Config())
	server.Fail(graphtest.ErrorAfter(100, graphtest.CodeDatabaseUnavailable, "it stops"), 1)
	r, err := c.Query(t.Context(), graph.Query{Cypher: "UNWIND range(1, 300) AS x RETURN x"})
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, failed := range r.All() {
		if err = failed; err == nil {
			n++
		}
	}
	if !errors.Is(err, base.ErrUnavailable) || n != 100 || r.Outcome() != base.Partial {
		t.Errorf("%d rows, %v, %v", n, err, r.Outcome())
	}
}

func TestCapsTruncateAndSaySo(t *testing.T) {
	t.Parallel()
	server := fake(t)
	config := server.Config()
	config.MaxRows, config.MaxBytes = 100, 1000
	c := newClient(t, config)
	for _, test := range []struct {
		asked, bytes int64
		most         int64
	}{{0, 0, 100}, {-1, -1, 100}, {7, 0, 7}, {100_000, 0, 100}, {0, 100, 10}} {
		r, err := c.Query(t.Context(), graph.Query{Cypher: "UNWIND range(1, 100000) AS x RETURN x", MaxRows: test.asked, MaxBytes: test.bytes})
		if err != nil {
			t.Fatal(err)
		}
		n := int64(0)
		for _, failed := range r.All() {
			if err = failed; err == nil {
				n++
			}
		}
		if !errors.Is(err, base.ErrTruncated) || n > test.most || n == 0 {
			t.Errorf("%+v: %d rows, %v", test, n, err)
		}
		if told := r.Stats().Rows; test.bytes == 0 && told != n {
			t.Errorf("%+v: %d rows, and the stats tell of %d", test, n, told)
		}
	}
	await(t, "nothing is left at the server", func() bool { return server.Running() == 0 && len(server.Transactions()) == 0 })
}

func TestASilentServerIsGivenUp(t *testing.T) {
	t.Parallel()
	server := fake(t)
	config := server.Config()
	config.Limits = base.Limits{Idle: base.Duration(50 * time.Millisecond), Retries: -1}
	c := newClient(t, config)
	server.Fail(fault.Silent(), 1)
	began := time.Now()
	err := ask(t, c, readsClasses)
	if !errors.Is(err, base.ErrUnavailable) || !strings.Contains(err.Error(), "said nothing for 50ms") || time.Since(began) > 5*time.Second {
		t.Errorf("%v after %s", err, time.Since(began))
	}
	if err := ask(t, c, readsClasses); err != nil {
		t.Errorf("the next: %v", err)
	}
}

func TestTheEndOfTheContextGoesBeforeTheErrorOfTheDriver(t *testing.T) {
	t.Parallel()
	server := fake(t)
	c := newClient(t, server.Config())
	why := errors.New("the user has left")
	ctx, cancel := context.WithCancelCause(t.Context())
	r, err := c.Query(ctx, graph.Query{Cypher: "UNWIND range(1, 100000) AS x RETURN x", MaxRows: -1})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Close() }()
	cancel(why)
	for r.Next() { //nolint:revive // what came before is read
	}
	if err := r.Err(); !errors.Is(err, base.ErrCanceled) || !errors.Is(err, why) {
		t.Error(err)
	}
	await(t, "no transaction is left", func() bool { return len(server.Transactions()) == 0 })
}

func TestArgumentsThatCypherDoesNotHaveAreNotSent(t *testing.T) {
	t.Parallel()
	server := fake(t)
	c := newClient(t, server.Config())
	deep := any("x")
	for range 40 {
		deep = []any{deep}
	}
	for name, value := range map[string]any{"channel": make(chan int), "struct": struct{ Secret string }{planted}, "uint64": uint64(1), "deep": deep} {
		_, err := c.Query(t.Context(), graph.Query{Cypher: "RETURN $x", Args: map[string]any{"x": value}})
		if !errors.Is(err, base.ErrInvalid) || strings.Contains(err.Error(), planted) {
			t.Errorf("%s: %v", name, err)
		}
	}
	many := map[string]any{}
	for i := range 10_001 {
		many[fmt.Sprint("p", i)] = i
	}
	if _, err := c.Query(t.Context(), graph.Query{Cypher: "RETURN 1", Args: many}); !errors.Is(err, base.ErrInvalid) {
		t.Errorf("many: %v", err)
	}
	if len(server.Requests()) > 0 {
		t.Error("something was sent")
	}
}
