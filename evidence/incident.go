package evidence

import (
	"context"
	"time"

	"github.com/fourkites/sources/base"
)

// Incident is a time in which something went wrong.
type Incident struct {
	// Window is the time to look at, at most a day. It should begin some minutes before the trouble.
	Window base.Window
	// Baseline is a time that was healthy, such as the same hour of another day; zero = the quiet part of the window
	// itself serves.
	Baseline base.Window
	// BaselineSources are asked about the baseline; zero = the same sources.
	BaselineSources Sources
	// Progress is told how the sources are doing; nil = nobody.
	Progress Progress
}

const (
	longestWindow = 24 * time.Hour
	// samplesBefore is how far before the window measurements are looked at: what is usual for a pod.
	samplesBefore = 10 * time.Minute
	// samplesAfter is how far behind the window they are, for a sample tells of the time before it.
	samplesAfter = 2 * time.Minute
)

// Investigate reads logs, spans and measurements of the window and the baseline from the sources side by side, and ranks
// the services by what speaks for each being the root cause, with the evidence that led there. The verdict is a fault
// when the first cause is more likely than not; Unknown when nothing could be looked at.
//
// The code graph, where one is given, is asked last, about the places in the code that the causes name: it adds Places to
// them and nothing else, and has 15 seconds for it.
//
// A source that is missing, fails, or gives a part only is noted in the report and the rest goes on. The error is
// base.ErrInvalid for a window or sources that cannot be asked, or that of the context.
//
// It needs no knowledge of the services. Its statistics count whole traces, so a service that few traces reach may be
// missed; DESIGN.md says how it decides and what it cannot tell apart.
func Investigate(ctx context.Context, incident Incident, sources Sources) (Report, error) {
	if err := incident.validate(sources); err != nil {
		return Report{}, err
	}
	r := newReading(incident, sources)
	r.ask(ctx)
	if err := ctx.Err(); err != nil {
		return Report{}, base.NewError(base.KindOf(err), context.Cause(ctx))
	}
	report := Report{Verdict: Unknown, Window: utc(incident.Window), Baseline: utc(incident.Baseline), Causes: []Cause{}}
	if s := r.scene(); s.seen() {
		report.Verdict = NoFault
		report.Causes = s.causes(r.inquiry)
		if len(report.Causes) > 0 && report.Causes[0].Confidence >= likely {
			report.Verdict = Fault
			report.Baseline = r.compared(report.Causes[0].Onset)
		}
	}
	r.inquiry.locate(ctx, sources.Code, report.Causes)
	r.inquiry.report(&report)
	return report, nil
}

// likely is the confidence from which on a cause makes a fault.
const likely = 0.5

const opInvestigate = "Investigate"

func (i Incident) validate(sources Sources) error {
	if err := i.Window.Validate(); err != nil {
		return base.Invalid("evidence", opInvestigate, "%v", err)
	}
	if i.Window.Duration() > longestWindow {
		return base.Invalid("evidence", opInvestigate, "window: %s is longer than %s; look at a part of it", i.Window.Duration(), longestWindow)
	}
	if !i.Baseline.IsZero() {
		if err := i.Baseline.Validate(); err != nil {
			return base.Invalid("evidence", opInvestigate, "baseline: %v", err)
		}
		if i.Baseline.Duration() > longestWindow {
			return base.Invalid("evidence", opInvestigate, "baseline: %s is longer than %s; take a part of it", i.Baseline.Duration(), longestWindow)
		}
	}
	if sources.Code != nil && holdsNil(sources.Code) {
		return nilClient(opInvestigate, "code", sources.Code)
	}
	if sources.Logs == nil && sources.Traces == nil && sources.Metrics == nil {
		return base.Invalid("evidence", opInvestigate, "sources: none of logs, traces and metrics was given; pass at least one client")
	}
	return nil
}

func utc(w base.Window) base.Window {
	if w.IsZero() {
		return w
	}
	return base.Window{From: w.From.UTC(), To: w.To.UTC()}
}
