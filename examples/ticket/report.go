package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/fourkites/sources/base/logs"
	"github.com/fourkites/sources/confluence"
	"github.com/fourkites/sources/internal/command"
	"github.com/fourkites/sources/internal/markdown"
	"github.com/fourkites/sources/jira"
)

// page is the report in the making.
type page struct{ markdown.Document }

// markdown is the report for a person: first what matters, then the details.
func (d *dossier) markdown() string {
	var out page
	out.Heading(1, "%s: %s", markdown.Plain(d.Issue.Key), markdown.Plain(d.Issue.Summary))
	if d.Demo != "" {
		out.Paragraph("%s For a real ticket: -issue KEY.", d.Demo)
	}
	out.inShort(d)
	out.findings(d.Parsed)
	out.loads(d)
	out.lines(d)
	out.code(d)
	out.changes(d)
	out.documents(d.Documents)
	out.similar(d.Similar)
	out.Heading(2, "Details")
	command.WriteAccount(&out.Document, d.Asked, d.NotSeen)
	return out.String()
}

// inShort is what a person needs who reads nothing else.
func (o *page) inShort(d *dossier) {
	items := []string{
		fmt.Sprintf("**%s**, priority %s, reported by %s", markdown.Plain(cmp.Or(d.Issue.Status, "no status")), markdown.Plain(cmp.Or(d.Issue.Priority, "unknown")), markdown.Plain(cmp.Or(d.Issue.Reporter.Name, "nobody"))),
		fmt.Sprintf("kind: %s (%.0f %% sure); environment: %s", markdown.Plain(string(d.Parsed.Category)), 100*d.Parsed.CategoryConfidence, markdown.Plain(cmp.Or(string(d.Parsed.Environment), "not said"))),
		fmt.Sprintf("time to look at: %s, %s", markdown.Window(d.Window), cmp.Or(d.Parsed.Window.Source, "the day before the ticket")),
	}
	for _, p := range d.Code {
		if p.Fresh {
			items = append(items, fmt.Sprintf("**%s in %s was written in the week before**: %s", markdown.Code(fmt.Sprintf("%s:%d", p.Path, p.Line)), markdown.Plain(p.Repo), markdown.Plain(p.By[0].Message)))
		}
	}
	if n := len(d.NotSeen); n > 0 {
		items = append(items, fmt.Sprintf("**not everything was looked at**: %s, listed at the end", markdown.Counted(n, "thing")))
	}
	o.List(items)
}

// findings are what the ticket speaks of.
func (o *page) findings(p jira.ParsedIssue) {
	o.Heading(2, "What the ticket speaks of")
	var rows [][]string
	for _, group := range []struct {
		what string
		all  []jira.Finding
	}{
		{"tracking id", p.TrackingIDs},
		{"load number", p.LoadNumbers},
		{"PRO number", p.ProNumbers},
		{"BOL number", p.BOLNumbers},
		{"PO number", p.PONumbers},
		{"container", p.Containers},
		{"carrier", p.Carriers},
		{"shipper", p.Shippers},
		{"SCAC", p.SCACs},
		{"service", p.Services},
		{"trace", p.TraceIDs},
		{"correlation", p.Correlations},
		{"HTTP status", p.HTTPStatuses},
		{"endpoint", p.Endpoints},
		{"error", p.Errors},
	} {
		for _, f := range group.all {
			rows = append(rows, []string{group.what, markdown.Code(f.Value), markdown.Cell(where(f.Where)), markdown.Cell(f.How), fmt.Sprintf("%.0f %%", 100*f.Confidence)})
		}
	}
	for _, t := range p.Times {
		rows = append(rows, []string{"time", markdown.Instant(t.Start), markdown.Cell(where(t.Where)), markdown.Cell(t.How), fmt.Sprintf("%.0f %%", 100*t.Confidence)})
	}
	for _, s := range p.StackTraces {
		rows = append(rows, []string{"stack trace", markdown.Code(cmp.Or(s.Exception, string(s.Language))), markdown.Cell(where(s.Where)), fmt.Sprintf("%d frames", len(s.Frames)), ""})
	}
	if len(rows) == 0 {
		o.Paragraph("Nothing that the rules know.")
		return
	}
	o.Table([]string{"what", "value", "where it stood", "known by", "sure"}, rows)
	if len(p.Missing) > 0 {
		o.Paragraph("It does not say: %s.", markdown.Plain(strings.Join(p.Missing, ", ")))
	}
	for _, w := range p.Warnings {
		o.Paragraph("%s", markdown.Sentence(w))
	}
}

func where(l jira.Location) string {
	text := l.Part
	if l.Comment > 0 {
		text = fmt.Sprintf("%s %d", text, l.Comment)
	}
	if l.Name != "" {
		text += " " + l.Name
	}
	return fmt.Sprintf("%s, line %d", text, l.Line)
}

func (o *page) loads(d *dossier) {
	o.Heading(2, "The loads")
	var rows [][]string
	for _, l := range d.Loads {
		rows = append(rows, []string{
			markdown.Code(l.ID), markdown.Cell(l.LoadNumber), markdown.Cell(cmp.Or(string(l.Status), l.StatusText)), markdown.Cell(cmp.Or(l.Shipper.Name, l.Shipper.ID)),
			markdown.Cell(cmp.Or(l.Carrier.Name, l.Carrier.ID)), markdown.Instant(l.CreatedAt),
		})
	}
	if len(rows) == 0 {
		o.Paragraph("None that a source knows.")
		return
	}
	slices.SortFunc(rows, func(a, b []string) int { return strings.Compare(a[0], b[0]) })
	o.Table([]string{"tracking id", "number", "status", "shipper", "carrier", "created"}, rows)
}

func (o *page) lines(d *dossier) {
	o.Heading(2, "Log lines, %s", markdown.Window(d.Window))
	slices.SortStableFunc(d.Logs, func(a, b logs.Record) int { return cmp.Or(a.Time.Compare(b.Time), strings.Compare(a.ID, b.ID)) })
	d.Logs = slices.CompactFunc(d.Logs, func(a, b logs.Record) bool { return a.ID != "" && a.ID == b.ID })
	if len(d.Logs) == 0 {
		o.Paragraph("None.")
		return
	}
	times := markdown.CalendarOf(d.Window.From)
	var rows [][]string
	for _, r := range d.Logs {
		rows = append(rows, []string{times.Exactly(r.Time), markdown.Cell(r.Service), markdown.Cell(cmp.Or(r.SeverityText, fmt.Sprint(r.Severity))), markdown.Cell(r.Body)})
	}
	o.Table([]string{times.Column(), "service", "severity", "line"}, rows)
}

func (o *page) code(d *dossier) {
	o.Heading(2, "The code of its stack traces")
	if len(d.Code) == 0 {
		o.Paragraph("None that was found.")
		return
	}
	slices.SortStableFunc(d.Code, func(a, b place) int { return cmp.Or(strings.Compare(a.Path, b.Path), cmp.Compare(a.Line, b.Line)) })
	for _, p := range d.Code {
		by := "nobody is known to have written it"
		if len(p.By) > 0 {
			by = fmt.Sprintf("%s by %s: %s", markdown.Instant(p.By[0].At), markdown.Plain(cmp.Or(p.By[0].Author.Login, p.By[0].Author.Name)), markdown.Plain(p.By[0].Message))
		}
		o.Paragraph("%s of %s, %s.", markdown.Code(fmt.Sprintf("%s:%d", p.Path, p.Line)), markdown.Plain(p.Repo), by)
		var rows [][]string
		for i, line := range strings.Split(strings.TrimSuffix(p.Text, "\n"), "\n") {
			mark := ""
			if p.From+i == p.Line {
				mark = "→"
			}
			rows = append(rows, []string{mark, fmt.Sprint(p.From + i), markdown.Code(line)})
		}
		o.Table([]string{"", "line", "code"}, rows)
	}
}

func (o *page) changes(d *dossier) {
	o.Heading(2, "What changed before and within")
	var rows [][]string
	for _, e := range d.Timeline.Events {
		title := e.Title
		if e.Number > 0 {
			title = fmt.Sprintf("#%d %s", e.Number, title)
		}
		rows = append(rows, []string{markdown.Instant(e.At), e.Kind, markdown.Cell(e.Repo), markdown.Cell(title), markdown.Cell(e.Author), markdown.Cell(e.State)})
	}
	if len(rows) == 0 {
		o.Paragraph("Nothing that was found.")
	} else {
		o.Table([]string{"when", "kind", "repository", "what", "by", "state"}, rows)
	}
	for _, p := range d.PullRequests {
		o.Paragraph("The ticket is named in pull request %s %s (%s).", markdown.Plain(p.ID), markdown.Plain(p.Title), markdown.Plain(p.Status))
	}
}

func (o *page) documents(all []confluence.ServiceDocs) {
	o.Heading(2, "Documents of its services")
	slices.SortFunc(all, func(a, b confluence.ServiceDocs) int { return strings.Compare(a.Service, b.Service) })
	var rows [][]string
	for _, docs := range all {
		for _, group := range []struct {
			name string
			hits []confluence.Hit
		}{{confluence.Troubleshooting, docs.Troubleshooting}, {confluence.Architecture, docs.Architecture}, {confluence.General, docs.General}} {
			for _, h := range group.hits[:min(len(group.hits), 5)] {
				rows = append(rows, []string{markdown.Cell(docs.Service), group.name, markdown.Cell(h.Title), markdown.Cell(h.Why), markdown.Cell(h.Excerpt)})
			}
		}
	}
	if len(rows) == 0 {
		o.Paragraph("None that was found.")
		return
	}
	o.Table([]string{"service", "group", "title", "because", "excerpt"}, rows)
}

func (o *page) similar(all []jira.Issue) {
	o.Heading(2, "Similar tickets")
	var rows [][]string
	for _, i := range all {
		rows = append(rows, []string{markdown.Code(i.Key), markdown.Cell(i.Status), markdown.Cell(cmp.Or(i.Resolution, "unresolved")), markdown.Cell(i.Summary)})
	}
	if len(rows) == 0 {
		o.Paragraph("None that was found.")
		return
	}
	o.Table([]string{"key", "status", "resolution", "summary"}, rows)
}
