package adf

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// maxDepth is how deep nodes may lie in one another; deeper ones give their text alone.
const maxDepth = 60

// Markdown writes a document as Markdown: an object, a text that holds one (as Confluence sends it), or a text that is none,
// which stays as it is. Nothing and null are empty. Notes say what was not known, or had no form in Markdown. The error says that
// the text is no document.
func Markdown(document json.RawMessage) (text string, notes []string, err error) {
	n, plain, err := decode(document)
	if err != nil || n.Type == "" {
		return visible(plain), nil, err
	}
	w := &writer{}
	if n.Type == typeDoc {
		text = w.blocks(n.Content, 0)
	} else {
		text = w.blocks([]node{n}, 0)
	}
	slices.Sort(w.notes)
	return visible(text), slices.Compact(w.notes), nil
}

// visible keeps NUL out of a text, which many readers end at.
func visible(text string) string {
	return strings.ToValidUTF8(strings.ReplaceAll(text, "\x00", "\uFFFD"), "\uFFFD")
}

// writer writes one document.
type writer struct{ notes []string }

func (w *writer) note(format string, args ...any) {
	if len(w.notes) < 100 {
		w.notes = append(w.notes, fmt.Sprintf(format, args...))
	}
}

// blocks writes nodes as blocks with an empty line between them. Inline nodes among them make a paragraph together.
func (w *writer) blocks(nodes []node, depth int) string {
	var all []string
	for i := 0; i < len(nodes); {
		if isInline(nodes[i]) {
			from := i
			for i < len(nodes) && isInline(nodes[i]) {
				i++
			}
			all = append(all, w.paragraph(nodes[from:i]))
			continue
		}
		if text := w.block(nodes[i], depth); text != "" {
			all = append(all, separated(all, nodes, i, text))
		}
		i++
	}
	return strings.Join(all, "\n\n")
}

// separated keeps two lists that follow each other from becoming one.
func separated(before []string, nodes []node, i int, text string) string {
	if i > 0 && len(before) > 0 && isList(nodes[i]) && nodes[i-1].Type == nodes[i].Type {
		return "<!-- -->\n\n" + text
	}
	return text
}

func isList(n node) bool {
	return n.Type == typeBullets || n.Type == typeOrdered || n.Type == typeTasks || n.Type == "decisionList"
}

func (w *writer) block(n node, depth int) string {
	if depth > maxDepth {
		return w.flattened(n)
	}
	switch n.Type {
	case typeParagraph:
		return w.paragraph(n.Content)
	case typeHeading:
		level, _ := strconv.Atoi(n.attr("level"))
		return strings.TrimRight(strings.Repeat("#", min(max(level, 1), 6))+" "+w.line(n.Content), " ")
	case typeRule:
		return "---"
	case typeCode:
		return w.code(n)
	case typeBullets, typeOrdered, typeTasks, "decisionList":
		return w.list(n, depth)
	case typeTable:
		return w.table(n)
	case typeQuote:
		return prefixed(w.blocks(n.Content, depth+1), "> ")
	case typePanel:
		return w.alert(strings.ToUpper(or(n.attr("panelType"), "info")), n, depth)
	case typeExpand, typeNested:
		return w.alert(strings.TrimRight("EXPAND] "+escape(oneLine(n.attr("title"))), " "), n, depth)
	}
	return w.special(n, depth)
}

// special writes what is no text of its own.
func (w *writer) special(n node, depth int) string {
	switch n.Type {
	case "blockCard", "embedCard":
		return card(n)
	case typeMediaGroup, "mediaGroup":
		return w.media(n, depth)
	case typeMedia:
		return image(n)
	case "caption":
		return w.paragraph(n.Content)
	case "layoutSection", "layoutColumn", typeItem, typeTask, "decisionItem", typeRow, typeCell, typeHeader, typeDoc:
		return w.blocks(n.Content, depth+1)
	case "extension", "bodiedExtension", "multiBodiedExtension", "extensionFrame", "syncBlock", "bodiedSyncBlock":
		return joined(macro(n), w.blocks(n.Content, depth+1))
	case "unsupportedBlock":
		return w.unsupported(n)
	}
	w.note("a node of type %.60q is not known; its text was kept", n.Type)
	return joined(strings.TrimSpace(escape(n.Text)+" "+loose(n)), w.blocks(n.Content, depth+1))
}

// unsupported is what an editor kept of something that it did not know: the value as it was.
func (w *writer) unsupported(n node) string {
	w.note("the document holds something that its editor did not support; it was kept as it was")
	text, _ := json.Marshal(n.Attrs) // was JSON
	return fenced("json", string(text))
}

// loose are the attributes of an unknown node that a reader may need.
func loose(n node) string {
	var all []string
	for _, name := range []string{"title", "text", "shortName", "url", "href", "alt", "id"} {
		if v := n.attr(name); v != "" {
			all = append(all, escape(oneLine(v)))
		}
	}
	return strings.Join(all, " ")
}

func joined(parts ...string) string {
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), "\n\n")
}

func or(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

func (w *writer) flattened(n node) string {
	w.note("nodes lie deeper than %d in one another; of those there is the text alone", maxDepth)
	var b strings.Builder
	n.plain(&b, 0)
	return escapeBlock(oneLine(b.String()))
}

// alert is a quote whose first line says what it is.
func (w *writer) alert(head string, n node, depth int) string {
	if !strings.Contains(head, "]") {
		head += "]"
	}
	return prefixed("[!"+head+"\n\n"+w.blocks(n.Content, depth+1), "> ")
}

// prefixed puts a mark before every line.
func prefixed(text, mark string) string {
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	for i, line := range lines {
		lines[i] = strings.TrimRight(mark+line, " ")
		if line != strings.TrimRight(line, " ") { // spaces of code stay
			lines[i] = mark + line
		}
	}
	return strings.Join(lines, "\n")
}

func (w *writer) code(n node) string {
	var b strings.Builder
	for _, inner := range n.Content {
		inner.plain(&b, 0)
	}
	return fenced(n.attr("language"), b.String())
}

// fenced is a block of code whose fence is longer than any in it.
func fenced(language, code string) string {
	fence := strings.Repeat("`", max(3, longest(code, '`')+1))
	language = strings.Map(func(r rune) rune {
		if r <= ' ' || r == '`' {
			return -1
		}
		return r
	}, language)
	code = strings.ReplaceAll(strings.ReplaceAll(code, "\r\n", "\n"), "\r", "\n")
	if code == "" {
		return fence + language + "\n" + fence
	}
	return fence + language + "\n" + code + "\n" + fence
}

// longest is the longest run of a letter.
func longest(text string, letter byte) int {
	most, n := 0, 0
	for i := range len(text) {
		if n++; text[i] != letter {
			n = 0
		}
		most = max(most, n)
	}
	return most
}

func (w *writer) list(n node, depth int) string {
	number, _ := strconv.Atoi(or(n.attr("order"), "1"))
	var all []string
	for _, item := range n.Content {
		marker := "- "
		switch {
		case n.Type == typeOrdered:
			marker = strconv.Itoa(min(max(number, 0), 999_999_999)) + ". "
			number++
		case item.Type == typeTask && item.attr("state") == "DONE":
			marker = "- [x] "
		case item.Type == typeTask:
			marker = "- [ ] "
		case item.Type == "decisionItem":
			marker = "- **Decision:** "
		}
		if isList(item) { // a list of tasks may hold another at once
			all = append(all, indented(w.list(item, depth+1), "  "))
			continue
		}
		indent := "  "
		if n.Type == typeOrdered {
			indent = strings.Repeat(" ", len(marker))
		}
		all = append(all, marker+strings.TrimLeft(indented(w.blocks(item.Content, depth+1), indent), " "))
	}
	for i := range all {
		all[i] = strings.TrimRight(all[i], " ")
	}
	return strings.Join(all, "\n")
}

// indented puts spaces before every line that is not empty.
func indented(text, by string) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		if line != "" {
			lines[i] = by + line
		}
	}
	return strings.Join(lines, "\n")
}
