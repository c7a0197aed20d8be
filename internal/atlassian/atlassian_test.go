package atlassian_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/secret"
	"github.com/fourkites/sources/internal/atlassian"
	"github.com/fourkites/sources/internal/login"
	"github.com/fourkites/sources/internal/rest"
)

func TestASiteIsReachedDirectlyOrByItsCloudID(t *testing.T) {
	t.Parallel()
	for _, test := range [][5]string{
		{"jira", "https://acme.example.com/", "", "", "https://acme.example.com"},
		{"confluence", "https://acme.example.com", "c-1", "", "https://api.atlassian.com/ex/confluence/c-1"},
		{"jira", "", "c-1", "http://127.0.0.1:1/", "http://127.0.0.1:1/ex/jira/c-1"},
	} {
		if got := atlassian.BaseURL(test[0], test[1], test[2], test[3]); got != test[4] {
			t.Errorf("%v: %s", test, got)
		}
	}
	for id, ok := range map[string]bool{"": true, "11223344-a1b2-3b33": true, "../x": false, "a/b": false, "a b": false} {
		if err := atlassian.CheckCloudID(id); (err == nil) != ok {
			t.Errorf("%q: %v", id, err)
		}
	}
}

func TestAnAccountShowsItsTokenAsItsKindWants(t *testing.T) {
	t.Parallel()
	for email, want := range map[string]string{"me@example.com": "Basic bWVAZXhhbXBsZS5jb206dG9rZW4tMQ==", "": "Bearer token-1"} {
		a, err := atlassian.NewAccount(t.Context(), email, secret.Literal("token-1"), nil)
		if err != nil {
			t.Fatal(err)
		}
		ctx := login.Noting(t.Context())
		r, _ := http.NewRequestWithContext(ctx, http.MethodGet, "https://acme.example.com", nil)
		if err := a.Sign(r, nil); err != nil || r.Header.Get("Authorization") != want {
			t.Errorf("%q, %v", r.Header.Get("Authorization"), err)
		}
		_, shown, _ := strings.Cut(want, " ")
		if all := strings.Join(a.Secrets(), " "); !strings.Contains(all, "token-1") || !strings.Contains(all, shown) {
			t.Errorf("what was shown is not remembered: %d texts", len(a.Secrets()))
		}
		if err := a.Refused(ctx); err == nil {
			t.Error("a literal that was refused is shown again")
		}
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	}
}

func refusal(status int, body string, header ...string) rest.Response {
	h := http.Header{}
	for i := 0; i+1 < len(header); i += 2 {
		h.Set(header[i], header[i+1])
	}
	return rest.Response{Status: status, Header: h, Body: []byte(body)}
}

func TestARefusalIsTakenApartInEveryForm(t *testing.T) {
	t.Parallel()
	clean := func(text string) string { return strings.ReplaceAll(text, "token-1", "[redacted]") }
	for _, test := range []struct {
		r    rest.Response
		text string
		kind base.Kind
	}{
		{refusal(410, `{"errorMessages":["removed"],"errors":{}}`), "HTTP 410: removed", base.KindNotFound},
		{refusal(400, `{"errorMessages":[],"errors":{"jql":"no token-1","a":"b"}}`), "HTTP 400: a: b; jql: no [redacted]", base.KindInvalid},
		{refusal(400, `{"errors":[{"status":400,"code":"INVALID_REQUEST_PARAMETER","title":"Bad cursor.","detail":"Ask again."}]}`), "HTTP 400: Bad cursor. Ask again.", base.KindInvalid},
		{refusal(404, `{"statusCode":404,"message":"No content"}`), "HTTP 404: No content", base.KindNotFound},
		{refusal(404, `<html>`, "Content-Type", "text/html; charset=utf-8"), "HTTP 404", base.KindInvalid},
		{refusal(403, ``), "HTTP 403", base.KindPermission},
		{refusal(401, "no\x1b[2J", "Content-Type", "text/plain"), "HTTP 401: no [2J", base.KindUnauthenticated},
		{refusal(429, ``, "RateLimit-Reason", "jira-burst-based"), "HTTP 429: jira-burst-based", base.KindThrottled},
		{refusal(429, ``, "RateLimit-Reason", "jira-quota-global-based"), "HTTP 429: jira-quota-global-based", base.KindQuotaExceeded},
		{refusal(503, ``), "HTTP 503", base.KindUnavailable},
	} {
		said := atlassian.ReadRefusal(test.r, clean)
		e := atlassian.Judge(test.r, said, said, false)
		if said.Error() != test.text || e == nil || e.Kind != test.kind {
			t.Errorf("%d %s: %q, %v", test.r.Status, test.r.Body, said.Error(), e)
		}
	}
	if e := atlassian.Judge(refusal(303, ""), atlassian.Refusal{}, nil, false); e != nil {
		t.Errorf("a redirect is judged: %v", e)
	}
}
