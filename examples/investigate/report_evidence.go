package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/fourkites/sources/evidence"
	"github.com/fourkites/sources/internal/markdown"
)

// mostItems is how many pieces of evidence a person is shown.
const mostItems = 40

// evidence lists the pieces in the order of time: all that causes cite, and of the others as many as there is room for.
func (d *document) evidence(r evidence.Report, times markdown.Calendar) {
	d.Heading(3, "Evidence, in the order of time (%s, where no date stands)", times.Column())
	if len(r.Evidence) == 0 {
		d.Paragraph("None.")
		return
	}
	shown := inOrder(r)
	var items []string
	for _, i := range shown {
		items = append(items, described(i, times))
	}
	d.List(items)
	if n := len(r.Evidence) - len(shown); n > 0 {
		d.Paragraph("More that no cause cites: %d, in the JSON form (-format json).", n)
	}
}

// inOrder are the pieces that are shown, by time.
func inOrder(r evidence.Report) []evidence.Item {
	cited := map[string]bool{}
	for _, c := range r.Causes {
		for _, id := range slices.Concat(c.Evidence, c.Compared) {
			cited[id] = true
		}
	}
	var shown []evidence.Item
	room := mostItems - len(cited)
	for _, i := range r.Evidence {
		if !cited[i.ID] {
			room--
		}
		if cited[i.ID] || room >= 0 {
			shown = append(shown, i)
		}
	}
	slices.SortStableFunc(shown, func(a, b evidence.Item) int { return a.Time.Compare(b.Time) })
	return shown
}

// described is a piece of evidence on a line, and on another one what finds it again.
func described(i evidence.Item, times markdown.Calendar) string {
	head := strings.Join(strings.Fields("**"+markdown.Plain(i.ID)+"** "+times.Exactly(i.Time)+" "+markdown.Plain(i.Service)), " ")
	says := markdown.Plain(i.Summary)
	if i.Type == evidence.LogItem || i.Type == evidence.ExceptionItem {
		says = markdown.Code(i.Summary)
	}
	return fmt.Sprintf("%s: %s\n%s of %s: %s", head, says, i.Type, markdown.Plain(i.Source), reference(i.Ref))
}

// reference is what finds a piece of evidence again; the JSON form has all of it.
func reference(r evidence.Ref) string {
	var parts []string
	add := func(name, value string) {
		if value != "" {
			parts = append(parts, name+" "+markdown.Code(value))
		}
	}
	add("trace", r.TraceID)
	add("span", r.SpanID)
	add("metric", r.Metric)
	if len(parts) == 0 || r.Metric != "" {
		add("pod", r.Pod)
	}
	if r.TimeUnixNano != 0 && r.TraceID == "" {
		add("time_unix_nano", fmt.Sprint(r.TimeUnixNano))
	} else if r.TraceID == "" {
		add("key", r.Key)
	}
	if r.From != "" {
		parts = append(parts, "of the "+markdown.Plain(r.From))
	}
	return strings.Join(parts, ", ")
}
