package clickhouse_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/rows"
	"github.com/fourkites/sources/base/secret"
	"github.com/fourkites/sources/clickhouse"
	"github.com/fourkites/sources/internal/engines"
)

func TestNothingIsLostWhenTheNetworkCutsAnAnswer(t *testing.T) {
	t.Parallel()
	proxy := engines.Proxy(t, engines.Shared(t).Addr)
	c := newClient(t, clickhouse.Config{
		Addresses: []string{proxy.Addr}, Database: "default", MaxRows: -1, MaxBytes: -1,
		Limits: base.Limits{Breaker: base.Breaker{Ratio: -1}, RetryRatio: -1},
	})
	for range 150 {
		r, err := c.Query(t.Context(), clickhouse.Query{SQL: "SELECT number FROM system.numbers"})
		if err != nil {
			t.Fatal(err)
		}
		var last error
		for _, err := range r.Batches() {
			proxy.Cut()
			last = err
		}
		if base.KindOf(last) != base.KindUnavailable || r.Outcome() != base.Partial {
			t.Fatalf("after a cut: %v, %v", r.Outcome(), last)
		}
	}
	if err := c.Ping(t.Context()); err != nil {
		t.Error(err)
	}
}

// A server that goes away in the middle of an answer: the answer is partial, and the client goes on with the server
// when it is back.
func TestTheClientOutlivesItsServer(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(*engines.Server, testing.TB){
		"killed": (*engines.Server).Kill, "stopped": (*engines.Server).Stop,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := engines.ClickHouse(t)
			c := newClient(t, clickhouse.Config{
				Addresses: []string{server.Addr}, Database: "default", MaxRows: -1, MaxBytes: -1, AllowWrites: true,
				Limits: base.Limits{Breaker: base.Breaker{Ratio: -1}},
			})
			if err := c.Exec(t.Context(), clickhouse.Statement{SQL: "CREATE TABLE kept (x UInt8) ENGINE = MergeTree ORDER BY x"}); err != nil {
				t.Fatal(err)
			}
			r, err := c.Query(t.Context(), clickhouse.Query{SQL: "SELECT number, toString(number) FROM system.numbers"})
			if err != nil {
				t.Fatal(err)
			}
			if !r.Next() {
				t.Fatal(r.Err())
			}
			end(server, t)
			for r.Next() {
				continue
			}
			if err := r.Err(); base.KindOf(err) != base.KindUnavailable && base.KindOf(err) != base.KindCanceled || r.Outcome() != base.Partial {
				t.Errorf("%v, %v", r.Outcome(), err)
			}
			if err := r.Close(); err != nil {
				t.Error(err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			if err := c.Ping(ctx); base.KindOf(err) != base.KindUnavailable || !strings.Contains(err.Error(), server.Addr) {
				t.Errorf("while it is away: %v", err)
			}
			cancel()
			server.Start(t)
			if got, err := one(t, c, "SELECT count() FROM kept", nil); err != nil || got != uint64(0) {
				t.Errorf("when it is back: %v %v", got, err)
			}
			if err := c.Insert(t.Context(), "kept", []string{"x"}, [][]any{{uint8(1)}}); err != nil {
				t.Errorf("a write when it is back: %v", err)
			}
			if h := c.Health(); h.InFlight != 0 {
				t.Errorf("%d calls in flight", h.InFlight)
			}
		})
	}
}

// The port of HTTP takes the greeting for the start of a request and waits for the rest of it: the deadline ends that,
// and the address is named.
func TestTheWrongPortIsNamed(t *testing.T) {
	t.Parallel()
	web := engines.Shared(t).HTTPAddr
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	err := newClient(t, clickhouse.Config{Addresses: []string{web}}).Ping(ctx)
	if k := base.KindOf(err); k != base.KindProtocol && k != base.KindDeadline || !strings.Contains(err.Error(), web) {
		t.Errorf("%v", err)
	}
}

// The second of two replicas goes on when the first goes away, in mid-work and for good.
func TestTheOtherReplicaGoesOn(t *testing.T) {
	t.Parallel()
	first, second := engines.Proxy(t, engines.Shared(t).Addr), engines.Proxy(t, engines.Shared(t).Addr)
	c := newClient(t, clickhouse.Config{Addresses: []string{first.Addr, second.Addr}, Database: "default", AllowWrites: true})
	if err := c.Ping(t.Context()); err != nil || second.Connections() != 0 {
		t.Fatal(second.Connections(), err)
	}
	first.Refuse(true)
	first.Cut()
	for range 3 {
		if got, err := one(t, c, "SELECT {n:UInt8}", map[string]any{"n": 7}); err != nil || got != uint8(7) {
			t.Fatal(got, err)
		}
	}
	if err := c.Exec(t.Context(), clickhouse.Statement{SQL: "CREATE TABLE IF NOT EXISTS replicated (x UInt8) ENGINE = Memory"}); err != nil {
		t.Error(err)
	}
	second.Refuse(true)
	second.Cut()
	err := c.Ping(t.Context())
	if base.KindOf(err) != base.KindUnavailable || !strings.Contains(err.Error(), first.Addr) || !strings.Contains(err.Error(), second.Addr) {
		t.Errorf("both are away: %v", err)
	}
}

// Somebody else ends the query at the server.
func TestAKilledQueryIsCanceledAndPartial(t *testing.T) {
	t.Parallel()
	server := engines.Shared(t)
	c := realClient(t, "default", "", func(c *clickhouse.Config) { c.MaxRows, c.MaxBytes = -1, -1 })
	r, err := c.Query(t.Context(), clickhouse.Query{SQL: "SELECT number, sipHash64(number) FROM system.numbers"})
	if err != nil {
		t.Fatal(err)
	}
	if !r.Next() {
		t.Fatal(r.Err())
	}
	began := time.Now()
	killing := make(chan string, 1)
	go func() { // the server answers when the query has ended, and the query ends when its answer is read
		text, err := server.Query(context.WithoutCancel(t.Context()), engines.UserDefault, engines.PasswordDefault,
			"KILL QUERY WHERE query_id = '"+r.Stats().QueryID+"' SYNC")
		if err != nil {
			text = err.Error()
		}
		killing <- text
	}()
	for r.Next() {
		continue
	}
	if answer := <-killing; !strings.Contains(answer, "finished") {
		t.Error(answer)
	}
	e, ok := errors.AsType[*base.Error](r.Err())
	if !ok || e.Kind != base.KindCanceled || e.Code != "394" || e.QueryID != r.Stats().QueryID || r.Outcome() != base.Partial {
		t.Errorf("%v, %v", r.Outcome(), r.Err())
	}
	if took := time.Since(began); took > 3*time.Second {
		t.Errorf("took %s", took)
	}
}

// Close ends what runs: first it waits, then it cancels at the server.
func TestCloseStopsWhatRunsAtTheServer(t *testing.T) {
	t.Parallel()
	watch := realClient(t, "default", "", nil)
	c, err := clickhouse.New(t.Context(), clickhouse.Config{Addresses: []string{engines.Shared(t).Addr}, Database: "default", MaxRows: -1})
	if err != nil {
		t.Fatal(err)
	}
	r, err := c.Query(t.Context(), clickhouse.Query{SQL: "SELECT number FROM system.numbers -- closed while it is read"})
	if err != nil {
		t.Fatal(err)
	}
	waiting := make(chan error, 1)
	go func() {
		_, err := c.Query(t.Context(), clickhouse.Query{SQL: "SELECT count() FROM system.numbers WHERE NOT ignore(sipHash64(number)) -- closed while it waits"})
		waiting <- err
	}()
	poll(t, "the query did not start", func() bool { return running(t, watch, "-- closed while it waits") == 1 })
	began := time.Now()
	if err := c.Close(); err == nil || !strings.Contains(err.Error(), "still running") {
		t.Errorf("Close cut two calls and says %v", err)
	}
	if took := time.Since(began); took > 8*time.Second {
		t.Errorf("Close took %s", took)
	}
	if err := <-waiting; err == nil {
		t.Error("the call that waited has ended without an error")
	}
	gone(t, watch, "-- closed while it")
	for _, err = range r.Batches() {
		continue
	}
	if err == nil || r.Outcome() == base.Data {
		t.Errorf("an answer that Close cut is %v, %v", r.Outcome(), err)
	}
	if err := c.Ping(t.Context()); !errors.Is(err, base.ErrClosed) {
		t.Error(err)
	}
}

func TestWhatTheServerWasToldIsWhatTheConfigSays(t *testing.T) {
	t.Parallel()
	watch := realClient(t, "default", "", nil)
	c := realClient(t, engines.UserAdmin, engines.PasswordAdmin, func(c *clickhouse.Config) {
		c.Name, c.MaxExecution, c.MaxRows, c.MaxBytes = "warehouse", base.Duration(90*time.Second), -1, -1
	})
	for limit, want := range map[time.Duration]string{0: "90", 30 * time.Second: "30", time.Hour: "90"} {
		ctx, cancel := t.Context(), context.CancelFunc(func() {})
		if limit > 0 {
			ctx, cancel = context.WithTimeout(ctx, limit)
		}
		r, err := c.Query(ctx, clickhouse.Query{SQL: "SELECT number FROM system.numbers", Settings: map[string]string{"max_threads": "1"}})
		if err != nil {
			t.Fatal(err)
		}
		got, err := one(t, watch, `SELECT concat(Settings['log_comment'], ' ', Settings['readonly'], ' ', Settings['max_execution_time'], ' ', Settings['max_threads'])
			FROM system.processes WHERE query_id = {id:String}`, map[string]any{"id": r.Stats().QueryID})
		if err != nil || got != "warehouse.Query 1 "+want+" 1" {
			t.Errorf("deadline %s: %v %v", limit, got, err)
		}
		_ = r.Close()
		cancel()
	}
}

func TestTheServersOwnLimitOnTimeIsReported(t *testing.T) {
	t.Parallel()
	c := realClient(t, "default", "", func(c *clickhouse.Config) { c.MaxExecution = base.Duration(time.Second) })
	began := time.Now()
	_, err := one(t, c, "SELECT count() FROM system.numbers WHERE NOT ignore(sipHash64(number))", nil)
	e, ok := errors.AsType[*base.Error](err)
	if !ok || e.Kind != base.KindQuotaExceeded || e.Code != "159" || e.Attempts != 1 || time.Since(began) > 5*time.Second {
		t.Errorf("%v after %s", err, time.Since(began))
	}
}

func TestAccountsAreBoundByTheServer(t *testing.T) {
	t.Parallel()
	server := engines.ClickHouse(t)
	for _, sql := range []string{
		"CREATE TABLE granted (id UInt64, hidden String) ENGINE = MergeTree ORDER BY id",
		"INSERT INTO granted SELECT number, 'x' FROM numbers(9)",
		"CREATE TABLE filtered (id UInt64) ENGINE = MergeTree ORDER BY id",
		"INSERT INTO filtered SELECT number FROM numbers(9)",
	} {
		server.HTTPQuery(t, engines.UserDefault, engines.PasswordDefault, sql)
	}
	account := func(user, password string) *clickhouse.Client {
		return newClient(t, clickhouse.Config{
			Addresses: []string{server.Addr}, User: user, Password: secret.Literal(password), Database: "default", AllowWrites: true,
		})
	}
	narrow, filtered := account(engines.UserNarrow, engines.PasswordNarrow), account(engines.UserFiltered, engines.PasswordFiltered)
	setting, scarce := account(engines.UserReader2, engines.PasswordReader2), account(engines.UserScarce, engines.PasswordScarce)
	for _, test := range []struct {
		name string
		c    *clickhouse.Client
		sql  string
		want any
		kind base.Kind
		code string
	}{
		{"its own column", narrow, "SELECT sum(id) FROM granted", uint64(36), 0, ""},
		{"another column", narrow, "SELECT any(hidden) FROM granted", nil, base.KindPermission, "497"},
		{"another table", narrow, "SELECT count() FROM filtered", nil, base.KindPermission, "497"},
		{"the rows of its filter", filtered, "SELECT count() FROM filtered", uint64(5), 0, ""},
		{"readonly = 2 takes settings", setting, "SELECT count() FROM granted", uint64(9), 0, ""},
		{"and its cap on rows", setting, "SELECT number FROM numbers(100000)", nil, base.KindQuotaExceeded, "396"},
		{"readonly cannot be lifted", setting, "SELECT 1 SETTINGS readonly = 0", nil, base.KindPermission, "164"},
	} {
		got, err := one(t, test.c, test.sql, nil)
		if e, _ := errors.AsType[*base.Error](err); test.kind == 0 && (err != nil || got != test.want) ||
			test.kind != 0 && (e == nil || e.Kind != test.kind || e.Code != test.code || e.Attempts != 1) {
			t.Errorf("%s: %v, %v", test.name, got, err)
		}
	}
	if err := filtered.Exec(t.Context(), clickhouse.Statement{SQL: "DROP TABLE filtered"}); !errors.Is(err, base.ErrPermission) {
		t.Errorf("a read-only account writes: %v", err)
	}
	var err error
	for range engines.ScarceQueries + 1 {
		if err != nil {
			t.Fatalf("refused too early: %v", err)
		}
		_, err = one(t, scarce, "SELECT count() FROM granted", nil)
	}
	e, ok := errors.AsType[*base.Error](err)
	if !ok || e.Kind != base.KindQuotaExceeded || e.Code != "201" || e.Attempts != 1 {
		t.Errorf("the quota: %v", err)
	}
	if r, err := narrow.Query(t.Context(), clickhouse.Query{SQL: "SELECT * FROM granted"}); err == nil {
		if _, err = rows.Collect(r, rows.ToMap); err == nil {
			t.Error("an asterisk gives a column that is not granted")
		}
	}
}
