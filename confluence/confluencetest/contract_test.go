package confluencetest_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/fourkites/sources/base/fault"
	"github.com/fourkites/sources/confluence"
	"github.com/fourkites/sources/confluence/confluencetest"
	"github.com/fourkites/sources/internal/contract"
)

// full is a site in which nothing is empty that can be filled.
func full(t testing.TB) *confluencetest.Server {
	server := started(t)
	at := time.Date(2025, 3, 1, 9, 0, 0, 0, time.UTC)
	server.AddPage(confluence.Page{ID: "700", Title: "Parent", AuthorID: "a", OwnerID: "b", ParentID: "600", Labels: []string{"runbook"}, Created: at})
	server.AddPageWith(confluence.Page{ID: "777", Title: "Child", AuthorID: "a", OwnerID: "b", ParentID: "700", Labels: []string{"x", "y"}},
		confluencetest.Body{Document: `{"type":"doc","version":1,"content":[]}`, Storage: "<p>text</p>", View: "<p>text</p>"})
	server.Update("777", "", "another text", "why")
	server.AddComment("777", confluence.Comment{Body: "seen", AuthorID: "a", At: at}, confluence.Comment{Body: "done", AuthorID: "a", At: at})
	server.AddAttachment("777", confluencetest.Attachment{Title: "a.png", MediaType: "image/png"}, confluencetest.Attachment{Title: "b"})
	return server
}

func TestContractEveryAnswerIsOneOfTheDocuments(t *testing.T) {
	t.Parallel()
	older, newer := contract.Open(t, "confluence-v1", ""), contract.Open(t, "confluence-v2", "/wiki/api/v2")
	server := full(t)
	for _, target := range []string{
		"/rest/api/user/current", "/rest/api/search?cql=type=page&limit=1", "/rest/api/search?cql=text~text&expand=content.space,content.metadata.labels",
		"/rest/api/content/search?cql=type=page&limit=1", "/rest/api/content/search?cql=text~text&expand=space,metadata.labels", "/rest/api/search?cql=colour=red",
		"/api/v2/pages", "/api/v2/pages?limit=1&body-format=storage", "/api/v2/pages?title=Child&space-id=1001&id=777&status=current&body-format=atlas_doc_format",
		"/api/v2/pages/777", "/api/v2/pages/777?body-format=view&version=1", "/api/v2/pages/777?body-format=atlas_doc_format&include-versions=true&include-labels=true",
		"/api/v2/spaces", "/api/v2/spaces?keys=OPS", "/api/v2/spaces/1001/pages?limit=1", "/api/v2/pages/777/labels?limit=1", "/api/v2/pages/700/children",
		"/api/v2/pages/777/footer-comments?limit=1&body-format=storage", "/api/v2/pages/777/attachments?limit=1", "/api/v2/pages/404", "/api/v2/pages/404/labels",
	} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+"/wiki"+target, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.SetBasicAuth(confluencetest.Email, confluencetest.Token)
		client := http.Client{Transport: contract.Watch(t, http.DefaultTransport, unlike(target), nil, older, newer)}
		resp, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		good := !strings.Contains(target, "404") && !strings.Contains(target, "colour")
		if err != nil || (resp.StatusCode == http.StatusOK) != good || good && len(body) < 50 {
			t.Errorf("%s: %d, %v", target, resp.StatusCode, err)
		}
	}
	for _, d := range []*contract.Document{older, newer} {
		for operation, n := range d.Seen() {
			t.Logf("%3d %s", n, operation)
		}
	}
	if len(older.Seen()) != 3 || len(newer.Seen()) != 8 {
		t.Errorf("%d of 3 and %d of 8 operations were asked for", len(older.Seen()), len(newer.Seen()))
	}
}

// unlike are the rules that the site itself breaks in the answer to a target.
func unlike(target string) []string {
	if strings.Contains(target, "/attachments") { // the description of a media type may be null
		return []string{"nullable"}
	}
	return nil
}

func TestRefusalsHaveTheFormOfTheirAPI(t *testing.T) {
	t.Parallel()
	server := full(t)
	var older struct {
		StatusCode int
		Message    string
	}
	var newer struct {
		Errors []struct {
			Status      int
			Code, Title string
			Detail      *string
		}
	}
	if status, _, body := ask(t, server, "/wiki/rest/api/search?cql=colour=red"); json.Unmarshal([]byte(body), &older) != nil ||
		status != 400 || older.StatusCode != 400 || !strings.Contains(older.Message, "colour") {
		t.Errorf("%d %s", status, body)
	}
	if status, _, body := ask(t, server, "/wiki/api/v2/pages?limit=0"); json.Unmarshal([]byte(body), &newer) != nil || status != 400 ||
		len(newer.Errors) != 1 || newer.Errors[0].Status != 400 || newer.Errors[0].Code != "INVALID_REQUEST_PARAMETER" || newer.Errors[0].Title == "" {
		t.Errorf("%d %s", status, body)
	}
}

func TestEveryKindOfFaultStrikesAsOftenAsItIsTold(t *testing.T) {
	t.Parallel()
	server := full(t)
	server.Fail(fault.Status(429, "Retry-After", "2", "X-RateLimit-Remaining", "0"), 2)
	for range 2 {
		if status, header, _ := ask(t, server, "/wiki/api/v2/pages"); status != 429 || header.Get("Retry-After") != "2" || header.Get("X-RateLimit-Remaining") != "0" {
			t.Errorf("%d %v", status, header)
		}
	}
	if status, _, body := ask(t, server, "/wiki/api/v2/pages"); status != 200 {
		t.Errorf("after the fault: %d %s", status, body)
	}
	server.Fail(fault.Fault{Kind: fault.KindWrongPassword}, -1)
	if status, _, _ := ask(t, server, "/wiki/api/v2/pages"); status != 401 {
		t.Errorf("a wrong password: %d", status)
	}
	server.ClearFaults()
	if status, _, _ := ask(t, server, "/wiki/api/v2/pages"); status != 200 {
		t.Errorf("after all faults: %d", status)
	}
}

func TestTheGatewayTakesABearerTokenAndTheSiteOneWithoutScopes(t *testing.T) {
	t.Parallel()
	server := full(t)
	bearer := func(target string) int {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+target, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+confluencetest.Token)
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		return resp.StatusCode
	}
	server.SetScoped(true)
	behind := "/ex/confluence/" + confluencetest.CloudID
	if site, gateway := bearer("/wiki/api/v2/pages/777"), bearer(behind+"/wiki/api/v2/pages/777"); site != 401 || gateway != 200 {
		t.Errorf("the site %d, the gateway %d", site, gateway)
	}
	if other := bearer("/ex/confluence/another/wiki/api/v2/pages/777"); other == 200 {
		t.Error("the gateway knows another site")
	}
	next := listed(t, server, behind+"/wiki/api/v2/pages?limit=1").Links.Next
	if !strings.HasPrefix(next, "/wiki/api/v2/pages?") {
		t.Errorf("the link to the next page has the prefix of the gateway: %s", next)
	}
}

func TestAWriteIsWrittenDownAndRefused(t *testing.T) {
	t.Parallel()
	server := full(t)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL+"/wiki/api/v2/pages", strings.NewReader(`{"title":"new"}`))
	if err != nil {
		t.Fatal(err)
	}
	r.SetBasicAuth(confluencetest.Email, confluencetest.Token)
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	_, _, _ = ask(t, server, "/wiki/api/v2/pages/777")
	all := server.Ledger()
	if resp.StatusCode != 405 || len(all) != 1 || all[0].Method != "POST" || all[0].Body != `{"title":"new"}` {
		t.Errorf("%d %+v", resp.StatusCode, all)
	}
	server.ForgetRequests()
	if len(server.Requests()) != 0 || len(server.Ledger()) != 1 {
		t.Error("the ledger was forgotten with the requests")
	}
}
