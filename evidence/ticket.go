package evidence

import (
	"context"
	"errors"
	"iter"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/jira"
)

// TicketSource knows tickets. *jira.Client and *jira.RemoteClient are some.
type TicketSource interface {
	Name() string
	Issue(ctx context.Context, key string) (jira.Issue, error)
	Comments(ctx context.Context, key string) iter.Seq2[jira.Comment, error]
}

// TicketReport is a ticket with what it speaks of.
type TicketReport struct {
	Issue   jira.Issue       `json:"issue"`
	Parsed  jira.ParsedIssue `json:"parsed"` // found by rules in all that was read of the ticket
	Source  string           `json:"source"`
	Outcome base.Outcome     `json:"outcome"` // data; partial or truncated where not all comments could be read
	Missing string           `json:"missing,omitempty" jsonschema:"what could not be read, and why; what stands only there is not in parsed"`
	Stats   base.Stats       `json:"stats,omitzero"`
}

const opTicket = "Ticket"

// Ticket reads a ticket with all its comments, and what it speaks of: loads, times, traces, services, errors and the window to
// look at. Comments that cannot be read leave the report partial, for what matters often stands in the last one.
//
// The error is that of the source where it gives no ticket, base.ErrInvalid for a source that is nil, and that of the context
// when it is canceled.
func Ticket(ctx context.Context, source TicketSource, key string) (TicketReport, error) {
	if source == nil || holdsNil(source) {
		return TicketReport{}, base.Invalid(evidenceName, opTicket, "sources.tickets: no client of tickets was given")
	}
	r := TicketReport{Source: source.Name()}
	ctx = base.WithStats(ctx, &r.Stats)
	issue, err := source.Issue(ctx, key)
	if err != nil {
		return TicketReport{}, err
	}
	issue.Comments, err = allComments(ctx, source, issue)
	if errors.Is(ctx.Err(), context.Canceled) {
		return TicketReport{}, canceled(ctx, opTicket)
	}
	r.Issue, r.Parsed, r.Outcome, r.Missing = issue, jira.Parse(issue), base.OutcomeOf(1, err), missingOf(err)
	if r.Missing != "" {
		r.Missing = "comments: " + r.Missing
	}
	return r, nil
}

// allComments are those of the ticket; where they cannot all be read, the longer of what came with it and what was read.
func allComments(ctx context.Context, source TicketSource, issue jira.Issue) ([]jira.Comment, error) {
	if len(issue.Comments) >= issue.CommentsTotal {
		return issue.Comments, nil
	}
	all, err := base.Collect(source.Comments(ctx, issue.Key))
	if len(all) < len(issue.Comments) {
		all = issue.Comments
	}
	return all, err
}

// canceled is the error of a question whose context was canceled.
func canceled(ctx context.Context, op string) error {
	e := base.NewError(base.KindCanceled, context.Cause(ctx))
	e.Source, e.Op = evidenceName, op
	return e
}
