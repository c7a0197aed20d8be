package adf

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// node is one node of a document.
type node struct {
	Type    string         `json:"type"`
	Text    string         `json:"text,omitempty"`
	Attrs   map[string]any `json:"attrs,omitempty"`
	Marks   []mark         `json:"marks,omitempty"`
	Content []node         `json:"content,omitempty"`
}

type mark struct {
	Type  string         `json:"type"`
	Attrs map[string]any `json:"attrs,omitempty"`
}

// The kinds of nodes that both directions know.
const (
	typeDoc        = "doc"
	typeParagraph  = "paragraph"
	typeText       = "text"
	typeBreak      = "hardBreak"
	typeHeading    = "heading"
	typeQuote      = "blockquote"
	typePanel      = "panel"
	typeExpand     = "expand"
	typeNested     = "nestedExpand"
	typeCode       = "codeBlock"
	typeRule       = "rule"
	typeBullets    = "bulletList"
	typeOrdered    = "orderedList"
	typeItem       = "listItem"
	typeTasks      = "taskList"
	typeTask       = "taskItem"
	typeTable      = "table"
	typeRow        = "tableRow"
	typeHeader     = "tableHeader"
	typeCell       = "tableCell"
	typeMention    = "mention"
	typeMedia      = "media"
	typeMediaGroup = "mediaSingle"

	markLink      = "link"
	markStrong    = "strong"
	markEm        = "em"
	markStrike    = "strike"
	markUnderline = "underline"
	markSubSup    = "subsup"
	markCode      = "code"
)

var errNoDocument = errors.New("not a document: neither an object with a type nor a text")

// decode reads a document, or a text that holds one. plain is a text that holds none.
func decode(raw json.RawMessage) (n node, plain string, err error) {
	raw = bytes.TrimSpace(raw)
	if len(raw) == 0 || string(raw) == "null" {
		return n, "", nil
	}
	if raw[0] == '"' {
		var text string
		if err := json.Unmarshal(raw, &text); err != nil {
			return n, "", err
		}
		inner := bytes.TrimSpace([]byte(text))
		if !bytes.HasPrefix(inner, []byte("{")) || !json.Valid(inner) {
			return n, text, nil
		}
		raw = inner
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	if err := d.Decode(&n); err != nil {
		return n, "", err
	}
	if n.Type == "" {
		return n, "", errNoDocument
	}
	return n, "", nil
}

// attr is an attribute as text; a number keeps its digits.
func (n node) attr(names ...string) string {
	for _, name := range names {
		switch v := n.Attrs[name].(type) {
		case string:
			if v != "" {
				return v
			}
		case json.Number:
			return v.String()
		case bool:
			return fmt.Sprint(v)
		}
	}
	return ""
}

func (m mark) attr(name string) string {
	text, _ := m.Attrs[name].(string)
	return text
}

// day is a date of the document, which counts milliseconds.
func day(text string) string {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < -62135596800000 || n > 253402300799000 {
		return text
	}
	return time.UnixMilli(n).UTC().Format(time.DateOnly)
}

// plain is all text below a node, without form.
func (n node) plain(b *strings.Builder, depth int) {
	b.WriteString(n.Text)
	if depth > 10*maxDepth {
		return
	}
	for _, inner := range n.Content {
		inner.plain(b, depth+1)
	}
}
