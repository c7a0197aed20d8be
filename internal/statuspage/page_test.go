package statuspage_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/google/go-cmp/cmp"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/fault"
	"github.com/fourkites/sources/internal/engines"
)

func TestTheStatusPageInABrowser(t *testing.T) {
	t.Parallel()
	devtools := engines.Chromium(t)
	for name, check := range map[string]func(*testing.T, string, *world){
		"says what the JSON says":                     saysWhatTheJSONSays,
		"shows a failure as it comes":                 showsAFailureAsItComes,
		"is worked by the keyboard alone":             isWorkedByTheKeyboard,
		"keeps focus and open details while it moves": keepsFocusAndOpenDetails,
		"can be paused":                               canBePaused,
		"can be read in light and dark":               canBeRead,
		"takes a name for text":                       takesANameForText,
		"says that it is stale":                       saysThatItIsStale,
		"works without JavaScript":                    worksWithoutJavaScript,
		"fits a narrow screen":                        fitsANarrowScreen,
		"is sound to an assistive technology":         isSoundToAssistiveTechnology,
	} {
		t.Run(name, func(t *testing.T) { check(t, devtools, newWorld(t)) })
	}
	t.Run("shows none and many", func(t *testing.T) { showsNoneAndMany(t, devtools) })
}

// silent fails the test if something went wrong in the page.
func silent(t *testing.T, p *tab) {
	t.Helper()
	if all := p.heard(); len(all) > 0 {
		t.Errorf("the page complains: %q", all)
	}
}

// shown is one source as a reader sees it.
type shown struct {
	State, Name, Reason, Calls, Failed, Retries, Breaker string
	Failures                                             []string
}

const readSources = `[...document.querySelectorAll("#list > li")].map((li) => {
	const text = (f) => li.querySelector("[data-f='" + f + "']").textContent;
	return {State: text("state"), Name: text("source"), Reason: text("reason"), Calls: text("activity.calls"),
		Failed: text("activity.failed"), Retries: text("activity.retries"), Breaker: text("breaker"),
		Failures: [...li.querySelectorAll("tbody tr")].map((tr) => [0, 1, 2, 4, 5, 6].map((i) => tr.cells[i].textContent).join(" | "))};
})`

// expected is the same from the JSON.
func expected(t *testing.T, w *world) (all []shown) {
	t.Helper()
	resp, err := w.server.Client().Get(w.page() + "status.json") //nolint:noctx // a test's own server
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	var status struct {
		Sources []struct {
			Source, State, Reason, Breaker string
			Activity                       struct {
				Calls, Failed, Retries int
				Failures               []struct {
					Kind, Stopped, Code, Op, Sent string
					Calls, Retried                int
				}
			}
		}
	}
	if err := json.NewDecoder(resp.Body).Decode(&status); err != nil {
		t.Fatal(err)
	}
	for _, s := range status.Sources {
		line := shown{
			State: s.State, Name: s.Source, Reason: s.Reason, Breaker: s.Breaker, Failures: []string{},
			Calls: fmt.Sprint(s.Activity.Calls), Failed: fmt.Sprint(s.Activity.Failed), Retries: fmt.Sprint(s.Activity.Retries),
		}
		for _, f := range s.Activity.Failures {
			kind := f.Kind
			if f.Stopped != "" {
				kind += ", not retried: " + f.Stopped
			}
			line.Failures = append(line.Failures, strings.Join([]string{kind, f.Code, f.Op, fmt.Sprint(f.Calls), fmt.Sprint(f.Retried), f.Sent}, " | "))
		}
		all = append(all, line)
	}
	return all
}

func saysWhatTheJSONSays(t *testing.T, devtools string, w *world) {
	p := openTab(t, devtools, w.page())
	p.live(t)
	all := expected(t, w)
	if diff := cmp.Diff(all, eval[[]shown](t, p, readSources)); diff != "" {
		t.Error(diff)
	}
	states := map[string]int{}
	for _, s := range all {
		states[s.State]++
	}
	if diff := cmp.Diff(map[string]int{"down": 1, "unproven": 1, "degraded": 1, "ready": 4}, states); diff != "" {
		t.Errorf("the world is not what it should be: %s", diff)
	}
	if got := eval[string](t, p, `document.getElementById("verdict").innerText`); !strings.Contains(got, "Ready: 4 of 7. jira is down") {
		t.Errorf("verdict: %q", got)
	}
	silent(t, p)
}

func showsAFailureAsItComes(t *testing.T, devtools string, w *world) {
	t.Parallel()
	p := openTab(t, devtools, w.page())
	p.live(t)
	w.ready.faults.Add(fault.Status(401), 1)
	w.ready.calls(t, 1)
	p.becomes(t, item("clickhouse")+`.dataset.state === "degraded"`)
	p.becomes(t, `document.getElementById("verdict-text").textContent.includes("clickhouse is degraded")`)
	row := eval[string](t, p, item("clickhouse")+`.querySelector("tbody tr").textContent`)
	if !strings.Contains(row, "unauthenticated") || !strings.Contains(row, "Unauthorized") || !strings.Contains(row, "Query") {
		t.Errorf("the failure: %q", row)
	}
	if eval[bool](t, p, `document.documentElement.outerHTML.includes("`+canary+`")`) {
		t.Error("the text of an error is in the page")
	}
	close(w.busy.hold)
	p.becomes(t, item("redshift")+`.querySelector("[data-as=used]").textContent === "0 of 2"`)
	silent(t, p)
}

// item is the element of a source.
func item(name string) string {
	return `[...document.querySelectorAll("#list > li")].find((li) => li.querySelector("[data-f=source]").textContent === "` + name + `")`
}

// focused tells the element that has the focus, and whether that can be seen.
const focused = `(() => { const e = document.activeElement, s = getComputedStyle(e);
	const name = e.tagName === "SUMMARY" ? e.querySelector(".name").textContent : e.textContent.trim();
	return {Name: name, Seen: s.outlineStyle !== "none" && parseFloat(s.outlineWidth) >= 2 && e.getBoundingClientRect().left >= 0}; })()`

type focus struct {
	Name string
	Seen bool
}

func (p *tab) press(t *testing.T, key string) focus {
	t.Helper()
	p.do(t, chromedp.KeyEvent(key))
	return eval[focus](t, p, focused)
}

func isWorkedByTheKeyboard(t *testing.T, devtools string, w *world) {
	p := openTab(t, devtools, w.page())
	p.live(t)
	for _, want := range []string{"Skip to the sources", "Pause updates", "JSON", "Gravity", "Name", "Latency", "Failed calls", "jira", "graph", "github"} {
		if got := p.press(t, "\t"); got.Name != want || !got.Seen {
			t.Errorf("Tab comes to %+v, want %s, and to see it", got, want)
		}
	}
	open := item("github") + `.querySelector("details").open`
	p.press(t, "\r")
	p.becomes(t, open)
	if got := p.press(t, "\t"); got.Name == "" || !got.Seen || !eval[bool](t, p, `document.activeElement.matches(".scroll")`) {
		t.Errorf("the table of failures cannot be scrolled by keys: %+v", got)
	}
	eval[bool](t, p, item("github")+`.querySelector("summary").focus(), true`)
	p.press(t, " ")
	p.becomes(t, "!"+open)

	eval[bool](t, p, `document.querySelector("[data-sort=name]").focus(), true`)
	p.press(t, "\r")
	p.becomes(t, `document.querySelector("[data-sort=name]").ariaPressed === "true" && document.querySelectorAll("[aria-pressed=true]").length === 1`)
	names := eval[[]string](t, p, `[...document.querySelectorAll("#list .name")].map((e) => e.textContent)`)
	if !slices.IsSorted(names) || len(names) != 7 {
		t.Errorf("sorted by name: %q", names)
	}

	eval[bool](t, p, `document.querySelector(".skip").focus(), true`)
	p.press(t, "\r")
	if got := p.press(t, "\t"); got.Name != "Gravity" {
		t.Errorf("after the skip link Tab comes to %+v", got)
	}
	silent(t, p)
}

func keepsFocusAndOpenDetails(t *testing.T, devtools string, w *world) {
	t.Parallel()
	p := openTab(t, devtools, w.page())
	p.live(t)
	eval[bool](t, p, `(() => { const s = `+item("clickhouse")+`.querySelector("summary"); s.focus(); s.click(); window.kept = s; })(), true`)
	w.ready.faults.Add(fault.Status(401), 1)
	w.ready.calls(t, 1) // clickhouse moves up
	p.becomes(t, `[...document.querySelectorAll("#list > li")].indexOf(`+item("clickhouse")+`) <= 3 && `+item("clickhouse")+`.dataset.state === "degraded"`)
	if !eval[bool](t, p, `document.activeElement === window.kept && window.kept.isConnected && window.kept.parentNode.open`) {
		t.Error("the focus or the open details are lost")
	}
	silent(t, p)
}

func canBePaused(t *testing.T, devtools string, w *world) {
	t.Parallel()
	p := openTab(t, devtools, w.page())
	p.live(t)
	pause := `document.getElementById("pause")`
	eval[bool](t, p, pause+`.click(), true`)
	p.becomes(t, pause+`.textContent === "Resume updates" && document.getElementById("fresh").textContent.startsWith("Paused")`)
	asked := w.asked.Load()
	w.ready.faults.Add(fault.Status(401), 1)
	w.ready.calls(t, 1)
	p.becomes(t, `/^Paused. Last update [3-9] s ago/.test(document.getElementById("fresh").textContent)`)
	if n := w.asked.Load(); n > asked+1 { // one may have been under way
		t.Errorf("%d requests while it was paused", n-asked)
	}
	eval[bool](t, p, pause+`.click(), true`)
	p.becomes(t, item("clickhouse")+`.dataset.state === "degraded"`)
	silent(t, p)
}

func takesANameForText(t *testing.T, devtools string, w *world) {
	t.Parallel()
	p := openTab(t, devtools, w.page())
	p.live(t)
	w.hostile.faults.Add(fault.Status(401), 1)
	w.hostile.calls(t, 1)
	p.becomes(t, `document.getElementById("verdict-text").textContent.includes("<img src=x")`)
	if n := eval[int](t, p, `document.images.length`); n != 0 {
		t.Errorf("the name made %d images", n)
	}
	if title := eval[string](t, p, `document.title`); title != "down – sources" {
		t.Errorf("title %q", title)
	}
	if !eval[bool](t, p, `(() => { try { document.body.insertAdjacentHTML("beforeend", "<b>x</b>"); return false } catch { return true } })()`) {
		t.Error("markup can be put into the page")
	}
	p.heard() // the policy reports the attempt
}

func saysThatItIsStale(t *testing.T, devtools string, w *world) {
	t.Parallel()
	p := openTab(t, devtools, w.page())
	p.live(t)
	if eval[bool](t, p, `!document.getElementById("stale").hidden`) {
		t.Error("it is stale at once")
	}
	silent(t, p)
	w.server.CloseClientConnections()
	w.server.Close()
	p.becomes(t, `/^Last update \d+ s ago; the server does not answer$/.test(document.getElementById("fresh").textContent)`)
	p.becomes(t, `!document.getElementById("stale").hidden && document.getElementById("verdict").innerText.includes("The server does not answer") && document.title.startsWith("stale")`)
	checkContrast(t, p)
	p.shoot(t, "stale")
}

func worksWithoutJavaScript(t *testing.T, devtools string, w *world) {
	p := openTab(t, devtools, "about:blank")
	_, err := chromedp.Call(p.ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	p.check(t, err)
	p.do(t, chromedp.Navigate(w.page()))
	if diff := cmp.Diff(expected(t, w), eval[[]shown](t, p, readSources)); diff != "" {
		t.Error(diff)
	}
	if eval[bool](t, p, `[...document.querySelectorAll("button")].some((b) => b.offsetParent !== null)`) {
		t.Error("buttons that do nothing are shown")
	}
	for range 3 { // skip link, JSON, the first source
		p.press(t, "\t")
	}
	p.press(t, "\r")
	p.becomes(t, `document.querySelector("#list details").open`)
	p.shoot(t, "without-javascript")
	silent(t, p)
}

func fitsANarrowScreen(t *testing.T, devtools string, w *world) {
	p := openTab(t, devtools, w.page(), &emulation.MediaFeature{Name: "prefers-reduced-motion", Value: "reduce"})
	p.do(t, chromedp.EmulateViewport(320, 700))
	p.live(t)
	eval[bool](t, p, `document.querySelectorAll("details").forEach((d, i) => { d.open = i === 0 }), true`)
	if wide := eval[int](t, p, `document.documentElement.scrollWidth`); wide > 320 {
		t.Errorf("the page is %d pixels wide on a screen of 320", wide)
	}
	if moves := eval[bool](t, p, `[...document.querySelectorAll("summary")].some((s) => getComputedStyle(s, "::after").transitionDuration !== "0s")`); moves {
		t.Error("it moves for those who asked for less motion")
	}
	p.shoot(t, "narrow")
	silent(t, p)
}

func showsNoneAndMany(t *testing.T, devtools string) {
	for _, n := range []int{0, 50} {
		var watch []base.Watch
		for i := range n {
			s := newSource(t, fmt.Sprintf("source-%02d", i), base.Limits{Retries: -1})
			if i%7 == 0 {
				s.faults.Add(fault.Status(503), 1)
			}
			s.calls(t, 1)
			watch = append(watch, base.Watch{Client: s})
		}
		server := httptest.NewServer(base.StatusHandler(base.NewMonitor(base.MonitorConfig{}, watch...)))
		t.Cleanup(server.Close)
		p := openTab(t, devtools, server.URL)
		p.live(t)
		if got := eval[int](t, p, `document.querySelectorAll("#list > li").length`); got != n {
			t.Errorf("%d sources are shown, want %d", got, n)
		}
		if none := eval[bool](t, p, `document.getElementById("none").offsetParent !== null`); none != (n == 0) {
			t.Errorf("with %d sources the page says that there is none: %t", n, none)
		}
		p.shoot(t, fmt.Sprintf("sources-%d", n))
		silent(t, p)
	}
}

// page is the address under a prefix, as programs mount it.
func (w *world) page() string { return w.server.URL + "/ops/status/" }

// counting counts the requests.
func (w *world) counting(next http.Handler) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		w.asked.Add(1)
		next.ServeHTTP(rw, r)
	})
}
