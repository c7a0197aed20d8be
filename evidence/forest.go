package evidence

import (
	"cmp"
	"slices"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/logs"
)

// forest is the traces of one window, with the lines that their spans wrote. Instants are nanoseconds.
type forest struct {
	window   base.Window
	spans    string // the client that gave the spans, empty if none did
	records  string // the client that gave the lines
	trees    []*tree
	lines    []*line // by time
	baseline bool
}

// tree is one trace.
type tree struct {
	id         string
	nodes      []*node // by start
	start, end int64
	whole      bool // neither end of the window cut it, and no parent is missing
	bare       bool // known from its lines only
	heard      bool // at least one line of it was collected: in one without any, a missing line says nothing
	baseline   bool
}

// node is one span, or what one service wrote under a span id where no span is known.
type node struct {
	tree       *tree
	parent     *node
	children   []*node // by start
	id         string
	parentID   string
	service    string
	name       string
	kind       string
	pod        string
	start, end int64
	failed     bool
	lines      []*line // by time
}

// line is one log record.
type line struct {
	at       int64
	severity logs.Severity
	service  string
	pod      string
	trace    string
	span     string
	site     CodeRegion // zero where the line does not name its place
	key      string     // tells the statement that wrote the line from others
	text     string     // the beginning of the body
}

// join links the spans of a trace and says whether it is whole. A node whose parent is missing is a root.
func (t *tree) join(spans map[spanKey]*node) {
	slices.SortFunc(t.nodes, compareNodes)
	t.whole = len(t.nodes) > 0
	for i, n := range t.nodes {
		if i == 0 {
			t.start = n.start
		}
		t.end = max(t.end, n.end)
		if n.parentID == "" {
			continue
		}
		parent := spans[spanKey{t.id, n.parentID}]
		if parent == nil || n.below(parent) {
			t.whole = false
			continue
		}
		n.parent = parent
		parent.children = append(parent.children, n)
	}
}

func compareNodes(a, b *node) int {
	return cmp.Or(cmp.Compare(a.start, b.start), cmp.Compare(a.id, b.id))
}

// below says whether making the other node this one's parent would close a circle.
func (n *node) below(other *node) bool { return other.within(n) }

// within says whether the span runs inside of the other, or is it.
func (n *node) within(other *node) bool {
	for at := n; at != nil; at = at.parent {
		if at == other {
			return true
		}
	}
	return false
}

// caller is the service that called this one, empty at the root.
func (n *node) caller() string {
	for at := n.parent; at != nil; at = at.parent {
		if at.service != n.service {
			return at.service
		}
	}
	return ""
}

// remote is the span of another service that answers this one, if it has exactly one.
func (n *node) remote() *node {
	var found *node
	for _, c := range n.children {
		if c.service == n.service {
			continue
		}
		if found != nil {
			return nil
		}
		found = c
	}
	return found
}

// cut marks the traces that an end of the window may have cut. Of a trace that is known from its lines only nothing says
// where it ends: those that lie within the usual length of one from either end count as cut.
func (f *forest) cut() {
	from, to := f.window.From.UnixNano(), f.window.To.UnixNano()
	margin := f.bareLength()
	for _, t := range f.trees {
		if t.bare && (t.start < from+margin || t.end > to-margin) {
			t.whole = false
		}
		if t.end > to || t.start < from {
			t.whole = false
		}
	}
}

func (f *forest) bareLength() int64 {
	var lengths []int64
	for _, t := range f.trees {
		if t.bare {
			lengths = append(lengths, t.end-t.start)
		}
	}
	slices.Sort(lengths)
	return quantile(lengths, 0.9)
}

// quantile is the value at a share of the way through a sorted list, the zero value if it is empty.
func quantile[T cmp.Ordered](sorted []T, share float64) T {
	if len(sorted) == 0 {
		var zero T
		return zero
	}
	return sorted[min(int(share*float64(len(sorted))), len(sorted)-1)]
}
