package clickhousetest_test

import (
	"context"
	"errors"
	"io"
	"net"
	"syscall"
	"testing"
	"time"

	"github.com/ClickHouse/ch-go"
	"github.com/ClickHouse/ch-go/proto"
	"github.com/ClickHouse/clickhouse-go/v2"

	"github.com/fourkites/sources/base/fault"
	"github.com/fourkites/sources/clickhouse/clickhousetest"
)

var threeRows = clickhousetest.Reply{
	Columns: []clickhousetest.Column{{Name: "s", Type: "String"}}, Rows: [][]any{{"a"}, {"b"}, {"c"}}, RowsPerBlock: 1,
}

// read runs one query with ch-go, which decodes on the caller's goroutine, and gives the rows handed out.
func read(ctx context.Context, s *clickhousetest.Server, change ...func(*ch.Options)) (int, error) {
	options := ch.Options{Address: s.Addr(), User: "default", ReadTimeout: patience}
	for _, c := range change {
		c(&options)
	}
	client, err := ch.Dial(ctx, options)
	if err != nil {
		return 0, err
	}
	defer func() { _ = client.Close() }()
	// The client has no deadline for the body of a block.
	defer context.AfterFunc(ctx, func() { _ = client.Close() })()
	var text proto.ColStr
	rows := 0
	err = client.Do(ctx, ch.Query{
		Body: "SELECT s", Result: proto.Results{{Name: "s", Data: &text}},
		OnResult: func(_ context.Context, b proto.Block) error { rows += b.Rows; return nil },
	})
	return rows, err
}

func TestEveryFaultIsActedOutOnceAndThenOver(t *testing.T) {
	t.Parallel()
	for _, f := range []fault.Fault{
		fault.Refuse(), fault.Reset(), fault.Cut(0), fault.Cut(30), fault.CutMidBody(), fault.ResetMidBody(), fault.Garbage(),
		fault.CorruptCompression(), fault.MalformedBlock(), fault.MalformedBlock().WithMessage("Dynamic"),
		fault.Status(503), fault.Error(241, "memory"), fault.ErrorAfter(2, 159, "timeout"), fault.WrongPassword(),
		fault.Reset().OnConnect(), fault.Garbage().OnConnect(), fault.CutMidBody().OnConnect(), fault.Cut(4).OnConnect(),
		fault.Error(999, "no session").OnConnect(),
	} {
		for name, form := range columnarForms() {
			t.Run(f.String()+" "+f.Message+" "+name, func(t *testing.T) {
				t.Parallel()
				s := newServer(t)
				s.Reply(nil, threeRows)
				s.Fail(f, 1)
				ctx, cancel := context.WithTimeout(t.Context(), patience)
				defer cancel()
				rows, err := read(ctx, s, form)
				if err == nil || ctx.Err() != nil {
					t.Errorf("%d rows and %v, want an error at once", rows, err)
				}
				if want := f.After; rows != want {
					t.Errorf("%d rows were handed out, want %d", rows, want)
				}
				if f.Kind == fault.KindError && codeOf(err) != f.Code {
					t.Errorf("got %v, want code %d", err, f.Code)
				}
				eventually(t, "nothing runs", func() bool { return s.Running() == 0 })
				if rows, err := read(ctx, s, form); rows != 3 || err != nil {
					t.Errorf("after the fault: %d rows, %v; want 3", rows, err)
				}
			})
		}
	}
}

func TestASilentServerIsLeftByTheDeadline(t *testing.T) {
	t.Parallel()
	for _, f := range []fault.Fault{fault.Silent(), fault.IgnoreCancel(), fault.Silent().OnConnect()} {
		t.Run(f.String(), func(t *testing.T) {
			t.Parallel()
			s := newServer(t)
			s.Reply(nil, threeRows)
			s.Fail(f, -1)
			ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
			defer cancel()
			rows, err := read(ctx, s, func(o *ch.Options) { o.ReadTimeout = 20 * time.Millisecond })
			if rows != 0 || err == nil {
				t.Errorf("%d rows, %v; want an error", rows, err)
			}
			eventually(t, "nothing runs", func() bool { return s.Running() == 0 })
			s.ClearFaults()
			if rows, err := read(t.Context(), s); rows != 3 || err != nil {
				t.Errorf("after ClearFaults: %d rows, %v; want 3", rows, err)
			}
		})
	}
}

// announced reads no more of a block than the length of its first text.
type announced struct{ bytes int }

var errAnnounced = errors.New("the length was read")

func (a *announced) DecodeResult(r *proto.Reader, version int, b proto.Block) error {
	if b.Rows == 0 {
		return proto.Results{{Name: "s", Data: new(proto.ColStr)}}.DecodeResult(r, version, b)
	}
	for range 2 { // the name and the type of the column
		if _, err := r.Str(); err != nil {
			return err
		}
	}
	if _, err := r.Bool(); err != nil {
		return err
	}
	n, err := r.StrLen()
	a.bytes = n
	return errors.Join(errAnnounced, err)
}

func TestAHostileLengthAnnouncesTwoGigabytes(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.Reply(nil, threeRows)
	s.Fail(fault.HostileLength(), 1)
	var got announced
	client := dialColumnar(t, s)
	if err := client.Do(t.Context(), ch.Query{Body: "SELECT s", Result: &got}); !errors.Is(err, errAnnounced) || got.bytes != 2<<30 {
		t.Errorf("%d bytes were announced, %v; want 2 GiB", got.bytes, err)
	}
	_ = client.Close()
	eventually(t, "nothing runs", func() bool { return s.Running() == 0 })
}

func TestASlowOrLateAnswerIsRight(t *testing.T) {
	t.Parallel()
	for _, f := range []fault.Fault{
		fault.Delay(30 * time.Millisecond), fault.Slow(16, time.Millisecond),
		fault.Delay(30 * time.Millisecond).OnConnect(), fault.Slow(1, time.Microsecond).OnConnect(),
	} {
		t.Run(f.String(), func(t *testing.T) {
			t.Parallel()
			s := newServer(t)
			s.Reply(nil, threeRows)
			s.Fail(f, 1)
			start := time.Now()
			rows, err := read(t.Context(), s)
			if rows != 3 || err != nil {
				t.Errorf("%d rows, %v; want 3", rows, err)
			}
			if f.Kind == fault.KindDelay && time.Since(start) < f.Delay {
				t.Errorf("answered after %v", time.Since(start))
			}
		})
	}
}

func TestAnOversizedAnswerEndsWithItsReader(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.Reply(nil, threeRows)
	s.Fail(fault.Oversized(), 1)
	client := dialColumnar(t, s)
	var text proto.ColStr
	rows, enough := 0, errors.New("enough")
	err := client.Do(t.Context(), ch.Query{
		Body: "SELECT s", Result: proto.Results{{Name: "s", Data: &text}},
		OnResult: func(_ context.Context, b proto.Block) error {
			if rows += b.Rows; rows > 1000 {
				return enough
			}
			return nil
		},
	})
	if !errors.Is(err, enough) {
		t.Errorf("got %v, want to leave after 1000 rows", err)
	}
	_ = client.Close()
	eventually(t, "nothing runs", func() bool { return s.Running() == 0 })
}

func TestAPingFailsAsPlanned(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	conn := openStandard(t, s)
	s.Fail(fault.Error(999, "no keeper"), 1)
	if err := conn.Ping(t.Context()); codeOf(err) != 999 {
		t.Errorf("got %v, want code 999", err)
	}
	for _, f := range []fault.Fault{fault.Reset(), fault.Garbage(), fault.CutMidBody(), fault.MalformedBlock(), fault.Cut(0)} {
		s.Fail(f, 1)
		if err := conn.Ping(t.Context()); err == nil {
			t.Errorf("%v: the ping was answered", f)
		}
	}
	s.Fail(fault.Silent(), 1)
	ctx, cancel := context.WithTimeout(t.Context(), time.Second) // it has to dial anew first
	defer cancel()
	if err := conn.Ping(ctx); err == nil {
		t.Error("silent: the ping was answered")
	}
	if err := conn.Ping(t.Context()); err != nil {
		t.Errorf("after the faults: %v", err)
	}
	if got := s.Pings(); got != 8 {
		t.Errorf("%d pings were counted, want 8", got)
	}
}

func TestDroppedConnectionsAreResetAndNewOnesWelcome(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	c, err := new(net.Dialer).DialContext(t.Context(), "tcp", s.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	eventually(t, "the connection is open", func() bool { open, _ := s.Connections(); return open == 1 })
	s.DropConnections()
	if _, err := c.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) && !errors.Is(err, io.EOF) {
		t.Errorf("got %v, want a reset", err)
	}
	conn := openStandard(t, s, func(o *clickhouse.Options) { o.MaxIdleConns = 1 })
	if err := conn.Ping(t.Context()); err != nil {
		t.Error(err)
	}
	if _, total := s.Connections(); total != 2 {
		t.Errorf("%d connections in all, want 2", total)
	}
}
