package clickhousetest_test

import (
	"context"
	"io"
	"testing"
	"time"

	"github.com/ClickHouse/ch-go"
	"github.com/ClickHouse/ch-go/proto"
	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/google/go-cmp/cmp"

	"github.com/fourkites/sources/clickhouse/clickhousetest"
)

var instant = time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)

const events = `CREATE TABLE events (id UInt64, name String, at DateTime('UTC'), kind LowCardinality(String),
	tags Map(LowCardinality(String), String), scores Array(Float64), note Nullable(String), ok Bool,
	nanos DateTime64(9, 'UTC'), trace FixedString(4), day Date, level Enum8('low' = 1, 'high' = 2))`

func newEvents(t *testing.T) *clickhousetest.Server {
	t.Helper()
	s := newServer(t)
	if err := s.Exec(events); err != nil {
		t.Fatal(err)
	}
	return s
}

func standardForms() map[string]func(*clickhouse.Options) {
	return map[string]func(*clickhouse.Options){"plain": func(*clickhouse.Options) {}, "LZ4": withLZ4}
}

func columnarForms() map[string]func(*ch.Options) {
	return map[string]func(*ch.Options){"plain": func(*ch.Options) {}, "LZ4": withColumnarLZ4}
}

func TestClickHouseGoInsertsAndReadsBack(t *testing.T) {
	t.Parallel()
	for name, form := range standardForms() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newEvents(t)
			conn := openStandard(t, s, form)
			if err := conn.Ping(t.Context()); err != nil {
				t.Fatal(err)
			}
			batch, err := conn.PrepareBatch(t.Context(), "INSERT INTO events")
			if err != nil {
				t.Fatal(err)
			}
			note := "seen"
			for i := range 300 {
				note := &note
				if i%2 == 0 {
					note = nil
				}
				err := batch.Append(uint64(i), "name", instant, []string{"a", "b", "c"}[i%3], map[string]string{"k": "v", "a": "b"},
					[]float64{1.5, float64(i)}, note, i%2 == 0, instant.Add(123456789), "abcd", instant.Truncate(24*time.Hour), "high")
				if err != nil {
					t.Fatal(err)
				}
			}
			if err := batch.Send(); err != nil {
				t.Fatal(err)
			}
			want := []any{
				uint64(1), "name", instant, "b",
				map[string]any{"k": "v", "a": "b"},
				[]any{1.5, 1.0},
				"seen", false,
				instant.Add(123456789), "abcd", instant.Truncate(24 * time.Hour), "high",
			}
			if rows := s.Rows("events"); len(rows) != 300 {
				t.Fatalf("the table has %d rows, want 300", len(rows))
			} else if diff := cmp.Diff(want, rows[1]); diff != "" {
				t.Errorf("row 1 (-want +got):\n%s", diff)
			}
			readBack(t, conn)
		})
	}
}

func readBack(t *testing.T, conn clickhouse.Conn) {
	t.Helper()
	rows, err := conn.Query(t.Context(), "SELECT id, name, at, kind, tags, scores, note, ok, nanos, trace, day, level FROM events LIMIT 200")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	count := 0
	for ; rows.Next(); count++ {
		var (
			id                       uint64
			name, kind, trace, level string
			at, nanos, day           time.Time
			tags                     map[string]string
			scores                   []float64
			note                     *string
			ok                       bool
		)
		if err := rows.Scan(&id, &name, &at, &kind, &tags, &scores, &note, &ok, &nanos, &trace, &day, &level); err != nil {
			t.Fatal(err)
		}
		if id != 1 {
			continue
		}
		got := []any{name, at.UTC(), kind, tags, scores, *note, ok, nanos.UTC(), trace, day.UTC(), level}
		want := []any{
			"name", instant, "b",
			map[string]string{"k": "v", "a": "b"},
			[]float64{1.5, 1},
			"seen", false,
			instant.Add(123456789), "abcd", instant.Truncate(24 * time.Hour), "high",
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("row 1 (-want +got):\n%s", diff)
		}
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	if count != 200 {
		t.Errorf("read %d rows, want 200", count)
	}
}

func TestChGoInsertsAndReadsBack(t *testing.T) {
	t.Parallel()
	for name, form := range columnarForms() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t)
			s.Put(clickhousetest.Table{Name: "events", Columns: []clickhousetest.Column{{Name: "id", Type: "UInt64"}, {Name: "kind", Type: "LowCardinality(String)"}}})
			client := dialColumnar(t, s, form)
			if err := client.Ping(t.Context()); err != nil {
				t.Fatal(err)
			}
			insertColumns(t, client)
			var (
				ids   proto.ColUInt64
				kinds = proto.NewLowCardinality[string](new(proto.ColStr))
				total int
			)
			err := client.Do(t.Context(), ch.Query{
				Body:   "SELECT id, kind FROM events",
				Result: proto.Results{{Name: "id", Data: &ids}, {Name: "kind", Data: kinds}},
				OnResult: func(_ context.Context, b proto.Block) error {
					for i := range b.Rows {
						if want := kindOf(ids[i]); kinds.Row(i) != want {
							t.Errorf("row %d is %q, want %q", ids[i], kinds.Row(i), want)
						}
					}
					total += b.Rows
					return nil
				},
			})
			if err != nil || total != 3000 {
				t.Errorf("read %d rows, %v; want 3000", total, err)
			}
		})
	}
}

// kindOf has more values than a key of one byte can tell apart.
func kindOf(id uint64) string { return "kind" + time.Duration(id%700).String() }

func insertColumns(t *testing.T, client *ch.Client) {
	t.Helper()
	var ids proto.ColUInt64
	kinds := new(proto.ColStr).LowCardinality()
	input := proto.Input{{Name: "id", Data: &ids}, {Name: "kind", Data: kinds}}
	fill := func(from uint64) {
		input.Reset()
		for i := from; i < from+1000; i++ {
			ids.Append(i)
			kinds.Append(kindOf(i))
		}
	}
	fill(0)
	next := uint64(1000)
	err := client.Do(t.Context(), ch.Query{
		Body: input.Into("events"), Input: input,
		OnInput: func(context.Context) error {
			if next == 3000 {
				input.Reset()
				return io.EOF
			}
			fill(next)
			next += 1000
			return nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestARequestIsRecordedWithItsSettingsAndParameters(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.ReplyTo("{name:String}", clickhousetest.Reply{
		Columns: []clickhousetest.Column{{Name: "v", Type: "String"}}, Rows: [][]any{{"it's"}},
	})
	conn := openStandard(t, s, func(o *clickhouse.Options) { o.Auth.Database = "signoz_logs" })
	ctx := clickhouse.Context(t.Context(),
		clickhouse.WithQueryID("query-7"),
		clickhouse.WithSettings(clickhouse.Settings{"log_comment": "logs", "max_block_size": 10}),
		clickhouse.WithParameters(clickhouse.Parameters{"name": "it's\\\\"}),
	)
	var v string
	if err := conn.QueryRow(ctx, "SELECT {name:String}").Scan(&v); err != nil || v != "it's" {
		t.Fatalf("got %q, %v", v, err)
	}
	requests := s.Requests()
	if len(requests) != 1 {
		t.Fatalf("%d requests, want 1", len(requests))
	}
	r := requests[0]
	if r.SQL != "SELECT {name:String}" || r.QueryID != "query-7" || r.User != "default" || r.Database != "signoz_logs" ||
		r.LogComment != "logs" || r.Settings["max_block_size"] != "10" || r.Parameters["name"] != `it's\\` ||
		!r.Finished || r.Cancelled || r.Rows != 1 || r.Compressed || r.Elapsed <= 0 {
		t.Errorf("recorded %+v", r)
	}
	s.ForgetRequests()
	if n := len(s.Requests()); n != 0 {
		t.Errorf("%d requests after ForgetRequests", n)
	}
}

func TestEveryTypeArrivesAsItWasScripted(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.ReplyTo("types", clickhousetest.Reply{
		Columns: []clickhousetest.Column{
			{Name: "u8", Type: "UInt8"},
			{Name: "u16", Type: "UInt16"},
			{Name: "u32", Type: "UInt32"},
			{Name: "i8", Type: "Int8"},
			{Name: "i16", Type: "Int16"},
			{Name: "i32", Type: "Int32"},
			{Name: "i64", Type: "Int64"},
			{Name: "f32", Type: "Float32"},
			{Name: "id", Type: "UUID"},
			{Name: "d32", Type: "Date32"},
			{Name: "ms", Type: "DateTime64(3)"},
			{Name: "lcn", Type: "LowCardinality(Nullable(String))"},
			{Name: "pair", Type: "Tuple(String, UInt64)"},
			{Name: "nested", Type: "Array(Array(String))"},
			{Name: "flags", Type: "Map(String, Bool)"},
			{Name: "lcs", Type: "Array(LowCardinality(String))"},
		},
		Rows: [][]any{{
			200, uint16(60000), uint64(4e9), -5, int64(-300), -70000, int64(-1) << 62, 0.5, "00112233-4455-6677-8899-aabbccddeeff",
			instant, instant.Add(42 * time.Millisecond), nil,
			[]any{"x", 9},
			[]any{[]string{"a"}, []string{}, []string{"b", "c"}},
			map[string]bool{"on": true},
			[]string{"p", "q", "p"},
		}},
	})
	for name, form := range standardForms() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conn := openStandard(t, s, form)
			rows, err := conn.Query(t.Context(), "SELECT types")
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = rows.Close() }()
			if !rows.Next() {
				t.Fatalf("no row: %v", rows.Err())
			}
			var (
				u8       uint8
				u16      uint16
				u32      uint32
				i8       int8
				i16      int16
				i32      int32
				i64      int64
				f32      float32
				id       string
				d32, ms  time.Time
				lcn      *string
				pair     []any
				nested   [][]string
				flags    map[string]bool
				lcs      []string
				position = []any{&u8, &u16, &u32, &i8, &i16, &i32, &i64, &f32, &id, &d32, &ms, &lcn, &pair, &nested, &flags, &lcs}
			)
			if err := rows.Scan(position...); err != nil {
				t.Fatal(err)
			}
			got := []any{u8, u16, u32, i8, i16, i32, i64, f32, id, d32.UTC(), ms.UTC(), lcn == nil, pair, nested, flags, lcs}
			want := []any{
				uint8(200), uint16(60000), uint32(4e9), int8(-5), int16(-300), int32(-70000), int64(-1) << 62, float32(0.5),
				"00112233-4455-6677-8899-aabbccddeeff", instant.Truncate(24 * time.Hour), instant.Add(42 * time.Millisecond), true,
				[]any{"x", uint64(9)},
				[][]string{{"a"}, {}, {"b", "c"}},
				map[string]bool{"on": true},
				[]string{"p", "q", "p"},
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestABulkReplyRepeatsItsBlocks(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.ReplyTo("bulk", clickhousetest.Bulk(10_000, 50))
	for name, form := range columnarForms() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client := dialColumnar(t, s, form)
			var (
				id    proto.ColUInt64
				text  proto.ColStr
				at    proto.ColDateTime
				total int
				seen  uint64
			)
			err := client.Do(t.Context(), ch.Query{
				Body:       "SELECT bulk",
				Result:     proto.Results{{Name: "id", Data: &id}, {Name: "name", Data: &text}, {Name: "at", Data: &at}},
				OnResult:   func(_ context.Context, b proto.Block) error { total += b.Rows; return nil },
				OnProgress: func(_ context.Context, p proto.Progress) error { seen += p.Rows; return nil },
			})
			if err != nil || total != 500_000 || seen != 500_000 {
				t.Errorf("read %d rows, progress %d, %v; want 500000", total, seen, err)
			}
		})
	}
}
