// Package markdown writes reports that read well in a terminal too, of text that nobody can be sure of: what comes from
// outside cannot change their form, and nothing in them hides from a reader or is obeyed by a terminal.
package markdown

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Document is Markdown in the making. Text from outside goes through Plain, Sentence, Cell or Code, so that it cannot
// change the form. The zero Document is empty and ready.
type Document struct{ strings.Builder }

// block begins a new block: an empty line stands between two of them.
func (d *Document) block() {
	if d.Len() > 0 {
		d.WriteString("\n")
	}
}

// Heading begins a part of the report; level 1 is its title.
func (d *Document) Heading(level int, format string, args ...any) {
	d.block()
	_, _ = fmt.Fprintf(d, strings.Repeat("#", level)+" "+format+"\n", args...)
}

// Paragraph writes a text with Markdown in it.
func (d *Document) Paragraph(format string, args ...any) {
	d.block()
	d.WriteString(wrap(fmt.Sprintf(format, args...), "") + "\n")
}

// List writes a list; items may hold Markdown, and lines of their own.
func (d *Document) List(items []string) {
	d.block()
	for _, text := range items {
		d.WriteString("- " + wrap(strings.ReplaceAll(text, "\n", "\n  "), "  ") + "\n")
	}
}

// Table writes a table whose columns are aligned; cells may hold Markdown.
func (d *Document) Table(header []string, rows [][]string) {
	d.block()
	widths := make([]int, len(header))
	rule := make([]string, len(header))
	rows = append([][]string{header, rule}, rows...)
	for _, cells := range rows {
		for i := range cells {
			cells[i] = strings.ReplaceAll(cells[i], "|", `\|`)
			widths[i] = max(widths[i], utf8.RuneCountInString(cells[i]), 3)
		}
	}
	for i := range rule {
		rule[i] = strings.Repeat("-", widths[i])
	}
	for _, cells := range rows {
		for i, text := range cells {
			d.WriteString("| " + text + strings.Repeat(" ", widths[i]-utf8.RuneCountInString(text)+1))
		}
		d.WriteString("|\n")
	}
}

// width is how long a line of prose may be.
const width = 118

// wrap breaks long lines, but only before a word that begins with a letter: none such begins a heading, a list or
// anything else.
func wrap(text, indent string) string {
	var b strings.Builder
	column := 0
	for i, word := range strings.Split(text, " ") {
		n := utf8.RuneCountInString(word)
		first, _ := utf8.DecodeRuneInString(word)
		switch {
		case i == 0:
		case column+1+n > width && unicode.IsLetter(first):
			b.WriteString("\n" + indent)
			column = len(indent)
		default:
			b.WriteString(" ")
			column++
		}
		b.WriteString(word)
		if at := strings.LastIndexByte(word, '\n'); at >= 0 {
			column, n = 0, utf8.RuneCountInString(word[at+1:])
		}
		column += n
	}
	return b.String()
}

// How much of a text from outside is shown: in a cell of a table, in a list, and of a sentence.
const (
	MostCell     = 80
	MostText     = 200
	MostSentence = 640
)

// Plain makes text from outside one line in which nothing is Markdown.
func Plain(text string) string { return escaped(OneLine(text, MostText)) }

// Sentence is Plain for a sentence, of which more is shown.
func Sentence(text string) string { return escaped(OneLine(text, MostSentence)) }

// Cell is Plain for a cell of a table, of which less is shown.
func Cell(text string) string { return escaped(OneLine(text, MostCell)) }

// inBrackets are the places of a template, such as <num>, and what looks like a tag of HTML.
var inBrackets = regexp.MustCompile(`(?:<[\w*-]{1,20}>)+`)

// escaped takes the meaning from what Markdown and HTML know. Places of a template become code, in which they stand as
// they are.
func escaped(text string) string {
	var b strings.Builder
	from := 0
	escape := func(text string) string {
		return emphasis.ReplaceAllString(escape.Replace(entity.ReplaceAllString(text, "&amp;$1")), `$1\_$2`)
	}
	for _, at := range inBrackets.FindAllStringIndex(text, -1) {
		b.WriteString(escape(text[from:at[0]]) + "`" + text[at[0]:at[1]] + "`")
		from = at[1]
	}
	b.WriteString(escape(text[from:]))
	return b.String()
}

var (
	escape   = strings.NewReplacer(`\`, `\\`, "`", "\\`", "*", `\*`, "~~", `\~\~`, "<", "&lt;", "](", `]\(`, "][", `]\[`)
	entity   = regexp.MustCompile(`&(#?\w+;)`)
	emphasis = regexp.MustCompile(`(^|\W)_+(\w)`)
)

// Code makes text from outside a piece of code.
func Code(text string) string { return CodeOf(text, MostText) }

// CodeOf is Code of at most so many characters.
func CodeOf(text string, most int) string {
	text = OneLine(text, most)
	if text == "" {
		return ""
	}
	fence := "`"
	for strings.Contains(text, fence) {
		fence += "`"
	}
	if strings.HasPrefix(text, "`") || strings.HasSuffix(text, "`") {
		text = " " + text + " "
	}
	return fence + text + fence
}

// OneLine takes out what would break a line or hide in it, and bounds its length.
func OneLine(text string, most int) string {
	if longest := 64 * most; len(text) > longest {
		text = text[:longest] + " …"
	}
	return cut(strings.Join(strings.Fields(Visible(text)), " "), most)
}

// Visible is the text without what a terminal obeys or a reader cannot see.
func Visible(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n', r == '\t':
			return r
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsControl(r), unicode.In(r, unicode.Cf, unicode.Co, unicode.Variation_Selector, unicode.Other_Default_Ignorable_Code_Point):
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, ""))
}

// cut ends a text that is too long after a word, or at least not within a number or a name.
func cut(text string, most int) string {
	runes := []rune(text)
	if len(runes) <= most {
		return text
	}
	inWord := func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r) }
	for _, breaks := range []func(int) bool{
		func(i int) bool { return runes[i] == ' ' },
		func(i int) bool { return !inWord(runes[i]) },
	} {
		for i := most; i > most/2; i-- {
			if breaks(i) {
				return string(runes[:i]) + "…"
			}
		}
	}
	return string(runes[:most]) + "…"
}
