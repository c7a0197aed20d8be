package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/fourkites/sources/evidence"
	"github.com/fourkites/sources/fkapi"
	"github.com/fourkites/sources/internal/command"
	"github.com/fourkites/sources/internal/markdown"
	"github.com/fourkites/sources/redshift"
)

// document is the report in the making.
type document struct{ markdown.Document }

// markdown is the report for a person: first what matters, then the details.
func (l *life) markdown() string {
	var d document
	number := "without a number"
	if l.Load != nil {
		number = cmp.Or(l.Load.Load.LoadNumber, number)
	}
	d.Heading(1, "Load %s, tracking id %s", markdown.Plain(number), markdown.Plain(l.TrackingID))
	if l.Demo != "" {
		d.Paragraph("%s For a real load: -load TRACKING_ID.", l.Demo)
	}
	d.inShort(l)
	d.happened(l)
	d.days(l)
	d.Heading(2, "Details")
	d.Paragraph("Events and history were looked for from %s.", markdown.Window(l.Window))
	d.load(l)
	d.stops(l)
	d.attempts(l)
	d.files(l)
	d.relationship(l.Relationship)
	d.agreement(l)
	command.WriteAccount(&d.Document, l.Asked, l.NotSeen)
	return d.String()
}

// inShort is what a person needs who reads nothing else.
func (d *document) inShort(l *life) {
	items := []string{stateOf(l), createdAs(l.Attempts)}
	if r := l.Relationship; r != nil {
		items = append(items, fmt.Sprintf("relationship of %s and %s: %s, says the warehouse (the Company API decides)", markdown.Code(r.Shipper), markdown.Code(r.Carrier), r.Verdict))
	}
	if text := late(l.Stops); text != "" {
		items = append(items, text)
	}
	delivered, failed := 0, 0
	for _, c := range l.Days {
		delivered, failed = delivered+c.Delivered, failed+c.NotDelivered
	}
	if delivered+failed > 0 {
		items = append(items, fmt.Sprintf("callbacks to the customer: %d delivered, %s", delivered, bold(failed > 0, fmt.Sprintf("%d not", failed))))
	}
	if n := len(l.NotSeen); n > 0 {
		items = append(items, fmt.Sprintf("**not everything was looked at**: %s, listed at the end", markdown.Counted(n, "thing")))
	}
	d.List(slices.DeleteFunc(items, func(s string) bool { return s == "" }))
}

// notKnown stands where a question had no answer at all.
const notKnown = "Not known; see Not seen."

// absence is what stands in place of what is not there: the words only if each of the questions had a whole answer.
func (l *life) absence(words string, questions ...string) string {
	for _, a := range l.Asked {
		if !a.Whole() && slices.Contains(questions, a.Question) {
			return notKnown
		}
	}
	return words
}

func bold(is bool, text string) string {
	if is {
		return "**" + text + "**"
	}
	return text
}

func stateOf(l *life) string {
	if l.Load == nil {
		return "**no source could say what the load is**"
	}
	load := l.Load.Load
	text := fmt.Sprintf("**%s**, says %s", cmp.Or(markdown.Plain(load.StatusText), markdown.Plain(string(load.Status)), "state not known"), markdown.Plain(l.Load.Source))
	if l.Load.Degraded != "" {
		text += fmt.Sprintf(" (a lesser source: %s%s)", markdown.Plain(l.Load.Degraded), ageOf(l.Load.Age))
	}
	parts := []string{text}
	for _, a := range l.Load.Agreement {
		if len(a.Different) > 0 {
			parts = append(parts, fmt.Sprintf("%s differs in %s", markdown.Plain(a.Source), differing(a.Different)))
		}
	}
	return strings.Join(parts, "; ")
}

func differing(all []evidence.FieldDifference) string {
	var names []string
	for _, f := range all {
		names = append(names, f.Field)
	}
	return strings.Join(names, ", ")
}

func ageOf(age time.Duration) string {
	if age <= 0 {
		return ""
	}
	return ", up to " + command.Length(age) + " old"
}

func createdAs(all redshift.Attempts) string {
	b := all.Breakdown
	if b.Total == 0 {
		return ""
	}
	text := fmt.Sprintf("creation and updates: %s, %s", markdown.Counted(b.Total, "validation attempt"), bold(b.Failed > 0, fmt.Sprintf("%d failed", b.Failed)))
	for _, a := range all.Items { // the newest first
		if a.Failed && a.Error != "" {
			return text + ", the last with: " + markdown.Plain(a.Error)
		}
	}
	return text
}

func late(stops []redshift.Stop) string {
	var all []string
	for _, s := range stops {
		if s.Delayed != nil && *s.Delayed {
			all = append(all, markdown.Plain(cmp.Or(s.Name, s.ID))+" "+markdown.Plain(s.Delay))
		}
	}
	if len(all) == 0 {
		return ""
	}
	return "**late** at " + strings.Join(all, ", ")
}

func (d *document) load(l *life) {
	d.Heading(3, "The load")
	if l.Load == nil {
		d.Paragraph("No source gave it.")
		return
	}
	load := l.Load.Load
	var items []string
	add := func(name, value string) {
		if value != "" {
			items = append(items, name+": "+markdown.Plain(value))
		}
	}
	add("told by", l.Load.Source)
	add("load number", load.LoadNumber)
	add("PRO number", load.PRONumber)
	add("references", strings.Join(load.ReferenceNumbers, ", "))
	add("state", cmp.Or(load.StatusText, string(load.Status)))
	add("mode", load.LoadMode)
	add("shipper", party(load.Shipper))
	add("carrier", party(load.Carrier))
	add("created", moment(load.CreatedAt))
	add("first position", moment(load.FirstCheckCallAt))
	add("last position", moment(load.LatestCheckCallAt))
	add("delivered", moment(load.DeliveredAt))
	add("terminated", moment(load.TerminatedAt))
	for _, note := range load.Notes {
		add("note", note)
	}
	d.List(items)
}

func moment(at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return markdown.Instant(at)
}

func party(p fkapi.Party) string {
	if p.Name == "" || p.ID == "" {
		return cmp.Or(p.Name, p.ID)
	}
	return p.Name + " (" + p.ID + ")"
}

// agreement is what the other sources say about the answer.
func (d *document) agreement(l *life) {
	d.Heading(3, "Do the sources agree what the load is?")
	if l.Load == nil || len(l.Load.Agreement) == 0 {
		d.Paragraph("There is nothing to compare.")
		return
	}
	var items []string
	for _, a := range l.Load.Agreement {
		parts := []string{fmt.Sprintf("%s: **%s**", markdown.Plain(a.Source), strings.ReplaceAll(string(a.Agreement), "_", " "))}
		for _, f := range a.Different {
			parts = append(parts, fmt.Sprintf("%s is %s there, and %s at %s", f.Field, markdown.Code(f.Other), markdown.Code(f.Answer), markdown.Plain(l.Load.Source)))
		}
		for _, more := range []struct {
			names []string
			words string
		}{{a.Alike, "alike"}, {a.Lacking, "it lacks"}, {a.Beyond, "it has beyond that"}} {
			if len(more.names) > 0 {
				parts = append(parts, more.words+": "+strings.Join(more.names, ", "))
			}
		}
		items = append(items, strings.Join(parts, "; "))
	}
	d.List(items)
}
