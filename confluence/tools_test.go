package confluence_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/tool"
	"github.com/fourkites/sources/confluence"
	"github.com/fourkites/sources/confluence/confluencetest"
)

// existing are the names and parameters that an endpoint of this source alone has.
var existing = map[string]string{"search_docs": "query* space", "get_page": "page_id*", "get_service_docs": "category service_name*"}

// parameters are those of a tool, the required ones with a star.
func parameters(one tool.Tool) string {
	var all []string
	for name := range one.InputSchema().Properties {
		if slices.Contains(one.InputSchema().Required, name) {
			name += "*"
		}
		all = append(all, name)
	}
	slices.Sort(all)
	return strings.Join(all, " ")
}

func TestToolsHaveTheirNamesAndPassTheCheck(t *testing.T) {
	t.Parallel()
	client := clientOf(t, started(t))
	var names []string
	for _, one := range slices.Concat(client.Tools(), client.Aliases()) {
		if err := one.Check(); err != nil || !one.ReadOnly() {
			t.Errorf("%s: %v", one.Name(), err)
		}
		names = append(names, one.Name())
	}
	if diff := cmp.Diff(strings.Fields(`confluence_search_docs confluence_get_page confluence_get_service_docs confluence_list_children confluence_list_comments
		confluence_get_history confluence_diff_page search_docs get_page get_service_docs`), names); diff != "" {
		t.Error(diff)
	}
	for _, one := range client.Aliases() {
		if diff := cmp.Diff(existing[one.Name()], parameters(one)); diff != "" {
			t.Errorf("%s: %s", one.Name(), diff)
		}
	}
}

// stocked is a server with something of everything.
func stocked(t *testing.T) *confluencetest.Server {
	server := started(t)
	server.AddPage(written())
	server.AddPage(confluence.Page{Title: "load-ingest design", Labels: []string{"architecture"}, ParentID: "777"})
	server.AddComment("777", confluence.Comment{Body: "seen", AuthorID: "a", At: written().Created})
	server.Update("777", "", "# Symptoms\n\nnone", "")
	return server
}

func TestARemoteClientGivesTheSameAnswers(t *testing.T) {
	t.Parallel()
	client := clientOf(t, stocked(t))
	remote := confluence.Remote("far", tool.Set(client.Tools()))
	ctx := bounded(t)
	same := func(what string, near, far any, err, err2 error) {
		t.Helper()
		if diff := cmp.Diff(near, far); diff != "" || err != nil || err2 != nil {
			t.Errorf("%s: %v, %v\n%s", what, err, err2, diff)
		}
	}
	a, err := client.Page(ctx, "777")
	b, err2 := remote.Page(ctx, "777")
	same("Page", a, b, err, err2)
	a, err = client.PageByTitle(ctx, "OPS", "load-ingest design")
	b, err2 = remote.PageByTitle(ctx, "OPS", "load-ingest design")
	same("PageByTitle", a, b, err, err2)
	s, err := client.Section(ctx, "777", "Symptoms")
	far, err2 := remote.Section(ctx, "777", "Symptoms")
	same("Section", s, far, err, err2)
	hits, err := base.Collect(client.Search(ctx, confluence.SearchOptions{Text: "load", Spaces: []string{"OPS"}}))
	hits2, err2 := base.Collect(remote.Search(ctx, confluence.SearchOptions{Text: "load", Spaces: []string{"OPS"}}))
	same("Search", hits, hits2, err, err2)
	d, err := client.ServiceDocs(ctx, "load-ingest")
	d2, err2 := remote.ServiceDocs(ctx, "load-ingest")
	same("ServiceDocs", d, d2, err, err2)
	children, err := base.Collect(client.Children(ctx, "777"))
	children2, err2 := base.Collect(remote.Children(ctx, "777"))
	same("Children", children, children2, err, err2)
	comments, err := base.Collect(client.Comments(ctx, "777"))
	comments2, err2 := base.Collect(remote.Comments(ctx, "777"))
	same("Comments", comments, comments2, err, err2)
	versions, err := client.History(ctx, "777")
	versions2, err2 := remote.History(ctx, "777")
	same("History", versions, versions2, err, err2)
	change, err := client.Diff(ctx, "777", 1, 2)
	change2, err2 := remote.Diff(ctx, "777", 1, 2)
	same("Diff", change, change2, err, err2)
	if len(hits) == 0 || len(children) != 1 || len(d.Architecture) != 1 || remote.Name() != "far" {
		t.Errorf("%+v %+v %+v", hits, children, d)
	}
	_, err = base.Collect(remote.Search(ctx, confluence.SearchOptions{Text: "a", Spaces: []string{"A", "B"}}))
	failed(t, err, base.KindInvalid, "spaces")
}

func TestAToolGivesOneGroupOfAServicesDocuments(t *testing.T) {
	t.Parallel()
	server := stocked(t)
	set := tool.Set(clientOf(t, server).Tools())
	d, err := confluence.GetServiceDocs.Call(bounded(t), set, confluence.ServiceArguments{ServiceName: "load-ingest", Category: "architecture"})
	if err != nil || len(d.Architecture) != 1 || len(d.Troubleshooting) != 0 {
		t.Errorf("%+v, %v", d, err)
	}
	_, err = confluence.GetServiceDocs.Call(bounded(t), set, confluence.ServiceArguments{ServiceName: "x", Category: "all"})
	failed(t, err, base.KindInvalid, "category")
	_, err = confluence.GetPage.Call(bounded(t), set, confluence.PageArguments{PageID: "777", Title: "x"})
	failed(t, err, base.KindInvalid, "page_id and title")
	server.Reply(func(r confluencetest.Request) bool { return strings.Contains(r.Target, "postmortem") }, confluencetest.Reply{Status: 403})
	d, err = confluence.GetServiceDocs.Call(bounded(t), set, confluence.ServiceArguments{ServiceName: "load-ingest"})
	if err != nil || len(d.Missing) != 1 {
		t.Errorf("%+v, %v", d, err)
	}
	_, err = confluence.GetServiceDocs.Call(bounded(t), set, confluence.ServiceArguments{ServiceName: "load-ingest", Category: "troubleshooting"})
	if err == nil {
		t.Error("a group that could not be asked for is given as empty")
	}
}

func TestTheOlderToolsAnswer(t *testing.T) {
	t.Parallel()
	set := tool.Set(clientOf(t, stocked(t)).Aliases())
	for name, args := range map[string]string{
		"search_docs": `{"query":"load","space":"OPS"}`, "get_page": `{"page_id":"777"}`, "get_service_docs": `{"service_name":"load-ingest"}`,
	} {
		if out, err := set.CallTool(bounded(t), name, json.RawMessage(args)); err != nil || len(out) < 5 {
			t.Errorf("%s: %s, %v", name, out, err)
		}
	}
}
