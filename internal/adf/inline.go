package adf

import (
	"maps"
	"slices"
	"strings"
)

// inlineTypes are the nodes that stand within a line.
var inlineTypes = []string{
	typeText, typeBreak, typeMention, "emoji", "date", "status", "inlineCard", "mediaInline", "placeholder", "inlineExtension",
	"unsupportedInline", "image",
}

func isInline(n node) bool { return slices.Contains(inlineTypes, n.Type) }

// paragraph is a block of inline nodes.
func (w *writer) paragraph(nodes []node) string {
	return escapeStarts(w.inline(nodes, "\\\n"))
}

// line is inline nodes where no line can end.
func (w *writer) line(nodes []node) string { return w.inline(nodes, "<br>") }

// order is how marks lie in one another, the outermost first.
var order = []string{markLink, markStrong, markEm, markStrike, markUnderline, markSubSup, markCode}

// span is a piece of text with its marks in that order.
type span struct {
	text  string // escaped, but for code
	marks []mark
	code  bool
}

// inline writes nodes with their marks. Spaces behind a text wait, for a mark closes before them.
func (w *writer) inline(nodes []node, lineBreak string) string {
	var b strings.Builder
	var open []mark
	spaces := ""
	for _, s := range w.spans(nodes, lineBreak) {
		lead, text, tail := "", s.text, ""
		if !s.code {
			text = strings.TrimLeft(s.text, " ")
			lead = s.text[:len(s.text)-len(text)]
			trimmed := strings.TrimRight(text, " ")
			tail, text = text[len(trimmed):], trimmed
		}
		if text == "" { // marks of spaces alone cannot be written
			spaces += lead + tail
			continue
		}
		keep := 0
		for keep < len(open) && keep < len(s.marks) && same(open[keep], s.marks[keep]) {
			keep++
		}
		b.WriteString(closers(open[keep:]) + spaces + lead)
		for _, m := range s.marks[keep:] {
			b.WriteString(opener(m))
		}
		b.WriteString(text)
		spaces, open = tail, s.marks
	}
	return b.String() + closers(open) + spaces
}

// spans are the nodes as pieces of text, neighbours of the same marks joined.
func (w *writer) spans(nodes []node, lineBreak string) []span {
	var all []span
	var last strings.Builder // the text of the last one, to which neighbours are added
	for i, n := range nodes {
		follows := ""
		if i+1 < len(nodes) {
			follows = anything
		}
		s := w.span(n, lineBreak, follows)
		if s.text == "" {
			continue
		}
		if end := len(all) - 1; end >= 0 {
			if !s.code && !all[end].code && slices.EqualFunc(all[end].marks, s.marks, same) {
				last.WriteString(s.text)
				continue
			}
			all[end].text = last.String()
		}
		last.Reset()
		last.WriteString(s.text)
		all = append(all, s)
	}
	if end := len(all) - 1; end >= 0 {
		all[end].text = last.String()
	}
	return all
}

func (w *writer) span(n node, lineBreak, follows string) span {
	s := span{marks: ordered(n.Marks)}
	switch n.Type {
	case typeText:
		if len(s.marks) > 0 && s.marks[len(s.marks)-1].Type == markCode {
			s.code, s.text, s.marks = true, codeSpan(n.Text), s.marks[:len(s.marks)-1]
			return s
		}
		s.text = broken(n.Text, lineBreak, follows)
		if link := linkOf(s.marks); link != "" && n.Text == link && plainURL(link) {
			s.marks = slices.DeleteFunc(s.marks, func(m mark) bool { return m.Type == markLink })
			s.text, s.code = "<"+link+">", true
		}
	case typeBreak:
		s.text = lineBreak
	default:
		s.text = w.atom(n)
	}
	return s
}

// broken escapes a text; lines within it become breaks.
func broken(text, lineBreak, follows string) string {
	lines := strings.Split(strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\r", "\n"), "\n")
	for i := range lines {
		if i+1 == len(lines) {
			lines[i] = escapeBefore(lines[i], follows)
			continue
		}
		lines[i] = escape(lines[i])
	}
	return strings.Join(lines, lineBreak)
}

func linkOf(marks []mark) string {
	for _, m := range marks {
		if m.Type == markLink {
			return m.attr("href")
		}
	}
	return ""
}

// atom writes an inline node that is one thing.
func (w *writer) atom(n node) string {
	switch n.Type {
	case typeMention:
		name := "@" + strings.TrimPrefix(or(n.attr("text"), n.attr("id")), "@")
		if id := n.attr("id"); id != "" {
			return "[" + escapeLabel(name) + "](mention:" + escapeURL(id) + ")"
		}
		return escape(name)
	case "emoji":
		return escape(or(n.attr("text"), n.attr("shortName")))
	case "date":
		return escape(day(n.attr("timestamp")))
	case "status", "placeholder":
		return escape("[" + n.attr("text") + "]")
	case "inlineCard":
		return card(n)
	case "mediaInline", "image":
		return image(n)
	case "inlineExtension":
		return macro(n)
	}
	w.note("a node of type %.60q is not known; its text was kept", n.Type)
	return loose(n)
}

// ordered are the marks that have a form in Markdown, the outermost first; each once.
func ordered(marks []mark) []mark {
	var all []mark
	for _, kind := range order {
		for _, m := range marks {
			if m.Type == kind && (kind != markLink || m.attr("href") != "") {
				all = append(all, m)
				break
			}
		}
	}
	return all
}

func same(a, b mark) bool {
	return a.Type == b.Type && maps.EqualFunc(texts(a), texts(b), func(x, y string) bool { return x == y })
}

func texts(m mark) map[string]string {
	return map[string]string{"href": m.attr("href"), "type": m.attr("type")}
}

func opener(m mark) string {
	switch m.Type {
	case markLink:
		return "["
	case markUnderline:
		return "<u>"
	case markSubSup:
		return "<" + supOrSub(m) + ">"
	}
	return delimiters[m.Type]
}

// delimiters of marks; they are the same on both sides.
var delimiters = map[string]string{markStrong: "**", markEm: "*", markStrike: "~~"}

func supOrSub(m mark) string {
	if m.attr("type") == "sub" {
		return "sub"
	}
	return "sup"
}

func closers(marks []mark) string {
	var b strings.Builder
	for _, m := range slices.Backward(marks) {
		switch m.Type {
		case markLink:
			b.WriteString("](" + escapeURL(m.attr("href")) + ")")
		case markUnderline:
			b.WriteString("</u>")
		case markSubSup:
			b.WriteString("</" + supOrSub(m) + ">")
		default:
			b.WriteString(delimiters[m.Type])
		}
	}
	return b.String()
}

// codeSpan is code within a line, in ticks that it does not hold itself.
func codeSpan(text string) string {
	text = oneSpaced(text)
	ticks := strings.Repeat("`", longest(text, '`')+1)
	if strings.HasPrefix(text, "`") || strings.HasSuffix(text, "`") || strings.HasPrefix(text, " ") && strings.HasSuffix(text, " ") && strings.Trim(text, " ") != "" {
		text = " " + text + " "
	}
	return ticks + text + ticks
}

// oneSpaced has no ends of lines, which mean a space in a span of code.
func oneSpaced(text string) string {
	return strings.NewReplacer("\r\n", " ", "\n", " ", "\r", " ").Replace(text)
}
