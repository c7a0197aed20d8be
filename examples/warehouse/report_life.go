package main

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/fourkites/sources/internal/markdown"
	"github.com/fourkites/sources/redshift"
)

// mostShown is how many lines a table has.
const mostShown = 40

// column is the head of a column of times.
const column = "time (UTC)"

func when(at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return at.UTC().Format(time.DateTime)
}

// entry is one line of what happened.
type entry struct {
	at        time.Time
	who, what string
}

// happened joins attempts, events, stops, callbacks that were not delivered, and the end of the load.
func (d *document) happened(l *life) {
	d.Heading(2, "What happened, and when")
	all := l.entries()
	if len(all) == 0 {
		d.Paragraph("%s", l.absence("No source tells.", aboutStops, aboutEvents, aboutAttempts, aboutCallbacks))
		return
	}
	left := len(all) - mostShown
	if left > 0 { // how it began, and how it ended
		all = slices.Delete(all, mostShown/2, mostShown/2+left)
	}
	var rows [][]string
	for _, e := range all {
		rows = append(rows, []string{when(e.at), markdown.Cell(e.who), markdown.Cell(e.what)})
	}
	d.Table([]string{column, "who says so", "what"}, rows)
	if left > 0 {
		d.Paragraph("Left out in the middle: %d more; see -format json.", left)
	}
}

func (l *life) entries() []entry {
	var all []entry
	add := func(at time.Time, who, what string) {
		if !at.IsZero() {
			all = append(all, entry{at, who, what})
		}
	}
	for _, a := range l.Attempts.Items {
		what := "validation: " + cmp.Or(a.Status, "no status")
		if a.Error != "" {
			what += ": " + a.Error
		}
		add(a.ProcessedAt, "validation by "+a.Way, what)
	}
	for _, e := range l.Events {
		add(e.UpdateTime, cmp.Or(e.Source, "event"), strings.Trim(e.Status+": "+e.Message, ": "))
	}
	for _, c := range l.History.Callbacks {
		if !c.Delivered {
			add(c.Time, "callback", fmt.Sprintf("%s not delivered: %s %s", c.MessageType, cmp.Or(c.Status, "no answer"), c.Error))
		}
	}
	for _, s := range l.Stops {
		add(s.AppointmentTime, "stop "+fmt.Sprint(s.Sequence), cmp.Or(s.Type, "stop")+" planned at "+cmp.Or(s.Name, s.ID))
		add(s.ArrivalTime, "stop "+fmt.Sprint(s.Sequence), "arrived at "+cmp.Or(s.Name, s.ID))
		add(s.DepartureTime, "stop "+fmt.Sprint(s.Sequence), "left "+cmp.Or(s.Name, s.ID))
	}
	if l.Load != nil {
		add(l.Load.Load.DeliveredAt, l.Load.Source, "the load is delivered")
		add(l.Load.Load.TerminatedAt, l.Load.Source, "the load is terminated")
	}
	slices.SortStableFunc(all, func(a, b entry) int { return a.at.Compare(b.at) })
	return all
}

// days is the history by day.
func (d *document) days(l *life) {
	d.Heading(2, "Day by day, from the history in Trino")
	if len(l.Days) == 0 {
		d.Paragraph("%s", l.absence("The history has nothing of it.", aboutCallbacks, aboutHistoryFiles, aboutLocations, aboutLogs))
		return
	}
	var rows [][]string
	for _, one := range l.Days {
		rows = append(rows, []string{
			one.Date, fmt.Sprint(one.Delivered), fmt.Sprint(one.NotDelivered), fmt.Sprint(one.LoadFiles), fmt.Sprint(one.Locations),
			fmt.Sprintf("%d, %d of them warnings or worse", one.Lines, one.Warnings),
		})
	}
	d.Table([]string{"day (UTC)", "callbacks delivered", "not", "load files", "location steps", "log lines"}, rows)
	var items []string
	for _, one := range l.History.Locations {
		items = append(items, one.Date+": location: "+fieldsOf(one.Fields))
	}
	for _, f := range l.History.LoadFiles {
		items = append(items, f.Date+": load file: "+fieldsOf(f.Fields))
	}
	slices.Sort(items)
	if len(items) > 0 {
		d.List(items[:min(len(items), mostShown)])
	}
}

// fieldsOf are the columns of a row, by name.
func fieldsOf(fields map[string]any) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		parts = append(parts, name+" "+fmt.Sprint(fields[name]))
	}
	return markdown.Plain(strings.Join(parts, ", "))
}

func (d *document) stops(l *life) {
	d.Heading(3, "Stops")
	if len(l.Stops) == 0 {
		d.Paragraph("%s", l.absence("None is known.", aboutStops))
		return
	}
	var rows [][]string
	for _, s := range l.Stops {
		punctual := "not said"
		switch {
		case s.Delayed != nil && *s.Delayed:
			punctual = "late " + s.Delay
		case s.OnTime != nil && *s.OnTime:
			punctual = "on time"
		}
		rows = append(rows, []string{
			fmt.Sprint(s.Sequence), markdown.Cell(s.Type), markdown.Cell(cmp.Or(s.Name, s.ID)), markdown.Cell(s.Status), when(s.AppointmentTime),
			when(s.ArrivalTime), when(s.DepartureTime), markdown.Cell(punctual),
		})
	}
	d.Table([]string{"", "kind", "place", "state", "planned (UTC)", "arrived", "left", "punctual"}, rows)
}

func (d *document) attempts(l *life) {
	d.Heading(3, "Validation attempts")
	all := l.Attempts
	b := all.Breakdown
	if b.Total == 0 {
		d.Paragraph("%s", l.absence("None is known.", aboutAttempts))
		return
	}
	d.Paragraph("%s: %d succeeded, %d failed. By way: %s. By error: %s.", markdown.Counted(b.Total, "attempt"), b.Succeeded, b.Failed, tally(b.ByWay), cmp.Or(tally(b.ByError), "none"))
	var rows [][]string
	for _, a := range all.Items[:min(len(all.Items), mostShown)] {
		rows = append(rows, []string{
			when(a.ProcessedAt), markdown.Cell(a.Status), markdown.Cell(a.Error), markdown.Cell(cmp.Or(a.FileName, "not known")),
			markdown.Cell(cmp.Or(a.CarrierName, a.CarrierID)), cmp.Or(markdown.Cell(a.LoadID), "none"),
		})
	}
	d.Table([]string{column, "status", "error", "came by", "carrier", "load"}, rows)
}

// tally is counts by name, the most frequent first.
func tally(counts map[string]int) string {
	names := slices.Sorted(maps.Keys(counts))
	slices.SortStableFunc(names, func(a, b string) int { return counts[b] - counts[a] })
	var parts []string
	for _, name := range names {
		parts = append(parts, fmt.Sprintf("%d %s", counts[name], markdown.Plain(name)))
	}
	return strings.Join(parts, ", ")
}

func (d *document) files(l *life) {
	d.Heading(3, "Files")
	var rows [][]string
	for _, f := range l.CarrierFiles[:min(len(l.CarrierFiles), mostShown)] {
		var named []string
		for _, r := range f.Records {
			named = append(named, strings.Join(slices.DeleteFunc([]string{r.Identifier1, r.Identifier2, r.Identifier3, r.Identifier4}, func(s string) bool { return s == "" }), " "))
		}
		problem, _ := f.Extras["error"].(string)
		rows = append(rows, []string{
			when(f.CreatedAt), "carrier " + markdown.Cell(f.DataType), markdown.Cell(cmp.Or(f.S3Path, f.ID)), markdown.Cell(f.Stage),
			markdown.Cell(strings.Join(named, ", ")), markdown.Cell(problem),
		})
	}
	for _, f := range l.LoadFiles[:min(len(l.LoadFiles), mostShown)] {
		rows = append(rows, []string{when(f.CreatedAt), "load file", markdown.Cell(cmp.Or(f.S3Path, f.Name)), "", "", ""})
	}
	if len(rows) == 0 {
		d.Paragraph("%s", l.absence("No carrier has named the load in a file, and no file has brought it.", aboutCarrierFiles, aboutLoadFiles))
		return
	}
	d.Table([]string{column, "kind", "file", "stage", "names it as", "error"}, rows)
}

func (d *document) relationship(r *redshift.Relationship) {
	d.Heading(3, "The relationship, as the warehouse has it")
	if r == nil {
		d.Paragraph(notKnown)
		return
	}
	d.Paragraph("**%s** between %s and %s. The warehouse lags; the Company API decides.", r.Verdict, markdown.Code(r.Shipper), markdown.Code(r.Carrier))
	var rows [][]string
	for _, one := range r.Company {
		rows = append(rows, []string{"company", words(one.Direction), markdown.Cell(one.Status), markdown.Said(one.Active), markdown.Said(one.AllowTracking), markdown.Cell(one.ELDProvider)})
	}
	for _, one := range r.Network {
		rows = append(rows, []string{"network " + markdown.Cell(one.ID), words(one.Direction), markdown.Cell(one.Status), markdown.Said(one.Active), markdown.Said(one.AllowTracking), ""})
	}
	if len(rows) > 0 {
		d.Table([]string{"relationship", "direction", "status", "active", "tracking allowed", "ELD"}, rows)
	}
}

func words(d redshift.Direction) string { return strings.ReplaceAll(string(d), "_", " ") }
