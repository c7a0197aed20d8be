package redshift_test

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/secret"
	"github.com/fourkites/sources/internal/engines"
	"github.com/fourkites/sources/redshift"
)

func TestATerminatedSessionIsReplaced(t *testing.T) {
	t.Parallel()
	server := engines.SharedPostgres(t)
	c := realClient(t, engines.PostgresReader, engines.PostgresReaderPassword, func(c *redshift.Config) { c.Name = "terminated" })
	if _, err := one(t.Context(), c, "SELECT 1"); err != nil {
		t.Fatal(err)
	}
	server.Admin(t, "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = 'terminated'")
	if _, err := one(t.Context(), c, "SELECT 1"); err != nil {
		t.Errorf("an idle session was terminated: %v", err)
	}
	r, err := c.Query(t.Context(), redshift.Query{SQL: "SELECT i, pg_sleep(0.001)::text FROM generate_series(1, 1000000) i"})
	if err != nil {
		t.Fatal(err)
	}
	server.Admin(t, "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = 'terminated'")
	n := 0
	for _, e := range r.All() {
		if err = e; err == nil {
			n++
		}
	}
	if base.KindOf(err) != base.KindUnavailable || n == 0 {
		t.Errorf("terminated in mid-answer: %d rows, %v", n, err)
	}
}

func TestTheClientOutlivesARestart(t *testing.T) {
	t.Parallel()
	server := engines.Postgres(t)
	c := newClient(t, realConfig(server, engines.PostgresReader, engines.PostgresReaderPassword))
	if _, err := one(t.Context(), c, "SELECT 1"); err != nil {
		t.Fatal(err)
	}
	server.Restart(t)
	if _, err := one(t.Context(), c, "SELECT 1"); err != nil {
		t.Errorf("after a restart: %v", err)
	}
	server.Kill(t)
	if _, err := one(t.Context(), c, "SELECT 1"); base.KindOf(err) != base.KindUnavailable {
		t.Errorf("while it is down: %v", err)
	}
	server.Start(t)
	if _, err := one(t.Context(), c, "SELECT 1"); err != nil {
		t.Errorf("after a crash: %v", err)
	}
}

func TestTLSIsVerified(t *testing.T) {
	t.Parallel()
	server := engines.SharedPostgres(t)
	cfg := realConfig(server, engines.PostgresReader, engines.PostgresReaderPassword)
	fails := func(what string, kind base.Kind, cfg redshift.Config, part string) {
		t.Helper()
		err := newClient(t, cfg).Ping(t.Context())
		if e, _ := errors.AsType[*base.Error](err); e == nil || e.Kind != kind || e.Attempts > 2 || !strings.Contains(err.Error(), part) {
			t.Errorf("%s: %v", what, err)
		}
	}
	wrong := cfg
	wrong.CAFile = ""
	fails("unknown CA", base.KindInvalid, wrong, "certificate")
	wrong = cfg
	wrong.ServerName = "other.example.com"
	fails("wrong host", base.KindInvalid, wrong, "other.example.com")
	wrong = cfg
	wrong.CAFile, wrong.Plaintext = "", true
	fails("no TLS", base.KindUnauthenticated, wrong, "no encryption")
	wrong = cfg
	wrong.Database = "nowhere"
	fails("no database", base.KindNotFound, wrong, "nowhere")
	wrong = cfg
	wrong.Password = secret.Literal("wrong-password")
	err := newClient(t, wrong).Ping(t.Context())
	if base.KindOf(err) != base.KindUnauthenticated || strings.Contains(fmt.Sprintf("%+v %#v", err, err), "wrong-password") {
		t.Errorf("wrong password: %v", err)
	}
}

func TestAPasswordChangedUnderLoadFailsNoCall(t *testing.T) {
	t.Parallel()
	server := engines.SharedPostgres(t)
	server.Admin(t, "CREATE ROLE rotated LOGIN PASSWORD 'first'")
	var present atomic.Value
	present.Store("first")
	cfg := realConfig(server, "rotated", "")
	cfg.Name = "rotated"
	cfg.Password = secret.From(secret.SourceFunc(func(context.Context) (secret.Snapshot, error) {
		return secret.NewSnapshot(present.Load().(string), "", time.Time{}), nil
	}))
	c := newClient(t, cfg)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var calls, failed atomic.Int64
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for ctx.Err() == nil {
				if _, err := one(t.Context(), c, "SELECT 1"); err != nil {
					failed.Add(1)
					t.Error(err)
					return
				}
				calls.Add(1)
			}
		})
	}
	reached := func(n int64) func() bool { return func() bool { return calls.Load() >= n || failed.Load() > 0 } }
	eventually(t, "calls are made", 20*time.Second, reached(20))
	server.Admin(t, "ALTER ROLE rotated PASSWORD 'second'")
	present.Store("second")
	eventually(t, "calls go on over open connections", 20*time.Second, reached(calls.Load()+20))
	idle := "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = 'rotated' AND state = 'idle'"
	for range 10 { // sessions are cut, so that new ones need the new password
		server.Admin(t, idle)
		eventually(t, "calls go on over new connections", 20*time.Second, reached(calls.Load()+10))
	}
	stop()
	all.Wait()
	if n := server.Admin(t, "SELECT count(*) > 0 FROM pg_stat_activity WHERE application_name = 'rotated' AND backend_start > now() - interval '1 minute'"); n != "t" && failed.Load() == 0 {
		t.Error("no new connection was made, so the check proves nothing")
	}
	if failed.Load() > 0 {
		t.Errorf("%d of %d calls failed", failed.Load(), calls.Load())
	}
}

func TestWhatRunsIsListedAndStopped(t *testing.T) {
	t.Parallel()
	c := realReader(t)
	r, err := c.Query(t.Context(), redshift.Query{SQL: "SELECT i, pg_sleep(0.001)::text AS marked_statement FROM generate_series(1, 1000000) i"})
	if err != nil {
		t.Fatal(err)
	}
	var pid int64
	running, err := c.RunningQueries(t.Context())
	for _, q := range running {
		if strings.Contains(q.SQL, "marked_statement") && strconv.FormatInt(q.PID, 10) == r.Stats().QueryID {
			pid = q.PID
		}
	}
	if err != nil || pid == 0 {
		t.Fatal(running, err)
	}
	if stopped, err := c.Cancel(t.Context(), pid); err != nil || !stopped {
		t.Error(stopped, err)
	}
	for _, e := range r.All() {
		err = e
	}
	if e, _ := errors.AsType[*base.Error](err); e == nil || e.Kind != base.KindCanceled || e.Code != "57014" {
		t.Error(err)
	}
	if stopped, err := c.Cancel(t.Context(), 1<<30); err != nil || stopped {
		t.Error(stopped, err)
	}
	if _, err := c.Cancel(t.Context(), -1); base.KindOf(err) != base.KindInvalid {
		t.Error(err)
	}
}
