package adf

import (
	"slices"
	"strings"
)

func (s *storage) list(e *element, marks []mark) node {
	n := node{Type: typeBullets}
	if e.name == "ol" {
		n.Type = typeOrdered
		if start := e.attr("start"); start != "" {
			n.Attrs = map[string]any{"order": start}
		}
	}
	for _, c := range e.children {
		switch content := paragraphs(s.item(c, marks)); {
		case c.name == "ul" || c.name == "ol": // as some editors nest them
			n.Content = append(n.Content, s.list(c, marks))
		case len(content) > 0 || c.name == "li":
			n.Content = append(n.Content, node{Type: typeItem, Content: content})
		}
	}
	return n
}

// item is what stands in an item of a list, or in what is none and still stands there.
func (s *storage) item(e *element, marks []mark) []node {
	switch e.name {
	case "li":
		return s.all(e.children, marks)
	case "ul", "ol":
		return nil
	}
	return s.nodes(e, marks)
}

// table is a table, and its caption before it.
func (s *storage) table(e *element, marks []mark) []node {
	table := node{Type: typeTable}
	before := s.rows(e, &table, marks)
	if len(table.Content) == 0 {
		return before
	}
	return append(before, table)
}

// rows collects the rows below an element; what stands between them is given back.
func (s *storage) rows(e *element, table *node, marks []mark) []node {
	var beside []node
	for _, c := range e.children {
		switch c.name {
		case "tr":
			table.Content = append(table.Content, node{Type: typeRow, Content: s.cells(c, marks)})
		case "thead", "tbody", "tfoot":
			beside = append(beside, s.rows(c, table, marks)...)
		default:
			beside = append(beside, s.nodes(c, marks)...)
		}
	}
	return paragraphs(beside)
}

func (s *storage) cells(row *element, marks []mark) []node {
	var all []node
	for _, c := range row.children {
		cell := node{Type: typeCell, Attrs: map[string]any{}}
		switch c.name {
		case "th":
			cell.Type = typeHeader
			fallthrough
		case "td":
			cell.Content = paragraphs(s.all(c.children, marks))
			for _, name := range []string{"colspan", "rowspan"} {
				if v := c.attr(name); v != "" {
					cell.Attrs[name] = v
				}
			}
		default:
			if cell.Content = paragraphs(s.nodes(c, marks)); len(cell.Content) == 0 {
				continue
			}
		}
		all = append(all, cell)
	}
	return all
}

func (s *storage) details(e *element, marks []mark) node {
	n := node{Type: typeExpand, Attrs: map[string]any{}}
	rest := e.children
	if summary := e.child("summary"); summary != nil {
		n.Attrs["title"] = summary.verbatim()
		rest = slices.DeleteFunc(slices.Clone(rest), func(c *element) bool { return c == summary })
	}
	n.Content = paragraphs(s.all(rest, marks))
	return n
}

// tasks is a list of tasks.
func (s *storage) tasks(e *element, marks []mark) node {
	n := node{Type: typeTasks}
	for _, c := range e.children {
		if c.name != "ac:task" {
			if content := paragraphs(s.nodes(c, marks)); len(content) > 0 {
				n.Content = append(n.Content, node{Type: typeItem, Content: content})
			}
			continue
		}
		task := node{Type: typeTask, Attrs: map[string]any{"state": "TODO"}}
		if status := c.child("ac:task-status"); status != nil && strings.TrimSpace(status.verbatim()) == "complete" {
			task.Attrs["state"] = "DONE"
		}
		if body := c.child("ac:task-body"); body != nil {
			task.Content = paragraphs(s.all(body.children, marks))
		}
		n.Content = append(n.Content, task)
	}
	return n
}
