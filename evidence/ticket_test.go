package evidence_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/fault"
	"github.com/fourkites/sources/base/tool"
	"github.com/fourkites/sources/evidence"
	"github.com/fourkites/sources/jira"
	"github.com/fourkites/sources/jira/jiratest"
)

// tickets is a site with one ticket of that many comments, the last of which alone names a trace.
func tickets(t *testing.T, comments int) (*jiratest.Server, *jira.Client) {
	t.Helper()
	server := jiratest.NewServer()
	t.Cleanup(server.Close)
	server.AddIssue(jira.Issue{Key: "OPS-482", Summary: "Load stuck", Description: "Tracking ID: " + stuckID})
	for i := range comments {
		server.AddComment("OPS-482", jira.Comment{Body: fmt.Sprintf("comment %d", i)})
	}
	server.AddComment("OPS-482", jira.Comment{Body: "trace_id=" + traceA})
	config := server.Config()
	config.Limits = base.Limits{Retries: -1, Breaker: base.Breaker{Ratio: -1}}
	client, err := jira.New(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	return server, client
}

func TestATicketIsReadWithAllItsCommentsAndWhatItSpeaksOf(t *testing.T) {
	t.Parallel()
	_, client := tickets(t, 250)
	for name, source := range map[string]evidence.TicketSource{
		"client": client, "remote": jira.Remote("far", tool.Set(client.Tools())),
	} {
		r, err := evidence.Ticket(t.Context(), source, "OPS-482")
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if r.Outcome != base.Data || r.Missing != "" || r.Source != source.Name() || len(r.Issue.Comments) != 251 {
			t.Errorf("%s: %s %q of %s with %d comments", name, r.Outcome, r.Missing, r.Source, len(r.Issue.Comments))
		}
		if len(r.Parsed.TrackingIDs) != 1 || r.Parsed.TrackingIDs[0].Value != stuckID || len(r.Parsed.TraceIDs) != 1 || r.Parsed.TraceIDs[0].Value != traceA {
			t.Errorf("%s: %+v", name, r.Parsed)
		}
		if r.Stats.Calls < 2 {
			t.Errorf("%s: the stats count %d calls", name, r.Stats.Calls)
		}
	}
}

func TestATicketWhoseCommentsFailIsPartialAndSaysSo(t *testing.T) {
	t.Parallel()
	for _, broken := range []fault.Fault{fault.Status(503), fault.Reset(), fault.CutMidBody(), fault.Garbage()} {
		server, client := tickets(t, 250)
		source := brokenBetween{client, func() { server.Fail(broken, -1) }}
		r, err := evidence.Ticket(t.Context(), source, "OPS-482")
		if err != nil || r.Outcome != base.Partial || !strings.HasPrefix(r.Missing, "comments: ") || r.Issue.Summary != "Load stuck" {
			t.Errorf("%s: %s %q, %v", broken, r.Outcome, r.Missing, err)
		}
		if len(r.Parsed.TrackingIDs) != 1 {
			t.Errorf("%s: what was read is not parsed: %+v", broken, r.Parsed)
		}
	}
}

// brokenBetween does something between the ticket and its comments.
type brokenBetween struct {
	evidence.TicketSource
	between func()
}

func (b brokenBetween) Issue(ctx context.Context, key string) (jira.Issue, error) {
	i, err := b.TicketSource.Issue(ctx, key)
	b.between()
	return i, err
}

func TestATicketThatCannotBeReadIsAnErrorOfItsKind(t *testing.T) {
	t.Parallel()
	server, client := tickets(t, 0)
	set := tool.Set(evidence.Sources{Tickets: client}.Tools())
	for args, want := range map[string]error{
		`{"issue_key":"OPS-483"}`: base.ErrNotFound, `{"issue_key":"no key"}`: base.ErrInvalid, `{}`: base.ErrInvalid,
	} {
		if _, err := set.CallTool(t.Context(), "evidence_get_ticket", json.RawMessage(args)); !errors.Is(err, want) {
			t.Errorf("%s: %v", args, err)
		}
	}
	server.Fail(fault.Status(503), -1)
	if _, err := evidence.Ticket(t.Context(), client, "OPS-482"); !errors.Is(err, base.ErrUnavailable) {
		t.Errorf("503: %v", err)
	}
	server.ClearFaults()
	ctx, cancel := context.WithCancel(t.Context())
	_, err := evidence.Ticket(ctx, brokenBetween{many(t), cancel}, "OPS-482")
	if !errors.Is(err, base.ErrCanceled) {
		t.Errorf("canceled: %v", err)
	}
}

func many(t *testing.T) *jira.Client {
	t.Helper()
	_, client := tickets(t, 250)
	return client
}

func TestAMissingSourceOfTicketsIsSaid(t *testing.T) {
	t.Parallel()
	var none *jira.Client
	for _, s := range []evidence.Sources{{}, {Tickets: none}} {
		_, err := tool.Set(s.Aliases()).CallTool(t.Context(), "query_jira_issue", json.RawMessage(`{"issue_key":"OPS-482"}`))
		if !errors.Is(err, base.ErrInvalid) || !strings.Contains(err.Error(), "no client of tickets was given") {
			t.Error(err)
		}
	}
	_, err := evidence.StuckLoad(t.Context(), evidence.StuckLoadQuestion{TrackingID: stuckID}, evidence.Sources{Tickets: none})
	if !errors.Is(err, base.ErrInvalid) || !strings.Contains(err.Error(), "sources.tickets") {
		t.Error(err)
	}
}

func TestTheOlderToolOfATicketAnswersTheSame(t *testing.T) {
	t.Parallel()
	_, client := tickets(t, 0)
	s := evidence.Sources{Tickets: client}
	answer, err := tool.Set(s.Aliases()).CallTool(t.Context(), "query_jira_issue", json.RawMessage(`{"issue_key":"OPS-482"}`))
	if err != nil || !strings.Contains(string(answer), `"outcome":"data"`) || !strings.Contains(string(answer), traceA) {
		t.Errorf("%s, %v", answer, err)
	}
	fits(t, s.Aliases(), "query_jira_issue", answer)
}
