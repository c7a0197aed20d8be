package adf

import (
	"maps"
	"slices"
	"strings"
)

// panels are the macros that are shown as a panel. Their names are older than those of the document format, and clearer.
var panels = map[string]string{"info": "info", "note": "note", "warning": "warning", "tip": "tip", "panel": "custom"}

// bare are the macros that show only what they hold.
var bare = map[string]bool{"excerpt": true, "section": true, "column": true, "details": true, "div": true}

// macroNodes are the nodes of a macro: what is shown in its place, or its name and parameters, and its body.
func (s *storage) macroNodes(e *element, marks []mark) []node {
	name := e.attr("ac:name")
	parameters := parametersOf(e)
	title := parameters["title"]
	var body []node
	rich, plain := e.child("ac:rich-text-body"), e.child("ac:plain-text-body")
	if rich != nil {
		body = paragraphs(s.all(rich.children, marks))
	}
	switch {
	case (name == "code" || name == "noformat") && plain != nil:
		return append(titled(title), codeBlock(parameters["language"], plain.verbatim()))
	case panels[name] != "":
		return []node{{Type: typePanel, Attrs: map[string]any{"panelType": panels[name]}, Content: append(titled(title), body...)}}
	case name == "expand":
		return []node{{Type: typeExpand, Attrs: map[string]any{"title": title}, Content: body}}
	case name == "status":
		return []node{{Type: "status", Marks: marks, Attrs: map[string]any{"text": or(title, parameters["colour"])}}}
	case bare[name] && rich != nil:
		return append(titled(title), body...)
	}
	n := node{Type: "inlineExtension", Attrs: map[string]any{"extensionKey": name, "parameters": anyOf(parameters)}}
	if rich != nil || plain != nil {
		n.Type, n.Content = "extension", body
	}
	if plain != nil {
		n.Content = append(n.Content, codeBlock("", plain.verbatim()))
	}
	return append([]node{n}, s.stray(e, marks)...)
}

// stray is what stands in a macro and is neither a parameter nor a body.
func (s *storage) stray(e *element, marks []mark) []node {
	var all []node
	for _, c := range e.children {
		if c.name != "ac:parameter" && c.name != "ac:rich-text-body" && c.name != "ac:plain-text-body" && strings.TrimSpace(c.verbatim()) != "" {
			all = append(all, s.nodes(c, marks)...)
		}
	}
	return all
}

func titled(title string) []node {
	if title == "" {
		return nil
	}
	return []node{{Type: typeParagraph, Content: textNodes(title, []mark{{Type: markStrong}})}}
}

// parametersOf are the parameters of a macro. What they refer to stands in their text.
func parametersOf(e *element) map[string]string {
	all := map[string]string{}
	for _, c := range e.children {
		if c.name != "ac:parameter" {
			continue
		}
		value := oneLine(c.verbatim())
		for _, inner := range c.children {
			if inner.name == "ac:link" && len(inner.children) > 0 {
				inner = inner.children[0]
			}
			if strings.HasPrefix(inner.name, "ri:") {
				value = strings.TrimSpace(value + " " + resourceText(inner))
			}
		}
		all[c.attr("ac:name")] = value
	}
	return all
}

func anyOf(texts map[string]string) map[string]any {
	all := map[string]any{}
	for name, text := range texts {
		all[name] = text
	}
	return all
}

func sortedKeys(m map[string]string) []string { return slices.Sorted(maps.Keys(m)) }
