package trino_test

import (
	"runtime"
	"testing"

	"github.com/fourkites/sources/base/rows"
	"github.com/fourkites/sources/trino"
	"github.com/fourkites/sources/trino/trinotest"
)

// live is how many bytes are in use.
func live() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// growth reads an answer to its end and says how much more was in use, at a dozen places in it, than before the answer.
func growth(t *testing.T, r *rows.Rows, err error, want int) (most int64) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	before, n, next := live(), 0, 0
	for b, err := range r.Batches() {
		if err != nil {
			t.Fatal(err)
		}
		if n += b.Len(); n >= next {
			most, next = max(most, live()-before), next+want/12
		}
	}
	if n != want {
		t.Errorf("%d rows, want %d", n, want)
	}
	return most
}

// An answer of 40 MB, whichever way it comes, takes no more than some pages or segments of it. It runs alone: it counts
// what is in use.
func TestALongAnswerTakesNoMoreMemoryThanSomePages(t *testing.T) { //nolint:paralleltest // it measures the process
	const perPage, pages, bound = 5000, 100, 16 << 20
	server := started(t, trinotest.WithSpooling())
	server.ReplyTo("bulk", trinotest.Bulk(perPage, pages))
	for _, spooling := range []string{"off", "auto"} {
		client := clientOf(t, server, func(c *trino.Config) { c.Spooling, c.MaxRows, c.MaxBytes = spooling, -1, -1 })
		r, err := client.Query(t.Context(), trino.Query{SQL: "SELECT * FROM bulk"})
		if most := growth(t, r, err, perPage*pages); most > bound {
			t.Errorf("spooling %s: %d MiB more are in use", spooling, most>>20)
		}
	}
	if server.Acknowledged() != pages-1 {
		t.Errorf("%d segments were acknowledged", server.Acknowledged())
	}
}
