package adf

import (
	"slices"
	"strings"
)

// MarkdownOfStorage writes a page in the storage format of Confluence (XHTML with elements of its own:
// https://confluence.atlassian.com/doc/confluence-storage-format-790796544.html), or one that was rendered as HTML, in the
// forms of this package. What cannot be read as XML is kept as it came. Notes say what was not known.
func MarkdownOfStorage(page string) (text string, notes []string) {
	root, left, deep := parseStorage(strings.ToValidUTF8(page, "\uFFFD"))
	s := &storage{}
	all := paragraphs(s.all(root.children, nil))
	if strings.TrimSpace(left) != "" {
		s.note("the page cannot be read as XML to its end; what follows was kept as it came")
		all = append(all, codeBlock("", left))
	}
	if deep {
		s.note("elements lie deeper than %d in one another; those below were read beside each other", maxNested)
	}
	text = visible(s.blocks(all, 0))
	slices.Sort(s.notes)
	return text, slices.Compact(s.notes)
}

// storage makes nodes of elements.
type storage struct{ writer }

// all are the nodes of elements, blocks and inline ones as they come. marks are those of the elements around.
func (s *storage) all(elements []*element, marks []mark) []node {
	var all []node
	for _, e := range elements {
		all = append(all, s.nodes(e, marks)...)
	}
	return all
}

// nodes are the nodes of one element.
func (s *storage) nodes(e *element, marks []mark) []node {
	if e.name == "" {
		return textNodes(spaced(e.text), marks)
	}
	if m, ok := markOf[e.name]; ok {
		return s.all(e.children, with(marks, m))
	}
	if kind, ok := strings.CutPrefix(e.name, "ac:"); ok {
		return s.own(e, kind, marks)
	}
	if strings.HasPrefix(e.name, "ri:") {
		return textNodes(resourceText(e), marks)
	}
	if n, ok := s.inlineHTML(e, marks); ok {
		return n
	}
	return s.blockHTML(e, marks)
}

// markOf are the elements that only mark their text.
var markOf = map[string]mark{
	"strong": {Type: markStrong}, "b": {Type: markStrong}, "em": {Type: markEm}, "i": {Type: markEm}, "cite": {Type: markEm},
	"u": {Type: markUnderline}, "ins": {Type: markUnderline}, "s": {Type: markStrike}, "del": {Type: markStrike}, "strike": {Type: markStrike},
	"code": {Type: markCode}, "kbd": {Type: markCode}, "samp": {Type: markCode}, "tt": {Type: markCode},
	"sub": {Type: markSubSup, Attrs: map[string]any{"type": "sub"}}, "sup": {Type: markSubSup, Attrs: map[string]any{"type": "sup"}},
}

func (s *storage) inlineHTML(e *element, marks []mark) ([]node, bool) {
	switch e.name {
	case "br":
		return []node{{Type: typeBreak, Marks: marks}}, true
	case "a":
		return s.link(e, marks), true
	case "img":
		return []node{shownImage(e.attr("src"), e.attr("alt", "title"), marks)}, true
	case "time":
		if at := e.attr("datetime"); at != "" && strings.TrimSpace(e.verbatim()) == "" {
			return textNodes(at, marks), true
		}
	}
	return nil, false
}

func (s *storage) blockHTML(e *element, marks []mark) []node {
	inner := func() []node { return s.all(e.children, marks) }
	switch e.name {
	case "p":
		return closed(inner())
	case "h1", "h2", "h3", "h4", "h5", "h6":
		return heading(e.name[1:], inner())
	case "hr":
		return []node{{Type: typeRule}}
	case "pre":
		return []node{codeBlock(brush(e), strings.TrimPrefix(e.verbatim(), "\n"))}
	case "blockquote":
		return []node{{Type: typeQuote, Content: paragraphs(inner())}}
	case "ul", "ol":
		return []node{s.list(e, marks)}
	case "table":
		return s.table(e, marks)
	case "details":
		return []node{s.details(e, marks)}
	case "dt":
		return closed(s.all(e.children, with(marks, mark{Type: markStrong})))
	case "script", "style", "head", "template", "colgroup", "col", "noscript":
		return nil // nothing of them is text
	case "span", "font", "small", "big", "abbr", "label", "mark", "q", "var", "dfn", "acronym", "bdi", "bdo", "wbr":
		return inner()
	}
	return closed(inner()) // div and the like
}

// closed keeps what is inside of an element apart from what stands beside it.
func closed(nodes []node) []node { return paragraphs(nodes) }

// heading holds no blocks: those inside follow it.
func heading(level string, nodes []node) []node {
	var all []node
	for _, n := range paragraphs(nodes) {
		if n.Type == typeParagraph {
			n.Type, n.Attrs = typeHeading, map[string]any{"level": level}
		}
		all = append(all, n)
	}
	return all
}

// paragraphs makes a paragraph of inline nodes that follow each other; blocks stay.
func paragraphs(nodes []node) []node {
	var all, run []node
	end := func() {
		if run = trimmed(run); len(run) > 0 {
			all = append(all, node{Type: typeParagraph, Content: run})
		}
		run = nil
	}
	for _, n := range nodes {
		if isInline(n) {
			run = append(run, n)
			continue
		}
		end()
		all = append(all, n)
	}
	end()
	return all
}

// trimmed is without spaces and breaks at its ends, which show nothing.
func trimmed(run []node) []node {
	for len(run) > 0 && isBlank(run[0]) {
		run = run[1:]
	}
	for len(run) > 0 && isBlank(run[len(run)-1]) {
		run = run[:len(run)-1]
	}
	if len(run) == 0 {
		return nil
	}
	run = slices.Clone(run)
	if first := &run[0]; first.Type == typeText {
		first.Text = strings.TrimLeft(first.Text, " ")
	}
	if last := &run[len(run)-1]; last.Type == typeText {
		last.Text = strings.TrimRight(last.Text, " ")
	}
	return run
}

func isBlank(n node) bool {
	return n.Type == typeBreak || n.Type == typeText && strings.Trim(n.Text, " ") == ""
}

func textNodes(text string, marks []mark) []node {
	if text == "" {
		return nil
	}
	return []node{{Type: typeText, Text: text, Marks: marks}}
}

// spaced has one space for each run of them, as HTML shows them.
func spaced(text string) string {
	var b strings.Builder
	blank := false
	for _, r := range text {
		if r == ' ' || r == '\n' || r == '\t' || r == '\r' || r == '\f' {
			blank = true
			continue
		}
		if blank {
			b.WriteByte(' ')
		}
		blank = false
		b.WriteRune(r)
	}
	if blank {
		b.WriteByte(' ')
	}
	return b.String()
}

func codeBlock(language, code string) node {
	n := node{Type: typeCode, Content: textNodes(code, nil)}
	if language != "" {
		n.Attrs = map[string]any{"language": language}
	}
	return n
}

// brush is the language of a block of code that was rendered.
func brush(e *element) string {
	_, after, _ := strings.Cut(e.attr("data-syntaxhighlighter-params"), "brush:")
	language, _, _ := strings.Cut(after, ";")
	return strings.TrimSpace(language)
}
