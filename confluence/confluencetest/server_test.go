package confluencetest_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fourkites/sources/base/fault"
	"github.com/fourkites/sources/confluence"
	"github.com/fourkites/sources/confluence/confluencetest"
)

func started(t testing.TB) *confluencetest.Server {
	t.Helper()
	server := confluencetest.NewServer()
	if err := server.Err(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	return server
}

// ask makes one request as the demo account and gives status, header and body.
func ask(t testing.TB, server *confluencetest.Server, target string) (int, http.Header, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+target, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.SetBasicAuth(confluencetest.Email, confluencetest.Token)
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, nil, err.Error()
	}
	defer func() { _ = resp.Body.Close() }()
	text, _ := io.ReadAll(resp.Body)
	return resp.StatusCode, resp.Header, string(text)
}

// titles are those that CQL finds, or what the site says about it.
func titles(t testing.TB, server *confluencetest.Server, cql string) string {
	t.Helper()
	_, _, body := ask(t, server, "/wiki/rest/api/search?cql="+url.QueryEscape(cql))
	var out struct {
		Results []struct{ Content struct{ Title string } }
		Message string
	}
	if err := json.Unmarshal([]byte(body), &out); err != nil {
		t.Fatalf("%s: %v", body, err)
	}
	if out.Message != "" {
		return "refused"
	}
	var all []string
	for _, r := range out.Results {
		all = append(all, r.Content.Title)
	}
	return strings.Join(all, " ")
}

func TestCQLIsEvaluated(t *testing.T) {
	t.Parallel()
	server := started(t)
	at := time.Date(2025, 3, 1, 0, 0, 0, 0, time.UTC)
	a := server.AddPage(confluence.Page{Title: "Alpha", Body: "the queue is full", Labels: []string{"runbook", "x"}, Created: at})
	server.AddPage(confluence.Page{Title: "Beta", Body: "full of a queue", Space: "OLD", ParentID: a, Created: at.AddDate(0, 1, 0)})
	server.AddPage(confluence.Page{Title: "Gone", Status: "archived"})
	for cql, want := range map[string]string{
		"type = page":                "Alpha Beta",
		`text ~ "queue full"`:        "Alpha Beta",
		`text ~ "\"queue is full\""`: "Alpha",
		"space = OLD":                "Beta",
		`space in ("OLD", 'OPS') ORDER BY title DESC`:     "Beta Alpha",
		"label = runbook AND label = x":                   "Alpha",
		"label = runbook OR title ~ beta":                 "Alpha Beta",
		"NOT label = runbook":                             "Beta",
		"label != runbook":                                "Beta",
		`space not in ("OLD")`:                            "Alpha",
		`title !~ "alpha"`:                                "Beta",
		"ancestor = " + a:                                 "Beta",
		"id = " + a:                                       "Alpha",
		`created >= "2025-03-15"`:                         "Beta",
		`lastmodified < "2025/03/15" order by created`:    "Alpha",
		"created < now()":                                 "Alpha Beta",
		"(title = alpha OR title = beta) and space = ops": "Alpha",
		"colour = red":                                    "refused",
		"title >> x":                                      "refused",
		"title = ":                                        "refused",
		"title = \"x":                                     "refused",
		"(title = x":                                      "refused",
		"title = x y":                                     "refused",
		"space in OLD":                                    "refused",
		"space in (OLD":                                   "refused",
		"type = page order by colour":                     "refused",
		"created > soon":                                  "refused",
		"":                                                "refused",
		strings.Repeat("(", 1000):                         "refused",
	} {
		if got := titles(t, server, cql); got != want {
			t.Errorf("%s:\n got %s\nwant %s", cql, got, want)
		}
	}
}

func TestListsGoOnFromCursorsThatServeThemAlone(t *testing.T) {
	t.Parallel()
	server := started(t)
	for range 5 {
		server.AddPage(confluence.Page{Title: "x"})
	}
	var out struct {
		Results []struct{ ID string }
		Links   struct{ Next string } `json:"_links"`
	}
	next, seen := "/wiki/api/v2/pages?limit=2", 0
	for range 3 {
		status, header, body := ask(t, server, next)
		out.Links.Next = ""
		if err := json.Unmarshal([]byte(body), &out); err != nil || status != 200 {
			t.Fatalf("%d %s", status, body)
		}
		if seen += len(out.Results); out.Links.Next != "" && !strings.Contains(header.Get("Link"), out.Links.Next) {
			t.Errorf("%v", header)
		}
		next = out.Links.Next
	}
	if seen != 5 || next != "" {
		t.Errorf("%d, %s", seen, next)
	}
	for target, want := range map[string]string{
		"/wiki/api/v2/pages?cursor=https%3A%2F%2Fx": "INVALID_REQUEST_PARAMETER", "/wiki/api/v2/pages?limit=251": "INVALID_REQUEST_PARAMETER",
		"/wiki/api/v2/pages?limit=x":                   "INVALID_REQUEST_PARAMETER",
		"/wiki/rest/api/search?cql=type=page&cursor=x": "cursor", "/wiki/rest/api/content/1": "null for uri",
		"/wiki/api/v2/pages/1001?body-format=editor2": "INVALID_REQUEST_PARAMETER", "/wiki/api/v2/pages/9": "NOT_FOUND", "/wiki/api/v2/pages/1001?version=9": "NOT_FOUND",
	} {
		if status, _, body := ask(t, server, target); status < 400 || !strings.Contains(body, want) {
			t.Errorf("%s: %d %s", target, status, body)
		}
	}
}

func TestABodyComesOnlyWhereItIsAskedFor(t *testing.T) {
	t.Parallel()
	server := started(t)
	id := server.AddPageWith(confluence.Page{Title: "x"}, confluencetest.Body{Document: `{"type":"doc"}`, Storage: "<p/>", View: "<b/>"})
	for query, want := range map[string]string{
		"": `"body":{}`, "?body-format=storage": `"storage":{"representation":"storage","value":"\u003cp/\u003e"}`,
		"?body-format=atlas_doc_format": `"value":"{\"type\":\"doc\"}"`, "?body-format=view": `"value":"\u003cb/\u003e"`,
	} {
		if _, _, body := ask(t, server, "/wiki/api/v2/pages/"+id+query); !strings.Contains(body, want) {
			t.Errorf("%s: %s", query, body)
		}
	}
}

func TestFaultsAndTokensAreThoseOfEveryFake(t *testing.T) {
	t.Parallel()
	server := started(t)
	server.Fail(fault.Status(503, "Retry-After", "1"), 1)
	if status, header, _ := ask(t, server, "/wiki/rest/api/user/current"); status != 503 || header.Get("Retry-After") != "1" {
		t.Errorf("%d %v", status, header)
	}
	server.SetTokens("another")
	if status, _, body := ask(t, server, "/wiki/rest/api/user/current"); status != 401 || !strings.Contains(body, `"statusCode":401`) {
		t.Errorf("%d %s", status, body)
	}
	server.SetTokens(confluencetest.Token)
	server.ReplyTo("/user/", confluencetest.Reply{Body: "{}", Times: 1})
	_, _, one := ask(t, server, "/wiki/rest/api/user/current")
	_, _, two := ask(t, server, "/wiki/rest/api/user/current")
	if one != "{}" || !strings.Contains(two, "demo-account") || cmp.Diff(4, len(server.Requests())) != "" || !server.Requests()[1].Refused {
		t.Errorf("%s %s, %d requests", one, two, len(server.Requests()))
	}
}
