package evidence

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/fourkites/sources/base/logs"
	"github.com/fourkites/sources/fkapi"
)

// waits reports whether the load waits for tracking info, and whether that is known.
func (c *stuckCase) waits() (waits, known bool) {
	if c.load == nil || !c.load.Value.Status.Known() {
		return true, false
	}
	l := c.load.Value
	return l.Status == fkapi.StatusAwaitingTrackingInfo || l.Status == fkapi.StatusExpired && l.FirstCheckCallAt.IsZero(), true
}

// finding is what the case comes down to.
type finding struct {
	verdict    Verdict
	headline   string // empty: the conclusion
	conclusion string
	causes     []stuckCause
	next       []string
}

// stuckCause is a cause with what it rests on.
type stuckCause struct {
	service string
	kind    CauseKind
	onset   time.Time
	percent int // confidence
	lines   []stuckLine
	spans   []spanOf
	load    bool   // it rests on the load
	network bool   // it rests on the relationship
	brief   string // of a complaint
	why     string
}

// judge goes through the possible causes in the order in which a person would.
func (c *stuckCase) judge() finding {
	waits, known := c.waits()
	switch {
	case known && !waits:
		return c.notWaiting()
	case c.network != nil && c.network.Value.Verdict != fkapi.RelationshipOK:
		return c.misconfigured(known)
	case c.network == nil && c.load != nil && c.load.Value.Carrier.IsZero() && c.question.Carrier == "":
		return c.withoutCarrier()
	}
	if f, ok := c.saidByLogs(); ok {
		return f
	}
	if f, ok := c.failing(); ok {
		return f
	}
	return c.unexplained(known)
}

func (c *stuckCase) notWaiting() finding {
	l := c.load.Value
	return finding{
		verdict:    NoFault,
		conclusion: fmt.Sprintf("Load %s does not wait for tracking info: its state is %s.", l.ID, l.Status),
		next:       c.nextSteps(),
	}
}

// misconfigured is a load that waits because the network does not let it be tracked.
func (c *stuckCase) misconfigured(known bool) finding {
	cause := stuckCause{kind: Configuration, percent: 65, load: c.load != nil, network: true}
	if known {
		cause.percent += 10
	}
	if c.network.Degraded != "" || c.load != nil && c.load.Degraded != "" {
		cause.percent -= 15
	}
	if c.load != nil {
		cause.onset = c.load.Value.CreatedAt
	}
	said := "no log line shows which service gave up on it"
	if all := c.voices(c.networkWords(), warns); len(all) > 0 {
		first := all[0]
		cause.service, cause.lines, cause.onset = first.service, first.lines, first.lines[0].Time
		cause.percent += 10
		if hasAny(strings.ToLower(first.lines[0].body.line()), c.networkWords()) {
			cause.percent += 10
		}
		said = first.said()
	}
	cause.spans = c.failedSpans(cause.service)
	brief, problem, remedy := c.networkProblem()
	cause.why = fmt.Sprintf("%s because %s; %s; %s", c.subject(known), problem, said, remedy)
	return finding{
		verdict: Fault, headline: fmt.Sprintf("%s: %s.", c.subject(known), brief), conclusion: cause.why + ".",
		causes: []stuckCause{cause},
		next:   []string{fmt.Sprintf("%s, in the Company API or the network settings of shipper %s", upperFirst(remedy), c.network.Value.Shipper)},
	}
}

const minute = "2006-01-02 15:04"

func (c *stuckCase) subject(known bool) string {
	if known {
		return "Load " + c.question.TrackingID + " waits for tracking info"
	}
	return "Load " + c.question.TrackingID + " cannot be tracked"
}

// networkProblem is what is wrong in the network, in a few words and in more, and what to change.
func (c *stuckCase) networkProblem() (brief, problem, remedy string) {
	n := c.network.Value
	pair := fmt.Sprintf("shipper %s and carrier %s", n.Shipper, n.Carrier)
	if n.Relationship == nil {
		return "its shipper and carrier have no relationship", "there is no relationship between " + pair,
			"create one, live and with tracking allowed"
	}
	r := "relationship " + n.Relationship.ID
	switch n.Verdict {
	case fkapi.RelationshipInactive:
		return r + " is not active", r + " of " + pair + " is not active", "activate " + r
	case fkapi.RelationshipNotLive:
		said := fmt.Sprintf("is not live (its status is %q)", n.Relationship.Status)
		return r + " " + said, r + " of " + pair + " " + said, "set " + r + " to live"
	case fkapi.TrackingDisabled:
		return r + " does not allow tracking", r + " of " + pair + " does not allow tracking", "allow tracking in " + r
	}
	return "the network says " + string(n.Verdict), "the network says " + string(n.Verdict) + " of " + pair, "look at " + r
}

// networkWords are what a line names that is about the relationship.
func (c *stuckCase) networkWords() []string {
	words := []string{"relationship"}
	if c.network != nil {
		n := c.network.Value
		words = append(words, n.Shipper, n.Carrier)
		if n.Relationship != nil && len(n.Relationship.ID) >= 4 {
			words = append(words, n.Relationship.ID)
		}
	}
	return words
}

// withoutCarrier is a load that waits because it names nobody whom tracking info could come from.
func (c *stuckCase) withoutCarrier() finding {
	cause := stuckCause{
		kind: DataFault, percent: 60, load: true, onset: c.load.Value.CreatedAt,
		why: fmt.Sprintf("Load %s waits for tracking info because it names no carrier from whom it could come; assign a carrier", c.question.TrackingID),
	}
	if all := c.voices([]string{"carrier"}, warns); len(all) > 0 {
		cause.service, cause.lines = all[0].service, all[0].lines
	}
	return finding{
		verdict: Fault, headline: fmt.Sprintf("Load %s waits for tracking info: it names no carrier.", c.question.TrackingID),
		conclusion: cause.why + ".", causes: []stuckCause{cause}, next: []string{"Assign a carrier to the load"},
	}
}

// saidByLogs is the relationship's fault as the logs alone tell it, where the network could not be asked.
func (c *stuckCase) saidByLogs() (finding, bool) {
	if c.network != nil {
		return finding{}, false
	}
	for _, v := range c.voices([]string{"relationship"}, warns) {
		text := strings.ToLower(v.lines[0].body.line())
		if !strings.Contains(text, "relationship") || !hasAny(text, refusals) {
			continue
		}
		cause := stuckCause{
			service: v.service, kind: Configuration, onset: v.lines[0].Time, percent: 55, lines: v.lines, load: c.load != nil,
			spans: c.failedSpans(v.service),
		}
		_, known := c.waits()
		cause.why = fmt.Sprintf("%s, as far as the logs tell, because of the relationship of its shipper and carrier: %s; "+
			"the network could not be asked, so look at the relationship", c.subject(known), v.said())
		return finding{
			verdict: Fault, headline: c.subject(known) + ", by the logs alone for the relationship of its shipper and carrier.",
			conclusion: cause.why + ".", causes: []stuckCause{cause}, next: []string{"Look at the relationship of the shipper and the carrier"},
		}, true
	}
	return finding{}, false
}

// failing is a load that waits while services complain about it, though the network lets it be tracked.
func (c *stuckCase) failing() (finding, bool) {
	f := finding{verdict: Fault, next: c.nextSteps()}
	for _, v := range c.voices(nil, fails) {
		f.causes = append(f.causes, c.complaint(v))
	}
	if len(f.causes) == 0 {
		return f, false
	}
	slices.SortStableFunc(f.causes, func(a, b stuckCause) int { return cmp.Compare(b.percent, a.percent) })
	f.causes = f.causes[:min(len(f.causes), 3)]
	f.headline, f.conclusion = f.causes[0].brief+".", f.causes[0].why+"."
	return f, true
}

// complaint is a service that complains as a cause.
func (c *stuckCase) complaint(v voice) stuckCause {
	cause := stuckCause{
		service: v.service, kind: UnknownCause, lines: v.lines, onset: v.lines[0].Time, spans: c.failedSpans(v.service), percent: 35,
	}
	text, what := strings.ToLower(v.lines[0].body.line()), "something failed"
	switch {
	case hasAny(text, dependencyWords):
		cause.kind, cause.percent, what = Dependency, 50, "something that it calls failed"
	case hasAny(text, dataWords):
		cause.kind, cause.percent, what = DataFault, 50, "the data are wrong or missing"
	}
	if v.lines[0].severity < logs.SeverityError {
		cause.percent -= 10
	}
	if len(cause.spans) > 0 {
		cause.percent += 10
	}
	if c.network == nil || c.load == nil {
		cause.percent -= 10
	}
	cause.brief = fmt.Sprintf("%s complains of load %s: %s", cmp.Or(v.service, "A service without a name"), c.question.TrackingID, what)
	cause.why = cause.brief + "; " + v.said()
	return cause
}

// unexplained says what is known not to be the cause.
func (c *stuckCase) unexplained(known bool) finding {
	text := c.subject(known)
	if !known {
		text = "Why load " + c.question.TrackingID + " does not get on is not known: it could not be read"
	}
	if c.network != nil {
		text += "; the relationship of its shipper and carrier is fine"
	}
	switch {
	case c.sources.Logs == nil:
		text += "; its logs were not looked at"
	case len(c.lines) == 0:
		text += "; no log line names it"
	default:
		text += "; none of the log lines that name it is an error"
	}
	return finding{verdict: Unknown, conclusion: text + ".", next: c.nextSteps()}
}

// nextSteps are what no source can tell yet.
func (c *stuckCase) nextSteps() []string {
	_, carrier := c.parties()
	carrier = cmp.Or(carrier, "(unknown)")
	return []string{
		fmt.Sprintf("Look for files of carrier %s since %s, and whether a record in them names the load%s", carrier, c.filesSince(), c.numbers()),
		fmt.Sprintf("See whether other loads of carrier %s wait as well", carrier),
	}
}

// filesSince is the day from which files of the carrier may concern the load.
func (c *stuckCase) filesSince() string {
	if c.load == nil || c.load.Value.CreatedAt.IsZero() {
		return "a week before the load was created"
	}
	return c.load.Value.CreatedAt.AddDate(0, 0, -7).UTC().Format(time.DateOnly)
}

// numbers are those by which a carrier may know the load.
func (c *stuckCase) numbers() string {
	if c.load == nil {
		return ""
	}
	l := c.load.Value
	var all []string
	for _, n := range []struct{ name, value string }{
		{"load number", l.LoadNumber},
		{"PRO", l.PRONumber},
		{"BOL", l.BOLNumber},
		{"container", l.ContainerNumber},
		{"truck", l.TruckNumber},
		{"references", strings.Join(l.ReferenceNumbers, ", ")},
	} {
		if n.value != "" {
			all = append(all, n.name+" "+n.value)
		}
	}
	if len(all) == 0 {
		return ""
	}
	return " (" + strings.Join(all, "; ") + ")"
}

// failedSpans are the failed spans of a service in the load's traces.
func (c *stuckCase) failedSpans(service string) []spanOf {
	if service == "" {
		return nil
	}
	var all []spanOf
	for _, s := range c.spans {
		if s.Failed && s.Service == service {
			all = append(all, s)
		}
	}
	return all
}

func upperFirst(text string) string { return strings.ToUpper(text[:1]) + text[1:] }
