package mcppeers_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"text/tabwriter"
)

// board is what each peer passed.
type board struct {
	mu   sync.Mutex
	rows []result
}

type result struct {
	peer, version, what string
	passed, all         int
}

var results board

func (b *board) add(r result) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.rows = append(b.rows, r)
}

// table is empty where no peer ran.
func (b *board) table() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	slices.SortStableFunc(b.rows, func(x, y result) int { return strings.Compare(x.peer+x.version+x.what, y.peer+y.version+y.what) })
	var text strings.Builder
	w := tabwriter.NewWriter(&text, 0, 0, 3, ' ', 0)
	for _, r := range b.rows {
		_, _ = fmt.Fprintf(w, "%s %s\t%s\t%d of %d\n", r.peer, r.version, r.what, r.passed, r.all)
	}
	_ = w.Flush()
	return text.String()
}

// steps counts the subtests of a test that passed, one after the other.
type steps struct {
	t *testing.T
	result
}

// try runs a step. What follows a step that failed runs too.
func (s *steps) try(name string, step func(*testing.T)) {
	s.t.Helper()
	s.all++
	if s.t.Run(name, step) {
		s.passed++
	}
}

func count(t *testing.T, peer, version, what string) *steps {
	s := &steps{t: t, result: result{peer: peer, version: version, what: what}}
	t.Cleanup(func() { results.add(s.result) })
	return s
}

func TestTheTableHasALineForEachRun(t *testing.T) {
	t.Parallel()
	var b board
	if got := b.table(); got != "" {
		t.Errorf("a table of nothing: %q", got)
	}
	b.add(result{"two", "2.10", "list, call", 1, 2})
	b.add(result{"one", "1.0.0-alpha", "server", 37, 37})
	const want = "one 1.0.0-alpha   server       37 of 37\ntwo 2.10          list, call   1 of 2\n"
	if got := b.table(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
