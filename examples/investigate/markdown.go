package main

import (
	"fmt"
	"strings"
	"time"
	"unicode"

	"github.com/fourkites/sources/base"
)

// document is Markdown in the making. Text from outside goes through cell, plain or code, so that it cannot change the
// form.
type document struct{ strings.Builder }

// block begins a new block: an empty line stands between two of them.
func (d *document) block() {
	if d.Len() > 0 {
		d.WriteString("\n")
	}
}

func (d *document) heading(level int, format string, args ...any) {
	d.paragraph(strings.Repeat("#", level)+" "+format, args...)
}

func (d *document) paragraph(format string, args ...any) {
	d.block()
	_, _ = fmt.Fprintf(d, format+"\n", args...)
}

// list writes a list; items may hold Markdown.
func (d *document) list(items []string) {
	d.block()
	for _, text := range items {
		d.WriteString("- " + text + "\n")
	}
}

// table writes a table; cells may hold Markdown.
func (d *document) table(header []string, rows [][]string) {
	d.block()
	line := func(cells []string) { d.WriteString("| " + strings.Join(cells, " | ") + " |\n") }
	line(header)
	d.WriteString(strings.Repeat("|---", len(header)) + "|\n")
	for _, cells := range rows {
		line(cells)
	}
}

// most is how much of a text from outside a cell shows.
const most = 160

// plain makes text from outside one line in which nothing is Markdown.
func plain(text string) string { return escape.Replace(oneLine(text, most)) }

// sentenceOf is plain for a sentence, of which more is shown.
func sentenceOf(text string) string { return escape.Replace(oneLine(text, 4*most)) }

var escape = strings.NewReplacer(`\`, `\\`, "|", `\|`, "`", "\\`", "*", `\*`, "<", "&lt;", "](", `]\(`)

// code makes text from outside a piece of code.
func code(text string) string {
	if text == "" {
		return ""
	}
	return "`" + strings.NewReplacer("`", "'", "|", `\|`).Replace(oneLine(text, most)) + "`"
}

// oneLine takes out what would break a line or hide in it, and bounds its length.
func oneLine(text string, most int) string {
	text = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsControl(r), unicode.Is(unicode.Cf, r):
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, ""))
	text = strings.Join(strings.Fields(text), " ")
	if runes := []rune(text); len(runes) > most {
		text = string(runes[:most]) + "…"
	}
	return text
}

func clock(at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return at.UTC().Format("15:04:05.000")
}

// clockIn is the time of day of what lies in the window, and the date too of what does not.
func clockIn(w base.Window, at time.Time) string {
	if at.IsZero() || w.Contains(at) {
		return clock(at)
	}
	return day(at)
}

func day(at time.Time) string { return at.UTC().Format("Jan 02 15:04:05") }

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
