package adf

import (
	"slices"
	"strings"

	"github.com/yuin/goldmark/ast"
	east "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/util"
)

// inline are the inline nodes below a block, neighbours of the same marks joined.
func (p *parser) inline(parent ast.Node) []node {
	l := &line{parser: p}
	l.children(parent, nil, 0)
	return l.joined()
}

// line is inline nodes in the making. Tags of HTML that stand for marks count from where they open to where they close.
type line struct {
	*parser
	all  []node
	tags []mark
}

func (l *line) children(parent ast.Node, marks []mark, depth int) {
	for n := parent.FirstChild(); n != nil; n = n.NextSibling() {
		l.one(n, marks, depth)
	}
}

func (l *line) one(n ast.Node, marks []mark, depth int) {
	if depth > maxDepth {
		l.say(l.text(n), marks)
		return
	}
	switch n := n.(type) {
	case *ast.Text:
		l.say(unescaped(n.Segment.Value(l.source)), marks)
		if n.HardLineBreak() {
			l.all = append(l.all, node{Type: typeBreak})
		} else if n.SoftLineBreak() {
			l.say(" ", marks)
		}
	case *ast.String:
		l.say(string(n.Value), marks)
	case *ast.CodeSpan:
		l.say(strings.ReplaceAll(l.text(n), "\n", " "), with(marks, mark{Type: markCode}))
	case *ast.Emphasis:
		kind := markEm
		if n.Level == 2 {
			kind = markStrong
		}
		l.children(n, with(marks, mark{Type: kind}), depth+1)
	case *east.Strikethrough:
		l.children(n, with(marks, mark{Type: markStrike}), depth+1)
	case *ast.Link:
		l.link(n, marks, depth)
	case *ast.AutoLink:
		url := string(n.URL(l.source))
		if n.AutoLinkType == ast.AutoLinkEmail && !strings.HasPrefix(url, "mailto:") {
			url = "mailto:" + url
		}
		l.say(string(n.Label(l.source)), with(marks, linkTo(url)))
	case *ast.Image:
		l.all = append(l.all, l.image(n))
	case *ast.RawHTML:
		l.tag(n, marks)
	case *east.TaskCheckBox:
	default:
		l.children(n, marks, depth+1)
	}
}

func linkTo(url string) mark { return mark{Type: markLink, Attrs: map[string]any{"href": url}} }

// unescaped is a text as it is read: without backslashes before punctuation, with the characters that references stand for.
func unescaped(raw []byte) string {
	var b strings.Builder
	from := 0
	flush := func(to int) {
		b.Write(util.ResolveEntityNames(util.ResolveNumericReferences(raw[from:to])))
	}
	for i := 0; i+1 < len(raw); i++ {
		if raw[i] == '\\' && isPunct(raw[i+1]) {
			flush(i)
			b.WriteByte(raw[i+1])
			i++
			from = i + 1
		}
	}
	flush(len(raw))
	return b.String()
}

func (l *line) link(n *ast.Link, marks []mark, depth int) {
	target := unescaped(n.Destination)
	if id, ok := strings.CutPrefix(target, "mention:"); ok && id != "" {
		l.all = append(l.all, node{Type: typeMention, Attrs: map[string]any{"id": id, "text": l.plain(n)}})
		return
	}
	if target == "" {
		l.children(n, marks, depth+1)
		return
	}
	l.children(n, with(marks, linkTo(target)), depth+1)
}

// plain is the text below a node as it is read.
func (l *line) plain(n ast.Node) string {
	var b strings.Builder
	inner := &line{parser: l.parser}
	inner.children(n, nil, 0)
	for _, one := range inner.all {
		b.WriteString(one.Text)
	}
	return b.String()
}

func (l *line) image(n *ast.Image) node {
	target := unescaped(n.Destination)
	media := node{Type: typeMedia, Attrs: map[string]any{"type": "external", "url": target}}
	if id, ok := strings.CutPrefix(target, "media:"); ok && id != "" {
		media.Attrs = map[string]any{"type": "file", "id": id, "collection": unescaped(n.Title)}
	}
	if alt := l.plain(n); alt != "" {
		media.Attrs["alt"] = alt
	}
	return media
}

// tagMarks are the tags that stand for marks.
var tagMarks = map[string]mark{
	"u": {Type: markUnderline}, "sup": {Type: markSubSup, Attrs: map[string]any{"type": "sup"}},
	"sub": {Type: markSubSup, Attrs: map[string]any{"type": "sub"}},
}

// tag is a break or a mark where it stands for one, else it means itself.
func (l *line) tag(n *ast.RawHTML, marks []mark) {
	var b strings.Builder
	for i := range n.Segments.Len() {
		segment := n.Segments.At(i)
		b.Write(segment.Value(l.source))
	}
	raw := b.String()
	name, closing := strings.CutPrefix(strings.ToLower(strings.Trim(raw, "</> ")), "/")
	closing = closing || strings.HasPrefix(raw, "</")
	m, known := tagMarks[name]
	switch {
	case name == "br":
		l.all = append(l.all, node{Type: typeBreak})
	case known && closing && slices.ContainsFunc(l.tags, func(t mark) bool { return same(t, m) && t.Type == m.Type }):
		l.tags = slices.DeleteFunc(l.tags, func(t mark) bool { return t.Type == m.Type })
	case known && !closing:
		l.tags = append(l.tags, m)
	default:
		l.say(raw, marks)
	}
}

// say adds text.
func (l *line) say(text string, marks []mark) {
	if text == "" {
		return
	}
	for _, t := range l.tags {
		marks = with(marks, t)
	}
	if slices.ContainsFunc(marks, func(m mark) bool { return m.Type == markCode }) { // code goes together with links alone
		marks = slices.DeleteFunc(slices.Clone(marks), func(m mark) bool { return m.Type != markCode && m.Type != markLink })
	}
	l.all = append(l.all, node{Type: typeText, Text: text, Marks: ordered(marks)})
}

// with is the marks and one more, which replaces another of its kind.
func with(marks []mark, m mark) []mark {
	kept := slices.DeleteFunc(slices.Clone(marks), func(other mark) bool { return other.Type == m.Type })
	return append(kept, m)
}

// joined are the nodes, texts of the same marks as one.
func (l *line) joined() []node {
	var all []node
	for _, n := range l.all {
		last := len(all) - 1
		if last >= 0 && n.Type == typeText && all[last].Type == typeText && slices.EqualFunc(all[last].Marks, n.Marks, func(a, b mark) bool { return a.Type == b.Type && same(a, b) }) {
			all[last].Text += n.Text
			continue
		}
		all = append(all, n)
	}
	return all
}

// marked are nodes with one mark more.
func marked(nodes []node, m mark) []node {
	out := slices.Clone(nodes)
	for i := range out {
		isCode := slices.ContainsFunc(out[i].Marks, func(m mark) bool { return m.Type == markCode })
		if out[i].Type == typeText && !isCode {
			out[i].Marks = ordered(with(out[i].Marks, m))
		}
	}
	return out
}

// text is the text below a node as it stands.
func (p *parser) text(n ast.Node) string {
	var b strings.Builder
	_ = ast.Walk(n, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		switch n := n.(type) {
		case *ast.Text:
			if entering {
				b.Write(n.Segment.Value(p.source))
				if n.SoftLineBreak() || n.HardLineBreak() {
					b.WriteByte('\n')
				}
			}
		case *ast.String:
			if entering {
				b.Write(n.Value)
			}
		}
		return ast.WalkContinue, nil
	})
	return b.String()
}
