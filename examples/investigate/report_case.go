package main

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/fourkites/sources/evidence"
	"github.com/fourkites/sources/internal/markdown"
)

// caseDocument is the report on a recorded incident for a person. baseline is the name of the recording of healthy time;
// empty where there is none.
func caseDocument(name, baseline string, r evidence.Report) string {
	var d document
	times := markdown.CalendarOf(r.Window.From)
	d.Heading(1, "Investigation of %s", markdown.Plain(name))
	d.Paragraph("%s", verdict(r))
	if advice := advised(r); advice != "" {
		d.Paragraph("What to do: %s", advice)
	}
	d.candidates(r, times)
	if text := certainty(r); text != "" {
		d.Paragraph("%s", text)
	}
	d.Paragraph("Looked at: %s. %s", markdown.Window(r.Window), compared(r, baseline))
	d.happened(r, times)
	d.asked(r)
	d.Heading(2, "Details")
	d.why(r.Causes)
	d.evidence(r, times)
	d.sources(r, times)
	d.notSeen(r)
	return d.String()
}

// verdict is one sentence.
func verdict(r evidence.Report) string {
	switch {
	case r.Verdict == evidence.NoFault:
		return "**No fault was found.**"
	case r.Verdict == evidence.Fault && len(r.Causes) > 0:
		c := r.Causes[0]
		text := fmt.Sprintf("**%s is at fault: %s", markdown.Code(c.Service), kinds[c.Kind])
		if !c.Onset.IsZero() {
			text += ", since " + markdown.Instant(c.Onset.Round(time.Second))
		}
		return text + fmt.Sprintf(" (confidence %s).**", percent(c.Confidence))
	}
	return "**The evidence does not tell whether there was a fault.**"
}

func advised(r evidence.Report) string {
	switch {
	case r.Verdict == evidence.NoFault:
		return "nothing, but read at the end what could not be seen."
	case r.Verdict == evidence.Fault && len(r.Causes) > 0:
		return advice[r.Causes[0].Kind]
	case len(r.Causes) > 0:
		return "begin with the candidates, which come nearest, and with what could not be seen, at the end."
	}
	return ""
}

// compared says what the window was held against, and why.
func compared(r evidence.Report, baseline string) string {
	switch {
	case r.Baseline.IsZero() && baseline == "":
		return "No other recording was given: what is usual was learnt from its quiet part."
	case baseline != "":
		text := "Compared with the recording " + markdown.Plain(baseline) + ", which was named as healthy"
		if !r.Baseline.IsZero() {
			text += " (" + markdown.Window(r.Baseline) + ")"
		}
		return text + ": it shows what is usual."
	}
	return "Compared with " + markdown.Window(r.Baseline) + ", the quiet part of the same recording before the onset: it shows what is usual."
}

// event is a row of what happened: one or several pieces of evidence that say the same.
type event struct {
	from, to time.Time
	service  string
	text     string
	ids      []string
}

// mostEvents is how many rows a timeline has.
const mostEvents = 8

// happened is the evidence of the first cause in the order of time, what is alike as one row, with the onset between.
func (d *document) happened(r evidence.Report, times markdown.Calendar) {
	if len(r.Causes) == 0 || r.Verdict != evidence.Fault {
		return
	}
	c := r.Causes[0]
	events := append(eventsOf(r.Evidence, c.Evidence), event{from: c.Onset, to: c.Onset, text: "**it begins**, see Why"})
	slices.SortStableFunc(events, func(a, b event) int { return a.from.Compare(b.from) })
	d.Heading(2, "What happened, and when")
	var rows [][]string
	for _, e := range events[:min(len(events), mostEvents)] {
		text := e.text
		if n := len(e.ids); n > 1 {
			text += fmt.Sprintf(", %d times until %s", n, times.At(e.to))
		}
		rows = append(rows, []string{times.Exactly(e.from), markdown.Plain(e.service), text, markdown.Plain(fewIDs(e.ids))})
	}
	d.Table([]string{times.Column(), "service", "what", "evidence"}, rows)
	if n := len(events) - len(rows); n > 0 {
		d.Paragraph("More under Evidence: %d.", n)
	}
}

// variable is what differs between lines that say the same: ids, times, durations.
var variable = regexp.MustCompile(`\b(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{8,}|\d+(?:[.:]\d+)+|\d+(?:\.\d+)?(?:ns|µs|ms|s|m))\b`)

// eventsOf are the cited pieces, those that say the same as one, each told by its first.
func eventsOf(items []evidence.Item, cited []string) []event {
	var events []event
	known := map[string]int{}
	for _, item := range items {
		if !slices.Contains(cited, item.ID) {
			continue
		}
		key := item.Service + "\x00" + variable.ReplaceAllString(item.Summary, "#")
		at, again := known[key]
		if !again {
			known[key] = len(events)
			events = append(events, event{item.Time, item.Time, item.Service, eventText(item), []string{item.ID}})
			continue
		}
		e := &events[at]
		e.ids = append(e.ids, item.ID)
		if item.Time.Before(e.from) {
			e.from, e.text = item.Time, eventText(item)
		}
		if item.Time.After(e.to) {
			e.to = item.Time
		}
	}
	return events
}

// eventText is what a piece says, without the ids by which it is cited.
func eventText(item evidence.Item) string {
	text := item.Summary
	for name, id := range map[string]string{"TraceID: ": item.Ref.TraceID, "SpanID: ": item.Ref.SpanID} {
		if id != "" {
			text = strings.Replace(text, name+id, "", 1)
		}
	}
	if item.Type == evidence.LogItem || item.Type == evidence.ExceptionItem {
		return markdown.CodeOf(text, markdown.MostCell)
	}
	return markdown.Cell(text)
}
