package github_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/fault"
	"github.com/fourkites/sources/base/secret"
	"github.com/fourkites/sources/github"
	"github.com/fourkites/sources/github/githubtest"
)

func TestWhatIsLeftOfTheBudgetsIsSaid(t *testing.T) {
	t.Parallel()
	server, _, _ := stocked(t)
	client := clientOf(t, server)
	for range 3 {
		_, _ = base.Collect(client.Commits(bounded(t), github.CommitsOptions{Repo: loads, Limit: 1}))
	}
	l, err := client.RateLimit(bounded(t))
	if err != nil || l.Core.Limit != 5000 || l.Core.Remaining != 4999 || l.CodeSearch.Limit != 10 { // two of three cost nothing
		t.Errorf("%+v, %v", l, err)
	}
	if err := client.Ping(bounded(t)); err != nil {
		t.Error(err)
	}
}

func TestAnswersAreAskedForAgainOnlyWhereTheyChanged(t *testing.T) {
	t.Parallel()
	server, _, _ := stocked(t)
	client := clientOf(t, server)
	read := func(c *github.Client) string {
		f, err := c.File(bounded(t), loads, "README.md", github.FileOptions{})
		if err != nil {
			t.Fatal(err)
		}
		return f.Content
	}
	conditional := func() (n int) {
		for _, r := range server.Requests() {
			if r.Header.Get("If-None-Match") != "" {
				n++
			}
		}
		return n
	}
	one, two := read(client), read(client)
	if one != "# Loads\n" || two != one || conditional() != 1 {
		t.Errorf("%d conditional requests", conditional())
	}
	server.AddCommit(loads, githubtest.Push{Files: map[string]string{"README.md": "# New\n"}})
	if read(client) != "# New\n" {
		t.Error("an old answer is given")
	}
	without := clientOf(t, server, func(c *github.Config) { c.CacheBytes = -1 })
	read(without)
	read(without)
	if conditional() != 2 {
		t.Errorf("%d conditional requests", conditional())
	}
	server.SetTokens(githubtest.Token, "another-token-0123456789")
	other := clientOf(t, server, func(c *github.Config) { c.Token = secret.Literal("another-token-0123456789") })
	if read(other); conditional() != 2 {
		t.Error("what one identity was told is used by another")
	}
}

func TestARenamedRepositoryIsFollowedOnTheSameHostAlone(t *testing.T) {
	t.Parallel()
	server, first, _ := stocked(t)
	server.Rename(loads, "acme/freight")
	client := clientOf(t, server)
	var stats base.Stats
	all, err := base.Collect(client.Commits(base.WithStats(bounded(t), &stats), github.CommitsOptions{Repo: loads, Ref: "v1"}))
	if err != nil || len(all) != 1 || all[0].SHA != first || !strings.Contains(fmt.Sprint(stats.Notes), "acme/loads is acme/freight now") {
		t.Errorf("%+v, %v, %v", all, stats.Notes, err)
	}
	f, err := client.File(bounded(t), loads, "docs/a b.md", github.FileOptions{})
	if err != nil || f.Repo != "acme/freight" || f.Content != "x\n" {
		t.Errorf("%+v, %v", f, err)
	}
	narrow := clientOf(t, server, func(c *github.Config) { c.Repositories = []string{loads} })
	_, err = narrow.File(bounded(t), loads, "README.md", github.FileOptions{})
	failed(t, err, base.KindPermission, "acme/freight")
	server.ReplyTo("/repos/acme/old", githubtest.Reply{Status: 301, Header: http.Header{"Location": {server.URL + "/repos/acme/freight/contents/README.md"}}})
	if f, err := client.File(bounded(t), "acme/old", "README.md", github.FileOptions{}); err != nil || f.Repo != "acme/freight" {
		t.Errorf("%+v, %v", f, err)
	}
	narrower := clientOf(t, server, func(c *github.Config) { c.Repositories = []string{"acme/old"} })
	_, err = narrower.File(bounded(t), "acme/old", "README.md", github.FileOptions{})
	failed(t, err, base.KindPermission, "acme/freight")
	server.ReplyTo("/repos/acme/odd", githubtest.Reply{Status: 301, Header: http.Header{"Location": {server.URL + "/orgs/acme/repos"}}})
	_, err = client.File(bounded(t), "acme/odd", "README.md", github.FileOptions{})
	failed(t, err, base.KindProtocol, "no repository")
	run := server.AddWorkflowRun("acme/freight", github.WorkflowRun{})
	job := server.AddJob("acme/freight", run, github.Job{}, "the end\n")
	if log, err := client.JobLogs(bounded(t), loads, job, 1); err != nil || log.Text != "the end\n" {
		t.Errorf("%+v, %v", log, err)
	}
	other := started(t)
	server.SetElsewhere(other.URL)
	_, err = clientOf(t, server).File(bounded(t), loads, "README.md", github.FileOptions{})
	failed(t, err, base.KindProtocol, "another host")
	if len(other.Requests()) != 0 {
		t.Error("another host was asked")
	}
}

func TestAnAppAsksWithTokensOfItsInstallation(t *testing.T) {
	t.Parallel()
	server, _, _ := stocked(t)
	c := server.AppConfig()
	client := clientWith(t, c)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if _, err := client.File(bounded(t), loads, "README.md", github.FileOptions{}); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	issued := func() (n int) {
		for _, r := range server.Requests() {
			if strings.HasSuffix(r.Target, "/access_tokens") {
				n++
			}
		}
		return n
	}
	if issued() != 1 {
		t.Errorf("%d tokens for callers that came at once", issued())
	}
	server.RevokeInstallationTokens()
	if _, err := client.File(bounded(t), loads, "README.md", github.FileOptions{}); err != nil || issued() != 2 {
		t.Errorf("after a token was revoked: %d tokens, %v", issued(), err)
	}
	server.RotateAppKey()
	server.RevokeInstallationTokens()
	_, err := client.File(bounded(t), loads, "README.md", github.FileOptions{})
	if base.KindOf(err) != base.KindUnauthenticated || strings.Contains(fmt.Sprintf("%+v", err), "ghs_") {
		t.Errorf("%v", err)
	}
}

func TestTokensOfAnAppAreRenewedBeforeTheyExpire(t *testing.T) {
	t.Parallel()
	server, _, _ := stocked(t)
	server.SetTokenLifetime(3 * time.Second)
	client := clientWith(t, server.AppConfig())
	var all sync.WaitGroup
	for until := time.Now().Add(5 * time.Second); time.Now().Before(until); all.Wait() {
		for range 4 {
			all.Go(func() {
				if _, err := client.RateLimit(bounded(t)); err != nil {
					t.Error(err)
				}
			})
		}
	}
	refused := 0
	for _, r := range server.Requests() {
		if r.Refused {
			refused++
		}
	}
	if n := len(server.Ledger()); n < 2 || n > 8 || refused > 0 {
		t.Errorf("%d tokens were issued, %d requests were refused", n, refused)
	}
}

func TestALimitIsToldApartAndWaitedForWhereThereIsRoom(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		f     fault.Fault
		limit string
		wait  time.Duration
	}{
		"secondary by its words, 403": {fault.Status(403, "Content-Type", "application/json").WithMessage(`{"message":"You have exceeded a secondary rate limit."}`), github.Secondary, time.Minute},
		"secondary by its words, 429": {fault.Status(429, "Content-Type", "application/json").WithMessage(`{"message":"You have triggered an abuse detection mechanism."}`), github.Secondary, time.Minute},
		"secondary by its header":     {fault.Status(403, "Retry-After", "40"), github.Secondary, 40 * time.Second},
		"primary, 403":                {fault.Status(403, "X-RateLimit-Remaining", "0", "X-RateLimit-Reset", fmt.Sprint(time.Now().Add(50*time.Second).Unix())), github.Primary, 45 * time.Second},
		"primary, 429":                {fault.Status(429, "X-RateLimit-Remaining", "0", "X-RateLimit-Reset", fmt.Sprint(time.Now().Add(50*time.Second).Unix())), github.Primary, 45 * time.Second},
	} {
		server, _, _ := stocked(t)
		server.Fail(test.f, 1)
		began := time.Now()
		_, err := clientOf(t, server, func(c *github.Config) { c.Limits.Timeout = base.Duration(5 * time.Second) }).File(bounded(t), loads, "README.md", github.FileOptions{})
		e := details(t, err, base.KindThrottled)
		s, ok := errors.AsType[*github.ServerError](err)
		if !ok || s.Limit != test.limit || e.RetryAfter < test.wait-10*time.Second || e.RetryAfter > test.wait+10*time.Second || time.Since(began) > 4*time.Second {
			t.Errorf("%s: %+v, wait %s after %s", name, s, e.RetryAfter, time.Since(began))
		}
	}
	server, _, _ := stocked(t)
	server.Fail(fault.Status(403, "Retry-After", "1"), 1)
	began := time.Now()
	if _, err := clientOf(t, server).File(bounded(t), loads, "README.md", github.FileOptions{}); err != nil || time.Since(began) < time.Second {
		t.Errorf("%v after %s", err, time.Since(began))
	}
	server.Fail(fault.Status(403, "X-GitHub-SSO", "required; url=https://example.com"), 1)
	_, err := clientOf(t, server).File(bounded(t), loads, "README.md", github.FileOptions{})
	failed(t, err, base.KindPermission, "single sign-on")
}

func TestSearchesOfCodeHaveTheirOwnBudget(t *testing.T) {
	t.Parallel()
	server, _, _ := stocked(t)
	server.SetLimit("code_search", 1, 2*time.Second)
	client := clientOf(t, server, func(c *github.Config) { c.Search.Rate = 100 })
	search := func(ctx context.Context) error {
		_, err := base.Collect(client.SearchCode(ctx, github.CodeOptions{Text: "Intake"}))
		return err
	}
	if err := search(bounded(t)); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	if err := search(bounded(t)); err != nil || time.Since(began) < 500*time.Millisecond {
		t.Errorf("%v after %s", err, time.Since(began))
	}
	if _, err := client.File(bounded(t), loads, "README.md", github.FileOptions{}); err != nil {
		t.Error(err)
	}
	slow := clientOf(t, server, func(c *github.Config) { c.Search.Rate = 0.001; c.Search.Burst = 1 })
	server.SetLimit("code_search", 100, time.Minute)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	_, err := base.Collect(slow.SearchCode(ctx, github.CodeOptions{Text: "Intake"}))
	_, err2 := base.Collect(slow.SearchCode(ctx, github.CodeOptions{Text: "Intake"}))
	if err != nil || base.KindOf(err2) != base.KindLimitExceeded && base.KindOf(err2) != base.KindNoTimeLeft && base.KindOf(err2) != base.KindDeadline {
		t.Errorf("%v, %v", err, err2)
	}
	if slow.SearchHealth().State == slow.Health().State {
		t.Errorf("%+v", slow.SearchHealth())
	}
}

func TestASecondaryLimitThatFollowsAnotherIsWaitedForTwiceAsLong(t *testing.T) {
	t.Parallel()
	server, _, _ := stocked(t)
	client := clientOf(t, server, func(c *github.Config) { c.Limits.Retries, c.Limits.Breaker.MinCalls = -1, 1000 })
	strike := fault.Status(403, "Content-Type", "application/json").WithMessage(`{"message":"You have exceeded a secondary rate limit."}`)
	wait := func() time.Duration {
		t.Helper()
		server.Fail(strike, 1)
		_, err := client.File(bounded(t), loads, "README.md", github.FileOptions{})
		return details(t, err, base.KindThrottled).RetryAfter
	}
	if one, two := wait(), wait(); one != time.Minute || two != 2*time.Minute {
		t.Errorf("%s, %s", one, two)
	}
	if _, err := client.File(bounded(t), loads, "README.md", github.FileOptions{}); err != nil {
		t.Fatal(err)
	}
	if again := wait(); again != time.Minute {
		t.Errorf("after a success: %s", again)
	}
}

func TestWhatIsKeptHasItsBound(t *testing.T) {
	t.Parallel()
	server := started(t)
	files := map[string]string{"large": strings.Repeat("x", 6<<10)}
	for i := range 20 {
		files[fmt.Sprint("small", i)] = "x"
	}
	server.AddCommit(loads, githubtest.Push{Files: files})
	client := clientOf(t, server, func(c *github.Config) { c.CacheBytes = 20 << 10 })
	read := func(path string) (conditional bool) {
		t.Helper()
		if _, err := client.File(bounded(t), loads, path, github.FileOptions{}); err != nil {
			t.Fatal(err)
		}
		all := server.Requests()
		return all[len(all)-1].Header.Get("If-None-Match") != ""
	}
	if read("large"); read("large") {
		t.Error("one answer takes more than a quarter of the room")
	}
	for i := range 20 {
		read(fmt.Sprint("small", i))
	}
	if read("small0") || !read("small19") {
		t.Error("not the answers of late are kept")
	}
}
