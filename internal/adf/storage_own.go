package adf

import (
	"strings"
)

// own are the nodes of an element of Confluence's own.
func (s *storage) own(e *element, kind string, marks []mark) []node {
	switch kind {
	case "structured-macro", "macro":
		return s.macroNodes(e, marks)
	case "link":
		return s.ownLink(e, marks)
	case "image":
		return s.image(e, marks)
	case "task-list":
		return []node{s.tasks(e, marks)}
	case "emoticon":
		return []node{{Type: "emoji", Marks: marks, Attrs: map[string]any{
			"text": or(e.attr("ac:emoji-fallback"), ":"+strings.Trim(e.attr("ac:emoji-shortname", "ac:name"), ":")+":"),
		}}}
	case "placeholder":
		return []node{{Type: "placeholder", Attrs: map[string]any{"text": oneLine(e.verbatim())}}}
	case "inline-comment-marker", "link-body":
		return s.all(e.children, marks)
	case "plain-text-body", "plain-text-link-body":
		return textNodes(e.verbatim(), marks)
	case "layout", "layout-section", "layout-cell", "rich-text-body", "task-body", "adf-content", "adf-fallback", "caption":
		return closed(s.all(e.children, marks))
	case "adf-extension":
		return s.extension(e, marks)
	case "adf-node":
		return s.extensionNode(e, marks)
	}
	s.note("an element of the name ac:%.60s is not known; its text was kept", kind)
	return closed(s.all(e.children, marks))
}

// link is an element a.
func (s *storage) link(e *element, marks []mark) []node {
	target := e.attr("href")
	if target == "" {
		return s.all(e.children, marks)
	}
	return s.linked(s.all(e.children, linkMark(marks, target)), target, target, marks)
}

// linked is what leads to a target; a link without a text shows the name of what it leads to.
func (s *storage) linked(inside []node, target, name string, marks []mark) []node {
	if len(trimmed(inside)) == 0 {
		return textNodes(or(name, target), linkMark(marks, target))
	}
	return inside
}

func linkMark(marks []mark, target string) []mark {
	return with(marks, mark{Type: markLink, Attrs: map[string]any{"href": target}})
}

// ownLink is a link to a page, a person, a file and the like.
func (s *storage) ownLink(e *element, marks []mark) []node {
	var resource *element
	for _, c := range e.children {
		if strings.HasPrefix(c.name, "ri:") {
			resource = c
		}
	}
	text := e.child("ac:link-body", "ac:plain-text-link-body")
	if resource != nil && resource.name == "ri:user" {
		id := resource.attr("ri:account-id", "ri:userkey", "ri:username")
		name := ""
		if text != nil {
			name = oneLine(text.verbatim())
		}
		return []node{{Type: typeMention, Attrs: map[string]any{"id": id, "text": name}}}
	}
	target, name := "", ""
	if resource != nil {
		target, name = resourceOf(resource)
	}
	if anchor := e.attr("ac:anchor"); anchor != "" {
		target, name = target+"#"+anchor, or(name, anchor)
	}
	if text == nil {
		return s.linked(nil, target, name, marks)
	}
	return s.linked(s.all(text.children, linkMark(marks, target)), target, name, marks)
}

// resourceOf is where a reference leads, and what it is called.
func resourceOf(e *element) (target, name string) {
	switch e.name {
	case "ri:page", "ri:blog-post":
		name = e.attr("ri:content-title")
		if target = "page:"; e.attr("ri:space-key") != "" {
			target += e.attr("ri:space-key") + "/"
		}
		return target + name, or(name, e.attr("ri:space-key"))
	case "ri:attachment":
		name = e.attr("ri:filename")
		return "attachment:" + name, name
	case "ri:space":
		name = e.attr("ri:space-key")
		return "space:" + name, name
	case "ri:url":
		name = e.attr("ri:value")
		return name, name
	case "ri:content-entity":
		name = e.attr("ri:content-id")
		return "page:" + name, name
	case "ri:user":
		name = e.attr("ri:account-id", "ri:userkey", "ri:username")
		return "mention:" + name, name
	case "ri:shortcut":
		name = e.attr("ri:parameter")
		return "shortcut:" + e.attr("ri:key") + "/" + name, name
	}
	var all []string
	for _, k := range sortedKeys(e.attrs) {
		all = append(all, e.attrs[k])
	}
	return strings.TrimPrefix(e.name, "ri:") + ":" + strings.Join(all, "/"), strings.Join(all, " ")
}

func resourceText(e *element) string {
	target, _ := resourceOf(e)
	return target
}

// image is a file that is shown, and what stands below it.
func (s *storage) image(e *element, marks []mark) []node {
	var all []node
	for _, c := range e.children {
		switch {
		case strings.HasPrefix(c.name, "ri:"):
			target, name := resourceOf(c)
			all = append(all, shownImage(target, e.attr("ac:alt", "ac:title"), marks))
			if last := &all[len(all)-1]; last.Attrs["alt"] == "" && target != name {
				last.Attrs["alt"] = name
			}
		case c.name != "":
			all = append(all, s.nodes(c, marks)...)
		}
	}
	return all
}

func shownImage(target, alt string, marks []mark) node {
	return node{Type: "mediaInline", Marks: marks, Attrs: map[string]any{"url": target, "alt": alt}}
}

// extension is a part of the document in the newer format, and what older readers show instead.
func (s *storage) extension(e *element, marks []mark) []node {
	if n := e.child("ac:adf-node"); n != nil {
		return s.extensionNode(n, marks)
	}
	return closed(s.all(e.children, marks))
}

func (s *storage) extensionNode(e *element, marks []mark) []node {
	parameters := map[string]any{}
	var content []node
	for _, c := range e.children {
		if c.name == "ac:adf-attribute" {
			parameters[c.attr("key")] = oneLine(c.verbatim())
			continue
		}
		content = append(content, s.nodes(c, marks)...)
	}
	switch kind := e.attr("type"); kind {
	case "panel":
		panel, _ := parameters["panel-type"].(string)
		return []node{{Type: typePanel, Attrs: map[string]any{"panelType": panel}, Content: paragraphs(content)}}
	case "decision-list":
		return []node{{Type: "decisionList", Content: paragraphs(content)}}
	case "decision-item":
		return []node{{Type: "decisionItem", Content: paragraphs(content)}}
	default:
		return []node{{Type: "extension", Content: paragraphs(content), Attrs: map[string]any{"extensionKey": kind, "parameters": parameters}}}
	}
}
