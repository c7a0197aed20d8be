package main

import (
	"maps"
	"strings"
	"testing"

	"github.com/fourkites/sources/base/fault"
	"github.com/fourkites/sources/internal/canary"
)

// Servers may repeat what they were shown, and a report holds what they say.
func TestNoSecretShowsInAReport(t *testing.T) {
	t.Parallel()
	s, right := live(t)
	right["CLICKHOUSE_PASSWORD"] = "demo-password-0123456789"
	s.clickhouse.SetPassword(right["CLICKHOUSE_USER"], right["CLICKHOUSE_PASSWORD"])
	planted, wrong := canary.New(t.Name()), maps.Clone(right)
	for name, value := range right {
		if strings.HasSuffix(name, "_TOKEN") || strings.HasSuffix(name, "_SECRET") || strings.HasSuffix(name, "_PASSWORD") {
			wrong[name] = planted.Token(name + " that is wrong")
			planted.Plant(name, value)
		}
	}
	wrong["JIRA_API_TOKEN"] = right["JIRA_API_TOKEN"] // without the ticket there is no report
	search := func(what string, env map[string]string) {
		for _, format := range []string{"markdown", "json"} {
			got := try(t, t.Context(), env, "-issue", demoKey, "-format", format)
			if got.code != 0 || len(got.stdout) < 1000 {
				t.Errorf("%s: exit %d: %s", what, got.code, got.stderr)
			}
			for _, leak := range append(planted.Sweep(what+" as "+format, got.stdout), planted.Sweep("what is told of "+what, got.stderr)...) {
				t.Error(leak)
			}
		}
	}
	search("a report", right)
	search("a report with wrong secrets", wrong)
	for _, status := range []int{403, 500} {
		s.confluence.Fail(fault.Error(status, "refused: "+right["CONFLUENCE_API_TOKEN"]), -1)
		s.github.Fail(fault.Error(status, "refused: "+right["GITHUB_TOKEN"]), -1)
		s.api.Fail(fault.Error(status, "refused: "+right["FK_API_SECRET"]), -1)
		s.clickhouse.Fail(fault.Error(241, "refused: "+right["CLICKHOUSE_PASSWORD"]), -1)
		search("a report of servers that repeat what they saw", right)
	}
	if tally := planted.Tally(); tally.Secrets < 10 || tally.Texts != 16 {
		t.Errorf("too little was searched: %s", tally)
	} else {
		t.Log(tally)
	}
}
