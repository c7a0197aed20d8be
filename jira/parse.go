package jira

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/fourkites/sources/internal/adf"
)

// ParseOptions is what is known beside the issue. The zero value knows nothing.
type ParseOptions struct {
	// Services are the names of services that issues speak of.
	Services []string
	// Zone is how times without a zone are read where the reporter's is not known; nil = UTC.
	Zone *time.Location
}

// Parse reads an issue by rules: its summary, description, comments, fields, labels and the names of its files, whole. It takes
// time in proportion to the text, and calls nobody.
func Parse(issue Issue) ParsedIssue { return ParseWithOptions(issue, ParseOptions{}) }

// ParseWithOptions is Parse with what is known beside the issue.
func ParseWithOptions(issue Issue, o ParseOptions) ParsedIssue {
	p := &reading{issue: issue, options: o, out: ParsedIssue{Key: issue.Key, Summary: issue.Summary, Category: CategoryOther}}
	for _, part := range partsOf(issue) {
		p.read(part)
	}
	p.judge()
	return p.out
}

// part is one text of an issue.
type part struct {
	where Location
	text  string
	alone bool      // a field: its whole value may be one thing
	at    time.Time // when it was written
	zone  string    // of who wrote it
}

// partsOf are the texts of an issue, in the order in which a reader meets them.
func partsOf(i Issue) []part {
	reporter := i.Reporter.TimeZone
	all := []part{
		{where: Location{Part: "summary"}, text: i.Summary, at: i.Created, zone: reporter},
		{where: Location{Part: "description"}, text: i.Description, at: i.Created, zone: reporter},
		{where: Location{Part: "environment"}, text: i.Environment, at: i.Created, zone: reporter},
	}
	for _, name := range slices.Sorted(maps.Keys(i.Custom)) {
		if text := fieldText(i.Custom[name]); text != "" {
			all = append(all, part{where: Location{Part: "field", Name: name}, text: text, alone: true, at: i.Created, zone: reporter})
		}
	}
	for n, c := range i.Comments {
		at := c.Created
		if at.IsZero() {
			at = i.Created
		}
		all = append(all, part{where: Location{Part: "comment", Comment: n + 1}, text: c.Body, at: at, zone: c.Author.TimeZone})
	}
	for _, text := range i.Labels {
		all = append(all, part{where: Location{Part: "label"}, text: text, at: i.Created, zone: reporter})
	}
	for _, text := range i.Components {
		all = append(all, part{where: Location{Part: "component"}, text: text, at: i.Created, zone: reporter})
	}
	for _, a := range i.Attachments {
		all = append(all, part{where: Location{Part: "attachment"}, text: a.Filename, at: i.Created, zone: reporter})
	}
	return slices.DeleteFunc(all, func(p part) bool { return strings.TrimSpace(p.text) == "" })
}

// fieldText is the text of a custom field: of a value, of an option, of a list of them, or of rich text as Markdown.
func fieldText(raw json.RawMessage) string {
	var document struct {
		Type    string            `json:"type"`
		Content []json.RawMessage `json:"content"`
	}
	if json.Unmarshal(raw, &document) == nil && document.Type == "doc" {
		text, _, _ := adf.Markdown(raw)
		return text
	}
	var v any
	d := json.NewDecoder(strings.NewReader(string(raw)))
	d.UseNumber()
	if d.Decode(&v) != nil {
		return ""
	}
	return strings.Join(valueTexts(v, 0), ", ")
}

func valueTexts(v any, depth int) []string {
	switch v := v.(type) {
	case string:
		return []string{v}
	case json.Number:
		return []string{v.String()}
	case []any:
		var all []string
		for _, inner := range v {
			if depth < 4 {
				all = append(all, valueTexts(inner, depth+1)...)
			}
		}
		return all
	case map[string]any:
		for _, name := range []string{"value", "name", "displayName"} {
			if text, ok := v[name].(string); ok {
				if child, ok := v["child"]; ok && depth < 4 { // an option of an option
					return append([]string{text}, valueTexts(child, depth+1)...)
				}
				return []string{text}
			}
		}
	}
	return nil
}

// reading is one issue being read.
type reading struct {
	issue   Issue
	options ParseOptions
	out     ParsedIssue
	modes   map[Mode]float64
	places  map[Environment]float64
	kinds   map[Category]float64
}

func (r *reading) read(p part) {
	t := newPassage(p)
	if p.alone {
		r.field(t)
	}
	r.tables(t)
	r.labelled(t)
	r.stacks(t)
	r.queries(t)
	r.serviceNames(t)
	r.times(t)
	r.weigh(t)
}

// judge concludes from all parts together.
func (r *reading) judge() {
	if r.modes != nil {
		r.conclude()
	}
	r.out.Window = r.window()
	r.out.Missing = r.out.missing()
	slices.Sort(r.out.Warnings)
	r.out.Warnings = slices.Compact(r.out.Warnings)
}

// missing is what a search would need and the issue does not say.
func (p *ParsedIssue) missing() (all []string) {
	if len(p.TrackingIDs)+len(p.LoadNumbers)+len(p.ProNumbers)+len(p.BOLNumbers)+len(p.Containers)+len(p.Bookings) == 0 {
		all = append(all, "no load is named")
	}
	if len(p.Times) == 0 {
		all = append(all, "no time is named")
	}
	if len(p.Services)+len(p.StackTraces)+len(p.TraceIDs)+len(p.Correlations) == 0 {
		all = append(all, "no service, stack trace or trace id is named")
	}
	if p.Environment == EnvironmentUnknown {
		all = append(all, "no environment is named")
	}
	return all
}
