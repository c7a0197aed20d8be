package confluence_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/fault"
	"github.com/fourkites/sources/confluence"
	"github.com/fourkites/sources/confluence/confluencetest"
)

func html(status int) confluencetest.Reply {
	return confluencetest.Reply{Status: status, Header: http.Header{"Content-Type": {"text/html; charset=utf-8"}}, Body: "<html><body>Log in</body></html>"}
}

func TestAnswersThatAreNoneAreSaid(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		reply confluencetest.Reply
		kind  base.Kind
		says  string
	}{
		"a login page":       {html(200), base.KindProtocol, "login page"},
		"no site there":      {html(404), base.KindInvalid, "not the API"},
		"cut short":          {confluencetest.Reply{Body: `{"id":"777","title":"x`}, base.KindProtocol, "breaks at byte"},
		"a list":             {confluencetest.Reply{Body: `[]`}, base.KindProtocol, "not a JSON object"},
		"empty":              {confluencetest.Reply{Body: ``}, base.KindProtocol, "empty"},
		"another page":       {confluencetest.Reply{Body: `{"id":"778"}`}, base.KindProtocol, "not the page"},
		"may read nothing":   {confluencetest.Reply{Status: 403, Body: `{"statusCode":403,"message":"Forbidden"}`}, base.KindPermission, "may not see"},
		"a redirect":         {confluencetest.Reply{Status: 302, Header: http.Header{"Location": {"https://evil.example.com/login?t=1"}}}, base.KindProtocol, "evil.example.com"},
		"a quota is used up": {confluencetest.Reply{Status: 429, Header: http.Header{"Ratelimit-Reason": {"confluence-quota-tenant-based"}, "Retry-After": {"1847"}}}, base.KindQuotaExceeded, "quota"},
	} {
		server := started(t)
		server.Reply(nil, test.reply)
		_, err := clientOf(t, server, func(c *confluence.Config) { c.Limits.Retries = -1 }).Page(bounded(t), "777")
		e := details(t, err, test.kind, test.says)
		if strings.Contains(err.Error(), confluencetest.Token) || name == "a quota is used up" && e.RetryAfter != 1847*time.Second {
			t.Errorf("%s: %v, %s", name, err, e.RetryAfter)
		}
		if len(server.Requests()) != 1 {
			t.Errorf("%s: %d requests", name, len(server.Requests()))
		}
	}
}

func TestIdsThatAreNoneAreRefusedBeforeARequest(t *testing.T) {
	t.Parallel()
	server := started(t)
	client := clientOf(t, server)
	for _, id := range []string{"", "a", "1/2", "1 2", "../1", "1?x=1", strings.Repeat("9", 10_000), "\x00", "１"} {
		_, err := client.Page(bounded(t), id)
		failed(t, err, base.KindInvalid, "id")
		_, err = client.History(bounded(t), id)
		failed(t, err, base.KindInvalid, "id")
	}
	if len(server.Requests()) != 0 {
		t.Errorf("%d requests", len(server.Requests()))
	}
}

func TestAListThatIsNoneEnds(t *testing.T) {
	t.Parallel()
	reply := func(body string) confluencetest.Reply { return confluencetest.Reply{Body: body, Times: 1} }
	hit := func(id string) string { return `{"content":{"id":"` + id + `","type":"page"},"title":"t"}` }
	for name, test := range map[string]struct {
		replies []confluencetest.Reply
		seen    int
		is      error
		kind    base.Kind
	}{
		"a cursor twice": {[]confluencetest.Reply{
			reply(`{"results":[` + hit("1") + `],"_links":{"next":"/rest/api/search?cursor=c"}}`), reply(`{"results":[` + hit("2") + `],"_links":{"next":"/rest/api/search?cursor=c&x=1"}}`),
		}, 1, base.ErrPartial, base.KindProtocol},
		"a link without a cursor": {[]confluencetest.Reply{reply(`{"results":[` + hit("1") + `],"_links":{"next":"/rest/api/search?start=25"}}`)}, 0, nil, base.KindProtocol},
		"a link that is none":     {[]confluencetest.Reply{reply(`{"results":[` + hit("1") + `],"_links":{"next":"ht%tp://"}}`)}, 0, nil, base.KindProtocol},
		"no list":                 {[]confluencetest.Reply{reply(`{"results":{}}`)}, 0, nil, base.KindProtocol},
		"broken in the middle":    {[]confluencetest.Reply{reply(`{"results":[` + hit("1") + `],"_links":{"next":"?cursor=c"}}`), reply(`{"results":[`)}, 1, base.ErrPartial, base.KindProtocol},
		"a stale cursor": {[]confluencetest.Reply{
			reply(`{"results":[` + hit("1") + `],"_links":{"next":"?a=b&cursor=c&z=y"}}`),
			{Status: 400, Body: `{"errors":[{"status":400,"code":"INVALID_REQUEST_PARAMETER","title":"Provided cursor is stale"}]}`},
		}, 1, base.ErrPartial, base.KindInvalid},
	} {
		server := started(t)
		server.ReplyTo("/search", test.replies...)
		all, err := base.Collect(clientOf(t, server).Search(bounded(t), confluence.SearchOptions{Text: "x"}))
		if len(all) != test.seen || test.is != nil && !errors.Is(err, test.is) || base.KindOf(err) != test.kind {
			t.Errorf("%s: %d seen, %v", name, len(all), err)
		}
		for _, r := range server.Requests()[1:] {
			if !strings.HasPrefix(r.Target, "/wiki/rest/api/search?cql=") {
				t.Errorf("%s: %s was followed", name, r.Target)
			}
		}
	}
}

func TestTheLinkOfTheHeaderCountsToo(t *testing.T) {
	t.Parallel()
	server := started(t)
	link := http.Header{"Link": {`<https://evil.example.com/wiki/api/v2/x?limit=1&cursor=c%3D1&a=b>; rel="next", <https://acme.example.com/wiki>; rel="base"`}}
	server.ReplyTo("/children", confluencetest.Reply{Header: link, Body: `{"results":[{"id":"1"}]}`, Times: 1}, confluencetest.Reply{Body: `{"results":[{"id":"2"}]}`})
	all, err := base.Collect(clientOf(t, server).Children(bounded(t), "7"))
	if err != nil || len(all) != 2 || !strings.Contains(server.Requests()[1].Target, "cursor=c%3D1") {
		t.Errorf("%+v, %v", all, err)
	}
}

func TestWhatIsStrangeInAPageIsKeptAndNoted(t *testing.T) {
	t.Parallel()
	server := started(t)
	id := server.AddSpace("OPS", "")
	server.ReplyTo("/pages/777", confluencetest.Reply{Body: `{"id":777,"spaceId":` + id + `,"title":99999999999999999999,"createdAt":"yesterday","version":{"number":3},
		"body":{"atlas_doc_format":{"value":"{\"type\":\"doc\",\"content\":[{\"type\":\"novel\",\"text\":\"\\ud800 kept\"}]}"}},"labels":{"results":[{"name":"a"}],"meta":{"hasMore":true}},"odd":{"a":12345678901234567890}}`})
	p, err := clientOf(t, server).Page(bounded(t), "777")
	notes := strings.Join(p.Notes, "; ")
	if err != nil || p.Title != "99999999999999999999" || !strings.Contains(p.Body, "kept") || string(p.Extras["odd"]) != `{"a":12345678901234567890}` ||
		!strings.Contains(notes, "novel") || !strings.Contains(notes, "createdAt") || !strings.Contains(notes, "more than these") {
		t.Errorf("%+v, %v", p, err)
	}
}

func TestWhatIsNotUTF8IsMadeFitToBeSentOn(t *testing.T) {
	t.Parallel()
	server := started(t)
	server.ReplyTo("/pages/777", confluencetest.Reply{Body: "{\"id\":\"777\",\"title\":\"a\xffb\",\"odd\":{\"x\":\"\xfe\"}}"})
	p, err := clientOf(t, server).Page(bounded(t), "777")
	if err != nil || p.Title != "a\uFFFDb" || string(p.Extras["odd"]) != "{\"x\":\"\uFFFD\"}" {
		t.Errorf("%+v, %v", p, err)
	}
}

func TestAPageIsNeverAskedForOnAnotherHost(t *testing.T) {
	t.Parallel()
	server, other := started(t), started(t)
	server.Reply(nil, confluencetest.Reply{Status: 307, Header: http.Header{"Location": {other.URL + "/wiki/api/v2/pages/777"}}})
	_, err := clientOf(t, server).Page(bounded(t), "777")
	failed(t, err, base.KindProtocol)
	if n := len(other.Requests()); n != 0 {
		t.Errorf("%d requests at another host", n)
	}
}

func TestAHugeAnswerIsTooLarge(t *testing.T) {
	t.Parallel()
	server := started(t)
	server.Fail(fault.Oversized(), 1)
	_, err := clientOf(t, server, func(c *confluence.Config) { c.MaxResponseBytes, c.Limits.Retries = 1<<20, -1 }).Page(bounded(t), "777")
	failed(t, err, base.KindTooLarge, "max_response_bytes")
}
