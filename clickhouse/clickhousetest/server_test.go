package clickhousetest_test

import (
	"bufio"
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/ClickHouse/ch-go"
	"github.com/ClickHouse/ch-go/proto"
	"github.com/ClickHouse/clickhouse-go/v2"

	"github.com/fourkites/sources/clickhouse/clickhousetest"
)

// codeOf is the exception's code, whichever driver brought it.
func codeOf(err error) int {
	if e, ok := errors.AsType[*clickhouse.Exception](err); ok {
		return int(e.Code)
	}
	if e, ok := errors.AsType[*ch.Exception](err); ok {
		return int(e.Code)
	}
	return 0
}

var endless = clickhousetest.Reply{
	Columns: []clickhousetest.Column{{Name: "n", Type: "UInt64"}}, Rows: [][]any{{1}, {2}}, Repeat: -1, Pause: time.Millisecond,
}

func asUser(name, password string) func(*clickhouse.Options) {
	return func(o *clickhouse.Options) { o.Auth.Username, o.Auth.Password = name, password }
}

func TestAWrongPasswordIsException516(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.AddUser("reader", "old")
	if err := openStandard(t, s, asUser("reader", "bad")).Ping(t.Context()); codeOf(err) != 516 {
		t.Errorf("wrong password: %v", err)
	}
	if err := openStandard(t, s, asUser("nobody", "")).Ping(t.Context()); codeOf(err) != 516 {
		t.Errorf("unknown user: %v", err)
	}
	conn := openStandard(t, s, asUser("reader", "old"))
	if err := conn.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.SetPassword("reader", "new")
	if err := conn.Ping(t.Context()); err != nil {
		t.Errorf("an open connection after the rotation: %v", err)
	}
	if err := openStandard(t, s, asUser("reader", "old")).Ping(t.Context()); codeOf(err) != 516 {
		t.Errorf("old password: %v", err)
	}
	if err := openStandard(t, s, asUser("reader", "new")).Ping(t.Context()); err != nil {
		t.Errorf("new password: %v", err)
	}
}

func TestAReadOnlyAccountMayChangeNothing(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.AddReadOnlyUser("viewer", "")
	s.ReplyTo("SELECT 1", clickhousetest.Reply{Columns: []clickhousetest.Column{{Name: "1", Type: "UInt8"}}, Rows: [][]any{{1}}})
	conn := openStandard(t, s, asUser("viewer", ""))
	if err := conn.Exec(t.Context(), "SELECT 1"); err != nil {
		t.Errorf("a plain SELECT: %v", err)
	}
	withSetting := clickhouse.Context(t.Context(), clickhouse.WithSettings(clickhouse.Settings{"log_comment": "x"}))
	for name, err := range map[string]error{
		"a setting": conn.Exec(withSetting, "SELECT 1"),
		"SET":       conn.Exec(t.Context(), "SET max_threads = 1"),
		"CREATE":    conn.Exec(t.Context(), "CREATE TABLE t (a UInt8)"),
		"INSERT":    conn.Exec(t.Context(), "INSERT INTO t FORMAT Native"),
	} {
		if codeOf(err) != 164 {
			t.Errorf("%s: %v, want code 164", name, err)
		}
	}
	readonly := clickhouse.Context(t.Context(), clickhouse.WithSettings(clickhouse.Settings{"readonly": 2}))
	if err := openStandard(t, s).Exec(readonly, "DROP TABLE t"); codeOf(err) != 164 {
		t.Errorf("DROP with readonly=2: %v, want code 164", err)
	}
}

func TestACancelStopsARunningQuery(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.ReplyTo("endless", endless)
	s.ReplyTo("late", clickhousetest.Reply{Delay: time.Hour})
	for _, sql := range []string{"SELECT endless", "SELECT late"} {
		conn := openStandard(t, s)
		ctx, cancel := context.WithCancel(t.Context())
		failed := make(chan error, 1)
		go func() { failed <- conn.Exec(ctx, sql) }()
		eventually(t, sql+" runs", func() bool { return s.Running() == 1 })
		cancel()
		if err := <-failed; !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v, want a cancelled context", sql, err)
		}
		eventually(t, sql+" is gone", func() bool { return s.Running() == 0 })
	}
	for _, r := range s.Requests() {
		if !r.Cancelled || !r.Finished {
			t.Errorf("recorded %+v, want it cancelled and finished", r)
		}
	}
}

func TestAClosedSocketStopsARunningQuery(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.Reply(nil, endless)
	client := dialColumnar(t, s)
	var n proto.ColUInt64
	blocks := 0
	err := client.Do(t.Context(), ch.Query{
		Body: "SELECT n", Result: proto.Results{{Name: "n", Data: &n}},
		OnResult: func(context.Context, proto.Block) error {
			if blocks++; blocks == 3 {
				return client.Close()
			}
			return nil
		},
	})
	if err == nil {
		t.Error("the query ended without an error")
	}
	eventually(t, "the query is gone", func() bool { return s.Running() == 0 })
	eventually(t, "the connection is gone", func() bool { open, _ := s.Connections(); return open == 0 })
	if r := s.Requests()[0]; !r.Cancelled {
		t.Errorf("recorded %+v, want it cancelled", r)
	}
}

func TestKillQueryEndsItWith394(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.ReplyTo("endless", endless)
	victim, killer := openStandard(t, s), openStandard(t, s)
	failed := make(chan error, 1)
	go func() {
		failed <- victim.Exec(clickhouse.Context(t.Context(), clickhouse.WithQueryID("victim")), "SELECT endless")
	}()
	eventually(t, "the query runs", func() bool { return s.Running() == 1 })
	var status, id, user, query string
	err := killer.QueryRow(t.Context(), "KILL QUERY WHERE query_id = 'victim' ASYNC").Scan(&status, &id, &user, &query)
	if err != nil || id != "victim" || query != "SELECT endless" {
		t.Errorf("KILL QUERY said %q, %q, %v", id, query, err)
	}
	if err := <-failed; codeOf(err) != 394 {
		t.Errorf("the victim got %v, want code 394", err)
	}
}

func TestMaxExecutionTimeEndsAQueryWith159(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.ReplyTo("endless", endless)
	ctx := clickhouse.Context(t.Context(), clickhouse.WithSettings(clickhouse.Settings{"max_execution_time": "0.02"}))
	if err := openStandard(t, s).Exec(ctx, "SELECT endless"); codeOf(err) != 159 {
		t.Errorf("got %v, want code 159", err)
	}
}

func TestAScriptedExceptionKeepsItsCode(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.ReplyTo("always", clickhousetest.Reply{Err: &clickhousetest.Exception{Code: 241, Message: "Memory limit exceeded"}})
	s.ReplyTo("once", clickhousetest.Reply{Err: &clickhousetest.Exception{Code: 202, Message: "Too many"}, Times: 1})
	conn := openStandard(t, s)
	for range 2 {
		err := conn.Exec(t.Context(), "SELECT always")
		if codeOf(err) != 241 || !strings.Contains(err.Error(), "Memory limit exceeded") {
			t.Errorf("got %v, want code 241", err)
		}
	}
	if err := conn.Exec(t.Context(), "SELECT once"); codeOf(err) != 202 {
		t.Errorf("got %v, want code 202", err)
	}
	if err := conn.Exec(t.Context(), "SELECT once"); err == nil || codeOf(err) == 202 {
		t.Errorf("the second answer is %v, want the engine's", err)
	}
}

func TestAnUnknownTableOrTypeIsAnException(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.ReplyTo("odd", clickhousetest.Reply{Columns: []clickhousetest.Column{{Name: "d", Type: "Dynamic"}}, Rows: [][]any{{1}}})
	conn := openStandard(t, s)
	if _, err := conn.PrepareBatch(t.Context(), "INSERT INTO absent"); codeOf(err) != 60 {
		t.Errorf("insert into an unknown table: %v", err)
	}
	if err := conn.Exec(t.Context(), "SELECT odd"); codeOf(err) != 50 {
		t.Errorf("a column of an unknown type: %v", err)
	}
	if err := conn.Exec(t.Context(), "INSERT INTO t VALUES (1)"); codeOf(err) != 48 {
		t.Errorf("values within the text: %v", err)
	}
	if err := s.Exec("DROP TABLE absent"); err == nil {
		t.Error("an unknown table was dropped")
	}
}

func TestARawParameterWithANewlineIsRefused(t *testing.T) {
	t.Parallel()
	ctx := clickhouse.Context(t.Context(), clickhouse.WithParameters(clickhouse.Parameters{"v": "two\nlines"}))
	if err := openStandard(t, newServer(t)).Exec(ctx, "SELECT {v:String}"); codeOf(err) != 457 {
		t.Errorf("got %v, want code 457", err)
	}
}

func TestAnOldRevisionIsAnnounced(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.SetRevision(54441)
	s.ReplyTo("SELECT 1", clickhousetest.Reply{Columns: []clickhousetest.Column{{Name: "1", Type: "UInt8"}}, Rows: [][]any{{1}}})
	conn := openStandard(t, s)
	v, err := conn.ServerVersion()
	if err != nil || v.Revision != 54441 {
		t.Fatalf("version %v, %v", v, err)
	}
	var one uint8
	if err := conn.QueryRow(t.Context(), "SELECT 1").Scan(&one); err != nil || one != 1 {
		t.Errorf("got %d, %v", one, err)
	}
}

func TestAnHTTPClientIsToldOfItsMistake(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	c, err := new(net.Dialer).DialContext(t.Context(), "tcp", s.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	if _, err := c.Write([]byte("GET / HTTP/1.1\r\n\r\n")); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(c).ReadString('\n'); err != nil || line != "HTTP/1.0 400 Bad Request\r\n" {
		t.Errorf("got %q, %v", line, err)
	}
}

func TestHostileBytesCostAClientItsConnectionOnly(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	for _, hello := range []string{
		"\x00\xff\xff\xff\xff\xff\xff\xff\xff\x7f", "\x00\x05ab", "\x63", "\x01\x00", "\x00\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
	} {
		c, err := new(net.Dialer).DialContext(t.Context(), "tcp", s.Addr())
		if err != nil {
			t.Fatal(err)
		}
		_, _ = c.Write([]byte(hello))
		_ = c.(*net.TCPConn).CloseWrite()
		_, _ = c.Read(make([]byte, 1))
		_ = c.Close()
	}
	if err := openStandard(t, s).Ping(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestCloseEndsEverythingAndMayBeRepeated(t *testing.T) {
	t.Parallel()
	s := clickhousetest.NewServer()
	s.Reply(nil, endless)
	conn := openStandard(t, s)
	failed := make(chan error, 1)
	go func() { failed <- conn.Exec(t.Context(), "SELECT endless") }()
	eventually(t, "the query runs", func() bool { return s.Running() == 1 })
	s.Close()
	s.Close()
	if err := <-failed; err == nil {
		t.Error("the query ended without an error")
	}
	if open, _ := s.Connections(); open != 0 || s.Running() != 0 {
		t.Errorf("%d connections and %d queries after Close", open, s.Running())
	}
	if err := openStandard(t, s).Ping(t.Context()); err == nil {
		t.Error("a closed server answered a ping")
	}
}
