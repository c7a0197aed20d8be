package main

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/fourkites/sources/base/logs"
	"github.com/fourkites/sources/evidence"
	"github.com/fourkites/sources/fkapi"
	"github.com/fourkites/sources/internal/markdown"
)

// demo says that nothing of a report is real.
const demo = "Demo: the ticket, the load and the services are made up."

// loadDocument is the report on a load that is stuck for a person. Without a ticket the load is a real one.
func loadDocument(t *ticket, r evidence.StuckLoadReport) string {
	var d document
	times := markdown.CalendarOf(dayOf(r))
	d.Heading(1, "Load %s, tracking id %s", markdown.Plain(cmp.Or(loadNumberOf(t, r), "without a number")), markdown.Plain(r.TrackingID))
	if t != nil {
		d.Paragraph("%s For a real load: -load TRACKING_ID.", demo)
	}
	d.Paragraph("**%s**", markdown.Sentence(r.Headline))
	d.next(r.Next)
	d.candidates(r.Report, times)
	if text := certainty(r.Report); text != "" {
		d.Paragraph("%s", text)
	}
	d.timeline(r, times)
	d.asked(r.Report)
	d.Heading(2, "Details")
	if t != nil {
		d.Paragraph("Asked by %s on %s: “%s”.", markdown.Plain(t.From), markdown.Instant(t.Sent), markdown.Plain(t.Subject))
	}
	d.Paragraph("Logs and traces were looked at from %s.", markdown.Window(r.Window))
	d.why(r.Causes)
	d.load(r.Load)
	d.network(r.Network)
	d.patterns(r.Patterns, times)
	d.evidence(r.Report, times)
	d.sources(r.Report, times)
	d.notSeen(r.Report)
	return d.String()
}

func loadNumberOf(t *ticket, r evidence.StuckLoadReport) string {
	switch {
	case t != nil && t.LoadNumber != "":
		return t.LoadNumber
	case r.Load != nil:
		return r.Load.Value.LoadNumber
	}
	return ""
}

// dayOf is an instant of the day that a report is most about.
func dayOf(r evidence.StuckLoadReport) time.Time {
	if len(r.Causes) > 0 && !r.Causes[0].Onset.IsZero() {
		return r.Causes[0].Onset
	}
	return r.Window.To
}

func (d *document) next(steps []string) {
	var items []string
	for _, step := range steps {
		items = append(items, strings.TrimSuffix(markdown.Sentence(step), ".")+".")
	}
	switch len(items) {
	case 0:
	case 1:
		d.Paragraph("What to do: %s", items[0])
	default:
		d.Paragraph("What to do:")
		d.List(items)
	}
}

// timeline is what matters of it: where there is too much, what no cause cites and is no warning goes first.
func (d *document) timeline(r evidence.StuckLoadReport, times markdown.Calendar) {
	d.Heading(2, "What happened, and when")
	entries := mattering(r)
	if len(entries) == 0 {
		d.Paragraph("No source tells.")
		return
	}
	var rows [][]string
	for _, e := range entries {
		what := markdown.Cell(e.What)
		if e.Times > 1 {
			text, _, _ := strings.Cut(e.What, fmt.Sprintf(" (%d times until ", e.Times))
			what = markdown.Cell(text) + fmt.Sprintf(", %d times until %s", e.Times, times.At(e.Until))
		}
		if e.Expected {
			what += " (planned)"
		}
		rows = append(rows, []string{times.At(e.At), markdown.Plain(cmp.Or(e.Service, e.Source)), what, markdown.Plain(e.Evidence)})
	}
	d.Table([]string{times.Column(), "who says so", "what", "evidence"}, rows)
	if n := len(r.Timeline) - len(entries); n > 0 {
		d.Paragraph("Left out here, as repeated or of less weight: %s; see Evidence.", fmt.Sprint(n))
	}
}

// mattering are the entries that are shown: none that repeats another one.
func mattering(r evidence.StuckLoadReport) []evidence.TimelineEntry {
	type said struct{ service, what string }
	until := map[said]time.Time{}
	var all []evidence.TimelineEntry
	for _, e := range r.Timeline {
		if e.Times > 1 {
			what, _, _ := strings.Cut(e.What, fmt.Sprintf(" (%d times until ", e.Times))
			until[said{e.Service, what}] = e.Until
		} else if last, ok := until[said{e.Service, e.What}]; ok && last.Equal(e.At) {
			continue
		}
		all = append(all, e)
	}
	if len(all) > mostEvents {
		all = slices.DeleteFunc(all, func(e evidence.TimelineEntry) bool { return quiet(e, r.Report) })
	}
	if left := len(all) - mostEvents; left > 0 {
		all = slices.Delete(all, mostEvents/2, mostEvents/2+left)
	}
	return all
}

// quiet reports whether an entry is a log line below a warning that no cause cites.
func quiet(e evidence.TimelineEntry, r evidence.Report) bool {
	if slices.ContainsFunc(r.Causes, func(c evidence.Cause) bool { return slices.Contains(c.Evidence, e.Evidence) }) {
		return false
	}
	at := slices.IndexFunc(r.Evidence, func(i evidence.Item) bool { return i.ID == e.Evidence })
	if at < 0 || r.Evidence[at].Type != evidence.LogItem {
		return false
	}
	level, _, _ := strings.Cut(r.Evidence[at].Summary, " ")
	return logs.ParseSeverity(level) < logs.SeverityWarn
}

func (d *document) load(known *evidence.Sourced[fkapi.Load]) {
	d.Heading(3, "The load")
	if known == nil {
		d.Paragraph("No source gave it.")
		return
	}
	l := known.Value
	var items []string
	add := func(name, value string) {
		if value != "" {
			items = append(items, name+": "+markdown.Plain(value))
		}
	}
	add("load number", l.LoadNumber)
	add("state", cmp.Or(l.StatusText, string(l.Status)))
	add("shipper", party(l.Shipper))
	add("carrier", party(l.Carrier))
	add("route", route(l))
	add("truck, trailer", strings.Trim(l.TruckNumber+", "+l.TrailerNumber, ", "))
	add("created", moments(l.CreatedAt))
	add("first position", cmp.Or(moments(l.FirstCheckCallAt), "none yet"))
	add("to be delivered", moments(l.DeliveryAppointment))
	add("told by", known.Source+degraded(known.Degraded))
	d.List(items)
}

func moments(at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return markdown.Instant(at)
}

func degraded(lacks string) string {
	if lacks == "" {
		return ""
	}
	return " (" + lacks + ")"
}

// party is "Ninefold Haulage (ninefold-haulage)".
func party(p fkapi.Party) string {
	if p.Name == "" {
		return p.ID
	}
	return p.Name + " (" + p.ID + ")"
}

func route(l fkapi.Load) string {
	var places []string
	for _, s := range l.Stops {
		places = append(places, cmp.Or(s.City, s.Name))
	}
	return strings.Join(places, " to ")
}

func (d *document) network(known *evidence.Sourced[fkapi.Network]) {
	d.Heading(3, "What the network says")
	if known == nil {
		d.Paragraph("No source tells whether the carrier may be tracked for the shipper.")
		return
	}
	n := known.Value
	d.Paragraph("**%s** between %s and %s: %s. Told by %s%s.", n.Verdict, markdown.Code(n.Shipper), markdown.Code(n.Carrier), markdown.Plain(n.Reason),
		markdown.Plain(known.Source), markdown.Plain(degraded(known.Degraded)))
	r := n.Relationship
	if r == nil {
		return
	}
	d.Table([]string{"relationship", "status", "active", "tracking allowed", "created"}, [][]string{{
		markdown.Plain(r.ID), markdown.Plain(r.Status), markdown.Said(r.Active), markdown.Said(r.AllowTracking), moments(r.CreatedAt),
	}})
}

// patterns are the lines that name the load, those that are alike as one.
func (d *document) patterns(all []evidence.Pattern, times markdown.Calendar) {
	d.Heading(3, "What the log lines that name it say")
	if len(all) == 0 {
		d.Paragraph("No line names it.")
		return
	}
	var items []string
	for _, p := range all[:min(len(all), mostItems)] {
		services := strings.Join(slices.Sorted(maps.Keys(p.Services)), ", ")
		when := times.At(p.First)
		if p.Count > 1 {
			when += " to " + times.At(p.Last)
		}
		items = append(items, fmt.Sprintf("%s %s of %s, %s: %s", markdown.Counted(p.Count, "line"), p.Worst, markdown.Plain(services), when, markdown.Code(p.Template)))
	}
	d.List(items)
	if n := len(all) - len(items); n > 0 {
		d.Paragraph("More in the JSON form (-format json): %d.", n)
	}
}
