package evidence

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/logs"
	"github.com/fourkites/sources/base/traces"
)

// planting gathers spans and lines for a forest. Names repeat, so they are kept once. It is safe for concurrent use
// until grow is called.
type planting struct {
	window base.Window

	mu    sync.Mutex
	names map[string]string
	trees map[string]*tree
	spans map[spanKey]*node
	lines []*line
}

type spanKey struct{ trace, span string }

func newPlanting(window base.Window) *planting {
	return &planting{window: window, names: map[string]string{}, trees: map[string]*tree{}, spans: map[spanKey]*node{}}
}

// name is the text, kept once.
func (p *planting) name(text string) string {
	if known, ok := p.names[text]; ok {
		return known
	}
	text = strings.Clone(text)
	p.names[text] = text
	return text
}

func (p *planting) tree(id string) *tree {
	t := p.trees[id]
	if t == nil {
		t = &tree{id: p.name(id)}
		p.trees[t.id] = t
	}
	return t
}

// podKey is the resource that names a pod, in OpenTelemetry's words.
const podKey = "k8s.pod.name"

// span adds one span. One that is there already is left as it is.
func (p *planting) span(s traces.Span) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if s.TraceID == "" || s.SpanID == "" || p.spans[spanKey{s.TraceID, s.SpanID}] != nil {
		return
	}
	t := p.tree(s.TraceID)
	n := &node{
		tree: t, id: strings.Clone(s.SpanID), parentID: strings.Clone(s.ParentID),
		service: p.name(s.Service), name: p.name(s.Name), kind: p.name(s.Kind), pod: p.name(s.Resources[podKey]),
		start: s.Start.UnixNano(), end: max(s.Start.UnixNano(), s.End().UnixNano()), failed: s.Failed,
	}
	t.nodes = append(t.nodes, n)
	p.spans[spanKey{t.id, n.id}] = n
}

// The bounds of a body: what is looked at, and what is kept.
const (
	bodyRead = 4096
	bodyKept = 600
	keyWords = 16 // of the shape of a line that does not name its place
)

// record adds one log record.
func (p *planting) record(r logs.Record) {
	body := ParseBody(r.Body[:min(len(r.Body), bodyRead)])
	key := keyOf(body)
	p.mu.Lock()
	defer p.mu.Unlock()
	site := body.Site
	site.Symbol, site.File = p.name(site.Symbol), p.name(site.File)
	p.lines = append(p.lines, &line{
		at: r.Time.UnixNano(), severity: max(r.Severity, body.Severity), service: p.name(r.Service),
		pod: p.name(r.Resources[podKey]), trace: p.name(r.TraceID), span: p.name(r.SpanID),
		site: site, key: p.name(key), text: strings.Clone(r.Body[:min(len(r.Body), bodyKept)]),
	})
}

// keyOf is the place in the code that a line names, else the shape of what it says.
func keyOf(b Body) string {
	if b.Site != (CodeRegion{}) {
		return fmt.Sprintf("%s#%d", cmp.Or(b.Site.Symbol, b.Site.File), b.Site.Lines[0])
	}
	var key strings.Builder
	for _, piece := range shapeOf(b.Message, keyWords) {
		key.WriteString(piece.text)
	}
	return key.String()
}

// grow joins spans to traces and lines to spans.
func (p *planting) grow() *forest {
	f := &forest{window: p.window, lines: p.lines}
	slices.SortFunc(f.lines, compareLines)
	for _, l := range f.lines {
		if l.trace != "" && l.span != "" {
			p.write(l)
		}
	}
	for _, t := range p.trees {
		t.join(p.spans)
		f.trees = append(f.trees, t)
	}
	slices.SortFunc(f.trees, func(a, b *tree) int { return cmp.Or(cmp.Compare(a.start, b.start), cmp.Compare(a.id, b.id)) })
	f.cut()
	return f
}

func compareLines(a, b *line) int {
	return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.service, b.service), cmp.Compare(a.key, b.key),
		cmp.Compare(a.span, b.span), cmp.Compare(a.text, b.text))
}

// write gives a line to its span. A trace without spans grows from its lines. A line whose span is missing from a trace
// that has others is of a trace that was cut, and left out.
func (p *planting) write(l *line) {
	t := p.tree(l.trace)
	t.bare = t.bare || len(t.nodes) == 0
	key := spanKey{l.trace, l.span}
	n := p.spans[key]
	if n == nil && t.bare {
		n = &node{tree: t, id: l.span, service: l.service, pod: l.pod, start: l.at}
		t.nodes = append(t.nodes, n)
		p.spans[key] = n
	}
	if n == nil {
		return
	}
	if t.bare {
		n.end = l.at
	}
	t.heard = true
	n.lines = append(n.lines, l)
}
