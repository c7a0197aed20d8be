package contract_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/fourkites/sources/internal/contract"
)

func request(t *testing.T, method, target, body string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, "https://site.example.com"+target, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	return r
}

func TestContractRequestsThatNoDocumentAllowsAreFound(t *testing.T) {
	t.Parallel()
	jira := contract.Open(t, "jira", "")
	for _, test := range []struct {
		method, target, body string
		ok                   bool
	}{
		{"GET", "/rest/api/3/issue/AB-1?fields=summary&expand=names", "", true},
		{"GET", "/rest/api/3/issue/AB%2F1", "", true},
		{"GET", "/rest/api/3/issue/AB-1?colour=red", "", false},
		{"GET", "/rest/api/3/issue/AB-1?failFast=perhaps", "", false},
		{"GET", "/rest/api/3/search?jql=x", "", false},
		{"PUT", "/rest/api/3/issue/AB-1", "", false},
		{"POST", "/rest/api/3/search/jql", `{"jql":"project = A","maxResults":10,"fields":["summary"]}`, true},
		{"POST", "/rest/api/3/search/jql", `{"jql":"project = A","startAt":10}`, false},
		{"POST", "/rest/api/3/search/jql", `{"jql":7}`, false},
	} {
		err := jira.CheckRequest(request(t, test.method, test.target, test.body), []byte(test.body))
		if (err == nil) != test.ok {
			t.Errorf("%s %s %s: %v", test.method, test.target, test.body, err)
		}
	}
	if n := jira.Seen()["GET /rest/api/3/issue/{issueIdOrKey}"]; n != 4 {
		t.Errorf("%d requests for an issue were seen: %v", n, jira.Seen())
	}
}

func TestContractAnswersThatNoDocumentAllowsAreFound(t *testing.T) {
	t.Parallel()
	pages := contract.Open(t, "confluence-v2", "/wiki/api/v2")
	header := http.Header{"Content-Type": {"application/json"}}
	r := request(t, "GET", "/wiki/api/v2/pages/7", "")
	for _, test := range []struct {
		status          int
		body            string
		strict, lenient bool
	}{
		{200, `{"id":"7","status":"current","title":"t"}`, true, true},
		{200, `{"id":7}`, false, false},
		{200, `{"id":"7","parentId":null}`, false, true},
		{200, `[]`, false, false},
		{299, `{}`, false, false},
	} {
		for _, strict := range []bool{true, false} {
			want, but := test.lenient, contract.Recordings
			if strict {
				want, but = test.strict, nil
			}
			if err := pages.CheckResponse(r, test.status, header, []byte(test.body), but...); (err == nil) != want {
				t.Errorf("%d %s, strict %v: %v", test.status, test.body, strict, err)
			}
		}
	}
}

// recorder is a test that may fail.
type recorder struct {
	testing.TB
	failed int
}

func (r *recorder) Errorf(string, ...any) { r.failed++ }

type canned string

func (c canned) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: 200, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(string(c))), Request: r}, nil
}

func TestContractAWatchedExchangeReachesItsCallerAndFailsItsTest(t *testing.T) {
	t.Parallel()
	jira := contract.Open(t, "jira", "")
	outside := func(r *http.Request) string {
		if strings.HasPrefix(r.URL.Path, "/rest/dev-status/") {
			return "the document leaves it out"
		}
		return ""
	}
	for _, test := range []struct {
		target, answer string
		failures       int
	}{
		{"/rest/api/3/issue/AB-1", `{"id":"1","key":"AB-1"}`, 0},
		{"/rest/api/3/issue/AB-1?colour=red", `{"id":"1","key":"AB-1"}`, 1},
		{"/rest/api/3/issue/AB-1", `{"id":1}`, 1},
		{"/rest/dev-status/latest/issue/detail", `{"id":1}`, 0},
		{"/rest/api/9/issue", `{}`, 1},
	} {
		seen := &recorder{TB: t}
		resp, err := contract.Watch(seen, canned(test.answer), nil, outside, jira).RoundTrip(request(t, "GET", test.target, ""))
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if string(body) != test.answer || seen.failed != test.failures {
			t.Errorf("%s: %d failures, answer %s", test.target, seen.failed, body)
		}
	}
}
