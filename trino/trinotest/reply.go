package trinotest

import (
	"encoding/json"
	"math"
	"strings"
	"sync"
	"time"

	"github.com/fourkites/sources/internal/script"
	"github.com/fourkites/sources/internal/trinosql"
)

// Column is a column of an answer or of a table, its type in the server's words.
type Column struct {
	Name  string
	Type  string
	Extra string // of a table: "partition key"
}

// Reply is a scripted answer. Values are Go's nearest to the type: text, numbers, bool, []byte, time.Time, nil, slices
// and maps; a record is a slice. What a type writes as text may be given as that text.
type Reply struct {
	Columns []Column
	Rows    [][]any

	Queued int           // answers that say that the statement waits
	Delay  time.Duration // before the first answer to a link; a cancel ends it
	Pause  time.Duration // before each page of rows; a cancel ends it
	Err    *Error        // sent after the rows, in place of the end; without Columns it is the whole answer
	Times  int           // after so many answers the reply is used up; zero or less is never, before another one once

	bulk *bulk
}

// bulk is many equal rows, rendered once.
type bulk struct {
	once  sync.Once
	rows  int
	pages int
	page  json.RawMessage
}

// Bulk is a reply of pages of n rows each: id bigint, name varchar, at timestamp(3), score double, ok boolean.
func Bulk(n, pages int) Reply {
	at := time.Date(2025, 1, 2, 3, 4, 5, 0, time.UTC)
	r := Reply{
		Columns: []Column{
			{Name: "id", Type: "bigint"},
			{Name: "name", Type: "varchar"},
			{Name: "at", Type: "timestamp(3)"},
			{Name: "score", Type: "double"},
			{Name: "ok", Type: "boolean"},
		},
		bulk: &bulk{rows: n, pages: pages},
	}
	for i := range n {
		r.Rows = append(r.Rows, []any{
			int64(i), "name of a row", at.Add(time.Duration(i) * time.Millisecond), float64(i) / 8, i%2 == 0,
		})
	}
	return r
}

// Reply answers the statements for which match is true. Of several scripted replies that match, the one added last is
// used. Several replies given together take turns, each once, or as often as its Times says; the last one stays. A nil
// match means all statements. The function is called with a copy and must be safe for concurrent use.
func (s *Server) Reply(match func(Request) bool, replies ...Reply) {
	turns := make([]script.Turn[Reply], len(replies))
	for i, r := range replies {
		turns[i] = script.Turn[Reply]{Reply: r, Times: r.Times}
	}
	if match == nil {
		match = func(Request) bool { return true }
	}
	s.script.Add(func(r Request) bool { return match(r.clone()) }, turns...)
}

// ReplyTo answers the statements whose SQL contains this text, by the rules of [Server.Reply]. The plans that the client
// asks for before it sends a statement are the server's own, until a text that begins with EXPLAIN is scripted.
func (s *Server) ReplyTo(text string, replies ...Reply) {
	if strings.HasPrefix(text, "EXPLAIN ") {
		s.plans.Store(true)
	}
	s.Reply(func(r Request) bool { return strings.Contains(r.SQL, text) }, replies...)
}

// ClearReplies forgets every scripted reply.
func (s *Server) ClearReplies() {
	s.script.Clear()
	s.plans.Store(false)
}

func (r Reply) columns() []map[string]any {
	var all []map[string]any
	for _, c := range r.Columns {
		base, _, _ := strings.Cut(c.Type, "(")
		all = append(all, map[string]any{
			"name": c.Name, "type": c.Type, "typeSignature": map[string]any{"rawType": base, "arguments": []any{}},
		})
	}
	return all
}

// render writes the rows as the data of pages.
func (r Reply) render(size int) (pages []json.RawMessage, counts []int) {
	if b := r.bulk; b != nil {
		b.once.Do(func() { b.page = r.data(r.Rows) })
		for range b.pages {
			pages, counts = append(pages, b.page), append(counts, b.rows)
		}
		return pages, counts
	}
	for from := 0; from < len(r.Rows); from += size {
		part := r.Rows[from:min(from+size, len(r.Rows))]
		pages, counts = append(pages, r.data(part)), append(counts, len(part))
	}
	return pages, counts
}

func (r Reply) data(rows [][]any) json.RawMessage {
	wire := make([][]any, len(rows))
	for i, row := range rows {
		wire[i] = make([]any, len(row))
		for j, v := range row {
			typ := ""
			if j < len(r.Columns) {
				typ = r.Columns[j].Type
			}
			wire[i][j] = onWire(v, typ)
		}
	}
	raw, err := json.Marshal(wire)
	if err != nil {
		return json.RawMessage(`"a value that has no JSON form"`)
	}
	return raw
}

// onWire is a value as the server writes it.
func onWire(v any, typ string) any {
	switch v := v.(type) {
	case time.Time:
		return trinosql.TimeText(v, typ)
	case float64:
		switch {
		case math.IsNaN(v):
			return "NaN"
		case math.IsInf(v, 1):
			return "Infinity"
		case math.IsInf(v, -1):
			return "-Infinity"
		}
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = onWire(v[i], "")
		}
		return out
	case map[string]any:
		out := make(map[string]any, len(v))
		for k := range v {
			out[k] = onWire(v[k], "")
		}
		return out
	}
	return v
}
