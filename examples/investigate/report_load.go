package main

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/fourkites/sources/evidence"
	"github.com/fourkites/sources/fkapi"
)

// loadDocument is the report on a load that is stuck for a person.
func loadDocument(t ticket, r evidence.StuckLoadReport) string {
	var d document
	d.heading(1, "Load %s, tracking id %s", plain(cmp.Or(t.LoadNumber, "without a number")), plain(r.TrackingID))
	d.paragraph("**%s**%s", sentenceOf(r.Conclusion), likelihood(r.Report))
	d.next(r.Next)
	d.paragraph("Asked by %s on %s: “%s”. Looked at: %s.", plain(t.From), instant(t.Sent), plain(t.Subject), window(r.Window))
	d.timeline(r.Timeline)
	d.load(r.Load)
	d.network(r.Network)
	d.causes(r.Report)
	d.patterns(r.Patterns)
	d.evidenceTable(r.Report)
	d.sourcesTable(r.Report)
	d.notSeen(r.Report)
	return d.String()
}

// likelihood is how sure the verdict is.
func likelihood(r evidence.Report) string {
	if r.Verdict != evidence.Fault || len(r.Causes) == 0 {
		return ""
	}
	return fmt.Sprintf(" (%s, confidence %s)", kinds[r.Causes[0].Kind], percent(r.Causes[0].Confidence))
}

func (d *document) next(steps []string) {
	if len(steps) == 0 {
		return
	}
	var items []string
	for _, step := range steps {
		items = append(items, strings.TrimSuffix(sentenceOf(step), ".")+".")
	}
	d.paragraph("What to do:")
	d.list(items)
}

func (d *document) timeline(entries []evidence.TimelineEntry) {
	d.heading(2, "What happened, and when")
	if len(entries) == 0 {
		d.paragraph("No source tells.")
		return
	}
	var rows [][]string
	for _, e := range entries {
		what := plain(e.What)
		if e.Expected {
			what += " (planned)"
		}
		rows = append(rows, []string{day(e.At), plain(cmp.Or(e.Service, e.Source)), what, plain(e.Evidence)})
	}
	d.table([]string{"time (UTC)", "who says so", "what", "evidence"}, rows)
}

func (d *document) load(known *evidence.Sourced[fkapi.Load]) {
	d.heading(2, "The load")
	if known == nil {
		d.paragraph("No source gave it.")
		return
	}
	l := known.Value
	rows := [][]string{}
	add := func(name, value string) {
		if value != "" {
			rows = append(rows, []string{name, plain(value)})
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
	d.table([]string{"", ""}, rows)
}

func moments(at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return instant(at)
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
	d.heading(2, "What the network says")
	if known == nil {
		d.paragraph("No source tells whether the carrier may be tracked for the shipper.")
		return
	}
	n := known.Value
	d.paragraph("**%s** between %s and %s: %s. Told by %s%s.", n.Verdict, code(n.Shipper), code(n.Carrier), plain(n.Reason),
		plain(known.Source), plain(degraded(known.Degraded)))
	r := n.Relationship
	if r == nil {
		return
	}
	d.table([]string{"relationship", "status", "active", "tracking allowed", "created"}, [][]string{{
		plain(r.ID), plain(r.Status), said(r.Active), said(r.AllowTracking), moments(r.CreatedAt),
	}})
}

func said(v *bool) string {
	switch {
	case v == nil:
		return "not said"
	case *v:
		return "yes"
	}
	return "no"
}

// patterns are the lines that name the load, those that are alike as one.
func (d *document) patterns(all []evidence.Pattern) {
	d.heading(2, "What the log lines that name it say")
	if len(all) == 0 {
		d.paragraph("No line names it.")
		return
	}
	var rows [][]string
	for _, p := range all {
		services := strings.Join(slices.Sorted(maps.Keys(p.Services)), ", ")
		rows = append(rows, []string{
			fmt.Sprint(p.Count), p.Worst.String(), plain(services), clock(p.First), clock(p.Last), code(p.Template),
		})
	}
	d.table([]string{"lines", "severity", "service", "first (UTC)", "last", "text"}, rows)
}
