package command

import (
	"fmt"
	"strings"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/internal/markdown"
)

// Length is a length of time in words: days, hours and minutes, or seconds.
func Length(d time.Duration) string {
	switch {
	case d >= 48*time.Hour:
		return fmt.Sprintf("%.0f days", d.Hours()/24)
	case d >= time.Minute:
		return strings.TrimSuffix(d.Round(time.Minute).String(), "0s")
	}
	return d.Round(time.Second).String()
}

// WriteAccount writes what was asked and what was not seen as the end of a report.
func WriteAccount(d *markdown.Document, asked []Asked, notSeen []string) {
	d.Heading(3, "Which source answered, how fast, and how old")
	var rows [][]string
	for _, a := range asked {
		old := "no lag told"
		switch {
		case a.Outcome == Skipped || a.Outcome == base.Failed.String():
			old = ""
		case a.Age > 0:
			old = "up to " + Length(a.Age)
		}
		rows = append(rows, []string{
			markdown.Plain(a.Source), markdown.Plain(a.Question), strings.ReplaceAll(a.Outcome, "_", " "), fmt.Sprint(a.Found), markdown.Millis(a.ElapsedMS),
			fmt.Sprint(a.Calls), fmt.Sprint(a.Retried()), old,
		})
	}
	d.Table([]string{"source", "question", "outcome", "found", "time", "calls", "retries", "how old"}, rows)
	d.Heading(3, "Not seen")
	if len(notSeen) == 0 {
		d.Paragraph("Nothing: every source that was asked gave all that it had.")
		return
	}
	var items []string
	for _, text := range notSeen {
		items = append(items, markdown.Sentence(text))
	}
	d.List(items)
}
