package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/fourkites/sources/base/fault"
	"github.com/fourkites/sources/confluence/confluencetest"
	"github.com/fourkites/sources/fkapi/fkapitest"
	"github.com/fourkites/sources/github/githubtest"
	"github.com/fourkites/sources/internal/markdown"
	"github.com/fourkites/sources/jira"
	"github.com/fourkites/sources/jira/jiratest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// outcome is what a run printed and its exit code.
type outcome struct {
	stdout, stderr string
	code           int
}

func try(t *testing.T, ctx context.Context, env map[string]string, args ...string) outcome {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code := run(ctx, args, env, time.Now(), &stdout, &stderr)
	return outcome{stdout.String(), stderr.String(), code}
}

func decode(t *testing.T, text string) dossier {
	t.Helper()
	var d dossier
	if err := json.Unmarshal([]byte(text), &d); err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	return d
}

func TestTheDemoLeadsFromTheTicketToTheCommit(t *testing.T) {
	t.Parallel()
	got := try(t, t.Context(), nil)
	if err := markdown.Check(got.stdout); err != nil || got.code != 0 {
		t.Fatalf("exit %d, %v: %s", got.code, err, got.stderr)
	}
	text := markdown.Unwrapped(got.stdout)
	for _, want := range []string{
		"# OPS-482: Load is not created in production", "Demo: the ticket", "written in the week before**: Check stops before intake (#1)",
		"LPX20551904", "was not created: NullPointerException", "for (Stop s : load.stops())", "#1 Check stops before intake", "load-intake-service runbook",
		"OPS-301", "Nothing: every source that was asked gave all that it had.",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	d := decode(t, try(t, t.Context(), nil, "-format", "json").stdout)
	if len(d.Loads) != 1 || len(d.Logs) < 3 || len(d.Code) != 2 || len(d.Timeline.Events) != 2 || len(d.Similar) != 1 || len(d.PullRequests) != 1 || len(d.Asked) != 10 {
		t.Errorf("%+v", d)
	}
}

// live is the scenario on its servers, and the variables that name them.
func live(t *testing.T) (*stage, map[string]string) {
	t.Helper()
	s, err := start(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.close)
	c := s.clickhouse.Config()
	return s, map[string]string{
		"JIRA_SERVER": s.jira.URL, "JIRA_EMAIL": jiratest.Email, "JIRA_API_TOKEN": jiratest.Token,
		"CONFLUENCE_URL": s.confluence.URL, "CONFLUENCE_EMAIL": confluencetest.Email, "CONFLUENCE_API_TOKEN": confluencetest.Token,
		"GITHUB_BASE_URL": s.github.URL, "GITHUB_TOKEN": githubtest.Token, "TICKET_REPOSITORIES": demoRepo,
		"FK_API_APP_ID": fkapitest.AppID, "FK_API_SECRET": fkapitest.Secret, "TRACKING_API_BASE_URL": s.api.URL,
		"CLICKHOUSE_ADDRESSES": c.Addresses[0], "CLICKHOUSE_USER": c.User, "CLICKHOUSE_PASSWORD": "", "CLICKHOUSE_SECURE": "false",
	}
}

func TestARealTicketIsFollowedWithTheSourcesThatAreSet(t *testing.T) {
	t.Parallel()
	_, env := live(t)
	delete(env, "CLICKHOUSE_PASSWORD")
	got := try(t, t.Context(), env, "-issue", demoKey)
	if got.code != 0 || strings.Contains(got.stdout, "Demo:") || !strings.Contains(got.stdout, "written in the week before") {
		t.Errorf("exit %d: %s\n%s", got.code, got.stderr, got.stdout)
	}
	alone := map[string]string{"JIRA_SERVER": env["JIRA_SERVER"], "JIRA_EMAIL": env["JIRA_EMAIL"], "JIRA_API_TOKEN": env["JIRA_API_TOKEN"]}
	got = try(t, t.Context(), alone, "-issue", demoKey, "-format", "json")
	d := decode(t, got.stdout)
	skipped := 0
	for _, a := range d.Asked {
		if a.Outcome == "skipped" {
			skipped++
		}
	}
	if got.code != 0 || skipped != 7 || len(d.NotSeen) != 7 || len(d.Parsed.TrackingIDs) != 1 {
		t.Errorf("exit %d, %d skipped, %q", got.code, skipped, d.NotSeen)
	}
}

func TestASourceThatFailsIsNamedAndTheRestIsTold(t *testing.T) {
	t.Parallel()
	s, env := live(t)
	delete(env, "CLICKHOUSE_PASSWORD")
	s.confluence.Fail(fault.Status(403), -1)
	s.github.ReplyTo("/deployments", githubtest.Reply{Status: 403, Body: `{"message":"no"}`})
	got := try(t, t.Context(), env, "-issue", demoKey, "-format", "json")
	d := decode(t, got.stdout)
	outcomes := map[string]string{}
	for _, a := range d.Asked {
		outcomes[a.Question] = a.Outcome
	}
	if got.code != 0 || outcomes["documents of load-intake-service"] != "failed" || outcomes["what was deployed"] != "partial" || outcomes["the ticket"] != "data" || len(d.NotSeen) != 2 {
		t.Errorf("exit %d, %v, %q", got.code, outcomes, d.NotSeen)
	}
}

func TestWithoutTheTicketThereIsNoReport(t *testing.T) {
	t.Parallel()
	_, env := live(t)
	got := try(t, t.Context(), env, "-issue", "OPS-9999")
	if got.code != 1 || got.stdout != "" || !strings.Contains(got.stderr, "not found") {
		t.Errorf("exit %d: %s%s", got.code, got.stdout, got.stderr)
	}
}

func TestWrongArgumentsAndVariablesAreSaidTogether(t *testing.T) {
	t.Parallel()
	for want, args := range map[string][]string{
		"did you mean -issue": {"OPS-1"}, "-issue \"a b\"": {"-issue", "a b"}, "-format": {"-format", "xml"}, "write -issue OPS-482": {"-load", "1"}, "set JIRA_SERVER": {"-issue", "OPS-1"},
	} {
		if got := try(t, t.Context(), nil, args...); got.code != 2 || !strings.Contains(got.stderr, want) {
			t.Errorf("%v: exit %d, %s", args, got.code, got.stderr)
		}
	}
	got := try(t, t.Context(), map[string]string{"JIRA_EMAIL": "x", "GITHUB_BASE_URL": "no url", "CONFLUENCE_URL": "no url"}, "-issue", "OPS-1")
	for _, name := range []string{"JIRA_SERVER", "JIRA_API_TOKEN", "GITHUB_TOKEN", "CONFLUENCE_API_TOKEN"} {
		if got.code != 2 || !strings.Contains(got.stderr, name) {
			t.Errorf("exit %d, no %s: %s", got.code, name, got.stderr)
		}
	}
	if got := try(t, t.Context(), nil, "-h"); got.code != 0 || got.stdout != usage {
		t.Errorf("exit %d", got.code)
	}
}

func TestAnInterruptEndsTheProgram(t *testing.T) {
	t.Parallel()
	s, env := live(t)
	s.jira.Fail(fault.Silent(), -1)
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if got := try(t, ctx, env, "-issue", demoKey); got.code != 1 || !strings.Contains(got.stderr, "ticket:") {
		t.Errorf("exit %d: %s", got.code, got.stderr)
	}
}

func TestATicketThatNamesNothingIsReportedToo(t *testing.T) {
	t.Parallel()
	s, env := live(t)
	delete(env, "CLICKHOUSE_PASSWORD")
	s.jira.AddIssue(jira.Issue{Key: "OPS-7", Summary: "zzz"})
	got := try(t, t.Context(), env, "-issue", "OPS-7")
	if err := markdown.Check(got.stdout); err != nil || got.code != 0 || !strings.Contains(got.stdout, "Nothing that the rules know.") && !strings.Contains(got.stdout, "It does not say") {
		t.Errorf("exit %d, %v: %s\n%s", got.code, err, got.stderr, got.stdout)
	}
}

func TestOnlyTheBeginningOfALongTicketIsFollowedAndThatIsSaid(t *testing.T) {
	t.Parallel()
	s, env := live(t)
	delete(env, "CLICKHOUSE_PASSWORD")
	var text strings.Builder
	for i := range 5 {
		fmt.Fprintf(&text, "Tracking ID: 48291338%d\n\n", i)
	}
	s.jira.AddIssue(jira.Issue{Key: "OPS-8", Summary: "many", Description: text.String()})
	d := decode(t, try(t, t.Context(), env, "-issue", "OPS-8", "-format", "json").stdout)
	if diff := cmp.Diff([]string{"the ticket names 5 loads, and the first 3 were followed"}, d.NotSeen); diff != "" {
		t.Error(diff)
	}
}
