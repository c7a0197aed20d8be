package graphtest

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/neo4j/neo4j-go-driver/v5/neo4j/dbtype"
)

func TestValuesComeBackAsTheyWent(t *testing.T) {
	t.Parallel()
	for _, v := range []any{
		nil, true, false, int64(0), int64(-16), int64(-17), int64(127), int64(128), int64(-32768), int64(1 << 20), int64(math.MinInt64), int64(math.MaxInt64),
		1.5, math.Inf(1), "", "short", strings.Repeat("x", 300), strings.Repeat("ü", 40_000),
		[]byte{},
		[]byte{1, 2},
		[]any{},
		[]any{int64(1), nil, "a"},
		map[string]any{},
		map[string]any{"a": []any{map[string]any{"b": 1.0}}},
		&structure{'D', []any{int64(20_000)}},
	} {
		p := packer{}
		p.value(v)
		got, err := unpack(p.out)
		if diff := cmp.Diff(v, got, cmp.AllowUnexported(structure{})); diff != "" || err != nil || p.err != nil {
			t.Errorf("%.40v: %v, %v\n%.200s", v, err, p.err, diff)
		}
	}
}

func TestHostileBytesAreNoValue(t *testing.T) {
	t.Parallel()
	for name, data := range map[string]string{
		"nothing": "", "a marker that is none": "\xC4", "text that ends early": "\x85ab", "2 GiB of text": "\xD2\x7F\xFF\xFF\xFF",
		"4 GiB of list": "\xD6\xFF\xFF\xFF\xFF", "4 GiB of map": "\xDA\xFF\xFF\xFF\xFF", "a key that is no text": "\xA1\x01\x01",
		"two values": "\x01\x01", "depth": strings.Repeat("\x91", 10_000), "a structure without a tag": "\xB0", "half a number": "\xCB\x00",
	} {
		if v, err := unpack([]byte(data)); err == nil {
			t.Errorf("%s: %v", name, v)
		}
	}
}

func TestWhatNeo4jDoesNotHaveIsRefused(t *testing.T) {
	t.Parallel()
	if _, err := pack(false, tagRecord, []any{struct{}{}}); err == nil {
		t.Error("a struct is packed")
	}
	at := time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)
	for _, v := range []any{dbtype.Date(at), dbtype.LocalDateTime(at), dbtype.Duration{Days: 1}, dbtype.Point2D{X: 1}, at, []string{"a"}, []int64{1}, int32(1)} {
		if _, err := pack(true, tagRecord, []any{v}); err != nil {
			t.Errorf("%T: %v", v, err)
		}
	}
}

func FuzzUnpack(f *testing.F) {
	for _, seed := range []string{"\x91\x01", "\xA1\x81a\xC0", "\xB1\x4E\x93\x01\x90\xA0", "\xD2\x7F\xFF\xFF\xFF", "\xCC\x02ab"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		v, err := unpack(data)
		if err != nil {
			return
		}
		p := packer{}
		p.value(v)
		again, err := unpack(p.out)
		if err != nil {
			t.Fatalf("%q: %v", p.out, err)
		}
		q := packer{}
		q.value(again)
		if len(p.out) != len(q.out) {
			t.Errorf("%q and %q", p.out, q.out)
		}
	})
}

func FuzzMessage(f *testing.F) {
	f.Add([]byte{0, 1, 'a', 0, 0})
	f.Add([]byte{0, 0, 0, 2, 'a', 'b', 0, 1, 'c', 0, 0})
	f.Fuzz(func(t *testing.T, data []byte) {
		message, err := readMessage(strings.NewReader(string(data)))
		if err != nil {
			return
		}
		again, err := readMessage(strings.NewReader(string(chunked(message))))
		if err != nil || string(again) != string(message) {
			t.Errorf("%q, %v; want %q", again, err, message)
		}
	})
}

// A statement is answered or refused, whatever it is: a panic would end the program of the test that sent it.
func FuzzStatement(f *testing.F) {
	for _, seed := range []string{
		"MATCH (a:Class {name: $x})-[k:CALLS*1..2]->(b) WHERE a.line > 1 WITH a, count(*) AS n RETURN DISTINCT [x IN [1] | x], n ORDER BY n LIMIT 1",
		"UNWIND $x AS y OPTIONAL MATCH p = shortestPath((a)-[*..3]-(b)) RETURN CASE WHEN true THEN p END",
		"CREATE (a:A {b: 1}) MERGE (c)-[:D]->(e) ON CREATE SET c += {f: 2} REMOVE a.b DETACH DELETE c", "EXPLAIN CALL db.labels() YIELD label",
		"SHOW INDEXES YIELD name AS n", "TERMINATE TRANSACTIONS $x", "CREATE INDEX a FOR (n:B) ON (n.c)", "DROP INDEX a", "RETURN reduce(",
	} {
		f.Add(seed)
	}
	s := &Server{accounts: map[string]*account{}, transactions: map[*transaction]struct{}{}}
	s.store.init()
	if err := s.Load(example); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text string) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		tx := &transaction{server: s, ctx: ctx}
		defer s.store.leave(tx)
		r := &result{tx: tx}
		err := tx.execute(ctx, readStatement(text), map[string]any{"x": []any{int64(1)}}, r)
		if _, ok := errors.AsType[*ServerError](err); err != nil && !ok && ctx.Err() == nil {
			t.Errorf("%q: %v", text, err)
		}
		for _, record := range r.records {
			if len(record) != len(r.fields) {
				t.Errorf("%q: %d fields, %d values", text, len(r.fields), len(record))
			}
		}
	})
}
