package evidence

import (
	"cmp"
	"errors"
	"slices"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/logs"
	"github.com/fourkites/sources/base/traces"
)

// tell puts together what was found. asked is how the question for logs ended.
func (f *following) tell(asked error) CorrelationReport {
	r := f.report
	r.Records, r.Traces = len(f.lines), []CorrelatedTrace{}
	f.weigh(base.OutcomeOf(len(f.lines), asked))
	for _, t := range f.traces {
		r.Spans += len(t.spans)
		f.settle(t)
		r.Traces = append(r.Traces, *t)
	}
	r.Services, r.Timeline = f.services(), f.timeline()
	account := Report{}
	f.inquiry.report(&account)
	r.Sources, r.NotSeen = account.Sources, account.NotSeen
	switch {
	case f.lacking:
		r.Outcome = base.Partial
	case f.cut:
		r.Outcome = base.Truncated
	case len(f.lines) == 0:
		r.Outcome = base.NoData
	default:
		r.Outcome = base.Data
	}
	return *r
}

// weigh notes what the outcome of a question means for the whole.
func (f *following) weigh(outcome base.Outcome) {
	f.lacking = f.lacking || outcome == base.Partial || outcome == base.Failed
	f.cut = f.cut || outcome == base.Truncated
}

// settle says how the question for a trace ended.
func (f *following) settle(t *CorrelatedTrace) {
	t.Spans = len(t.spans)
	if t.Reason != "" {
		return // it was not asked for
	}
	if !t.answered { // the deadline passed before it had its turn, or the client panicked
		t.err = errors.New("it was not answered")
	}
	outcome := base.OutcomeOf(len(t.spans), t.err)
	f.weigh(outcome)
	t.Outcome, t.Reason = outcome.String(), missingOf(t.err)
	slices.SortStableFunc(t.spans, orderSpans)
	for _, s := range t.spans {
		if s.ParentID == "" {
			t.Root = s.Service + " " + oneLine(s.Name)
			return
		}
	}
}

func orderSpans(a, b traces.Span) int {
	return cmp.Or(a.Start.Compare(b.Start), cmp.Compare(a.TraceID, b.TraceID), cmp.Compare(a.SpanID, b.SpanID))
}

// services are those of the records and of the spans.
func (f *following) services() []CorrelatedService {
	known := map[string]*CorrelatedService{}
	see := func(service string, at time.Time) *CorrelatedService {
		at = at.UTC()
		s, ok := known[service]
		if !ok {
			s = &CorrelatedService{Service: service, First: at, Last: at}
			known[service] = s
		}
		s.First, s.Last = earlier(s.First, at), later(s.Last, at)
		return s
	}
	for _, l := range f.lines {
		s := see(l.Service, l.Time)
		s.Records++
		if l.severity >= logs.SeverityError {
			s.Errors++
		}
	}
	for _, t := range f.traces {
		for _, span := range t.spans {
			s := see(span.Service, span.Start)
			s.Spans++
			if span.Failed {
				s.Failed++
			}
		}
	}
	delete(known, "") // of records that name none
	all := []CorrelatedService{}
	for _, s := range known {
		all = append(all, *s)
	}
	slices.SortFunc(all, func(a, b CorrelatedService) int {
		return cmp.Or(a.First.Compare(b.First), cmp.Compare(a.Service, b.Service))
	})
	return all
}

// timeline merges the records and the spans. Where these are too many, the records, the spans that failed and the longest
// others stay.
func (f *following) timeline() []CorrelationEvent {
	all := make([]CorrelationEvent, 0, len(f.lines))
	for _, l := range f.lines {
		all = append(all, lineEvent(l))
	}
	for _, t := range f.traces {
		for _, s := range t.spans {
			all = append(all, spanEvent(s))
		}
	}
	if left := len(all) - f.limit; left > 0 {
		slices.SortStableFunc(all, func(a, b CorrelationEvent) int {
			return cmp.Or(cmp.Compare(rank(b), rank(a)), cmp.Compare(b.Duration, a.Duration))
		})
		all, f.cut = all[:f.limit], true
		f.inquiry.unseen("timeline: %d spans are left out, the shorter ones; raise limit, or read a trace alone", left)
	}
	slices.SortStableFunc(all, func(a, b CorrelationEvent) int {
		return cmp.Or(a.At.Compare(b.At), cmp.Compare(b.Duration, a.Duration), cmp.Compare(a.SpanID, b.SpanID))
	})
	return all
}

func rank(e CorrelationEvent) int {
	switch {
	case e.Type == LogItem:
		return 2
	case e.Failed:
		return 1
	}
	return 0
}

func lineEvent(l stuckLine) CorrelationEvent {
	e := CorrelationEvent{
		At: l.Time.UTC(), Type: LogItem, Service: l.Service, What: l.text(), TraceID: l.TraceID, SpanID: l.SpanID, Record: l.ID,
	}
	if l.severity != logs.SeverityUnset {
		e.Severity = l.severity.String()
	}
	return e
}

func spanEvent(s traces.Span) CorrelationEvent {
	e := CorrelationEvent{
		At: s.Start.UTC(), Type: SpanItem, Service: s.Service, What: oneLine(s.Name), TraceID: s.TraceID, SpanID: s.SpanID,
		Duration: s.Duration, Failed: s.Failed,
	}
	if s.StatusMessage != "" {
		e.What += ": " + oneLine(s.StatusMessage)
	}
	return e
}
