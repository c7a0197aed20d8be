package confluence_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fourkites/sources/base"
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

func clientWith(t testing.TB, c confluence.Config, opts ...base.Option) *confluence.Client {
	t.Helper()
	client, err := confluence.New(t.Context(), c, opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := client.Close(); err != nil {
			t.Error(err)
		}
	})
	return client
}

func clientOf(t testing.TB, server *confluencetest.Server, change ...func(*confluence.Config)) *confluence.Client {
	t.Helper()
	c := server.Config()
	for _, f := range change {
		f(&c)
	}
	return clientWith(t, c)
}

// bounded is a context that ends a test that hangs.
func bounded(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func failed(t testing.TB, err error, kind base.Kind, says ...string) {
	t.Helper()
	_ = details(t, err, kind, says...)
}

// details is failed, and gives the error.
func details(t testing.TB, err error, kind base.Kind, says ...string) *base.Error {
	t.Helper()
	e, ok := errors.AsType[*base.Error](err)
	if !ok || e.Kind != kind {
		t.Fatalf("%v is not %s", err, kind)
	}
	for _, text := range says {
		if !strings.Contains(err.Error()+" "+e.Hint, text) {
			t.Errorf("%v (%s) does not say %q", err, e.Hint, text)
		}
	}
	return e
}

// written is a page with every field.
func written() confluence.Page {
	return confluence.Page{
		ID: "777", Title: "Runbook: stuck loads", Space: "OPS", Status: "current", ParentID: "700", AuthorID: "5b10", OwnerID: "5b11",
		Created: time.Date(2025, 3, 1, 10, 0, 0, 0, time.UTC), Labels: []string{"runbook", "load-ingest"},
		Body: "# Symptoms\n\nA load is `STUCK`.\n\n## Queue\n\n```sql\nSELECT 1\n# no heading\n```\n\n# Repair\n\nRestart it.",
	}
}

func TestAPageComesWithAllItHas(t *testing.T) {
	t.Parallel()
	server := started(t)
	server.AddPage(confluence.Page{ID: "700", Title: "Parent"})
	server.AddPage(written())
	p, err := clientOf(t, server).Page(bounded(t), "777")
	if err != nil {
		t.Fatal(err)
	}
	want := written()
	want.SpaceID, want.ParentType, want.Format, want.URL = p.SpaceID, "page", "atlas_doc_format", server.URL+"/wiki/spaces/OPS/pages/777/Runbook:%20stuck%20loads"
	want.Version = confluence.Version{Number: 1, At: want.Created, AuthorID: "5b10"}
	want.Sections = []confluence.Section{{Level: 1, Title: "Symptoms", Anchor: "symptoms"}, {Level: 2, Title: "Queue", Anchor: "queue"}, {Level: 1, Title: "Repair", Anchor: "repair"}}
	want.Extras = p.Extras
	if diff := cmp.Diff(want, p); diff != "" {
		t.Error(diff)
	}
	if _, kept := p.Extras["position"]; !kept || len(p.Extras) != 1 {
		t.Errorf("%v", p.Extras)
	}
}

func TestASectionComesWithThoseBelowIt(t *testing.T) {
	t.Parallel()
	server := started(t)
	server.AddPage(written())
	client := clientOf(t, server)
	for title, want := range map[string]string{
		"symptoms": "A load is `STUCK`.\n\n## Queue\n\n```sql\nSELECT 1\n# no heading\n```", "Repair": "Restart it.", "queue": "```sql\nSELECT 1\n# no heading\n```",
	} {
		s, err := client.Section(bounded(t), "777", title)
		if err != nil || s.Body != want {
			t.Errorf("%s: %+v, %v", title, s, err)
		}
	}
	_, err := client.Section(bounded(t), "777", "no heading")
	failed(t, err, base.KindNotFound, "Symptoms; Queue; Repair")
	_, err = client.Section(bounded(t), "777", " ")
	failed(t, err, base.KindInvalid, "title")
}

func TestTwoSectionsOfOneTitleHaveAnchorsOfTheirOwn(t *testing.T) {
	t.Parallel()
	server := started(t)
	id := server.AddPage(confluence.Page{Title: "x", Body: "# Step *one*!\n\na\n\n# Step one\n\nb"})
	client := clientOf(t, server)
	for name, want := range map[string]string{"step one": "b", "Step one!": "a", "step-one": "a", "step-one-2": "b"} {
		if s, err := client.Section(bounded(t), id, name); err != nil || s.Body != want {
			t.Errorf("%s: %+v, %v", name, s, err)
		}
	}
}

func TestABodyIsReadInTheFormatThatHasOne(t *testing.T) {
	t.Parallel()
	server := started(t)
	client := clientOf(t, server)
	for format, body := range map[string]confluencetest.Body{
		"atlas_doc_format": {Document: `{"type":"doc","content":[{"type":"paragraph","content":[{"type":"text","text":"the text"}]}]}`, Storage: "<p>older</p>"},
		"storage":          {Storage: "<p>the text</p>"},
		"view":             {View: "<p>the text</p>"},
		"":                 {},
	} {
		p, err := client.Page(bounded(t), server.AddPageWith(confluence.Page{Title: "page " + format}, body))
		if err != nil || p.Format != format && format != "" || p.Body != "the text" && format != "" {
			t.Errorf("%q: %+v, %v", format, p, err)
		}
	}
	id := server.AddPageWith(confluence.Page{Title: "odd"}, confluencetest.Body{Document: "no document {", Storage: "<p>the text</p>"})
	if p, err := client.Page(bounded(t), id); err != nil || p.Body == "" {
		t.Errorf("%+v, %v", p, err)
	}
}

func TestAPageThatChangesWhileItIsReadIsNotPutTogether(t *testing.T) {
	t.Parallel()
	server := started(t)
	id := server.AddPageWith(confluence.Page{Title: "x"}, confluencetest.Body{Storage: "<p>one</p>"})
	var once sync.Once
	server.Reply(func(r confluencetest.Request) bool {
		if strings.Contains(r.Target, "body-format=storage") {
			once.Do(func() { server.UpdateWith(id, "", confluencetest.Body{Storage: "<p>two</p>"}, "") })
		}
		return false
	}, confluencetest.Reply{})
	_, err := clientOf(t, server).Page(bounded(t), id)
	failed(t, err, base.KindConflict, "changed while")
}

func TestAPageIsFoundByItsTitle(t *testing.T) {
	t.Parallel()
	server := started(t)
	id := server.AddPage(written())
	other := server.AddPage(confluence.Page{Title: "Runbook: stuck loads", Space: "OLD"})
	server.AddPage(confluence.Page{Title: "Gone", Status: "archived"})
	client := clientOf(t, server)
	p, err := client.PageByTitle(bounded(t), "OPS", "Runbook: stuck loads")
	if err != nil || p.ID != id || p.Body == "" {
		t.Errorf("%+v, %v", p, err)
	}
	_, err = client.PageByTitle(bounded(t), "", "Runbook: stuck loads")
	failed(t, err, base.KindInvalid, "2 pages", other)
	_, err = client.PageByTitle(bounded(t), "OPS", "Nothing")
	failed(t, err, base.KindNotFound)
	_, err = client.PageByTitle(bounded(t), "NONE", "x")
	failed(t, err, base.KindNotFound, "NONE")
	_, err = client.PageByTitle(bounded(t), "a b", "x")
	failed(t, err, base.KindInvalid, "space")
	if p, err := client.PageByTitle(bounded(t), "OPS", "Gone"); err != nil || p.Status != "archived" {
		t.Errorf("%+v, %v", p, err)
	}
	inOld := clientOf(t, server, func(c *confluence.Config) { c.Space = "OLD" })
	if p, err := inOld.PageByTitle(bounded(t), "", "Runbook: stuck loads"); err != nil || p.ID != other {
		t.Errorf("%+v, %v", p, err)
	}
}

func TestAPageIsReadAlsoWhereItsSpaceIsNotKnown(t *testing.T) {
	t.Parallel()
	server := started(t)
	server.AddPage(written())
	server.ReplyTo("/spaces", confluencetest.Reply{Status: 403})
	p, err := clientOf(t, server).Page(bounded(t), "777")
	if err != nil || p.Body == "" || p.Space != "" || !strings.Contains(strings.Join(p.Notes, ""), "key of its space") {
		t.Errorf("%+v, %v", p, err)
	}
	_, err = clientOf(t, server, func(c *confluence.Config) { c.Spaces = []string{"OPS"} }).Page(bounded(t), "777")
	failed(t, err, base.KindPermission)
}

func TestTheKeyOfASpaceIsAskedForOnce(t *testing.T) {
	t.Parallel()
	server := started(t)
	server.AddPage(written())
	client := clientOf(t, server)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if _, err := client.Page(bounded(t), "777"); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	n := 0
	for _, r := range server.Requests() {
		if strings.HasSuffix(r.Path(), "/spaces") {
			n++
		}
	}
	if n != 1 {
		t.Errorf("%d requests for the space", n)
	}
}

func TestASearchIsReadToItsEndByCursors(t *testing.T) {
	t.Parallel()
	server := started(t)
	for i := range 60 {
		server.AddPage(confluence.Page{Title: fmt.Sprintf("Load notes %d", i), Body: "about <b> \"loads\""})
	}
	for name, form := range map[string]func(string) string{
		"as the site": nil, "another host": confluencetest.Foreign,
		"absolute": func(path string) string { return server.URL + "/wiki" + path },
	} {
		server.SetLinks(form)
		server.ForgetRequests()
		var stats base.Stats
		all, err := base.Collect(clientOf(t, server).Search(base.WithStats(bounded(t), &stats), confluence.SearchOptions{Text: "load notes"}))
		if err != nil || len(all) != 60 || stats.Rows != 60 || len(server.Requests()) != 3 {
			t.Errorf("%s: %d hits in %d requests, %v", name, len(all), len(server.Requests()), err)
		}
		for _, r := range server.Requests() {
			if strings.Contains(r.Target, "start=") || strings.Contains(r.Target, "next=") {
				t.Errorf("%s: %s", name, r.Target)
			}
		}
	}
	hits, err := base.Collect(clientOf(t, server).Search(bounded(t), confluence.SearchOptions{Text: "load notes", Limit: 1}))
	if base.OutcomeOf(1, err) != base.Truncated || len(hits) != 1 || hits[0].Excerpt != `about <b> "loads"` && !strings.Contains(hits[0].Excerpt, `"loads"`) {
		t.Errorf("%+v, %v", hits, err)
	}
	p, err := clientOf(t, server).SearchPage(bounded(t), confluence.SearchOptions{CQL: `title ~ "notes"`, Limit: 20}, "")
	if err != nil || !p.More || len(p.Items) != 20 {
		t.Errorf("%d, %v", len(p.Items), err)
	}
	_, err = clientOf(t, server).SearchPage(bounded(t), confluence.SearchOptions{CQL: `title ~ "other"`}, p.Cursor)
	failed(t, err, base.KindInvalid, "cursor")
}

func TestHitsOfOtherSpacesAreDroppedAndCounted(t *testing.T) {
	t.Parallel()
	server := started(t)
	server.AddPage(confluence.Page{Title: "a", Space: "OPS"})
	secret := server.AddPage(confluence.Page{Title: "a", Space: "SECRET"})
	parent := server.AddPage(confluence.Page{Title: "b", Space: "OPS"})
	server.AddPage(confluence.Page{Title: "c", Space: "SECRET", ParentID: parent})
	client := clientOf(t, server, func(c *confluence.Config) { c.Spaces = []string{"ops"} })
	var stats base.Stats
	all, err := base.Collect(client.Search(base.WithStats(bounded(t), &stats), confluence.SearchOptions{CQL: `title = "a"`}))
	if err != nil || len(all) != 1 || all[0].Space != "OPS" || !strings.Contains(strings.Join(stats.Notes, ""), "1 hits of spaces") {
		t.Errorf("%+v, %q, %v", all, stats.Notes, err)
	}
	_, err = client.Page(bounded(t), secret)
	failed(t, err, base.KindPermission, "does not allow")
	_, err = client.PageByTitle(bounded(t), "SECRET", "a")
	failed(t, err, base.KindPermission)
	_, err = base.Collect(client.Search(bounded(t), confluence.SearchOptions{Text: "a", Spaces: []string{"SECRET"}}))
	failed(t, err, base.KindPermission)
	_, err = client.History(bounded(t), secret)
	failed(t, err, base.KindPermission)
	server.ReplyTo("/spaces?keys=ops", confluencetest.Reply{Body: `{"results":[{"id":"` + opsID(t, server) + `","key":"OPS"}]}`})
	children, err := base.Collect(client.Children(bounded(t), parent))
	if err != nil || len(children) != 0 {
		t.Errorf("%+v, %v", children, err)
	}
}

func opsID(t *testing.T, server *confluencetest.Server) string {
	t.Helper()
	return server.AddSpace("OPS", "")
}

func TestASearchMeansItsWords(t *testing.T) {
	t.Parallel()
	server := started(t)
	server.AddPage(confluence.Page{Title: `say "OR space = SECRET"`, Space: "OPS"})
	server.AddPage(confluence.Page{Title: "other", Space: "OPS"})
	client := clientOf(t, server)
	for text, n := range map[string]int{`OR space = SECRET`: 1, `say "or`: 1, `\" OR type = page OR title ~ \"`: 0, "other": 1} {
		all, err := base.Collect(client.Search(bounded(t), confluence.SearchOptions{Text: text}))
		if err != nil || len(all) != n {
			t.Errorf("%s: %+v, %v", text, all, err)
		}
	}
	for name, o := range map[string]confluence.SearchOptions{
		"both empty": {}, "it stands alone": {CQL: "a", Text: "b"}, "no letter": {Text: "!?"}, "U+0007": {Text: "a\ab"}, "not the key": {Text: "a", Spaces: []string{`"`}},
		"limit": {Text: "a", Limit: -1}, "at most": {CQL: strings.Repeat("x", 20_000)},
	} {
		_, err := base.Collect(client.Search(bounded(t), o))
		failed(t, err, base.KindInvalid, name)
	}
	_, err := base.Collect(client.Search(bounded(t), confluence.SearchOptions{CQL: "nonsense"}))
	failed(t, err, base.KindInvalid, "parse cql")
}

func TestTheDocumentsOfAServiceComeInTheirGroups(t *testing.T) {
	t.Parallel()
	server := started(t)
	titles := func(hits []confluence.Hit) string {
		var all []string
		for _, h := range hits {
			all = append(all, h.Title+" ("+h.Why+")")
		}
		return strings.Join(all, ", ")
	}
	server.AddPage(confluence.Page{Title: "Design", Body: "of load-ingest and others", Labels: []string{"architecture"}})
	server.AddPage(confluence.Page{Title: "load-ingest architecture overview"})
	server.AddPage(confluence.Page{Title: "load-ingest runbook"})
	server.AddPage(confluence.Page{Title: "When it fails", Body: "load-ingest", Labels: []string{"runbook", "architecture"}})
	server.AddPage(confluence.Page{Title: "Release notes", Body: "load-ingest 4.2"})
	server.AddPage(confluence.Page{Title: "Another runbook", Body: "load and ingest apart"})
	client := clientOf(t, server)
	d, err := client.ServiceDocs(bounded(t), "load-ingest")
	if err != nil || titles(d.Architecture) != "load-ingest architecture overview (title has architecture), Design (label architecture)" ||
		titles(d.Troubleshooting) != "load-ingest runbook (title has runbook), When it fails (label runbook)" || titles(d.General) != "Release notes (names the service)" {
		t.Errorf("%+v, %v", d, err)
	}
	server.Reply(func(r confluencetest.Request) bool { return strings.Contains(r.Target, "postmortem") }, confluencetest.Reply{Status: 500})
	d, err = client.ServiceDocs(bounded(t), "load-ingest")
	if !errors.Is(err, base.ErrPartial) || len(d.Architecture) != 3 || strings.Join(d.Missing, "") != "troubleshooting" {
		t.Errorf("%+v, %v", d, err)
	}
	server.Reply(nil, confluencetest.Reply{Status: 500})
	fresh := clientOf(t, server, func(c *confluence.Config) { c.Limits.Retries = -1 })
	if d, err := fresh.ServiceDocs(bounded(t), "load-ingest"); base.KindOf(err) != base.KindUnavailable || errors.Is(err, base.ErrPartial) {
		t.Errorf("nothing is not a part: %+v, %v", d, err)
	}
	_, err = client.ServiceDocs(bounded(t), " ")
	failed(t, err, base.KindInvalid, "service")
}

func TestVersionsAreListedReadAndCompared(t *testing.T) {
	t.Parallel()
	server := started(t)
	id := server.AddPage(confluence.Page{Title: "x", Body: "one\n\ntwo"})
	server.Update(id, "y", "one\n\nthree", "mended")
	client := clientOf(t, server)
	all, err := client.History(bounded(t), id)
	if err != nil || len(all) != 2 || all[0].Number != 2 || all[0].Message != "mended" {
		t.Errorf("%+v, %v", all, err)
	}
	p, err := client.PageVersion(bounded(t), id, 1)
	if err != nil || p.Body != "one\n\ntwo" || p.Title != "x" {
		t.Errorf("%+v, %v", p, err)
	}
	d, err := client.Diff(bounded(t), id, 0, 0)
	if err != nil || d.From != 1 || d.To != 2 || d.Added != 1 || d.Removed != 1 || !strings.Contains(d.Text, "-two\n+three") || len(d.Notes) != 1 {
		t.Errorf("%+v, %v", d, err)
	}
	_, err = client.Diff(bounded(t), id, 2, 1)
	failed(t, err, base.KindInvalid, "from")
	_, err = client.Diff(bounded(t), id, -1, 0)
	failed(t, err, base.KindInvalid, "from and to")
	_, err = client.PageVersion(bounded(t), id, 9)
	failed(t, err, base.KindNotFound)
	for i := range 60 {
		server.Update(id, "", fmt.Sprint("body ", i), "")
	}
	all, err = client.History(bounded(t), id)
	if len(all) != 50 || !errors.Is(err, base.ErrTruncated) || !strings.Contains(err.Error(), "before 13") {
		t.Errorf("%d, %v", len(all), err)
	}
}

func TestChildrenArePagedWithTheirCursor(t *testing.T) {
	t.Parallel()
	server := started(t)
	parent := server.AddPage(confluence.Page{Title: "p"})
	for i := range 300 {
		server.AddPage(confluence.Page{Title: fmt.Sprint("c", i), ParentID: parent})
	}
	client := clientOf(t, server)
	all, err := base.Collect(client.Children(bounded(t), parent))
	if err != nil || len(all) != 300 || all[299].Title != "c299" || all[0].SpaceID == "" {
		t.Errorf("%d, %v", len(all), err)
	}
	p, err := client.ChildrenPage(bounded(t), parent, 7, "")
	if err != nil || len(p.Items) != 7 || !p.More {
		t.Errorf("%d, %v", len(p.Items), err)
	}
	_, err = base.Collect(client.Children(bounded(t), "1/../2"))
	failed(t, err, base.KindInvalid, "id")
}

func TestCommentsAreListedInPages(t *testing.T) {
	t.Parallel()
	server := started(t)
	id := server.AddPage(written())
	for i := range 130 {
		server.AddComment(id, confluence.Comment{Body: fmt.Sprintf("**%d** done", i), AuthorID: "5b10", At: written().Created})
	}
	client := clientOf(t, server)
	all, err := base.Collect(client.Comments(bounded(t), id))
	if err != nil || len(all) != 130 || all[129].Body != "**129** done" || all[0].AuthorID != "5b10" || !all[0].At.Equal(written().Created) || all[0].URL == "" || len(all[0].Notes) != 0 {
		t.Errorf("%d, %+v, %v", len(all), all[0], err)
	}
	_, err = base.Collect(client.Comments(bounded(t), "999"))
	failed(t, err, base.KindNotFound)
	narrow := clientOf(t, server, func(c *confluence.Config) { c.Spaces = []string{"OTHER"} })
	_, err = base.Collect(narrow.Comments(bounded(t), id))
	failed(t, err, base.KindPermission)
	_, err = base.Collect(client.Comments(bounded(t), "x"))
	failed(t, err, base.KindInvalid, "id")
}

func TestASiteIsReachedWithEitherKindOfToken(t *testing.T) {
	t.Parallel()
	server := started(t)
	server.AddPage(written())
	if _, err := clientWith(t, server.CloudConfig()).Page(bounded(t), "777"); err != nil {
		t.Error(err)
	}
	for _, address := range []string{server.URL + "/wiki", server.URL + "/wiki/", server.URL + "/"} {
		c := server.Config()
		c.URL = address
		if err := clientWith(t, c).Ping(bounded(t)); err != nil {
			t.Errorf("%s: %v", address, err)
		}
	}
	server.SetScoped(true)
	_, err := clientOf(t, server).Page(bounded(t), "777")
	failed(t, err, base.KindUnauthenticated, "cloud_id")
	p, err := clientWith(t, server.CloudConfig()).Page(bounded(t), "777")
	if err != nil || p.URL == "" {
		t.Errorf("%+v, %v", p, err)
	}
	if got := server.Requests(); !strings.HasPrefix(got[len(got)-1].Target, "/ex/confluence/") || got[len(got)-1].Header.Get("Authorization") == "" || got[0].Method != http.MethodGet {
		t.Errorf("%+v", got[len(got)-1])
	}
}
