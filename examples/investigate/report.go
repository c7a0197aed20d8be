package main

import (
	"fmt"
	"strings"

	"github.com/fourkites/sources/evidence"
	"github.com/fourkites/sources/internal/markdown"
)

// document is the report in the making.
type document struct{ markdown.Document }

// kinds are the kinds of cause in words.
var kinds = map[evidence.CauseKind]string{
	evidence.Return:        "an early or wrong return",
	evidence.Exception:     "an exception",
	evidence.CPUContention: "CPU that others take",
	evidence.CPUConsumed:   "code that burns CPU",
	evidence.NetworkDelay:  "a delay on the network",
	evidence.Configuration: "something is set up wrongly, or not at all",
	evidence.DataFault:     "data that are wrong or missing",
	evidence.Dependency:    "a dependency that failed",
	evidence.UnknownCause:  "a fault of a kind that the evidence does not tell",
}

// advice is what to do first about a kind of cause.
var advice = map[evidence.CauseKind]string{
	evidence.Return:        "Read that code for a return before its work is done, and what was deployed before the onset.",
	evidence.Exception:     "Read that code for what it throws, and what was deployed before the onset.",
	evidence.CPUContention: "Look at what else runs on the node of its pods, and at their CPU limits; moving the pod is the quick cure.",
	evidence.CPUConsumed:   "Take a CPU profile of a pod; rolling back the last deployment is the quick cure.",
	evidence.NetworkDelay:  "Look at the network of its pods and nodes; moving the pod to another node is the quick cure.",
	evidence.Configuration: "Correct the setting.",
	evidence.DataFault:     "Correct the data at their origin.",
	evidence.Dependency:    "Ask the owner of what it calls.",
	evidence.UnknownCause:  "Begin with its evidence below.",
}

func outcomeWords(outcome string) string {
	if outcome == "no_data" {
		return "no data"
	}
	return outcome
}

// certainty says which sources gave less than all, and what that means for the verdict; empty where none did.
func certainty(r evidence.Report) string {
	var lacking []string
	for _, s := range r.Sources {
		if s.Outcome != "data" && s.Outcome != "no_data" && s.Name != "code" { // without a code graph no cause is missed
			lacking = append(lacking, markdown.Plain(s.Name)+" ("+outcomeWords(s.Outcome)+")")
		}
	}
	if len(lacking) == 0 {
		return ""
	}
	text := "**Not everything was looked at**: " + strings.Join(lacking, ", ") + ". "
	switch r.Verdict {
	case evidence.Fault:
		return text + "The confidence counts what was seen alone: a cause that shows only in the rest is not among the candidates."
	case evidence.NoFault:
		return text + "So this does not prove that there was no fault: one that shows only in the rest was not seen."
	}
	return text + "The answer may lie in the rest."
}

// asked is one line of the sources and of what was not seen.
func (d *document) asked(r evidence.Report) {
	var all []string
	for _, s := range r.Sources {
		all = append(all, markdown.Plain(s.Name)+" ("+outcomeWords(s.Outcome)+")")
	}
	text := "Sources: " + strings.Join(all, ", ") + "."
	if n := len(r.NotSeen); n > 0 {
		text += fmt.Sprintf(" Not seen: %s, listed at the end.", markdown.Counted(n, "thing"))
	}
	d.Paragraph("%s", text)
}

// candidates are the causes: one line where there is one, else a table.
func (d *document) candidates(r evidence.Report, times markdown.Calendar) {
	switch len(r.Causes) {
	case 0:
	case 1:
		d.Paragraph("Cause: %s.", strings.Join(causeParts(r.Causes[0], times), "; "))
	default:
		var rows [][]string
		for _, c := range r.Causes {
			rows = append(rows, []string{
				fmt.Sprint(c.Rank), percent(c.Confidence), markdown.Code(c.Service), kinds[c.Kind], times.At(c.Onset), where(c), markdown.Cell(fewIDs(c.Evidence)),
			})
		}
		d.Table([]string{"", "sure", "service", "candidate", "since (UTC)", "where", "evidence"}, rows)
	}
}

func causeParts(c evidence.Cause, times markdown.Calendar) []string {
	parts := []string{kinds[c.Kind] + " (confidence " + percent(c.Confidence) + ")"}
	if c.Service != "" {
		parts = append(parts, "service "+markdown.Code(c.Service))
	}
	if at := where(c); at != "" {
		parts = append(parts, at)
	}
	if !c.Onset.IsZero() {
		parts = append(parts, "since "+times.At(c.Onset)+" UTC")
	}
	return append(parts, "evidence "+markdown.Plain(fewIDs(c.Evidence)))
}

// fewIDs are the first ids of a list: Details have all.
func fewIDs(ids []string) string {
	const most = 6
	if n := len(ids) - most; n > 0 {
		return fmt.Sprintf("%s and %d more", strings.Join(ids[:most], ", "), n)
	}
	return strings.Join(ids, ", ")
}

// why is each cause with what led to it.
func (d *document) why(causes []evidence.Cause) {
	if len(causes) == 0 {
		return
	}
	d.Heading(3, "Why")
	var items []string
	for _, c := range causes {
		text := markdown.Sentence(strings.TrimSuffix(c.Why, ".")) + ". Evidence: " + strings.Join(c.Evidence, ", ") + "."
		if len(c.Compared) > 0 {
			text += " Compared with: " + strings.Join(c.Compared, ", ") + "."
		}
		sentences := []string{fmt.Sprintf("candidate %d: %s", c.Rank, text)}
		for _, p := range c.Places {
			sentences = append(sentences, place(p))
		}
		items = append(items, strings.Join(sentences, " "))
	}
	d.List(items)
}

// place is what the code graph knows of a place in the code, in a sentence; its file stands in the evidence.
func place(p evidence.CodePlace) string {
	text := markdown.Code(p.Region.String()) + " is in " + markdown.Code(p.Symbol.String())
	if p.Symbol.Service != "" {
		text += " of " + markdown.Code(p.Symbol.Service)
	}
	if len(p.Callers) > 0 {
		var names []string
		for _, c := range p.Callers {
			names = append(names, markdown.Plain(c.String()))
		}
		if p.More {
			names = append(names, "and others")
		}
		text += "; " + markdown.Plain(p.Called) + " is called by " + strings.Join(names, ", ")
	}
	return text + " (" + strings.Join(p.Evidence, ", ") + ")."
}

func (d *document) sources(r evidence.Report, times markdown.Calendar) {
	d.Heading(3, "Which source answered, and how fast")
	var rows [][]string
	for _, s := range r.Sources {
		covered := ""
		if !s.Covered.IsZero() {
			covered = times.At(s.Covered.From) + " to " + times.At(s.Covered.To)
		}
		rows = append(rows, []string{
			markdown.Plain(s.Name), outcomeWords(s.Outcome), markdown.Millis(s.ElapsedMS), markdown.Counted(s.Calls, "call"), retries(s.Attempts - s.Calls), covered, markdown.Cell(s.Hint),
		})
	}
	d.Table([]string{"source", "outcome", "time", "calls", "retries", "covered (" + times.Column() + ")", "note"}, rows)
}

func retries(n int) string {
	if n == 1 {
		return "1 retry"
	}
	return fmt.Sprintf("%d retries", max(n, 0))
}

func (d *document) notSeen(r evidence.Report) {
	d.Heading(3, "Not seen")
	if len(r.NotSeen) == 0 {
		d.Paragraph("Nothing: every source that was asked gave all that it had.")
		return
	}
	var items []string
	for _, text := range r.NotSeen {
		items = append(items, markdown.Sentence(text))
	}
	d.List(items)
}

// where is the code region and the metric of a cause.
func where(c evidence.Cause) string {
	var parts []string
	for _, region := range c.Code {
		text := markdown.Code(region.Symbol)
		if region.File != "" {
			text += " in " + markdown.Code(region.File)
		}
		switch from, to := region.Lines[0], region.Lines[1]; {
		case from > 0 && to > from:
			text += fmt.Sprintf(" lines %d to %d", from, to)
		case from > 0:
			text += fmt.Sprintf(" line %d", from)
		}
		parts = append(parts, text)
	}
	if c.Metric != "" {
		parts = append(parts, "shows in "+markdown.Code(c.Metric))
	}
	return strings.Join(parts, "; ")
}

func percent(confidence float64) string { return fmt.Sprintf("%.0f %%", confidence*100) }

// normal has no list that is nil, and all instants in UTC: other programs read the JSON form.
func normal(r evidence.Report) evidence.Report {
	r.Window.From, r.Window.To = r.Window.From.UTC(), r.Window.To.UTC()
	r.Baseline.From, r.Baseline.To = r.Baseline.From.UTC(), r.Baseline.To.UTC()
	r.Causes = append([]evidence.Cause{}, r.Causes...)
	for i := range r.Causes {
		r.Causes[i].Onset = r.Causes[i].Onset.UTC()
		r.Causes[i].Evidence = append([]string{}, r.Causes[i].Evidence...)
	}
	r.Evidence = append([]evidence.Item{}, r.Evidence...)
	r.Sources = append([]evidence.SourceReport{}, r.Sources...)
	r.NotSeen = append([]string{}, r.NotSeen...)
	return r
}
