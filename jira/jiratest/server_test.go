package jiratest_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fourkites/sources/base/fault"
	"github.com/fourkites/sources/jira"
	"github.com/fourkites/sources/jira/jiratest"
)

func started(t testing.TB) *jiratest.Server {
	t.Helper()
	server := jiratest.NewServer()
	if err := server.Err(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	return server
}

// ask makes one request as the demo account and gives status, header and body.
func ask(t testing.TB, server *jiratest.Server, method, target, body string, header ...string) (int, http.Header, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, server.URL+target, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.SetBasicAuth(jiratest.Email, jiratest.Token)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Do(r)
	if err != nil {
		return 0, nil, err.Error()
	}
	defer func() { _ = resp.Body.Close() }()
	text, _ := io.ReadAll(resp.Body)
	return resp.StatusCode, resp.Header, string(text)
}

// keys are those that a search finds, or what the site says about it.
func keys(t testing.TB, server *jiratest.Server, jql string) string {
	t.Helper()
	_, _, body := ask(t, server, "GET", "/rest/api/3/search/jql?jql="+url.QueryEscape(jql)+"&fields=summary", "")
	var out struct {
		Issues        []struct{ Key string }
		ErrorMessages []string
	}
	if err := json.Unmarshal([]byte(body), &out); err != nil {
		t.Fatalf("%s: %v", body, err)
	}
	all := out.ErrorMessages
	for _, i := range out.Issues {
		all = append(all, i.Key)
	}
	return strings.Join(all, " ")
}

func TestJQLIsEvaluated(t *testing.T) {
	t.Parallel()
	server := started(t)
	now := time.Now().UTC()
	server.AddIssue(
		jira.Issue{Key: "A-9", Summary: "Callback fails", Status: "Open", StatusCategory: "To Do", Labels: []string{"x", "y"}, Created: now.Add(-time.Hour), Type: "Bug", Priority: "High"},
		jira.Issue{Key: "A-10", Summary: "nothing", Description: "the webhook \"callback fails\" again", Status: "Done", StatusCategory: "Done", Resolution: "Fixed", Created: now.Add(-48 * time.Hour), Assignee: jira.User{AccountID: "demo-account", Name: "Demo"}},
		jira.Issue{Key: "B-1", Summary: "other", Created: now.Add(-240 * time.Hour), Custom: map[string]json.RawMessage{"Region": json.RawMessage(`{"value":"West"}`)}},
	)
	server.AddComment("B-1", jira.Comment{Body: "fails as callback does"})
	for query, want := range map[string]string{
		"project = a ORDER BY key":                 "A-9 A-10",
		"project = A ORDER BY key DESC":            "A-10 A-9",
		"project in (A, B)":                        "A-9 A-10 B-1",
		"project != A":                             "B-1",
		"key = B-1 OR key = A-9":                   "A-9 B-1",
		"project = A AND NOT status = Done":        "A-9",
		"text ~ \"callback fails\" ORDER BY key":   "A-9 A-10 B-1",
		`text ~ "\"callback fails\"" ORDER BY key`: "A-9 A-10",
		"comment ~ fails":                          "B-1",
		"summary !~ callback AND project = A":      "A-10",
		"created >= -2h":                           "A-9",
		"created < -24h AND created > -1w":         "A-10",
		`created >= "` + now.Add(-72*time.Hour).Format("2006-01-02 15:04") + `"`: "A-9 A-10",
		"created < startOfDay() AND project = B":                                 "B-1",
		"labels = y":                                                             "A-9",
		"resolution is EMPTY AND project = A":                                    "A-9",
		"resolution = Fixed":                                                     "A-10",
		"assignee = currentUser()":                                               "A-10",
		"assignee is not empty":                                                  "A-10",
		"Region = West":                                                          "B-1",
		"key = NONE-1":                                                           "",
		"colour = red":                                                           "Field 'colour' does not exist or you do not have permission to view it.",
		"project = A ORDER BY colour":                                            "Field 'colour' does not exist or you do not have permission to view it.",
		"ORDER BY key":                                                           "Unbounded JQL queries are not allowed here. Please add a search restriction to your query.",
		"":                                                                       "Unbounded JQL queries are not allowed here. Please add a search restriction to your query.",
		"created > soon":                                                         "Date value 'soon' for field 'created' is invalid. Valid formats include: 'yyyy/MM/dd HH:mm', 'yyyy-MM-dd HH:mm', 'yyyy/MM/dd', 'yyyy-MM-dd', or a period format e.g. '-5d', '4w 2d'.",
		"summary = x":                                                            "The operator '=' is not supported by the 'summary' field.",
		"project ~ x":                                                            "The operator '~' is not supported by the 'project' field.",
		"sprint in openSprints()":                                                "Field 'sprint' does not exist or you do not have permission to view it.",
		"key in votedIssues()":                                                   "Unable to find JQL function 'votedIssues()'.",
	} {
		if got := keys(t, server, query); got != want {
			t.Errorf("%s:\n got %s\nwant %s", query, got, want)
		}
	}
	if got := keys(t, server, "project = "); !strings.HasPrefix(got, "Error in the JQL Query") {
		t.Error(got)
	}
}

func TestASearchIsPagedByTokensThatServeItAlone(t *testing.T) {
	t.Parallel()
	server := started(t)
	for range 5 {
		server.AddIssue(jira.Issue{})
	}
	body := func(token string) string {
		return fmt.Sprintf(`{"jql":"project = OPS ORDER BY key","maxResults":2,"fields":["*all"],"expand":"names","nextPageToken":%q}`, token)
	}
	var seen []string
	token := ""
	for range 3 {
		status, _, text := ask(t, server, "POST", "/rest/api/3/search/jql", body(token))
		var out struct {
			Issues        []struct{ Key string }
			NextPageToken string
			IsLast        bool
			Names         map[string]string
		}
		if err := json.Unmarshal([]byte(text), &out); err != nil || status != 200 || out.Names["summary"] != "Summary" || out.IsLast != (out.NextPageToken == "") {
			t.Fatalf("%d %s, %v", status, text, err)
		}
		for _, i := range out.Issues {
			seen = append(seen, i.Key)
		}
		token = out.NextPageToken
	}
	if diff := cmp.Diff([]string{"OPS-1", "OPS-2", "OPS-3", "OPS-4", "OPS-5"}, seen); diff != "" {
		t.Error(diff)
	}
	_, _, text := ask(t, server, "POST", "/rest/api/3/search/jql", `{"jql":"project = OPS","maxResults":2}`)
	if strings.Contains(text, "summary") || !strings.Contains(text, `"id"`) {
		t.Errorf("without fields: %s", text)
	}
	for _, bad := range []string{`{"jql":"project = A","nextPageToken":"zzz"}`, `{"jql":"project = A","startAt":5}`, `{`} {
		if status, _, text := ask(t, server, "POST", "/rest/api/3/search/jql", bad); status != 400 {
			t.Errorf("%s: %d %s", bad, status, text)
		}
	}
	if status, _, text := ask(t, server, "GET", "/rest/api/3/search?jql=x", ""); status != 410 || !strings.Contains(text, "CHANGE-2046") {
		t.Errorf("%d %s", status, text)
	}
}

func TestTheCredentialIsChecked(t *testing.T) {
	t.Parallel()
	server := started(t)
	for header, want := range map[string]int{
		"Basic bm9ib2R5QGV4YW1wbGUuY29tOmRlbW8tdG9rZW4tMDEyMzQ1Njc4OQ==": 401, "Bearer " + jiratest.Token: 200, "Bearer x": 401, "": 401,
	} {
		if status, _, _ := ask(t, server, "GET", "/rest/api/3/myself", "", "Authorization", header); status != want {
			t.Errorf("%q: %d", header, status)
		}
	}
	server.SetScoped(true)
	for path, want := range map[string]int{"/rest/api/3/myself": 401, "/ex/jira/" + jiratest.CloudID + "/rest/api/3/myself": 200} {
		if status, _, _ := ask(t, server, "GET", path, ""); status != want {
			t.Errorf("%s: %d", path, status)
		}
	}
	server.SetTokens("next")
	if status, _, _ := ask(t, server, "GET", "/ex/jira/"+jiratest.CloudID+"/rest/api/3/myself", ""); status != 401 {
		t.Errorf("the old token: %d", status)
	}
}

func TestAFileIsGivenInParts(t *testing.T) {
	t.Parallel()
	server := started(t)
	server.AddIssue(jira.Issue{Key: "OPS-1"})
	path := "/rest/api/3/attachment/content/" + server.AddAttachment("OPS-1", "a.txt", "text/plain", []byte("0123456789"))
	for span, want := range map[string]string{"bytes=0-3": "206 0123 bytes 0-3/10", "bytes=8-99": "206 89 bytes 8-9/10", "bytes=10-11": "416  bytes */10", "bytes=x": "416  bytes */10", "": "200 0123456789 "} {
		status, header, text := ask(t, server, "GET", path+"?redirect=false", "", "Range", span)
		if got := fmt.Sprintf("%d %s %s", status, text, header.Get("Content-Range")); got != want {
			t.Errorf("%s: %s", span, got)
		}
	}
	if status, header, _ := ask(t, server, "GET", path, ""); status != 303 || !strings.HasPrefix(header.Get("Location"), "https://media.") {
		t.Errorf("%d %v", status, header)
	}
	if status, _, _ := ask(t, server, "GET", "/rest/api/3/attachment/content/1?redirect=false", ""); status != 404 {
		t.Error(status)
	}
}

func TestAWriteIsInTheLedgerAlsoWhenItsAnswerIsLost(t *testing.T) {
	t.Parallel()
	server := started(t)
	server.AddIssue(jira.Issue{Key: "OPS-1"})
	const body = `{"body":{"version":1,"type":"doc","content":[{"type":"paragraph","content":[{"type":"text","text":"hi"}]}]}}`
	if status, _, text := ask(t, server, "POST", "/rest/api/3/issue/OPS-1/comment", body); status != 201 || !strings.Contains(text, `"text":"hi"`) {
		t.Errorf("%d %s", status, text)
	}
	for _, bad := range []string{`{"body":"text"}`, `{}`, `x`} {
		if status, _, _ := ask(t, server, "POST", "/rest/api/3/issue/OPS-1/comment", bad); status != 400 {
			t.Errorf("%s: %d", bad, status)
		}
	}
	server.Fail(fault.Reset(), 1)
	_, _, _ = ask(t, server, "POST", "/rest/api/3/issue/OPS-1/comment", body)
	if all := server.Ledger(); len(all) != 2 || all[1].Body != body {
		t.Errorf("%+v", all)
	}
}

func TestRepliesAndFaultsComeBeforeWhatTheServerHolds(t *testing.T) {
	t.Parallel()
	server := started(t)
	server.ReplyTo("/issue/OPS-1", jiratest.Reply{Status: 503, Times: 1}, jiratest.Reply{Body: `{"key":"OPS-1"}`})
	for _, want := range []int{503, 200, 200} {
		if status, _, _ := ask(t, server, "GET", "/rest/api/3/issue/OPS-1", ""); status != want {
			t.Errorf("%d, want %d", status, want)
		}
	}
	server.ClearReplies()
	if status, _, text := ask(t, server, "GET", "/rest/api/3/issue/OPS-1", ""); status != 404 || !strings.Contains(text, "permission to see it") {
		t.Errorf("%d %s", status, text)
	}
	server.Fail(fault.Status(429, "Retry-After", "3"), 1)
	if status, header, _ := ask(t, server, "GET", "/rest/api/3/myself", ""); status != 429 || header.Get("Retry-After") != "3" {
		t.Errorf("%d %v", status, header)
	}
	server.Fail(fault.Status(500), -1)
	server.ClearFaults()
	if status, _, _ := ask(t, server, "GET", "/rest/api/3/nothing", ""); status != 404 {
		t.Error(status)
	}
	if n := len(server.Requests()); n != 6 {
		t.Errorf("%d requests", n)
	}
	server.ForgetRequests()
	server.DropConnections()
	if open, total := server.Connections(); len(server.Requests()) != 0 || open != 0 || total == 0 || server.Running() != 0 {
		t.Errorf("%d open of %d", open, total)
	}
	server.Close()
	server.Close()
}
