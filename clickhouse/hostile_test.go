package clickhouse

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/ClickHouse/ch-go/proto"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/rows"
	"github.com/fourkites/sources/internal/loopback"
)

// hostile is a server that shakes hands and then says what it wants.
func hostile(t *testing.T, answer func(net.Conn)) *Client {
	t.Helper()
	address := loopback.Serve(t, func(conn net.Conn) {
		greet(conn)
		answer(conn)
	})
	c, err := New(t.Context(), Config{
		Addresses: []string{address}, Compression: "none", MaxRows: -1, MaxBytes: -1,
		Limits: base.Limits{Retries: -1, Breaker: base.Breaker{Ratio: -1}, Timeout: base.Duration(3 * time.Second)},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func greet(conn net.Conn) {
	buf := make([]byte, 4096)
	_, _ = conn.Read(buf) // the hello
	var b proto.Buffer
	hello := proto.ServerHello{Name: "ClickHouse", Major: 26, Minor: 7, Revision: revision, Timezone: "UTC", DisplayName: "x"}
	hello.EncodeAware(&b, revision)
	_, _ = conn.Write(b.Buf)
	_, _ = conn.Read(buf) // the addendum, and perhaps the query
}

// blockOf is a data packet with one column and these bytes for its values.
func blockOf(typ string, n int, data []byte) []byte {
	var b proto.Buffer
	proto.ServerCodeData.Encode(&b)
	b.PutString("")
	proto.BlockInfo{BucketNum: -1}.Encode(&b)
	b.PutInt(1)
	b.PutInt(n)
	b.PutString("v")
	b.PutString(typ)
	b.PutBool(false)
	return append(b.Buf, data...)
}

func le64(v uint64) []byte {
	var b proto.Buffer
	b.PutUInt64(v)
	return b.Buf
}

// What breaks the protocol is an error that says so, takes no memory that did not arrive, and costs one connection.
func TestAHostileAnswerIsRefused(t *testing.T) {
	t.Parallel()
	huge := bytes.Repeat([]byte{0xFF}, 9)
	join := func(parts ...[]byte) []byte { return bytes.Join(parts, nil) }
	packet := func(code proto.ServerCode, rest ...byte) []byte { return append([]byte{byte(code)}, rest...) }
	for name, answer := range map[string][]byte{
		"more rows than there can be":       blockOf("UInt8", 1<<40, nil),
		"rows that do not come":             blockOf("UInt64", 1<<26, []byte("few")),
		"a text of 2 GB":                    blockOf("String", 1, []byte{0x80, 0x80, 0x80, 0x80, 0x08}),
		"a length of more than 64 bits":     blockOf("String", 1, append(bytes.Repeat([]byte{0xFF}, 10), 0x7F)),
		"an array that ends before it":      blockOf("Array(UInt8)", 2, join(le64(5), le64(4))),
		"an array of very many":             blockOf("Array(UInt8)", 1, le64(1<<60)),
		"a map of very many":                blockOf("Map(String, String)", 1, le64(1<<50)),
		"a key outside of its dictionary":   blockOf("LowCardinality(String)", 1, join(le64(1), le64(1<<9), le64(1), []byte{1, 'a'}, le64(1), []byte{9})),
		"a dictionary of very many":         blockOf("LowCardinality(String)", 1, join(le64(1), le64(1<<9), le64(1<<50))),
		"keys that are not as many as rows": blockOf("LowCardinality(String)", 1, join(le64(1), le64(1<<9), le64(1), []byte{1, 'a'}, le64(7))),
		"an unknown form of a dictionary":   blockOf("LowCardinality(String)", 1, join(le64(7))),
		"a number that is no word":          blockOf("Enum8('a' = 1)", 1, []byte{77}),
		"a type that never ends":            blockOf(strings.Repeat("Array(", 100_000), 1, []byte("x")),
		"a type within itself":              blockOf(strings.Repeat("Array(", 50)+"UInt8"+strings.Repeat(")", 50), 1, []byte("x")),
		"a FixedString of nothing":          blockOf("FixedString(0)", 1, []byte("x")),
		"a FixedString of very much":        blockOf("FixedString(1048576)", 1<<20, []byte("x")),
		"a packet that does not exist":      packet(200, huge...),
		"a greeting in the middle":          packet(proto.ServerCodeHello, 1, 'x'),
		"a part of another query":           packet(proto.ServerCodePong),
		"an exception without an end":       packet(proto.ServerCodeException, 1, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F),
		"more columns than there can be":    join([]byte{byte(proto.ServerCodeData), 0, 0}, []byte{0xFF, 0xFF, 0xFF, 0x7F}, []byte{1}),
		"an unknown field of a block":       {byte(proto.ServerCodeData), 0, 9, 9},
		"another type in the second block":  join(blockOf("UInt8", 1, []byte{1}), blockOf("String", 1, []byte{1, 'x'})),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := hostile(t, func(conn net.Conn) {
				_, _ = conn.Write(answer)
				_ = conn.SetReadDeadline(time.Now().Add(50 * time.Millisecond)) // and says no more
				_, _ = io.Copy(io.Discard, conn)
			})
			r, err := c.Query(t.Context(), Query{SQL: "SELECT 1"})
			if err == nil {
				_, err = rows.Collect(r, rows.ToMap)
			}
			switch kind := base.KindOf(err); kind {
			case base.KindProtocol, base.KindInvalid, base.KindUnavailable:
			default:
				t.Errorf("%v: %v", kind, err)
			}
			if err != nil && len(err.Error()) > 2000 {
				t.Errorf("an error of %d bytes", len(err.Error()))
			}
		})
	}
}

// Small values on the wire that are large in memory count by what they take.
func TestMemoryIsCountedByWhatValuesTake(t *testing.T) {
	t.Parallel()
	const budget, n = 4 << 20, 100_000 // each column is far below the budget on the wire
	for typ, width := range map[string]int{
		"Decimal(9, 76)": 4, "Int128": 16, "Nullable(Int256)": 33, "Array(Nothing)": 8 + 5, "Map(UInt8, Decimal32(60))": 8 + 5,
	} {
		data := make([]byte, width*n)
		if typ[:3] == "Arr" || typ[:3] == "Map" { // five elements in each
			for i := range n {
				binary.LittleEndian.PutUint64(data[8*i:], uint64(5*(i+1)))
			}
			data = append(data, make([]byte, 20*n)...)
		}
		in := newInput(bytes.NewReader(data))
		in.budget = budget
		c, err := newColumn(typ, time.UTC, 0)
		if err == nil {
			_, err = c.read(in, n)
		}
		if _, ok := errors.AsType[*malformedError](err); !ok || len(data) > budget {
			t.Errorf("%s: %d values of %d bytes in all: %v", typ, n, len(data), err)
		}
	}
}

// A server that says for ever that it works is left when the caller's time is over, and when max_execution is.
func TestEndlessProgressEnds(t *testing.T) {
	t.Parallel()
	progress := []byte{byte(proto.ServerCodeProgress), 1, 1, 1, 0, 0, 0}
	c := hostile(t, func(conn net.Conn) {
		for {
			if _, err := conn.Write(progress); err != nil {
				return
			}
		}
	})
	began := time.Now()
	_, err := c.Query(t.Context(), Query{SQL: "SELECT 1", Timeout: 200 * time.Millisecond})
	if took := time.Since(began); base.KindOf(err) != base.KindDeadline || took > 2*time.Second {
		t.Errorf("%v after %s", err, took)
	}
	c.config.MaxExecution = base.Duration(100 * time.Millisecond)
	c.account.Store(int32(accountBare))
	if _, err := c.Query(t.Context(), Query{SQL: "SELECT 1"}); base.KindOf(err) != base.KindQuotaExceeded {
		t.Error(err)
	}
}
