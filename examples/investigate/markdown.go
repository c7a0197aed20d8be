package main

import (
	"fmt"
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/fourkites/sources/base"
)

// document is Markdown in the making that reads well in a terminal too. Text from outside goes through plain or code, so
// that it cannot change the form.
type document struct{ strings.Builder }

// block begins a new block: an empty line stands between two of them.
func (d *document) block() {
	if d.Len() > 0 {
		d.WriteString("\n")
	}
}

func (d *document) heading(level int, format string, args ...any) {
	d.block()
	_, _ = fmt.Fprintf(d, strings.Repeat("#", level)+" "+format+"\n", args...)
}

func (d *document) paragraph(format string, args ...any) {
	d.block()
	d.WriteString(wrap(fmt.Sprintf(format, args...), "") + "\n")
}

// list writes a list; items may hold Markdown, and lines of their own.
func (d *document) list(items []string) {
	d.block()
	for _, text := range items {
		d.WriteString("- " + wrap(strings.ReplaceAll(text, "\n", "\n  "), "  ") + "\n")
	}
}

// table writes a table whose columns are aligned; cells may hold Markdown.
func (d *document) table(header []string, rows [][]string) {
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
	mostCell     = 80
	mostText     = 200
	mostSentence = 640
)

// plain makes text from outside one line in which nothing is Markdown.
func plain(text string) string { return escaped(oneLine(text, mostText)) }

// sentenceOf is plain for a sentence, of which more is shown.
func sentenceOf(text string) string { return escaped(oneLine(text, mostSentence)) }

// cell is plain for a cell of a table, of which less is shown.
func cell(text string) string { return escaped(oneLine(text, mostCell)) }

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

// code makes text from outside a piece of code.
func code(text string) string { return codeOf(text, mostText) }

func codeOf(text string, most int) string {
	text = oneLine(text, most)
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

// oneLine takes out what would break a line or hide in it, and bounds its length.
func oneLine(text string, most int) string {
	if longest := 64 * most; len(text) > longest {
		text = text[:longest] + " …"
	}
	return cut(strings.Join(strings.Fields(visible(text)), " "), most)
}

// visible is the text without what a terminal obeys or a reader cannot see.
func visible(text string) string {
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

// calendar writes times of day, and the date before those of another day.
type calendar struct{ day string }

const dayLayout = "2006-01-02"

func calendarOf(at time.Time) calendar { return calendar{at.UTC().Format(dayLayout)} }

func (c calendar) at(at time.Time) string { return c.write(at, "15:04:05") }

func (c calendar) exactly(at time.Time) string { return c.write(at, "15:04:05.000") }

func (c calendar) write(at time.Time, layout string) string {
	at = at.UTC()
	switch {
	case at.IsZero():
		return ""
	case at.Format(dayLayout) == c.day:
		return at.Format(layout)
	}
	return at.Format(dayLayout + " " + layout)
}

// column is the head of a column of its times.
func (c calendar) column() string { return "UTC, " + c.day }

func instant(at time.Time) string { return at.UTC().Format("2006-01-02 15:04:05") + " UTC" }

// window is "2025-09-16 12:20:00 to 14:20:00 UTC".
func window(w base.Window) string {
	from, to := w.From.UTC(), w.To.UTC()
	if w.IsZero() {
		return ""
	}
	layout := "15:04:05"
	if from.Format(time.DateOnly) != to.Format(time.DateOnly) {
		layout = "2006-01-02 15:04:05"
	}
	return from.Format("2006-01-02 15:04:05") + " to " + to.Format(layout) + " UTC"
}

func millis(ms int64) string {
	return (time.Duration(ms) * time.Millisecond).Round(time.Millisecond).String()
}
