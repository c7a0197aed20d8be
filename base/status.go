package base

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"encoding/json"
	"html/template"
	"mime"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"
)

//go:embed page
var pageFiles embed.FS

// statusHandler serves the status of what one monitor watches.
type statusHandler struct {
	monitor *Monitor
	page    *template.Template
	style   template.CSS
	script  template.JS
	policy  string
}

// StatusHandler serves the health, breaker, permits, retries, latency and last failures of every client that the monitor
// watches, for people and for programs: at the root of where it is mounted one page of HTML that keeps itself up to date,
// and at status.json, or at the root for who accepts application/json rather than HTML, the same as JSON. A read makes no
// call to a source. The status is 200 whatever the sources do; ask [Monitor.Handler] for an answer to act upon.
//
//	mux.Handle("/status/", http.StripPrefix("/status", base.StatusHandler(monitor)))
//
// The page needs nothing but its own server, runs under a strict Content-Security-Policy, and shows its first state
// without JavaScript too. Page and JSON hold names of clients, methods, kinds, codes, counts and times, never the text of
// an error and no secret. That is still more than a stranger should see: mount it where only operators come.
//
// In the JSON, times are nanoseconds and fields that are not known are absent: at, state, verdict and sources[] with
// source, state, optional, reason, kind, since_ready_ns, since_failed_ns, breaker, next_probe_ns, probed_ns, probe_kind
// and activity, which is an [Activity]. The gravest source comes first. Without sources the state is unproven.
func StatusHandler(m *Monitor) http.Handler {
	h := &statusHandler{
		monitor: m, page: template.Must(template.New("status.html").Funcs(statusForms).ParseFS(pageFiles, "page/status.html")),
		style: template.CSS(pageFile("status.css")), script: template.JS(pageFile("status.js")), //nolint:gosec // our own files
	}
	h.policy = "default-src 'none'; script-src " + sourceHash(string(h.script)) + "; style-src " + sourceHash(string(h.style)) +
		"; img-src data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'" +
		"; require-trusted-types-for 'script'; trusted-types 'none'"
	return h
}

func pageFile(name string) string {
	text, _ := pageFiles.ReadFile("page/" + name) // embedded: it is there
	return string(text)
}

// sourceHash names a script or a style to a Content-Security-Policy.
func sourceHash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

// ServeHTTP answers GET and HEAD.
func (h *statusHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.protect(w.Header())
	root := r.URL.Path == "" || r.URL.Path == "/"
	switch {
	case !root && r.URL.Path != "/status.json":
		http.Error(w, "there is the page at the root, and status.json", http.StatusNotFound)
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "only GET and HEAD", http.StatusMethodNotAllowed)
	case !root || prefersJSON(r.Header.Values("Accept")):
		body, err := json.Marshal(statusOf(h.monitor.Report()))
		send(w, r, "application/json", append(body, '\n'), err)
	default:
		body, err := h.render(r)
		send(w, r, "text/html; charset=utf-8", body, err)
	}
}

func (h *statusHandler) protect(header http.Header) {
	for name, value := range map[string]string{
		"Content-Security-Policy":      h.policy,
		"X-Content-Type-Options":       "nosniff",
		"X-Frame-Options":              "DENY",
		"Referrer-Policy":              "no-referrer",
		"Cross-Origin-Opener-Policy":   "same-origin",
		"Cross-Origin-Resource-Policy": "same-origin",
		"Cache-Control":                "no-store",
		"Vary":                         "Accept",
	} {
		header.Set(name, value)
	}
}

func (h *statusHandler) render(r *http.Request) ([]byte, error) {
	var body bytes.Buffer
	err := h.page.Execute(&body, struct {
		statusReport
		Style  template.CSS
		Script template.JS
		JSON   string
		Blank  sourceStatus
	}{statusOf(h.monitor.Report()), h.style, h.script, besidePage(r), sourceStatus{}})
	return body.Bytes(), err
}

// besidePage is where status.json is, seen from the page: without a slash at the end of its address the page's own name
// is part of the way.
func besidePage(r *http.Request) string {
	asked, _, _ := strings.Cut(r.RequestURI, "?")
	if asked == "" || strings.HasSuffix(asked, "/") {
		return "./status.json"
	}
	return "./" + path.Base(asked) + "/status.json"
}

func send(w http.ResponseWriter, r *http.Request, kind string, body []byte, err error) {
	if err != nil {
		http.Error(w, "the status cannot be written", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	if r.Method != http.MethodHead {
		_, _ = w.Write(body) // a reader that went away needs no answer
	}
}

// prefersJSON says whether an Accept header names JSON with more weight than HTML. A wildcard names neither.
func prefersJSON(accept []string) bool {
	weights := map[string]float64{}
	for part := range strings.SplitSeq(strings.Join(accept, ","), ",") {
		kind, params, err := mime.ParseMediaType(part)
		if err != nil {
			continue
		}
		weight, err := strconv.ParseFloat(cmp.Or(params["q"], "1"), 64)
		if err == nil {
			weights[kind] = max(weights[kind], weight)
		}
	}
	return weights["application/json"] > max(weights["text/html"], 0)
}

// statusReport is what the page shows and the JSON says.
type statusReport struct {
	At      time.Time      `json:"at"`
	State   State          `json:"state"`
	Verdict string         `json:"verdict"`
	Sources []sourceStatus `json:"sources"`
}

// sourceStatus is a Status whose unknown fields are absent.
type sourceStatus struct {
	Source      string         `json:"source"`
	State       State          `json:"state"`
	Optional    bool           `json:"optional,omitempty"`
	Reason      string         `json:"reason,omitempty"`
	Kind        Kind           `json:"kind,omitempty"`
	SinceReady  *time.Duration `json:"since_ready_ns,omitempty"`
	SinceFailed *time.Duration `json:"since_failed_ns,omitempty"`
	Breaker     string         `json:"breaker,omitempty"`
	NextProbe   time.Duration  `json:"next_probe_ns,omitempty"`
	Probed      *time.Duration `json:"probed_ns,omitempty"`
	ProbeErr    Kind           `json:"probe_kind,omitempty"`
	Activity    *Activity      `json:"activity,omitempty"`
}

func statusOf(r Report) statusReport {
	all := statusReport{At: time.Now().UTC(), State: r.State, Sources: make([]sourceStatus, 0, len(r.Sources))}
	for _, s := range r.Sources {
		line := sourceStatus{
			Source: s.Source, State: s.State, Optional: s.Optional, Kind: s.Kind, Breaker: s.Breaker, NextProbe: s.NextProbe,
			SinceReady: known(s.SinceReady), SinceFailed: known(s.SinceFailed), Probed: known(s.Probed), ProbeErr: s.ProbeErr,
			Activity: s.Activity(),
		}
		line.Reason = line.reason()
		all.Sources = append(all.Sources, line)
	}
	slices.SortStableFunc(all.Sources, func(a, b sourceStatus) int {
		return cmp.Or(-cmp.Compare(slices.Index(gravity, a.State), slices.Index(gravity, b.State)), compareBool(a.Optional, b.Optional),
			compareBool(b.Reason != "", a.Reason != ""))
	})
	all.Verdict = all.verdict()
	if len(all.Sources) == 0 {
		all.State = Unproven // of nothing a person should not be told that it is ready
	}
	return all
}

func known(d time.Duration) *time.Duration {
	if d < 0 {
		return nil
	}
	return &d
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}
