package rotation_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"text/tabwriter"
	"time"
)

// line is what one row of the table counted.
type line struct {
	source, store, engine                               string
	workers, rotations, calls, failed, refused, retries int
	late, connections, goroutines                       int
	longest                                             time.Duration
}

// board is the table.
type board struct {
	mu    sync.Mutex
	lines []line
}

func (b *board) add(l line) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.lines = append(b.lines, l)
}

func (b *board) table() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	slices.SortStableFunc(b.lines, func(x, y line) int {
		return strings.Compare(x.source+"\x00"+x.engine+"\x00"+x.store, y.source+"\x00"+y.engine+"\x00"+y.store)
	})
	var text strings.Builder
	w := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(w, "source\tstore\tserver\tworkers\trotations\tcalls\tfailed\trefused\tretries\told logins\tconnections left\tgoroutines left\tlongest call")
	for _, l := range b.lines {
		_, _ = fmt.Fprintf(w, "%s\t%s\t%s\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%s\n", l.source, l.store, l.engine, l.workers,
			l.rotations, l.calls, l.failed, l.refused, l.retries, l.late, l.connections, l.goroutines, l.longest.Round(100*time.Microsecond))
	}
	_ = w.Flush()
	return text.String()
}
