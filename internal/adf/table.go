package adf

import (
	"strconv"
	"strings"
)

// maxSpan bounds how many cells one cell may be wide.
const maxSpan = 100

// table writes rows of one width. The first is the head where its cells are head cells, else the head is empty.
func (w *writer) table(n node) string {
	var rows [][]string
	width, headed := 0, false
	for i, r := range n.Content {
		row, isHead := w.row(r)
		if i == 0 && isHead {
			headed = true
		}
		rows = append(rows, row)
		width = max(width, len(row))
	}
	if width == 0 {
		return ""
	}
	if !headed {
		rows = append([][]string{make([]string, width)}, rows...)
	}
	var b strings.Builder
	for i, row := range rows {
		row = append(row, make([]string, width-len(row))...)
		b.WriteString("| " + strings.Join(row, " | ") + " |\n")
		if i == 0 {
			b.WriteString(strings.Repeat("| --- ", width) + "|\n")
		}
	}
	return strings.TrimRight(b.String(), "\n")
}

func (w *writer) row(r node) (cells []string, head bool) {
	head = len(r.Content) > 0
	for _, c := range r.Content {
		cells = append(cells, w.cell(c))
		head = head && c.Type == typeHeader
		wide, _ := strconv.Atoi(c.attr("colspan"))
		high, _ := strconv.Atoi(c.attr("rowspan"))
		if wide > 1 || high > 1 {
			w.note("a table has cells that reach over several rows or columns; the first holds the text")
		}
		for range min(wide, maxSpan) - 1 {
			cells = append(cells, "")
		}
	}
	return cells, head
}

// cell is the blocks of a cell in one line.
func (w *writer) cell(c node) string {
	var all []string
	for _, n := range c.Content {
		if text := w.cellBlock(n); text != "" {
			all = append(all, text)
		}
	}
	return strings.TrimSpace(strings.ReplaceAll(strings.Join(all, "<br>"), "|", `\|`))
}

func (w *writer) cellBlock(n node) string {
	switch {
	case isInline(n):
		return w.line([]node{n})
	case n.Type == typeParagraph, n.Type == typeHeading, n.Type == "caption":
		return w.line(n.Content)
	case n.Type == typeCode:
		return codeLines(n)
	}
	text := w.block(n, maxDepth-8) // a cell holds little
	return strings.ReplaceAll(strings.ReplaceAll(text, "\\\n", "<br>"), "\n", "<br>")
}

// codeLines is code in a cell: each line by itself.
func codeLines(n node) string {
	var b strings.Builder
	for _, inner := range n.Content {
		inner.plain(&b, 0)
	}
	var all []string
	for line := range strings.SplitSeq(b.String(), "\n") {
		if line = strings.TrimRight(line, "\r"); line == "" {
			all = append(all, "")
			continue
		}
		all = append(all, codeSpan(line))
	}
	return strings.Join(all, "<br>")
}
