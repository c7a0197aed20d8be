package adf

import (
	"encoding/json"
	"strconv"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	east "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/text"
)

// FromMarkdown makes a document of a text in Markdown (CommonMark with tables, tasks and strikethrough, and the forms of this
// package). HTML means itself. An empty text is an empty document. There is no error for now: any text is Markdown.
func FromMarkdown(markdown string) (json.RawMessage, error) {
	source := []byte(visible(markdown))
	root := goldmark.New(goldmark.WithExtensions(extension.Table, extension.Strikethrough, extension.TaskList)).Parser().Parse(text.NewReader(source))
	p := &parser{source: source}
	content := p.blocks(root, inDocument, 0)
	if content == nil {
		content = []node{}
	}
	return json.Marshal(struct {
		Version int    `json:"version"`
		Type    string `json:"type"`
		Content []node `json:"content"`
	}{1, typeDoc, content})
}

// parser makes nodes of one text.
type parser struct{ source []byte }

// place is where blocks stand: not every block may stand everywhere.
type place int

const (
	inDocument place = iota
	inPanel
	inExpand
	inQuote
	inItem
	inCell
)

// permits says which blocks a place takes, beside paragraphs. The schema is at
// https://developer.atlassian.com/cloud/jira/platform/apis/document/structure/
func (at place) permits(kind string) bool {
	switch kind {
	case typeParagraph, typeBullets, typeOrdered, typeCode:
		return at != inCell || kind != "" // all of them
	case typeMediaGroup:
		return at != inQuote
	case typeHeading, typeRule, typeTasks:
		return at == inDocument || at == inPanel || at == inExpand || at == inCell && kind != typeTasks || at == inCell
	case typeTable, typePanel, typeQuote:
		return at == inDocument || at == inExpand
	case typeExpand:
		return at == inDocument
	}
	return false
}

// blocks are the blocks below a node.
func (p *parser) blocks(parent ast.Node, at place, depth int) []node {
	var all []node
	for n := parent.FirstChild(); n != nil; n = n.NextSibling() {
		if depth > maxDepth {
			all = append(all, paragraphOf(p.text(n)))
			continue
		}
		for _, made := range p.block(n, at, depth) {
			all = append(all, fitted(made, at)...)
		}
	}
	return all
}

// fitted is a block in a form that its place takes: as it is, or as paragraphs of its text.
func fitted(n node, at place) []node {
	if at.permits(n.Type) {
		return []node{n}
	}
	switch n.Type {
	case typeHeading:
		return []node{{Type: typeParagraph, Content: marked(n.Content, mark{Type: markStrong})}}
	case typeRule:
		return nil
	case typeQuote, typePanel, typeExpand:
		var all []node
		for _, inner := range n.Content {
			all = append(all, fitted(inner, at)...)
		}
		return all
	}
	var b strings.Builder
	w := &writer{}
	b.WriteString(w.block(n, 0))
	return []node{codeOf("", b.String())}
}

func codeOf(language, code string) node {
	n := node{Type: typeCode}
	if language != "" {
		n.Attrs = map[string]any{"language": language}
	}
	if code != "" {
		n.Content = []node{{Type: typeText, Text: code}}
	}
	return n
}

func paragraphOf(text string) node {
	n := node{Type: typeParagraph}
	if text != "" {
		n.Content = []node{{Type: typeText, Text: text}}
	}
	return n
}

func (p *parser) block(n ast.Node, at place, depth int) []node {
	switch n := n.(type) {
	case *ast.Heading:
		return []node{{Type: typeHeading, Attrs: map[string]any{"level": n.Level}, Content: p.inline(n)}}
	case *ast.Paragraph, *ast.TextBlock:
		return p.paragraphs(n)
	case *ast.ThematicBreak:
		return []node{{Type: typeRule}}
	case *ast.FencedCodeBlock:
		return []node{codeOf(string(n.Language(p.source)), p.lines(n))}
	case *ast.CodeBlock:
		return []node{codeOf("", p.lines(n))}
	case *ast.Blockquote:
		return p.quote(n, at, depth)
	case *ast.List:
		return p.list(n, depth)
	case *east.Table:
		return []node{p.table(n)}
	case *ast.HTMLBlock:
		return p.html(n)
	}
	return []node{paragraphOf(p.text(n))}
}

// html means itself, but for the mark that keeps two lists apart.
func (p *parser) html(n *ast.HTMLBlock) []node {
	text := p.lines(n)
	if n.HasClosure() {
		text += "\n" + string(n.ClosureLine.Value(p.source))
	}
	if text = strings.TrimSpace(text); text == "" || text == "<!-- -->" {
		return nil
	}
	return []node{{Type: typeParagraph, Content: textLines(text)}}
}

// textLines are the lines of a text with breaks between them.
func textLines(text string) []node {
	var all []node
	for i, line := range strings.Split(text, "\n") {
		if i > 0 {
			all = append(all, node{Type: typeBreak})
		}
		if line != "" {
			all = append(all, node{Type: typeText, Text: line})
		}
	}
	return all
}

// lines is the text of a block as it stands, without the end of its last line.
func (p *parser) lines(n ast.Node) string {
	var b strings.Builder
	for i := range n.Lines().Len() {
		segment := n.Lines().At(i)
		b.Write(segment.Value(p.source))
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// paragraphs are a paragraph, and the files that stand in it as blocks of their own.
func (p *parser) paragraphs(n ast.Node) []node {
	var all []node
	var line []node
	flush := func() {
		if len(line) > 0 {
			all = append(all, node{Type: typeParagraph, Content: line})
		}
		line = nil
	}
	for _, inner := range p.inline(n) {
		if inner.Type != typeMedia {
			line = append(line, inner)
			continue
		}
		flush()
		all = append(all, node{Type: typeMediaGroup, Attrs: map[string]any{"layout": "center"}, Content: []node{inner}})
	}
	if flush(); len(all) == 0 {
		return []node{{Type: typeParagraph}}
	}
	return all
}

// kinds of panels, by the word that an alert begins with.
var kinds = map[string]string{
	"INFO": "info", "NOTE": "note", "WARNING": "warning", "SUCCESS": "success", "ERROR": "error", "TIP": "tip", "CUSTOM": "custom",
}

func (p *parser) quote(n *ast.Blockquote, at place, depth int) []node {
	kind, title, ok := p.alert(n)
	if !ok {
		return []node{{Type: typeQuote, Content: some(p.blocks(n, inQuote, depth+1))}}
	}
	n.RemoveChild(n, n.FirstChild())
	if kind == "EXPAND" && at == inDocument {
		return []node{{Type: typeExpand, Attrs: map[string]any{"title": title}, Content: some(p.blocks(n, inExpand, depth+1))}}
	}
	if kind == "EXPAND" {
		return append([]node{paragraphOf(title)}, p.blocks(n, at, depth+1)...)
	}
	return []node{{Type: typePanel, Attrs: map[string]any{"panelType": kinds[kind]}, Content: some(p.blocks(n, inPanel, depth+1))}}
}

// alert is what the first line of a quote says that it is.
func (p *parser) alert(n *ast.Blockquote) (kind, title string, ok bool) {
	first, isParagraph := n.FirstChild().(*ast.Paragraph)
	if !isParagraph || !strings.HasPrefix(p.lines(first), "[!") {
		return "", "", false
	}
	var b strings.Builder
	for _, inner := range p.inline(first) {
		if inner.Type != typeText {
			return "", "", false
		}
		b.WriteString(inner.Text)
	}
	kind, title, ok = strings.Cut(strings.TrimPrefix(b.String(), "[!"), "]")
	title = strings.TrimSpace(title)
	_, known := kinds[kind]
	return kind, title, ok && (known && title == "" || kind == "EXPAND")
}

// some is at least a paragraph, which every place must hold.
func some(nodes []node) []node {
	if len(nodes) == 0 {
		return []node{{Type: typeParagraph}}
	}
	return nodes
}

func (p *parser) list(n *ast.List, depth int) []node {
	if tasks, ok := p.tasks(n); ok {
		return tasks
	}
	list := node{Type: typeBullets}
	if n.IsOrdered() {
		list.Type = typeOrdered
		if n.Start != 1 {
			list.Attrs = map[string]any{"order": n.Start}
		}
	}
	for item := n.FirstChild(); item != nil; item = item.NextSibling() {
		content := some(p.blocks(item, inItem, depth+1))
		if first := content[0].Type; first != typeParagraph && first != typeCode && first != typeMediaGroup {
			content = append([]node{{Type: typeParagraph}}, content...) // a list cannot begin an item
		}
		list.Content = append(list.Content, node{Type: typeItem, Content: content})
	}
	return []node{list}
}

// tasks is a list of which every item is a task of one line.
func (p *parser) tasks(n *ast.List) ([]node, bool) {
	list := node{Type: typeTasks, Attrs: map[string]any{"localId": "tasks"}}
	for item := n.FirstChild(); item != nil; item = item.NextSibling() {
		line := item.FirstChild()
		if line == nil || line.NextSibling() != nil {
			return nil, false
		}
		box, ok := line.FirstChild().(*east.TaskCheckBox)
		if !ok {
			return nil, false
		}
		state := "TODO"
		if box.IsChecked {
			state = "DONE"
		}
		id := "task-" + strconv.Itoa(len(list.Content)+1)
		content := p.inline(line)
		for _, inner := range content {
			if inner.Type == typeMedia {
				return nil, false
			}
		}
		list.Content = append(list.Content, node{Type: typeTask, Attrs: map[string]any{"localId": id, "state": state}, Content: content})
	}
	return []node{list}, len(list.Content) > 0
}

func (p *parser) table(n *east.Table) node {
	t := node{Type: typeTable}
	for row := n.FirstChild(); row != nil; row = row.NextSibling() {
		kind := typeCell
		if _, head := row.(*east.TableHeader); head {
			if strings.TrimSpace(p.text(row)) == "" {
				continue // a table without a head
			}
			kind = typeHeader
		}
		r := node{Type: typeRow}
		for c := row.FirstChild(); c != nil; c = c.NextSibling() {
			r.Content = append(r.Content, node{Type: kind, Content: some(p.paragraphs(c))})
		}
		t.Content = append(t.Content, r)
	}
	if len(t.Content) == 0 {
		t.Content = []node{{Type: typeRow, Content: []node{{Type: typeCell, Content: some(nil)}}}}
	}
	return t
}
