package jira_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/fault"
	"github.com/fourkites/sources/jira"
	"github.com/fourkites/sources/jira/jiratest"
)

func html(status int) jiratest.Reply {
	return jiratest.Reply{Status: status, Header: http.Header{"Content-Type": {"text/html; charset=utf-8"}}, Body: "<html><body>Log in</body></html>"}
}

func TestAnswersThatAreNoneAreSaid(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		reply jiratest.Reply
		kind  base.Kind
		says  string
	}{
		"a login page":        {html(200), base.KindProtocol, "login page"},
		"no site there":       {html(404), base.KindInvalid, "not the API"},
		"cut short":           {jiratest.Reply{Body: `{"id":"1","key":"OPS-1","fields":{"summary":"x`}, base.KindProtocol, "breaks at byte"},
		"a list":              {jiratest.Reply{Body: `[]`}, base.KindProtocol, "not a JSON object"},
		"empty":               {jiratest.Reply{Body: ``}, base.KindProtocol, "empty"},
		"no issue":            {jiratest.Reply{Body: `{"errorMessages":["the index is down"]}`}, base.KindInternal, "index is down"},
		"an issue of nobody":  {jiratest.Reply{Body: `{"id":"1"}`}, base.KindProtocol, "no key"},
		"may read nothing":    {jiratest.Reply{Status: 403, Body: `{"errorMessages":["Forbidden"]}`}, base.KindPermission, "may not see"},
		"a redirect":          {jiratest.Reply{Status: 302, Header: http.Header{"Location": {"https://evil.example.com/login?t=1"}}}, base.KindProtocol, "evil.example.com"},
		"a quota is used up":  {jiratest.Reply{Status: 429, Header: http.Header{"Ratelimit-Reason": {"jira-quota-tenant-based"}, "Retry-After": {"1847"}}}, base.KindQuotaExceeded, "quota"},
		"a service desk page": {html(503), base.KindUnavailable, "HTTP 503"},
	} {
		server := started(t)
		server.Reply(nil, test.reply)
		_, err := clientOf(t, server, func(c *jira.Config) { c.Limits.Retries = -1 }).Issue(bounded(t), "OPS-1")
		e := details(t, err, test.kind, test.says)
		if strings.Contains(err.Error(), jiratest.Token) || name == "a quota is used up" && e.RetryAfter != 1847*time.Second {
			t.Errorf("%s: %v, %s", name, err, e.RetryAfter)
		}
		if len(server.Requests()) != 1 {
			t.Errorf("%s: %d requests", name, len(server.Requests()))
		}
	}
}

func TestABurstIsWaitedForAndAQuotaIsNot(t *testing.T) {
	t.Parallel()
	server := started(t)
	server.AddIssue(jira.Issue{Key: "OPS-1"})
	server.Fail(fault.Status(http.StatusTooManyRequests, "Retry-After", "1", "RateLimit-Reason", "jira-burst-based"), 1)
	began := time.Now()
	if _, err := clientOf(t, server).Issue(bounded(t), "OPS-1"); err != nil || time.Since(began) < time.Second {
		t.Errorf("%v after %s", err, time.Since(began))
	}
}

func TestWhatIsStrangeInAnIssueIsKeptAndNoted(t *testing.T) {
	t.Parallel()
	server := started(t)
	server.AddIssue(jira.Issue{ID: "1", Key: "OPS-1", Summary: "x"})
	for id, raw := range map[string]string{
		"created": `"yesterday"`, "labels": `[{"a":1}]`, "summary": `99999999999999999999`, "description": `{"type":7}`, "assignee": `"nobody"`,
		"customfield_7": `12345678901234567890`, "duedate": `"2025-13-45"`, "comment": `[]`, "environment": `"\ud800 old \u0000 text"`,
	} {
		server.SetField("OPS-1", id, json.RawMessage(raw))
	}
	i, err := clientOf(t, server).Issue(bounded(t), "OPS-1")
	if err != nil || i.Summary != "99999999999999999999" || i.Environment != "\uFFFD old \uFFFD text" || !i.Created.IsZero() {
		t.Errorf("%+v, %v", i, err)
	}
	for _, id := range []string{"created", "labels", "description", "assignee", "customfield_7", "duedate"} {
		if _, kept := i.Extras[id]; !kept {
			t.Errorf("%s is lost: %v", id, i.Extras)
		}
	}
	if string(i.Extras["customfield_7"]) != "12345678901234567890" {
		t.Errorf("digits are lost: %s", i.Extras["customfield_7"])
	}
	if all := strings.Join(i.Notes, "; "); !strings.Contains(all, "created") || !strings.Contains(all, "description") || !strings.Contains(all, "labels") {
		t.Errorf("%q", all)
	}
}

func TestAListThatIsNoneEnds(t *testing.T) {
	t.Parallel()
	issue := func(id string) string { return `{"id":"` + id + `","key":"OPS-` + id + `","fields":{}}` }
	reply := func(body string) jiratest.Reply { return jiratest.Reply{Body: body, Times: 1} }
	for name, test := range map[string]struct {
		replies []jiratest.Reply
		seen    int
		is      error
		kind    base.Kind
	}{
		"a token twice":         {[]jiratest.Reply{reply(`{"issues":[` + issue("1") + `],"nextPageToken":"t"}`), reply(`{"issues":[` + issue("2") + `],"nextPageToken":"t"}`)}, 1, base.ErrPartial, base.KindProtocol},
		"no issues and a token": {[]jiratest.Reply{reply(`{"issues":[` + issue("1") + `],"nextPageToken":"t"}`), reply(`{"issues":[],"nextPageToken":"u"}`)}, 1, base.ErrPartial, base.KindUnknown},
		"the last with a token": {[]jiratest.Reply{reply(`{"issues":[` + issue("1") + `],"nextPageToken":"t","isLast":true}`)}, 1, nil, base.KindUnknown},
		"fewer than announced":  {[]jiratest.Reply{reply(`{"issues":[` + issue("1") + `],"total":5}`)}, 1, base.ErrPartial, base.KindUnknown},
		"no list":               {[]jiratest.Reply{reply(`{"issues":null}`)}, 0, nil, base.KindProtocol},
		"an issue without key":  {[]jiratest.Reply{reply(`{"issues":[{"id":"1"}]}`)}, 0, nil, base.KindProtocol},
		"broken in the middle":  {[]jiratest.Reply{reply(`{"issues":[` + issue("1") + `],"nextPageToken":"t"}`), reply(`{"issues":[`)}, 1, base.ErrPartial, base.KindProtocol},
		"a warning":             {[]jiratest.Reply{reply(`{"issues":[` + issue("1") + `],"warnings":["part of the index is old"]}`)}, 1, nil, base.KindUnknown},
	} {
		server := started(t)
		server.ReplyTo("/search/jql", test.replies...)
		var stats base.Stats
		all, err := base.Collect(clientOf(t, server).Search(base.WithStats(bounded(t), &stats), jira.SearchOptions{JQL: "project = OPS"}))
		if len(all) != test.seen || test.is != nil && !errors.Is(err, test.is) || base.KindOf(err) != test.kind || test.is == nil && test.kind == base.KindUnknown && err != nil {
			t.Errorf("%s: %d seen, %v", name, len(all), err)
		}
		if name == "a warning" && !strings.Contains(strings.Join(stats.Notes, ""), "index is old") {
			t.Errorf("the warning is lost: %q", stats.Notes)
		}
	}
	server := started(t)
	server.ReplyTo("/comment", jiratest.Reply{Body: `{"comments":[{"id":"1"}],"startAt":7,"total":300}`})
	_, err := base.Collect(clientOf(t, server).Comments(bounded(t), "OPS-1"))
	failed(t, err, base.KindProtocol, "begins at 7")
	server.ClearReplies()
	server.ReplyTo("/comment", jiratest.Reply{Body: `{"comments":[{"id":"1"}],"startAt":0,"total":3}`, Times: 1}, jiratest.Reply{Body: `{"comments":[],"startAt":1,"total":3}`})
	all, err := base.Collect(clientOf(t, server).Comments(bounded(t), "OPS-1"))
	if len(all) != 1 || !errors.Is(err, base.ErrPartial) {
		t.Errorf("%d comments, %v", len(all), err)
	}
}

func TestAHugeAnswerTakesNoMoreThanItsBound(t *testing.T) {
	server := started(t)
	server.AddIssue(jira.Issue{Key: "OPS-1"})
	id := server.AddAttachment("OPS-1", "small.log", "text/plain", []byte("x"))
	client := clientOf(t, server, func(c *jira.Config) { c.MaxResponseBytes, c.Limits.Retries = 1<<20, -1 })
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	server.Fail(fault.Oversized(), 2)
	_, err := client.Issue(bounded(t), "OPS-1")
	failed(t, err, base.KindTooLarge, "max_response_bytes")
	_, err = client.AttachmentContent(bounded(t), id, 1000)
	if err != nil {
		t.Error(err)
	}
	runtime.ReadMemStats(&after)
	if grown := after.TotalAlloc - before.TotalAlloc; grown > 64<<20 {
		t.Errorf("%d MiB were allocated", grown>>20)
	}
}

func TestALostCommentIsNotWrittenTwice(t *testing.T) {
	t.Parallel()
	server := started(t)
	server.AddIssue(jira.Issue{Key: "OPS-1"})
	client := clientOf(t, server, func(c *jira.Config) { c.AllowWrites = true })
	server.Fail(fault.Reset(), 1)
	_, err := client.AddComment(bounded(t), jira.AddCommentRequest{IssueKey: "OPS-1", Markdown: "x"})
	failed(t, err, base.KindOutcomeUnknown)
	if n := len(server.Ledger()); n != 1 {
		t.Errorf("written %d times", n)
	}
}

func TestATicketIsNeverAskedForOnAnotherHost(t *testing.T) {
	t.Parallel()
	server, other := started(t), started(t)
	server.Reply(nil, jiratest.Reply{Status: 307, Header: http.Header{"Location": {other.URL + "/rest/api/3/issue/OPS-1"}}})
	_, err := clientOf(t, server).Issue(bounded(t), "OPS-1")
	failed(t, err, base.KindProtocol)
	if n := len(other.Requests()); n != 0 {
		t.Errorf("%d requests at another host", n)
	}
}

func TestTwoFieldsOfOneNameAreBothKept(t *testing.T) {
	t.Parallel()
	server := started(t)
	server.Reply(nil, jiratest.Reply{Body: `{"id":"1","key":"OPS-1","names":{"customfield_1":"Region","customfield_2":"Region"},"fields":{"customfield_1":"a","customfield_2":"b"}}`})
	i, err := clientOf(t, server).Issue(bounded(t), "OPS-1")
	if err != nil || len(i.Custom) != 2 {
		t.Errorf("%s, %v", i.Custom, err)
	}
}
