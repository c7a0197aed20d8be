package confluencetest_test

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fourkites/sources/confluence"
	"github.com/fourkites/sources/confluence/confluencetest"
)

// named is one piece of a list: what its entries are called, and where the next piece is.
type named struct {
	Results []struct{ Title, Name, Key string }
	Links   struct{ Next string } `json:"_links"`
	Size    *int
	Total   *int `json:"totalSize"`
}

func (n named) names() string {
	var all []string
	for _, r := range n.Results {
		all = append(all, r.Title+r.Name)
	}
	return strings.Join(all, " ")
}

func listed(t testing.TB, server *confluencetest.Server, target string) named {
	t.Helper()
	status, _, body := ask(t, server, target)
	var out named
	if err := json.Unmarshal([]byte(body), &out); err != nil || status != 200 {
		t.Fatalf("%s: %d %s", target, status, body)
	}
	return out
}

func TestListsOfAPageHaveTheirEntriesOneByOne(t *testing.T) {
	t.Parallel()
	server := started(t)
	id := server.AddPage(confluence.Page{Title: "x", Labels: []string{"runbook", "load"}})
	bare := server.AddPage(confluence.Page{Title: "child", ParentID: id})
	server.AddAttachment(id, confluencetest.Attachment{Title: "a.png", MediaType: "image/png", Size: 7}, confluencetest.Attachment{Title: "b.txt"})
	server.AddAttachment("404", confluencetest.Attachment{Title: "nowhere"})
	server.AddComment(id, confluence.Comment{Body: "seen"})
	for below, want := range map[string]string{
		"labels": "runbook load", "labels?prefix=global": "runbook load", "labels?prefix=my": "",
		"attachments": "a.png b.txt", "attachments?filename=b.txt": "b.txt", "attachments?mediaType=image/png": "a.png",
		"attachments?status=trashed": "", "attachments?status=current&status=archived": "a.png b.txt",
		"children": "child", "footer-comments": "Re: x",
	} {
		if got := listed(t, server, "/wiki/api/v2/pages/"+id+"/"+below).names(); got != want {
			t.Errorf("%s: got %q, want %q", below, got, want)
		}
	}
	for _, below := range []string{"labels", "attachments", "children", "footer-comments"} {
		if got := listed(t, server, "/wiki/api/v2/pages/"+bare+"/"+below); got.names() != "" || got.Links.Next != "" {
			t.Errorf("%s of a page that has none: %+v", below, got)
		}
	}
	_, _, body := ask(t, server, "/wiki/api/v2/pages/"+id+"/attachments?limit=1")
	if !strings.Contains(body, `"fileSize":7`) || !strings.Contains(body, "/download/attachments/"+id+"/a.png") {
		t.Error(body)
	}
}

func TestPagesOfASpaceAreItsOwnAlone(t *testing.T) {
	t.Parallel()
	server := started(t)
	id := server.AddSpace("OPS", "Operations")
	server.AddPage(confluence.Page{Title: "in", Space: "OPS"})
	server.AddPage(confluence.Page{Title: "out", Space: "DEV"})
	if got := listed(t, server, "/wiki/api/v2/spaces/"+id+"/pages").names(); got != "in" {
		t.Error(got)
	}
	if got := listed(t, server, "/wiki/api/v2/spaces?keys=OPS").names(); got != "Operations" {
		t.Error(got)
	}
	if status, _, body := ask(t, server, "/wiki/api/v2/spaces/404/pages"); status != 404 {
		t.Errorf("%d %s", status, body)
	}
}

func TestACursorServesOneListInPiecesOfAnySize(t *testing.T) {
	t.Parallel()
	server := started(t)
	for i := range 5 {
		server.AddPage(confluence.Page{Title: fmt.Sprint("p", i)})
	}
	next := listed(t, server, "/wiki/api/v2/pages?status=current&limit=2").Links.Next
	link, err := url.Parse(next)
	if err != nil {
		t.Fatal(err)
	}
	cursor := url.QueryEscape(link.Query().Get("cursor"))
	if got := listed(t, server, "/wiki/api/v2/pages?limit=250&cursor="+cursor+"&status=current").names(); got != "p2 p3 p4" {
		t.Error(got)
	}
	for _, target := range []string{
		"/wiki/api/v2/pages?cursor=" + cursor, "/wiki/api/v2/pages?status=archived&cursor=" + cursor, "/wiki/api/v2/spaces?cursor=" + cursor,
		"/wiki/api/v2/pages?status=current&cursor=" + url.QueryEscape(server.URL+next), "/wiki/api/v2/pages?limit=0", "/wiki/api/v2/pages?limit=-1",
	} {
		if status, _, body := ask(t, server, target); status != 400 || !strings.Contains(body, "INVALID_REQUEST_PARAMETER") {
			t.Errorf("%s: %d %s", target, status, body)
		}
	}
}

func TestASearchGoesOnByCursorAndByStart(t *testing.T) {
	t.Parallel()
	server := started(t)
	for i := range 5 {
		server.AddPage(confluence.Page{Title: fmt.Sprint("p", i), Body: "text"})
	}
	for path, titled := range map[string]bool{"/rest/api/search": false, "/rest/api/content/search": true} {
		first := listed(t, server, "/wiki"+path+"?limit=2&cql=type=page")
		if !strings.HasPrefix(first.Links.Next, path+"?") || *first.Size != 2 || (first.Total == nil) != titled {
			t.Errorf("%s: %+v", path, first)
		}
		second := listed(t, server, "/wiki"+first.Links.Next)
		byStart := listed(t, server, "/wiki"+path+"?limit=2&start=2&cql=type=page")
		if diff := cmp.Diff(second.Results, byStart.Results); diff != "" || second.Links.Next == "" {
			t.Errorf("%s: %s%s", path, second.Links.Next, diff)
		}
		last := listed(t, server, "/wiki"+path+"?limit=2&start=4&cql=type=page")
		beyond := listed(t, server, "/wiki"+path+"?limit=2&start=99&cql=type=page")
		if *last.Size != 1 || *beyond.Size != 0 || last.Links.Next+beyond.Links.Next != "" {
			t.Errorf("%s: %+v, %+v", path, last, beyond)
		}
		if titled && second.names() != "p2 p3" {
			t.Error(second.names())
		}
		for _, wrong := range []string{"start=-1", "start=x", "limit=x", "limit=-1", "cursor=x"} {
			if status, _, body := ask(t, server, "/wiki"+path+"?cql=type=page&"+wrong); status != 400 || !strings.Contains(body, `"statusCode":400`) {
				t.Errorf("%s: %d %s", wrong, status, body)
			}
		}
	}
	foreign := listed(t, server, "/wiki/rest/api/search?limit=2&cql=type=page").Links.Next
	_, query, _ := strings.Cut(foreign, "?")
	if status, _, body := ask(t, server, "/wiki/rest/api/content/search?"+query); status != 400 {
		t.Errorf("a cursor of another search: %d %s", status, body)
	}
	if got := *listed(t, server, "/wiki/rest/api/content/search?limit=250&expand=body.view&cql=type=page").Size; got != 5 {
		t.Error(got)
	}
}

func TestWhatMatchedIsMarked(t *testing.T) {
	t.Parallel()
	server := started(t)
	server.AddPage(confluence.Page{Title: "The queue", Body: strings.Repeat("é", 300) + ` & the "Queue" is < full`})
	for query, want := range map[string][2]string{
		`cql=text~queue`: {"The @@@hl@@@queue@@@endhl@@@", `&amp; the &quot;@@@hl@@@Queue@@@endhl@@@&quot; is &lt; full`},
		`excerpt=highlight_unescaped&cql=text~queue`: {"The @@@hl@@@queue@@@endhl@@@", `& the "@@@hl@@@Queue@@@endhl@@@" is < full`},
		`excerpt=indexed&cql=text~queue`:             {"The @@@hl@@@queue@@@endhl@@@", `&amp; the &quot;Queue&quot; is &lt; full`},
		`cql=type=page`:                              {"The queue", "éé"},
	} {
		_, _, body := ask(t, server, "/wiki/rest/api/search?"+query)
		var out struct {
			Results []struct{ Title, Excerpt string }
		}
		if err := json.Unmarshal([]byte(body), &out); err != nil || len(out.Results) != 1 {
			t.Fatalf("%s: %s", query, body)
		}
		if r := out.Results[0]; r.Title != want[0] || !strings.Contains(r.Excerpt, want[1]) || len(r.Excerpt) > 300 {
			t.Errorf("%s:\n got %+v\nwant %q", query, r, want)
		}
	}
	if _, _, body := ask(t, server, "/wiki/rest/api/search?excerpt=none&cql=type=page"); !strings.Contains(body, `"excerpt":""`) {
		t.Error(body)
	}
}
