package base_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fourkites/sources/base"
)

func ask(t *testing.T, h http.Handler, method, path string, accept ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, path, http.NoBody)
	for _, value := range accept {
		r.Header.Add("Accept", value)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestStatusAsJSON(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		limits := noBreaker(base.Limits{Concurrency: 2, MaxWaiting: 3})
		sick := newClient(t, "jira", limits, sick)
		m := base.NewMonitor(base.MonitorConfig{}, base.Watch{Client: newClient(t, "graph", limits, well)}, base.Watch{Client: sick, Optional: true})
		defer func() { _ = m.Close() }()
		time.Sleep(time.Second)
		_, _ = base.Do(t.Context(), sick.Guard, read, func(context.Context) (int, error) { time.Sleep(time.Second); return 0, nil })
		_, _ = base.Do(t.Context(), sick.Guard, read, fails(unavailable()))
		time.Sleep(time.Second)
		w := ask(t, base.StatusHandler(m), http.MethodGet, "/status.json")
		want := `{"at":"2000-01-01T00:00:03Z","state":"unproven","verdict":"Ready: 0 of 2. graph is unproven, jira (optional) is degraded.","sources":[` +
			`{"source":"graph","state":"unproven","reason":"no call has told anything yet","breaker":"closed","activity":{"since_ns":3000000000,` +
			`"permits_used":0,"permits":2,"waiting":0,"most_waiting":3,"retry_budget":{"tokens":10,"most":10},"calls":0,"running":0,"failed":0,"unsent":0,"attempts":0,"retries":0}},` +
			`{"source":"jira","state":"degraded","optional":true,"reason":"the last call failed: unavailable","kind":"unavailable","since_ready_ns":2000000000,"since_failed_ns":1000000000,` +
			`"breaker":"closed","activity":{"since_ns":3000000000,` +
			`"permits_used":0,"permits":2,"waiting":0,"most_waiting":3,"retry_budget":{"tokens":10,"most":10},"calls":2,"running":0,"failed":1,"unsent":0,"attempts":2,"retries":0,` +
			`"latency":{"p50_ns":1000000000,"p95_ns":1000000000,"p99_ns":1000000000,"max_ns":1000000000,"measured":1,"window_ns":3000000000},` +
			`"failures":[{"kind":"unavailable","op":"Read","calls":1,"retried":0,"age_ns":1000000000,"sent":"maybe sent","attempts":1}]}}]}` + "\n"
		if diff := cmp.Diff(want, w.Body.String()); diff != "" || w.Code != http.StatusOK {
			t.Errorf("%d %s", w.Code, diff)
		}
	})
}

func TestStatusIsServedToReadersAlone(t *testing.T) {
	t.Parallel()
	h := base.StatusHandler(base.NewMonitor(base.MonitorConfig{}))
	const browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
	for _, c := range []struct {
		method, path, accept string
		status               int
		kind                 string
	}{
		{http.MethodGet, "/", browser, 200, "text/html; charset=utf-8"},
		{http.MethodGet, "/", "*/*", 200, "text/html; charset=utf-8"},
		{http.MethodGet, "/", "", 200, "text/html; charset=utf-8"},
		{http.MethodGet, "/", "application/json", 200, "application/json"},
		{http.MethodGet, "/", "text/html;q=0.2, application/json;q=0.9", 200, "application/json"},
		{http.MethodGet, "/", "text/html, application/json", 200, "text/html; charset=utf-8"},
		{http.MethodGet, "/", "application/json;q=0", 200, "text/html; charset=utf-8"},
		{http.MethodGet, "/", "application/json;q=NaN, ;;, \x00", 200, "text/html; charset=utf-8"},
		{http.MethodHead, "/", browser, 200, "text/html; charset=utf-8"},
		{http.MethodGet, "/status.json", browser, 200, "application/json"},
		{http.MethodHead, "/status.json", "", 200, "application/json"},
		{http.MethodPost, "/", browser, 405, "text/plain; charset=utf-8"},
		{http.MethodDelete, "/status.json", "", 405, "text/plain; charset=utf-8"},
		{http.MethodGet, "/status.js", "", 404, "text/plain; charset=utf-8"},
		{http.MethodGet, "/page/status.html", "", 404, "text/plain; charset=utf-8"},
	} {
		w := ask(t, h, c.method, c.path, c.accept)
		if got := w.Header().Get("Content-Type"); w.Code != c.status || got != c.kind {
			t.Errorf("%s %s, Accept %q: %d %s, want %d %s", c.method, c.path, c.accept, w.Code, got, c.status, c.kind)
		}
		if empty := w.Body.Len() == 0; empty != (c.method == http.MethodHead) {
			t.Errorf("%s %s: a body of %d bytes", c.method, c.path, w.Body.Len())
		}
		if allow := w.Header().Get("Allow"); (c.status == 405) != (allow == "GET, HEAD") {
			t.Errorf("%s %s: Allow %q", c.method, c.path, allow)
		}
		for name, want := range map[string]string{
			"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Referrer-Policy": "no-referrer", "Cache-Control": "no-store",
			"Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Resource-Policy": "same-origin", "Vary": "Accept",
		} {
			if got := w.Header().Get(name); got != want {
				t.Errorf("%s %s: %s is %q, want %q", c.method, c.path, name, got, want)
			}
		}
		policy := w.Header().Get("Content-Security-Policy")
		for _, want := range []string{"default-src 'none'", "connect-src 'self'", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'", "require-trusted-types-for 'script'"} {
			if !strings.Contains(policy, want) || strings.Contains(policy, "unsafe") {
				t.Errorf("%s %s: policy %q lacks %q", c.method, c.path, policy, want)
			}
		}
	}
}

func TestTheStatusPageIsWhole(t *testing.T) {
	t.Parallel()
	w := ask(t, base.StatusHandler(base.NewMonitor(base.MonitorConfig{})), http.MethodGet, "/")
	page, policy := w.Body.String(), w.Header().Get("Content-Security-Policy")
	for _, part := range []string{"style", "script"} {
		found := regexp.MustCompile(`(?s)<`+part+`>(.*?)</`+part+`>`).FindAllStringSubmatch(page, -1)
		if len(found) != 1 {
			t.Fatalf("%d parts of %s", len(found), part)
		}
		sum := sha256.Sum256([]byte(found[0][1]))
		if want := part + "-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"; !strings.Contains(policy, want) {
			t.Errorf("the policy %q lacks %s", policy, want)
		}
		page = strings.Replace(page, found[0][1], "", 1)
	}
	for _, foreign := range []string{"http:", "https:", "src=", " style=", " onclick", "javascript:", "//"} {
		if strings.Contains(page, foreign) {
			t.Errorf("the page holds %q", foreign)
		}
	}
	for _, link := range regexp.MustCompile(`href="([^"#]+)"`).FindAllStringSubmatch(page, -1) {
		if link[1] != "data:," && link[1] != "./status.json" {
			t.Errorf("the page leads to %q", link[1])
		}
	}
}

func TestTheStatusPageFindsItsDataWhereverItIsMounted(t *testing.T) {
	t.Parallel()
	h := base.StatusHandler(base.NewMonitor(base.MonitorConfig{}))
	mux := http.NewServeMux()
	mux.Handle("/ops/status/", http.StripPrefix("/ops/status", h))
	mux.Handle("/plain", http.StripPrefix("/plain", h))
	mux.Handle("/plain/status.json", http.StripPrefix("/plain", h))
	for path, want := range map[string]string{"/ops/status/": "./status.json", "/plain": "./plain/status.json", "/plain?x=a:b/": "./plain/status.json"} {
		w := ask(t, mux, http.MethodGet, path)
		if w.Code != 200 || !strings.Contains(w.Body.String(), `href="`+want+`"`) {
			t.Errorf("%s: %d, want a link to %s", path, w.Code, want)
		}
	}
	for _, path := range []string{"/ops/status/status.json", "/plain/status.json"} {
		if w := ask(t, mux, http.MethodGet, path); w.Code != 200 || w.Header().Get("Content-Type") != "application/json" {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
}

func TestTheStatusPageTakesNamesAndCodesForText(t *testing.T) {
	t.Parallel()
	const attack = `<script>alert(1)</script>"'><img src=x onerror=alert(1)>{{.}}`
	c := newClient(t, attack, noBreaker(base.Limits{}), well)
	_, _ = base.Do(t.Context(), c.Guard, &base.Op{Name: attack}, fails(coded(base.KindInvalid, attack)))
	w := ask(t, base.StatusHandler(base.NewMonitor(base.MonitorConfig{}, base.Watch{Client: c})), http.MethodGet, "/")
	page := w.Body.String()
	if strings.Contains(page, "<img") || strings.Contains(page, "<script>alert") || strings.Count(page, "<script>") != 1 {
		t.Error("a name is markup")
	}
	if n := strings.Count(page, "&lt;script&gt;alert(1)&lt;/script&gt;"); n < 3 { // name, method, code
		t.Errorf("the names are shown %d times", n)
	}
	if strings.Contains(page, "text of the driver") {
		t.Error("the text of an error is in the page")
	}
}

func TestTheStatusPageWritesNumbersWithTheirUnits(t *testing.T) {
	t.Parallel()
	for age, want := range map[time.Duration]string{
		400 * time.Millisecond:      "just now",
		12*time.Second + 900e6:      "12 s ago",
		59 * time.Second:            "59 s ago",
		60 * time.Second:            "1 min ago",
		200 * time.Second:           "3 min 20 s ago",
		2*time.Hour + 5*time.Minute: "2 h 5 min ago",
		76*time.Hour + time.Minute:  "3 d 4 h ago",
	} {
		synctest.Test(t, func(t *testing.T) {
			c := newClient(t, "graph", base.Limits{}, well)
			_, _ = base.Do(t.Context(), c.Guard, read, answer)
			time.Sleep(age)
			m := base.NewMonitor(base.MonitorConfig{}, base.Watch{Client: c})
			defer func() { _ = m.Close() }()
			page := ask(t, base.StatusHandler(m), http.MethodGet, "/").Body.String()
			if got := regexp.MustCompile(`data-f="since_ready_ns"[^>]*>([^<]*)<`).FindStringSubmatch(page); got[1] != want {
				t.Errorf("%s: %q, want %q", age, got[1], want)
			}
		})
	}
}

func TestTheVerdictNamesTheGravestFirst(t *testing.T) {
	t.Parallel()
	down := base.Limits{Breaker: base.Breaker{MinCalls: 1, OpenFor: base.Duration(time.Hour)}}
	fine, broken := newClient(t, "a", base.Limits{}, well), newClient(t, strings.Repeat("long", 30), down, sick)
	watch := []base.Watch{{Client: fine}, {Client: broken}}
	for i := range 4 {
		watch = append(watch, base.Watch{Client: newClient(t, fmt.Sprint("new-", i), base.Limits{}, well)})
	}
	_, _ = fine.Ping(t.Context()), broken.Ping(t.Context())
	for n, want := range map[int]string{
		0: `"state":"unproven","verdict":"No source is watched.","sources":[]`,
		1: `"state":"ready","verdict":"The one source is ready."`,
		6: `"state":"down","verdict":"Ready: 1 of 6. ` + strings.Repeat("long", 10) + `… is down, new-0 is unproven, new-1 is unproven, and 2 more."`,
	} {
		body := ask(t, base.StatusHandler(base.NewMonitor(base.MonitorConfig{}, watch[:n]...)), http.MethodGet, "/status.json").Body.String()
		if !strings.Contains(body, want) {
			t.Errorf("%d sources: %s", n, body)
		}
	}
}

func TestStatusIsServedWhileCallsRun(t *testing.T) {
	t.Parallel()
	c := newClient(t, "busy", noBreaker(base.Limits{Concurrency: 2}), well)
	h := base.StatusHandler(base.NewMonitor(base.MonitorConfig{}, base.Watch{Client: c}))
	var all sync.WaitGroup
	for i := range 4 {
		all.Go(func() {
			for n := range 50 {
				_, _ = base.Do(t.Context(), c.Guard, read, func(context.Context) (int, error) {
					if n%3 == 0 {
						return 0, coded(base.KindInvalid, fmt.Sprint(i))
					}
					return 0, nil
				})
			}
		})
		all.Go(func() {
			for range 20 {
				if w := ask(t, h, http.MethodGet, "/"); w.Code != 200 {
					t.Errorf("%d", w.Code)
				}
				if w := ask(t, h, http.MethodGet, "/status.json"); w.Code != 200 {
					t.Errorf("%d", w.Code)
				}
			}
		})
	}
	all.Wait()
}

func TestTheStatusPageSaysThatTheSharedLimitCannotBeAsked(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		away := true
		g, err := base.NewGuard(base.GuardConfig{Name: "jira"}, base.Options{
			Limiter: limiter(func(context.Context, int64) (func(), error) {
				if away {
					return nil, errors.New("redis is gone")
				}
				return func() {}, nil
			}),
		})
		if err != nil {
			t.Fatal(err)
		}
		m := base.NewMonitor(base.MonitorConfig{}, base.Watch{Client: &client{Guard: g, ping: well}})
		defer func() { _ = m.Close() }()
		time.Sleep(time.Second)
		_, _ = base.Do(t.Context(), g, read, answer)
		_, _ = base.Do(t.Context(), g, read, answer)
		time.Sleep(20 * time.Second)
		body := ask(t, base.StatusHandler(m), http.MethodGet, "/status.json").Body.String()
		for _, want := range []string{`"unasked":2,"unasked_age_ns":20000000000`, `the shared limit could not be asked`} {
			if !strings.Contains(body, want) || strings.Contains(body, "redis is gone") {
				t.Errorf("%s lacks %s", body, want)
			}
		}
		away = false
		_, _ = base.Do(t.Context(), g, read, answer)
		time.Sleep(time.Minute)
		if body := ask(t, base.StatusHandler(m), http.MethodGet, "/").Body.String(); strings.Contains(body, "could not be asked") {
			t.Error("the page says so still")
		}
	})
}
