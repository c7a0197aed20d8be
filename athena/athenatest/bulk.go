package athenatest

import (
	"sync"
	"time"
)

// bulk is a result that is rendered once, however often it is asked for.
type bulk struct {
	once   sync.Once
	result result
	file   []byte
}

// Bulk is a reply of n rows: id bigint, name varchar, at timestamp(3), score double, ok boolean. All queries that it
// answers share one rendering, so that a benchmark measures its client.
func Bulk(n int) Reply {
	at := time.Date(2025, 1, 2, 3, 4, 5, 0, time.UTC)
	r := Reply{
		Columns: []Column{
			{Name: "id", Type: "bigint"},
			{Name: "name", Type: "varchar"},
			{Name: "at", Type: "timestamp(3)"},
			{Name: "score", Type: "double"},
			{Name: "ok", Type: "boolean"},
		},
		bulk: &bulk{},
	}
	for i := range n {
		r.Rows = append(r.Rows, []any{
			int64(i), "name of a row", at.Add(time.Duration(i) * time.Millisecond), float64(i) / 8, i%2 == 0,
		})
	}
	return r
}

// of renders the reply at the first call.
func (b *bulk) of(r Reply, sql string) result {
	b.once.Do(func() {
		r.bulk = nil
		b.result = r.result(sql)
		b.file = b.result.csv()
	})
	out := b.result
	out.bulk = b
	return out
}
