package githubtest_test

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
	"github.com/fourkites/sources/github"
	"github.com/fourkites/sources/github/githubtest"
)

const repo = "acme/loads"

func started(t testing.TB) *githubtest.Server {
	t.Helper()
	server := githubtest.NewServer()
	if err := server.Err(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	return server
}

// ask makes one request with the token and gives status, header and body.
func ask(t testing.TB, server *githubtest.Server, target string, header ...string) (int, http.Header, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+target, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+githubtest.Token)
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

// found are the paths that a search finds.
func found(t testing.TB, server *githubtest.Server, q string) string {
	t.Helper()
	status, _, body := ask(t, server, "/search/code?q="+url.QueryEscape(q))
	var out struct{ Items []struct{ Path string } }
	if status != http.StatusOK {
		return fmt.Sprint(status)
	}
	if err := json.Unmarshal([]byte(body), &out); err != nil {
		t.Fatalf("%s: %v", body, err)
	}
	var all []string
	for _, i := range out.Items {
		all = append(all, i.Path)
	}
	return strings.Join(all, " ")
}

func TestASearchOfCodeIsEvaluated(t *testing.T) {
	t.Parallel()
	server := started(t)
	server.SetLimit("code_search", 1000, time.Minute)
	server.AddCommit(repo, githubtest.Push{Files: map[string]string{
		"a/x.go": "func Take() { say(\"hello there\") }", "b/y.java": "class Take {}", "big": strings.Repeat("take ", 100_000),
	}})
	server.AddCommit("other/z", githubtest.Push{Files: map[string]string{"z.py": "take"}})
	for q, want := range map[string]string{
		"take":                 "a/x.go b/y.java z.py",
		"take repo:acme/loads": "a/x.go b/y.java",
		"take user:other":      "z.py",
		"take language:java":   "b/y.java",
		"take path:a":          "a/x.go",
		"take extension:py":    "z.py",
		"take filename:y.j":    "b/y.java",
		`"say(\"hello"`:        "a/x.go",
		"take hello":           "a/x.go",
		"tak":                  "",
		"repo:acme/loads":      "422",
		`take "open`:           "422",
		"":                     "422",
	} {
		if got := found(t, server, q); got != want {
			t.Errorf("%s:\n got %s\nwant %s", q, got, want)
		}
	}
}

func TestBudgetsRunOutAndBeginAnew(t *testing.T) {
	t.Parallel()
	server := started(t)
	server.SetLimit("core", 2, time.Second)
	for i, want := range []int{404, 404, 403, 403} {
		status, header, _ := ask(t, server, "/repos/acme/none")
		if status != want || header.Get("X-RateLimit-Limit") != "2" || i > 1 && header.Get("X-RateLimit-Remaining") != "0" || header.Get("X-RateLimit-Resource") != "core" {
			t.Errorf("%d: %d %v", i, status, header)
		}
	}
	server.SetLimitStatus(429)
	if status, _, _ := ask(t, server, "/repos/acme/none"); status != 429 {
		t.Error(status)
	}
	if status, _, body := ask(t, server, "/rate_limit"); status != 200 || !strings.Contains(body, `"code_search":{"limit":10`) {
		t.Errorf("%d %s", status, body)
	}
}

func TestAnAnswerThatIsKnownCostsNothing(t *testing.T) {
	t.Parallel()
	server := started(t)
	server.AddRepo(github.Repo{Name: repo})
	_, header, _ := ask(t, server, "/repos/"+repo)
	status, after, body := ask(t, server, "/repos/"+repo, "If-None-Match", header.Get("ETag"))
	if status != 304 || body != "" || after.Get("X-RateLimit-Used") != "1" {
		t.Errorf("%d %s %v", status, body, after)
	}
}

func TestListsHaveALinkToTheNextPage(t *testing.T) {
	t.Parallel()
	server := started(t)
	for i := range 5 {
		server.AddCommit(repo, githubtest.Push{Message: fmt.Sprint(i)})
	}
	target, seen := "/repos/"+repo+"/commits?per_page=2", 0
	for range 3 {
		_, header, body := ask(t, server, target)
		var out []struct{ SHA string }
		if err := json.Unmarshal([]byte(body), &out); err != nil {
			t.Fatal(err)
		}
		seen += len(out)
		link, _, _ := strings.Cut(strings.TrimPrefix(header.Get("Link"), "<"+server.URL), ">")
		target = link
	}
	if seen != 5 || target != "" {
		t.Errorf("%d, %q", seen, target)
	}
}

func TestARepositoryThatWasRenamedLeadsOn(t *testing.T) {
	t.Parallel()
	server := started(t)
	server.AddCommit(repo, githubtest.Push{Files: map[string]string{"a b": "x"}})
	server.Rename(repo, "acme/freight")
	status, header, _ := ask(t, server, "/repos/"+repo+"/contents/a%20b?ref=main")
	if status != 301 || !strings.HasPrefix(header.Get("Location"), server.URL+"/repositories/") || !strings.HasSuffix(header.Get("Location"), "/contents/a%20b?ref=main") {
		t.Errorf("%d %v", status, header)
	}
	if status, _, body := ask(t, server, strings.TrimPrefix(header.Get("Location"), server.URL), "Accept", "application/vnd.github.raw+json"); status != 200 || body != "x" {
		t.Errorf("%d %s", status, body)
	}
	server.Hide("acme/freight")
	if status, _, _ := ask(t, server, "/repos/acme/freight"); status != 404 {
		t.Error(status)
	}
}

func TestFaultsAndTokensAreThoseOfEveryFake(t *testing.T) {
	t.Parallel()
	server := started(t)
	server.Fail(fault.Status(503, "Retry-After", "1"), 1)
	if status, header, _ := ask(t, server, "/rate_limit"); status != 503 || header.Get("Retry-After") != "1" {
		t.Errorf("%d %v", status, header)
	}
	server.SetTokens("another")
	if status, _, body := ask(t, server, "/rate_limit"); status != 401 || !strings.Contains(body, "Bad credentials") {
		t.Errorf("%d %s", status, body)
	}
	server.SetTokens(githubtest.Token)
	server.ReplyTo("/rate_limit", githubtest.Reply{Body: "{}", Times: 1})
	_, _, one := ask(t, server, "/rate_limit")
	_, _, two := ask(t, server, "/rate_limit")
	if one != "{}" || !strings.Contains(two, "core") || cmp.Diff(4, len(server.Requests())) != "" || !server.Requests()[1].Refused {
		t.Errorf("%s %s, %d requests", one, two, len(server.Requests()))
	}
}

func TestAProofThatIsNoneGetsNoToken(t *testing.T) {
	t.Parallel()
	server := started(t)
	_ = server.AppKey()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, fmt.Sprintf("%s/app/installations/%d/access_tokens", server.URL, githubtest.Installation), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, proof := range []string{"", "a.b.c", githubtest.Token, "e30.e30.e30"} {
		r.Header.Set("Authorization", "Bearer "+proof)
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		if _ = resp.Body.Close(); resp.StatusCode != http.StatusUnauthorized {
			t.Errorf("%q: %d", proof, resp.StatusCode)
		}
	}
}
