package confluence_test

import (
	"net/http"
	"os"
	"testing"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/confluence"
	"github.com/fourkites/sources/confluence/confluencetest"
	"github.com/fourkites/sources/internal/contract"
)

func TestContractRequestsAndAnswersAreThoseOfTheDocuments(t *testing.T) {
	t.Parallel()
	older, newer := contract.Open(t, "confluence-v1", ""), contract.Open(t, "confluence-v2", "/wiki/api/v2")
	server := started(t)
	server.AddPage(confluence.Page{ID: "700", Title: "Parent", AuthorID: "a"})
	server.AddPage(written())
	server.AddPageWith(confluence.Page{ID: "778", Title: "Older", AuthorID: "a"}, confluencetest.Body{View: "<p>view</p>"})
	server.Update("777", "", "another text", "why")
	inside := func(*http.Request) string { return "" }
	client := clientWith(t, server.Config(), base.WithTransport(contract.Watch(t, http.DefaultTransport, asTheSite, inside, newer, older)))
	ctx := bounded(t)
	check := func(what string, err error) {
		if err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
	check("Ping", client.Ping(ctx))
	for _, id := range []string{"777", "778"} {
		_, err := client.Page(ctx, id)
		check("Page", err)
	}
	_, err := client.PageByTitle(ctx, "OPS", "Parent")
	check("PageByTitle", err)
	_, err = base.Collect(client.Search(ctx, confluence.SearchOptions{Text: "text"}))
	check("Search", err)
	first, err := client.SearchPage(ctx, confluence.SearchOptions{CQL: "type = page", Limit: 1}, "")
	check("SearchPage", err)
	_, err = client.SearchPage(ctx, confluence.SearchOptions{CQL: "type = page", Limit: 1}, first.Cursor)
	check("the next page", err)
	_, err = client.ServiceDocs(ctx, "load-ingest")
	check("ServiceDocs", err)
	_, err = base.Collect(client.Children(ctx, "700"))
	check("Children", err)
	server.AddComment("777", confluence.Comment{Body: "seen", AuthorID: "a", At: written().Created})
	_, err = base.Collect(client.Comments(ctx, "777"))
	check("Comments", err)
	_, err = client.History(ctx, "777")
	check("History", err)
	_, err = client.Diff(ctx, "777", 1, 2)
	check("Diff", err)
	if _, err := client.Page(ctx, "999"); base.KindOf(err) != base.KindNotFound {
		t.Error(err)
	}
	for _, d := range []*contract.Document{older, newer} {
		for operation, n := range d.Seen() {
			t.Logf("%3d %s", n, operation)
		}
	}
	if len(older.Seen()) < 2 || len(newer.Seen()) < 4 {
		t.Errorf("only %d and %d operations were asked for", len(older.Seen()), len(newer.Seen()))
	}
}

// asTheSite are the rules of the documents that the site itself breaks: what is empty is null, the kind of a parent too.
var asTheSite = []string{"nullable", "enum"}

func TestContractRecordedPagesAreReadWithoutLoss(t *testing.T) {
	t.Parallel()
	path := contract.Recorded(t, "confluence", "md2conf", "target", "code.xml")
	page, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	server := started(t)
	id := server.AddPageWith(confluence.Page{Title: "recorded"}, confluencetest.Body{Storage: string(page)})
	p, err := clientOf(t, server).Page(bounded(t), id)
	if err != nil || p.Format != "storage" || len(p.Body) < 100 || len(p.Notes) > 0 {
		t.Errorf("%+v, %v", p, err)
	}
}
