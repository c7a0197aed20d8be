package adf

import (
	"encoding/xml"
	"errors"
	"io"
	"slices"
	"strings"
)

const (
	maxNested   = 200     // elements that lie in one another; those below are read as if they stood beside
	maxElements = 200_000 // of one page
)

// element is an element of a page in the storage format, or a text where it has no name.
type element struct {
	name     string // with its prefix, such as ac:link
	text     string
	attrs    map[string]string
	children []*element
}

// attr is the first of these attributes that is set.
func (e *element) attr(names ...string) string {
	for _, name := range names {
		if v := e.attrs[name]; v != "" {
			return v
		}
	}
	return ""
}

// child is the first child of that name; nil = there is none.
func (e *element) child(names ...string) *element {
	for _, c := range e.children {
		if slices.Contains(names, c.name) {
			return c
		}
	}
	return nil
}

// verbatim is all text below, its spaces kept.
func (e *element) verbatim() string {
	var b strings.Builder
	e.write(&b)
	return b.String()
}

func (e *element) write(b *strings.Builder) {
	if b.WriteString(e.text); e.name == "br" {
		b.WriteByte('\n')
	}
	for _, c := range e.children {
		c.write(b)
	}
}

// tree reads a page as tolerantly as a browser: elements that are not closed end with those around them.
type tree struct {
	open  []*element
	count int
	deep  bool
}

// parseStorage gives the elements of a page. left is what cannot be read, from there to the end.
func parseStorage(text string) (root *element, left string, deep bool) {
	root = &element{}
	t := tree{open: []*element{root}}
	d := xml.NewDecoder(strings.NewReader(text))
	d.Strict, d.Entity = false, xml.HTMLEntity
	for {
		from := d.InputOffset()
		token, err := d.RawToken()
		switch {
		case errors.Is(err, io.EOF):
			return root, "", t.deep
		case err != nil, t.count > maxElements:
			return root, text[min(int(from), len(text)):], t.deep
		}
		t.take(token)
	}
}

func (t *tree) take(token xml.Token) {
	top := t.open[len(t.open)-1]
	switch token := token.(type) {
	case xml.StartElement:
		e := &element{name: nameOf(token.Name), attrs: map[string]string{}}
		for _, a := range token.Attr {
			e.attrs[nameOf(a.Name)] = a.Value
		}
		t.add(top, e)
		if t.deep = t.deep || len(t.open) > maxNested; len(t.open) <= maxNested && !void[e.name] {
			t.open = append(t.open, e)
		}
	case xml.EndElement:
		t.end(nameOf(token.Name))
	case xml.CharData:
		t.add(top, &element{text: string(token)})
	}
}

func (t *tree) add(parent, e *element) {
	t.count++
	parent.children = append(parent.children, e)
}

// end closes the innermost element of that name with all that is open within; of others nothing is open.
func (t *tree) end(name string) {
	for i := len(t.open) - 1; i > 0; i-- {
		if t.open[i].name == name {
			t.open = t.open[:i]
			return
		}
	}
}

// void are the elements of HTML that never hold anything.
var void = map[string]bool{"br": true, "hr": true, "img": true, "col": true, "input": true, "wbr": true, "link": true, "meta": true}

func nameOf(n xml.Name) string {
	if n.Space == "" {
		return strings.ToLower(n.Local)
	}
	return n.Space + ":" + n.Local
}
