package main

import (
	"bytes"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/fourkites/sources/base/fault"
	"github.com/fourkites/sources/fkapi/fkapitest"
	"github.com/fourkites/sources/internal/command"
	"github.com/fourkites/sources/jira/jiratest"
	"github.com/fourkites/sources/llm/llmtest"
)

// refused is the program where it does not serve.
func refused(t *testing.T, env map[string]string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, err bytes.Buffer
	code = run(t.Context(), args, env, time.Now(), streams{strings.NewReader(""), &out, &err})
	return code, out.String(), err.String()
}

// live is the demo's servers, and the variables that name some of them.
func live(t *testing.T) (*stage, map[string]string) {
	t.Helper()
	s, err := start(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.close)
	return s, map[string]string{
		"JIRA_SERVER": s.jira.URL, "JIRA_EMAIL": jiratest.Email, "JIRA_API_TOKEN": jiratest.Token,
		"FK_API_APP_ID": fkapitest.AppID, "FK_API_SECRET": fkapitest.Secret, "TRACKING_API_BASE_URL": s.api.URL,
	}
}

func TestOnlySourcesWhoseVariablesAreSetAreServed(t *testing.T) {
	t.Parallel()
	_, env := live(t)
	p := serve(t, env, "-live")
	s := connect(t, p.url)
	all := list(t, s)
	for _, name := range []string{"jira_get_issue", "tracking_get_load", "evidence_get_load_metadata"} {
		if all[name] == nil {
			t.Errorf("%s is not served", name)
		}
	}
	if answer := call(t, s, "evidence_get_load_metadata", map[string]any{"tracking_id": demoLoad}); !strings.Contains(answer, demoNumber) {
		t.Error(answer)
	}
	for _, absent := range []string{"clickhouse", "redshift", "trino", "athena", "github", "graph", "confluence", "company", "llm"} {
		served := slices.ContainsFunc(toolNames(all), func(name string) bool { return strings.HasPrefix(name, absent+"_") })
		if served || !strings.Contains(p.stderr.String(), absent+": not served, none of ") {
			t.Errorf("%s: served %v; %s", absent, served, p.stderr)
		}
	}
	older := list(t, connect(t, p.url+"/graph"))
	if older["analyze_logs_with_drain"] == nil || strings.Contains(p.stdout+p.stderr.String(), "Demo") {
		t.Errorf("%v\n%s", toolNames(older), p.stdout)
	}
}

func toolNames(all map[string]*sdk.Tool) []string {
	var names []string
	for name := range all {
		names = append(names, name)
	}
	return names
}

func TestALanguageModelIsServedWhereOneIsSet(t *testing.T) {
	t.Parallel()
	model := llmtest.NewServer()
	t.Cleanup(model.Close)
	p := serve(t, map[string]string{"ANTHROPIC_BASE_URL": model.Config().URL, "ANTHROPIC_API_KEY": llmtest.Key, "ANTHROPIC_MODEL": "demo"}, "-live")
	if all := list(t, connect(t, p.url+"/llm")); all["llm_generate_text"] == nil {
		t.Error(toolNames(all))
	}
}

func TestEveryWrongVariableIsNamedAtOnce(t *testing.T) {
	t.Parallel()
	const planted = "h1dden"
	env := map[string]string{
		"CLICKHOUSE_PORT": planted, "REDSHIFT_PORT": planted, "TRINO_PORT": planted, "ATHENA_MAX_ROWS": planted, "GITHUB_APP_ID": "7", "NEO4J_USERNAME": "u",
		"JIRA_EMAIL": "x", "CONFLUENCE_EMAIL": "x", "COMPANY_API_BASE_URL": "ftp://" + planted, "LLM_PROVIDER": "azure",
	}
	code, stdout, stderr := refused(t, env, "-live")
	for _, name := range []string{
		"CLICKHOUSE_HOST", "CLICKHOUSE_PORT", "REDSHIFT_HOST", "REDSHIFT_PORT", "TRINO_HOST", "TRINO_PORT", "ATHENA_MAX_ROWS", "GITHUB_APP_INSTALLATION_ID",
		"NEO4J_URI", "JIRA_SERVER", "JIRA_API_TOKEN", "CONFLUENCE_URL", "CONFLUENCE_API_TOKEN", "COMPANY_API_BASE_URL", "FK_API_SECRET", "AZURE_OPENAI_ENDPOINT",
	} {
		if !strings.Contains(stderr, name) {
			t.Errorf("no %s in %s", name, stderr)
		}
	}
	if code != command.Misused || stdout != "" || strings.Contains(stderr, planted) {
		t.Errorf("exit %d: %s%s", code, stdout, stderr)
	}
	if code, _, stderr := refused(t, map[string]string{"GITHUB_REPOSITORY": "acme/x"}, "-live"); code != command.Misused || !strings.Contains(stderr, "-live needs a source") {
		t.Errorf("exit %d: %s", code, stderr)
	}
}

func TestATokenIsAskedOfEveryRequestWhereOneIsSet(t *testing.T) {
	t.Parallel()
	const first, second = "one-token-0123456789abcdef", "two-token-0123456789abcdef"
	p := serve(t, map[string]string{"BOT_TOKENS": first + "," + second}, "-token-env", "BOT_TOKENS")
	for _, sent := range []string{"", "Bearer " + first + "x"} {
		h := header{}
		if sent != "" {
			h = header{name: "Authorization", value: sent}
		}
		if _, err := dial(t, p.url, h); err == nil || !strings.Contains(err.Error(), http.StatusText(http.StatusUnauthorized)) {
			t.Errorf("%q: %v", sent, err)
		}
	}
	for _, token := range []string{first, second} {
		s, err := dial(t, p.url, header{name: "Authorization", value: "Bearer " + token})
		if err != nil {
			t.Fatal(err)
		}
		call(t, s, "jira_get_issue", map[string]any{"issue_key": demoKey})
	}
	if told := p.stdout + p.stderr.String(); strings.Contains(told, first) || strings.Contains(told, second) || !strings.Contains(told, "BOT_TOKENS") {
		t.Error(told)
	}
}

func TestOnlyTheHostsAndOriginsThatAreAllowedAreServed(t *testing.T) {
	t.Parallel()
	p := serve(t, nil, "-allow-host", "mcp.example.com", "-allow-origin", "https://console.example.com")
	for h, want := range map[header]bool{
		{name: "Host", value: "mcp.example.com"}: true, {name: "Host", value: "evil.example.com"}: false,
		{name: "Origin", value: "https://console.example.com"}: true, {name: "Origin", value: "https://evil.example.com"}: false,
	} {
		if _, err := dial(t, p.url, h); (err == nil) != want {
			t.Errorf("%s %s: %v", h.name, h.value, err)
		}
	}
}

func TestASignalEndsTheProgramWhileACallHangs(t *testing.T) {
	t.Parallel()
	s, env := live(t)
	s.jira.Fail(fault.Silent(), -1)
	p := serve(t, env, "-live")
	c := connect(t, p.url)
	answered := make(chan error, 1)
	go func() {
		_, err := c.CallTool(t.Context(), &sdk.CallToolParams{Name: "jira_get_issue", Arguments: map[string]any{"issue_key": demoKey}})
		answered <- err
	}()
	for s.jira.Running() == 0 {
		select {
		case err := <-answered:
			t.Fatalf("answered before the signal: %v", err)
		case <-time.After(time.Millisecond):
		}
	}
	p.want = command.Failed
	if code := p.end(); code != p.want || !strings.Contains(p.stderr.String(), "calls were cut: they were not done within 5s") {
		t.Errorf("exit %d: %s", code, p.stderr)
	}
	if err := <-answered; err == nil {
		t.Error("a call that was cut was answered")
	}
}

func TestASignalEndsSessionsThatAreOpen(t *testing.T) {
	t.Parallel()
	p := serve(t, nil)
	c := connect(t, p.url)
	list(t, c)
	if code := p.end(); code != command.Done {
		t.Errorf("exit %d: %s", code, p.stderr)
	}
	if _, err := c.ListTools(t.Context(), nil); err == nil {
		t.Error("the session is still served")
	}
}

func TestAnAddressThatIsTakenIsSaid(t *testing.T) {
	t.Parallel()
	p := serve(t, nil)
	taken := strings.TrimSuffix(strings.TrimPrefix(p.url, "http://"), "/mcp")
	if code, stdout, stderr := refused(t, nil, "-listen", taken); code != command.Failed || stdout != "" || !strings.Contains(stderr, "-listen "+taken) {
		t.Errorf("exit %d: %s%s", code, stdout, stderr)
	}
}
