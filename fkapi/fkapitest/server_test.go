package fkapitest_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fourkites/sources/base/fault"
	"github.com/fourkites/sources/base/sign"
	"github.com/fourkites/sources/fkapi"
	"github.com/fourkites/sources/fkapi/fkapitest"
)

// ask sends one request, signed with the key; an empty key is no signature.
func ask(t *testing.T, server *fkapitest.Server, key, method, target, body string) (int, string, *http.Request) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, server.URL+target, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if key != "" {
		signer, err := sign.New(sign.Config{AppID: fkapitest.AppID, Secret: func(context.Context) ([]byte, error) { return []byte(key), nil }})
		if err != nil {
			t.Fatal(err)
		}
		if err := signer.Sign(req, []byte(body)); err != nil {
			t.Fatal(err)
		}
	}
	return send(t, req)
}

func send(t *testing.T, req *http.Request) (int, string, *http.Request) {
	t.Helper()
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		return 0, err.Error(), req
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(text), req
}

func TestServerRefusesWhatIsNotSignedByAKnownKey(t *testing.T) {
	t.Parallel()
	server := fkapitest.NewServer()
	defer server.Close()
	server.SetKeys("old", "new")
	for key, want := range map[string]int{"old": 200, "new": 200, "other": 401, "": 401} {
		if status, body, _ := ask(t, server, key, "GET", "/api/v1/tracking?tracking_ids=1", ""); status != want {
			t.Errorf("key %q: %d %s", key, status, body)
		}
	}
	server.SetKeys("new")
	if status, _, _ := ask(t, server, "old", "GET", "/api/v1/tracking?tracking_ids=1", ""); status != 401 {
		t.Errorf("the old key after the rotation: %d", status)
	}
}

func TestServerRefusesAReplayedWriteAndKeepsALedger(t *testing.T) {
	t.Parallel()
	server := fkapitest.NewServer()
	defer server.Close()
	server.ReplyTo("/api/v1/loads", fkapitest.Reply{Status: 201, Body: `{}`}, fkapitest.Reply{Status: 201, Body: `{}`})
	status, _, req := ask(t, server, fkapitest.Secret, "POST", "/api/v1/loads", `{"n":1}`)
	if status != 201 {
		t.Fatal(status)
	}
	req.Body = io.NopCloser(strings.NewReader(`{"n":1}`))
	if status, _, _ := send(t, req.Clone(t.Context())); status != 401 {
		t.Errorf("a replay: %d", status)
	}
	server.Fail(fault.Reset(), 1)
	if status, _, _ := ask(t, server, fkapitest.Secret, "POST", "/api/v1/loads", `{"n":2}`); status != 0 {
		t.Errorf("the answer was not lost: %d", status)
	}
	want := []fkapitest.Effect{{Method: "POST", Target: "/api/v1/loads", Body: `{"n":1}`}, {Method: "POST", Target: "/api/v1/loads", Body: `{"n":2}`}}
	if diff := cmp.Diff(want, server.Ledger()); diff != "" {
		t.Error(diff)
	}
}

func TestServerKeepsIdentifiersOfRelationshipsInTheServicesForm(t *testing.T) {
	t.Parallel()
	server := fkapitest.NewServer()
	defer server.Close()
	server.AddRelationship("acme", fkapi.Relationship{ID: "1", SuperFiles: []fkapi.SuperFile{{ID: "2", Identifiers: []fkapi.Identifier{{Position: 3, Key: "pro"}}}}})
	_, body, _ := ask(t, server, fkapitest.Secret, "GET", "/api/v1/companies/acme/relationships?page=1&per_page=50", "")
	if !strings.Contains(body, `"identifier3":{"key":"pro"`) {
		t.Error(body)
	}
	client, err := fkapi.NewCompany(t.Context(), server.Config())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = client.Close() }()
	for r, err := range client.Relationships(t.Context(), fkapi.RelationshipsOptions{Company: "acme"}) {
		if err != nil || len(r.SuperFiles) != 1 || r.SuperFiles[0].Identifiers[0].Position != 3 {
			t.Errorf("%+v, %v", r, err)
		}
	}
}

func TestServerClosesTwiceAndEndsWhatHangs(t *testing.T) {
	t.Parallel()
	server := fkapitest.NewServer()
	server.Fail(fault.Silent(), 1)
	done := make(chan int)
	go func() {
		status, _, _ := ask(t, server, fkapitest.Secret, "GET", "/api/v1/tracking", "")
		done <- status
	}()
	tick, deadline := time.NewTicker(time.Millisecond), time.After(5*time.Second)
	defer tick.Stop()
	for server.Running() == 0 {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatal("the request never came")
		}
	}
	server.Close()
	server.Close()
	if status := <-done; status != 0 {
		t.Errorf("answered %d", status)
	}
}

func TestServerForgetsRequestsAndCountsConnections(t *testing.T) {
	t.Parallel()
	server := fkapitest.NewServer()
	defer server.Close()
	if err := server.Err(); err != nil {
		t.Fatal(err)
	}
	_, _, _ = ask(t, server, fkapitest.Secret, "GET", "/api/v1/tracking", "")
	if open, total := server.Connections(); len(server.Requests()) != 1 || total != 1 || open > 1 {
		t.Errorf("%d requests, %d open of %d connections", len(server.Requests()), open, total)
	}
	server.ForgetRequests()
	server.DropConnections()
	if open, total := server.Connections(); len(server.Requests()) != 0 || total != 1 || open != 0 {
		t.Errorf("%d requests, %d open of %d connections", len(server.Requests()), open, total)
	}
}

func TestAServerThatCannotStartSaysSoAndCloses(t *testing.T) {
	t.Parallel()
	server := fkapitest.NewServer(fkapitest.WithScheme("no such scheme"))
	if server.Err() == nil {
		t.Error("no error")
	}
	server.DropConnections()
	_, _ = server.Connections()
	_ = server.Config()
	server.Close()
	server.Close()
}

func TestRepliesTakeTurnsAndTheLastStays(t *testing.T) {
	t.Parallel()
	server := fkapitest.NewServer()
	defer server.Close()
	body := func(text string) fkapitest.Reply { return fkapitest.Reply{Body: text} }
	server.Reply(func(r fkapitest.Request) bool { return r.Path() == "/api/v1/tracking" }, body("path"))
	server.ReplyTo("tracking_ids=7", body("1"), fkapitest.Reply{Status: 503, Body: "busy", Times: 2}, body("3"))
	ask := func(id string) string {
		_, text, _ := ask(t, server, fkapitest.Secret, "GET", "/api/v1/tracking?tracking_ids="+id, "")
		return text
	}
	for i, want := range []string{"1", "busy", "busy", "3", "3"} {
		if got := ask("7"); got != want {
			t.Errorf("answer %d: %q, want %q", i+1, got, want)
		}
	}
	if got := ask("8"); got != "path" {
		t.Errorf("%q", got)
	}
	server.ClearReplies()
	if got := ask("8"); got == "path" {
		t.Error("a reply was given after ClearReplies")
	}
}
