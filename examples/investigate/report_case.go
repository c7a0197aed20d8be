package main

import (
	"fmt"
	"slices"
	"time"

	"github.com/fourkites/sources/evidence"
)

// caseDocument is the report on a recorded incident for a person.
func caseDocument(name string, r evidence.Report) string {
	var d document
	d.heading(1, "Investigation of %s", plain(name))
	d.paragraph("%s", sentence(r))
	d.paragraph("Looked at: %s%s.", window(r.Window), compared(r))
	d.happened(r)
	d.causes(r)
	d.evidenceTable(r)
	d.sourcesTable(r)
	d.notSeen(r)
	return d.String()
}

// sentence is the verdict and what to do.
func sentence(r evidence.Report) string {
	switch {
	case r.Verdict == evidence.NoFault:
		return "**No fault was found; there is nothing to do** but to read below what could not be seen."
	case r.Verdict == evidence.Fault && len(r.Causes) > 0:
		c := r.Causes[0]
		text := fmt.Sprintf("**%s is at fault: %s", code(c.Service), kinds[c.Kind])
		if at := where(c); at != "" {
			text += ", " + at
		}
		if !c.Onset.IsZero() {
			text += ", since " + instant(c.Onset.Round(time.Second))
		}
		return text + fmt.Sprintf(" (confidence %s).** %s", percent(c.Confidence), advice[c.Kind])
	}
	return "**The evidence does not tell whether there was a fault.** The candidates below come nearest; what could not be seen stands at the end."
}

func compared(r evidence.Report) string {
	if r.Baseline.IsZero() {
		return ""
	}
	return ", compared with " + window(r.Baseline)
}

// happened is the evidence of the first cause in the order of time, with the onset between.
func (d *document) happened(r evidence.Report) {
	if len(r.Causes) == 0 || r.Verdict != evidence.Fault {
		return
	}
	c := r.Causes[0]
	type event struct {
		at   time.Time
		text string
	}
	events := []event{{c.Onset, "**it begins**: " + sentenceOf(c.Why)}}
	for _, item := range r.Evidence {
		if slices.Contains(c.Evidence, item.ID) && len(events) < mostEvents {
			events = append(events, event{item.Time, code(item.Service) + " " + plain(item.Summary) + " (" + plain(item.ID) + ")"})
		}
	}
	slices.SortStableFunc(events, func(a, b event) int { return a.at.Compare(b.at) })
	d.heading(2, "What happened, and when")
	var rows [][]string
	for _, e := range events {
		rows = append(rows, []string{clock(e.at), e.text})
	}
	d.table([]string{"time (UTC)", "what"}, rows)
}

// mostEvents is how many rows a timeline has.
const mostEvents = 25

func (d *document) causes(r evidence.Report) {
	d.heading(2, "Candidates, best first")
	if len(r.Causes) == 0 {
		d.paragraph("None.")
		return
	}
	var rows [][]string
	for _, c := range r.Causes {
		rows = append(rows, []string{
			fmt.Sprint(c.Rank), code(c.Service), kinds[c.Kind], clock(c.Onset), percent(c.Confidence), where(c),
		})
	}
	d.table([]string{"", "service", "kind", "since (UTC)", "confidence", "where"}, rows)
	for _, c := range r.Causes {
		d.paragraph("%d. %s", c.Rank, sentenceOf(c.Why))
	}
}
