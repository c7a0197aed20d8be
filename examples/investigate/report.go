package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/fourkites/sources/evidence"
)

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

// evidenceTable lists the pieces of evidence that causes cite, then the others.
func (d *document) evidenceTable(r evidence.Report) {
	d.heading(2, "Evidence")
	if len(r.Evidence) == 0 {
		d.paragraph("None.")
		return
	}
	cited := map[string]int{}
	for _, c := range r.Causes {
		for _, id := range slices.Concat(c.Evidence, c.Compared) {
			if cited[id] == 0 {
				cited[id] = c.Rank
			}
		}
	}
	var rows [][]string
	for _, item := range inOrder(r.Evidence, cited) {
		if len(rows) == mostItems {
			break
		}
		rows = append(rows, []string{
			plain(item.ID), clockIn(r.Window, item.Time), plain(item.Service), plain(string(item.Type)), plain(item.Summary), reference(item.Ref), plain(item.Source),
		})
	}
	d.table([]string{"id", "time (UTC)", "service", "what", "it says", "find it by", "from"}, rows)
	if n := len(r.Evidence) - len(rows); n > 0 {
		d.paragraph("%d more pieces are in the JSON form (-format json).", n)
	}
}

// mostItems is how many pieces of evidence a person is shown.
const mostItems = 40

// inOrder puts what the best cause cites first; what no cause cites comes last.
func inOrder(items []evidence.Item, cited map[string]int) []evidence.Item {
	rank := func(i evidence.Item) int {
		if n := cited[i.ID]; n > 0 {
			return n
		}
		return len(items) + 1
	}
	sorted := slices.Clone(items)
	slices.SortStableFunc(sorted, func(a, b evidence.Item) int { return rank(a) - rank(b) })
	return sorted
}

// reference is what finds a piece of evidence again; the JSON form has all of it.
func reference(r evidence.Ref) string {
	var parts []string
	add := func(name, value string) {
		if value != "" {
			parts = append(parts, name+" "+code(value))
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
		parts = append(parts, "of the "+plain(r.From))
	}
	return strings.Join(parts, ", ")
}

func (d *document) sourcesTable(r evidence.Report) {
	d.heading(2, "Which source answered, and how fast")
	var rows [][]string
	for _, s := range r.Sources {
		rows = append(rows, []string{
			plain(s.Name), outcomeWords(s.Outcome), millis(s.ElapsedMS), fmt.Sprint(s.Attempts), window(s.Covered), plain(s.Hint),
		})
	}
	d.table([]string{"source", "outcome", "time", "attempts", "covered", "note"}, rows)
}

func (d *document) notSeen(r evidence.Report) {
	d.heading(2, "Not seen")
	if len(r.NotSeen) == 0 {
		d.paragraph("Nothing: every source that was asked gave all that it had.")
		return
	}
	var items []string
	for _, text := range r.NotSeen {
		items = append(items, sentenceOf(text))
	}
	d.list(items)
}

// where is the code region and the metric of a cause.
func where(c evidence.Cause) string {
	var parts []string
	for _, region := range c.Code {
		text := code(region.Symbol)
		if region.File != "" {
			text += " in " + code(region.File)
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
		parts = append(parts, "shows in "+code(c.Metric))
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
