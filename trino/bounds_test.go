package trino_test

import (
	"errors"
	"math"
	"net/http"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/trino"
	"github.com/fourkites/sources/trino/trinotest"
)

// allocated is how many bytes a call allocates in all: the least of three calls, for the process is measured, and what it
// does besides counts too. No other test may run beside it.
func allocated(f func()) uint64 {
	least := uint64(math.MaxUint64)
	for range 3 {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		f()
		runtime.ReadMemStats(&after)
		least = min(least, after.TotalAlloc-before.TotalAlloc)
	}
	return least
}

func oneColumn(typ, data string) string {
	return `{"id":"q","columns":[{"name":"n","type":"` + typ + `"}],"data":` + data + `,"stats":{}}`
}

//nolint:paralleltest // it measures what the whole process allocates
func TestAPageTakesNoManyTimesItsSizeInMemory(t *testing.T) {
	const size = 1 << 20
	fill := func(element string) string { return strings.Repeat(element+",", size/(len(element)+1)) + element }
	wide := `{"name":"n","type":"row(` + strings.Repeat("a,", 32_000) + `a)"}`
	for name, c := range map[string]struct {
		body, want string
		times      uint64 // that the page may take
	}{
		"segments":      {oneColumn("integer", `{"encoding":"json","segments":[`+fill(`{}`)+`]}`), "more than 10000 segments", 24},
		"columns":       {`{"id":"q","columns":[` + fill(`{}`) + `],"stats":{}}`, "more than 16384 columns", 24},
		"types":         {`{"id":"q","columns":[` + fill(wide) + `],"data":[],"stats":{}}`, "more than 16384", 24},
		"types by type": {`{"id":"q","columns":[` + fill(`{"name":"n","type":"row(`+strings.Repeat("a,", 99)+`a)"}`) + `],"data":[]}`, "more than 16384", 24},
		"lists":         {oneColumn("geometry", `[[[`+fill(`[]`)+`]]]`), "too much memory", 24},
		"objects":       {oneColumn("geometry", `[[[`+fill(`{"a":0}`)+`]]]`), "too much memory", 24},
		"small values":  {oneColumn("array(geometry)", `[[[`+fill(`{}`)+`]]]`), "too much memory", 40},
	} {
		client := handler(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(c.body)) })
		var err error
		took := allocated(func() { _, err = count(client.Query(t.Context(), trino.Query{SQL: "SELECT 1"})) })
		if err == nil || !strings.Contains(err.Error(), c.want) || len(err.Error()) > 1000 {
			t.Errorf("%s: %.300v, want %q", name, err, c.want)
		}
		if most := c.times * uint64(len(c.body)); took > most { // what is read, too, and what is thrown away
			t.Errorf("%s: %d bytes were allocated for a page of %d", name, took, len(c.body))
		}
	}
}

//nolint:paralleltest // it measures what the whole process allocates
func TestTheNullsOfARowOfManyMembersTakeNoPlace(t *testing.T) {
	body := oneColumn("row("+strings.Repeat("bigint,", 8999)+"bigint)", `[`+strings.Repeat("[null],", 999)+`[null]]`)
	client := handler(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(body)) })
	n := 0
	took := allocated(func() {
		var err error
		if n, err = count(client.Query(t.Context(), trino.Query{SQL: "SELECT 1"})); err != nil {
			t.Error(err)
		}
	})
	if n != 1000 || took > 16<<20 {
		t.Errorf("%d rows, %d bytes were allocated for a page of %d", n, took, len(body))
	}
}

func TestRowsWithinRowsKeepTheirPlaceBesideNulls(t *testing.T) {
	t.Parallel()
	server := started(t)
	server.ReplyTo("nested", trinotest.Reply{
		Columns: []trinotest.Column{{Name: "r", Type: "row(a integer, b row(c varchar))"}, {Name: "l", Type: "array(row(a integer))"}},
		Rows: [][]any{
			{[]any{1, []any{"one"}}, []any{[]any{7}, nil, []any{8}}},
			{nil, nil},
			{[]any{2, nil}, []any{}},
			{nil, []any{nil}},
			{[]any{nil, []any{nil}}, []any{[]any{nil}}},
		},
	})
	answer, err := clientOf(t, server).Query(t.Context(), trino.Query{SQL: "SELECT * FROM nested"})
	if err != nil {
		t.Fatal(err)
	}
	var got [][]any
	for row, err := range answer.All() {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, []any{row.Value(0), row.Value(1)})
	}
	record := func(a any) map[string]any { return map[string]any{"a": a} }
	want := [][]any{
		{map[string]any{"a": int32(1), "b": map[string]any{"c": "one"}}, []any{record(int32(7)), nil, record(int32(8))}},
		{nil, nil},
		{map[string]any{"a": int32(2), "b": nil}, []any{}},
		{nil, []any{nil}},
		{map[string]any{"a": nil, "b": map[string]any{"c": nil}}, []any{record(nil)}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestMaxBytesCountsValuesOfEveryType(t *testing.T) {
	t.Parallel()
	value := strings.Repeat("AAAA", 64<<10)
	for _, typ := range []string{"varbinary", "geometry", "varchar"} {
		server := started(t, trinotest.WithPageRows(1))
		reply := trinotest.Reply{Columns: []trinotest.Column{{Name: "v", Type: typ}}}
		for range 20 {
			reply.Rows = append(reply.Rows, []any{value})
		}
		server.ReplyTo("bulk", reply)
		client := clientOf(t, server, func(c *trino.Config) { c.MaxBytes = 1 << 20 })
		n, err := count(client.Query(t.Context(), trino.Query{SQL: "SELECT * FROM bulk"}))
		if n < 3 || n > 5 || !errors.Is(err, base.ErrTruncated) {
			t.Errorf("%s: %d rows, %v", typ, n, err)
		}
	}
}

func TestAFieldThatComesTwiceIsRefused(t *testing.T) {
	t.Parallel()
	head := `{"id":"q","columns":[{"name":"n","type":"integer"}],`
	for _, body := range []string{
		head + `"data":[[1],[2]],"data":[[3]]}`, head + `"columns":[{"name":"z","type":"varchar"}],"data":[[1]]}`,
		`{"data":[[1]],"data":[[2]],"columns":[{"name":"n","type":"integer"}]}`, head + `"data":[[1]],"nextUri":"a","nextUri":"b"}`,
	} {
		client := handler(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(body)) })
		n, err := count(client.Query(t.Context(), trino.Query{SQL: "SELECT 1"}))
		if n != 0 || base.KindOf(err) != base.KindProtocol || !strings.Contains(err.Error(), "twice") {
			t.Errorf("%s: %d rows, %v", body, n, err)
		}
	}
}
