package evidence

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/fourkites/sources/base/logs"
	"github.com/fourkites/sources/fkapi"
)

// Bounds of a report, so that a load with a long life does not drown its reader.
const (
	maxCited    = 5 // lines or spans of a cause
	maxRegions  = 3
	maxTimeline = 120
)

// report puts together what was found. Evidence gets its ids here, in one order.
func (c *stuckCase) report(ctx context.Context) StuckLoadReport {
	c.mine()
	found := c.judge()
	r := StuckLoadReport{
		TrackingID: c.question.TrackingID, Headline: cmp.Or(found.headline, found.conclusion), Conclusion: found.conclusion, Load: c.load,
		Network: c.network, Patterns: c.patterns, Next: found.next,
	}
	r.Verdict, r.Window, r.Causes = found.verdict, clipped(c.window, c.window), []Cause{}
	documents := c.documents()
	for i, cause := range found.causes {
		r.Causes = append(r.Causes, c.cause(i+1, cause, documents))
	}
	r.Timeline = c.timeline(documents)
	c.inquiry.unseen("carrier files since %s and the records in them: there is no source of them yet", c.filesSince())
	c.inquiry.unseen("other loads of the carrier that wait as well: there is no source of them yet")
	c.inquiry.locate(ctx, c.sources.Code, r.Causes)
	c.inquiry.report(&r.Report)
	return r
}

// mine finds the patterns of the lines, and to which each line belongs.
func (c *stuckCase) mine() {
	o, _ := PatternOptions{MaxPatterns: maxLoadLines}.withDefaults(opStuckLoad)
	m := newMiner(o)
	keys := make([]string, 0, len(c.lines))
	for _, l := range c.lines {
		keys = append(keys, m.add(l.Record))
	}
	groups := m.ranked()
	index := map[string]int{}
	for i, g := range groups {
		for _, key := range g.keys() {
			index[key] = i
		}
	}
	for i, key := range keys {
		c.lines[i].pattern = index[key]
	}
	c.patterns = m.handOut(groups).Patterns
}

// papers are the ids of the documents, empty where there is none.
type papers struct{ load, network string }

// documents makes evidence of the load and of the relationship.
func (c *stuckCase) documents() (ids papers) {
	if c.load != nil {
		l := c.load.Value
		ids.load = c.inquiry.add(Item{
			Source: c.load.Source, Type: DocumentItem, Time: l.CreatedAt, Ref: Ref{Key: l.ID},
			Summary: fmt.Sprintf("load %s (%s) of shipper %s and carrier %s: state %s", l.ID, cmp.Or(l.LoadNumber, "no number"),
				cmp.Or(l.Shipper.ID, "(none)"), cmp.Or(l.Carrier.ID, "(none)"), cmp.Or(string(l.Status), "(none)")),
		})
	}
	if c.network != nil {
		n := c.network.Value
		item := Item{
			Source: c.network.Source, Type: DocumentItem, Ref: Ref{Key: n.Shipper + "/" + n.Carrier},
			Summary: fmt.Sprintf("%s: %s", n.Verdict, n.Reason),
		}
		if n.Relationship != nil {
			item.Time, item.Ref.Key = n.Relationship.CreatedAt, cmp.Or(n.Relationship.ID, item.Ref.Key)
		}
		ids.network = c.inquiry.add(item)
	}
	return ids
}

func (c *stuckCase) cause(rank int, from stuckCause, documents papers) Cause {
	out := Cause{
		Rank: rank, Service: from.service, Kind: from.kind, Onset: from.onset.UTC(), Confidence: float64(from.percent) / 100,
		Evidence: []string{}, Why: from.why,
	}
	if from.onset.IsZero() {
		out.Onset = time.Time{}
	}
	if from.load && documents.load != "" {
		out.Evidence = append(out.Evidence, documents.load)
	}
	if from.network && documents.network != "" {
		out.Evidence = append(out.Evidence, documents.network)
	}
	for _, l := range ends(from.lines, maxCited) {
		out.Evidence = append(out.Evidence, c.inquiry.add(c.logItem(l.Record, l.severity, l.text())))
	}
	for _, s := range ends(from.spans, maxCited) {
		out.Evidence = append(out.Evidence, c.inquiry.add(spanItem(s)))
	}
	for _, l := range from.lines {
		if l.body.Site != (CodeRegion{}) && !slices.Contains(out.Code, l.body.Site) && len(out.Code) < maxRegions {
			out.Code = append(out.Code, l.body.Site)
		}
	}
	return out
}

// ends are at most n items of a list in order: its first ones, and the last.
func ends[T any](all []T, n int) []T {
	if len(all) <= n {
		return all
	}
	return append(slices.Clone(all[:n-1]), all[len(all)-1])
}

func (c *stuckCase) logItem(r logs.Record, severity logs.Severity, text string) Item {
	return Item{
		Source: c.sources.Logs.Name(), Type: LogItem, Time: r.Time, Service: r.Service, Summary: severity.String() + " " + text,
		Ref: Ref{TraceID: r.TraceID, SpanID: r.SpanID, TimeUnixNano: r.Time.UnixNano(), Pod: r.Resources["k8s.pod.name"], Key: r.ID},
	}
}

func spanItem(s spanOf) Item {
	summary := fmt.Sprintf("%s failed after %s", s.Name, s.Duration.Round(time.Millisecond))
	if s.StatusMessage != "" {
		summary += ": " + oneLine(s.StatusMessage)
	}
	return Item{
		Source: s.client, Type: SpanItem, Time: s.Start, Service: s.Service, Summary: summary,
		Ref: Ref{TraceID: s.TraceID, SpanID: s.SpanID, Pod: s.Resources["k8s.pod.name"]},
	}
}

// timeline merges what the load, the relationship, the lines and the spans say.
func (c *stuckCase) timeline(documents papers) []TimelineEntry {
	all := append(c.loadEvents(documents.load), c.networkEvents(documents.network)...)
	all = append(all, c.lineEvents()...)
	for _, s := range c.spans {
		if s.Failed {
			item := spanItem(s)
			all = append(all, TimelineEntry{At: s.Start.UTC(), Source: s.client, Service: s.Service, What: item.Summary, Evidence: c.inquiry.add(item)})
		}
	}
	slices.SortStableFunc(all, func(a, b TimelineEntry) int { return a.At.Compare(b.At) })
	if left := len(all) - maxTimeline; left > 0 {
		c.inquiry.unseen("timeline: %d entries between the first and the last are left out", left)
		all = slices.Delete(all, maxTimeline/2, maxTimeline/2+left)
	}
	if all == nil {
		all = []TimelineEntry{}
	}
	return all
}

func (c *stuckCase) loadEvents(id string) []TimelineEntry {
	if c.load == nil {
		return nil
	}
	var all []TimelineEntry
	events := c.load.Value.Timeline()
	for _, e := range events {
		if e.Stop == "" && slices.ContainsFunc(events, func(o fkapi.TimelineEvent) bool {
			return o.Stop != "" && o.Event == e.Event && o.At.Equal(e.At)
		}) {
			continue // the load and its stop say the same
		}
		what := "load: " + strings.ReplaceAll(e.Event, "_", " ")
		if e.Stop != "" {
			what += " at " + e.Stop
		}
		all = append(all, TimelineEntry{At: e.At.UTC(), Source: c.load.Source, What: what, Expected: e.Expected, Evidence: id})
	}
	return all
}

// networkEvents are the times that the relationship names: that of its creation, and those among its other fields.
func (c *stuckCase) networkEvents(id string) []TimelineEntry {
	if c.network == nil || c.network.Value.Relationship == nil {
		return nil
	}
	r := c.network.Value.Relationship
	var all []TimelineEntry
	add := func(at time.Time, field string) {
		what := fmt.Sprintf("relationship %s: %s", r.ID, field)
		all = append(all, TimelineEntry{At: at.UTC(), Source: c.network.Source, What: what, Evidence: id})
	}
	if !r.CreatedAt.IsZero() {
		add(r.CreatedAt, "created")
	}
	for _, key := range slices.Sorted(maps.Keys(r.Extras)) {
		if at, ok := instantOf(r.Extras[key]); ok {
			add(at, key)
		}
	}
	return all
}

// instantOf reads a JSON text that is an instant with its zone.
func instantOf(raw json.RawMessage) (time.Time, bool) {
	var at time.Time
	err := json.Unmarshal(raw, &at)
	return at, err == nil && !at.IsZero()
}

// lineEvents are the first line of each pattern, and the last one where a line is a warning or worse.
func (c *stuckCase) lineEvents() []TimelineEntry {
	first, last := map[int]int{}, map[int]int{} // lines by pattern
	for i, l := range c.lines {
		if _, ok := first[l.pattern]; !ok {
			first[l.pattern] = i
		}
		last[l.pattern] = i
	}
	var all []TimelineEntry
	for i, l := range c.lines {
		begins, ends := i == first[l.pattern], i == last[l.pattern] && l.severity >= logs.SeverityWarn
		if !begins && !ends {
			continue
		}
		item := c.logItem(l.Record, l.severity, l.text())
		entry := TimelineEntry{At: l.Time.UTC(), Source: item.Source, Service: l.Service, What: item.Summary, Evidence: c.inquiry.add(item)}
		if n := c.patterns[l.pattern].Count; begins && n > 1 {
			entry.Times, entry.Until = n, c.lines[last[l.pattern]].Time.UTC()
			entry.What += fmt.Sprintf(" (%d times until %s)", n, entry.Until.Format(minute))
		}
		all = append(all, entry)
	}
	return all
}
