package adf

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
)

// card is a link that shows what it leads to.
func card(n node) string {
	link := n.attr("url")
	if link == "" { // the card carries the data of what it leads to instead
		if data, ok := n.Attrs["data"].(map[string]any); ok {
			inner := node{Attrs: data}
			link = inner.attr("url", "@id", "name")
		}
	}
	switch {
	case plainURL(link):
		return "<" + link + ">"
	case link != "":
		return "[" + escapeLabel(link) + "](" + escapeURL(link) + ")"
	}
	text, _ := json.Marshal(n.Attrs) // was JSON
	return codeSpan(string(text))
}

// media is files, each in a line, with what is written below them.
func (w *writer) media(n node, depth int) string {
	var all []string
	for _, inner := range n.Content {
		all = append(all, w.block(inner, depth+1))
	}
	return joined(all...)
}

// image refers to a file: of the site by its id, of elsewhere by its address.
func image(n node) string {
	target := n.attr("url")
	if target == "" {
		target = "media:" + or(n.attr("id"), "unknown")
	}
	name := or(n.attr("alt"), n.attr("__fileName", "fileName"))
	text := "![" + escapeLabel(oneLine(name)) + "](" + escapeURL(target)
	if collection := n.attr("collection"); collection != "" {
		text += ` "` + strings.ReplaceAll(oneLine(escape(collection)), `"`, `\"`) + `"`
	}
	return text + ")"
}

// macro is an extension: its name, its parameters and its text, as code.
func macro(n node) string {
	parts := []string{or(n.attr("extensionKey"), n.Type)}
	if title := n.attr("extensionTitle"); title != "" {
		parts = append(parts, "title="+title)
	}
	parts = append(parts, values("", n.Attrs["parameters"], 0)...)
	if text := n.attr("text"); text != "" {
		parts = append(parts, text)
	}
	if resource := n.attr("resourceId"); resource != "" {
		parts = append(parts, "resource="+resource)
	}
	return codeSpan("{macro:" + strings.Join(parts, " ") + "}")
}

// values are the parameters of a macro, nested ones by their path.
func values(path string, v any, depth int) []string {
	inner, ok := v.(map[string]any)
	if !ok || depth > 8 {
		if v == nil {
			return nil
		}
		text, isText := v.(string)
		if !isText {
			raw, _ := json.Marshal(v) // was JSON
			text = string(raw)
		}
		return []string{strings.TrimPrefix(path, ".") + "=" + text}
	}
	var all []string
	for _, name := range slices.Sorted(maps.Keys(inner)) {
		below := path + "." + name
		if name == "value" || name == "macroParams" { // as macros wrap each parameter
			below = path
		}
		all = append(all, values(below, inner[name], depth+1)...)
	}
	return all
}
