// Package contract holds clients and fakes to the official OpenAPI documents of their services: every request that goes out,
// every answer that comes back. It is for tests.
package contract

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"
)

// Document is one official document. It is safe for concurrent use.
type Document struct {
	name   string
	prefix string
	router routers.Router

	mu   sync.Mutex
	seen map[string]int
}

// shared is the folder beside the project.
func shared(t testing.TB) string {
	t.Helper()
	at, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for ; at != filepath.Dir(at); at = filepath.Dir(at) {
		if _, err := os.Stat(filepath.Join(at, "go.mod")); err == nil {
			return filepath.Join(at, "..", "shared")
		}
	}
	t.Fatal("contract: no go.mod above the test")
	return ""
}

// Recorded is the path of a recorded answer below ../shared/data/recorded. The test is skipped where that is absent.
func Recorded(t testing.TB, elements ...string) string {
	t.Helper()
	path := filepath.Join(append([]string{shared(t), "data", "recorded"}, elements...)...)
	if _, err := os.Stat(path); err != nil {
		t.Skipf("the recorded answers are not beside the project: %v", err)
	}
	return path
}

// Open reads the document of that name, such as "jira", whose paths begin behind the prefix. The test is skipped where
// ../shared/contracts is absent.
func Open(t testing.TB, name, prefix string) *Document {
	t.Helper()
	path := filepath.Join(shared(t), "contracts", name+".json")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Skipf("the official documents are not beside the project: %v", err)
	}
	doc, err := openapi3.NewLoader().LoadFromData(text)
	if err != nil {
		t.Fatal(err)
	}
	doc.Servers = nil
	for path, item := range doc.Paths.Map() { // the path of a file has slashes, which no template of OpenAPI can say
		if base, ok := strings.CutSuffix(path, "/{path}"); ok {
			doc.Paths.Delete(path)
			doc.Paths.Set(base+"/{path:.*}", item)
		}
	}
	router, err := gorillamux.NewRouter(doc)
	if err != nil {
		t.Fatal(err)
	}
	return &Document{name: name, prefix: prefix, router: router, seen: map[string]int{}}
}

// Knows reports whether the document has the operation of a request.
func (d *Document) Knows(r *http.Request) bool {
	_, _, _, err := d.find(r, nil)
	return err == nil
}

// find is the operation of a request, as the document names its path.
func (d *Document) find(r *http.Request, body []byte) (*http.Request, *routers.Route, map[string]string, error) {
	path, ok := strings.CutPrefix(r.URL.EscapedPath(), d.prefix)
	if !ok {
		return nil, nil, nil, fmt.Errorf("%s: %s %s is not below %s", d.name, r.Method, r.URL.Path, d.prefix)
	}
	u := &url.URL{Scheme: "https", Host: "service.example.com", RawQuery: r.URL.RawQuery}
	if unescaped, err := url.PathUnescape(path); err == nil {
		u.Path, u.RawPath = unescaped, path
	}
	plain := r.Clone(context.Background())
	plain.URL, plain.Host, plain.Body = u, u.Host, io.NopCloser(bytes.NewReader(body))
	route, params, err := d.router.FindRoute(plain)
	if err != nil {
		return nil, nil, nil, fmt.Errorf("%s: %s %s: the document has no such operation: %w", d.name, r.Method, path, err)
	}
	return plain, route, params, nil
}

// CheckRequest says what of a request the document does not allow: its path and method, a parameter that is missing, of
// another type or not declared at all, its body.
func (d *Document) CheckRequest(r *http.Request, body []byte) error {
	plain, route, params, err := d.find(r, body)
	if err != nil {
		return err
	}
	d.mu.Lock()
	d.seen[route.Method+" "+route.Path]++
	d.mu.Unlock()
	err = openapi3filter.ValidateRequest(context.Background(), &openapi3filter.RequestValidationInput{
		Request: plain, PathParams: params, Route: route, Options: options(),
	})
	return errors.Join(undeclared(plain, route), err)
}

func options() *openapi3filter.Options {
	return &openapi3filter.Options{
		MultiError: true, IncludeResponseStatus: true, RejectWhenRequestBodyNotSpecified: true, SkipSettingDefaults: true,
		AuthenticationFunc: openapi3filter.NoopAuthenticationFunc,
	}
}

// undeclared are the parameters of a query that the document does not know, which its validator lets pass.
func undeclared(r *http.Request, route *routers.Route) error {
	var known []string
	for _, p := range slices.Concat(route.Operation.Parameters, route.PathItem.Parameters) {
		if p.Value != nil && p.Value.In == "query" {
			known = append(known, p.Value.Name)
		}
	}
	var problems []error
	for name := range r.URL.Query() {
		if !slices.Contains(known, name) {
			problems = append(problems, fmt.Errorf("%s %s: the document knows no query parameter %q", route.Method, route.Path, name))
		}
	}
	return errors.Join(problems...)
}

// Recordings are the rules of the documents that the services' own recorded answers break: fields that are null or missing,
// times in a format of their own.
var Recordings = []string{"nullable", "required", "format", "enum", "properties", "additionalProperties", "discriminator"}

// CheckResponse says what of an answer the document does not allow, but for these rules.
func (d *Document) CheckResponse(r *http.Request, status int, header http.Header, body []byte, but ...string) error {
	plain, route, params, err := d.find(r, nil)
	if err != nil {
		return err
	}
	err = openapi3filter.ValidateResponse(context.Background(), (&openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{Request: plain, PathParams: params, Route: route, Options: options()},
		Status:                 status, Header: header, Options: options(),
	}).SetBodyBytes(body))
	if err == nil {
		return nil
	}
	var hard []error
	for _, one := range flat(err) {
		if e, ok := errors.AsType[*openapi3.SchemaError](one); !ok || !slices.Contains(but, e.SchemaField) {
			hard = append(hard, one)
		}
	}
	return errors.Join(hard...)
}

// flat are the single errors of one that holds many.
func flat(err error) []error {
	many, ok := errors.AsType[openapi3.MultiError](err)
	if !ok {
		return []error{err}
	}
	var all []error
	for _, one := range many {
		all = append(all, flat(one)...)
	}
	return all
}

// Seen are the operations that requests were checked against, and how often.
func (d *Document) Seen() map[string]int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return maps.Clone(d.seen)
}

// Watch is a transport that checks every exchange over next, and fails the test for each that no document allows. outside
// names why a request has no place in the documents; an empty reason is none. Answers may break the rules in but.
func Watch(t testing.TB, next http.RoundTripper, but []string, outside func(*http.Request) string, documents ...*Document) http.RoundTripper {
	return &watcher{t, next, but, outside, documents}
}

type watcher struct {
	t         testing.TB
	next      http.RoundTripper
	but       []string
	outside   func(*http.Request) string
	documents []*Document
}

// RoundTrip checks one exchange.
func (w *watcher) RoundTrip(r *http.Request) (*http.Response, error) {
	var sent []byte
	if r.Body != nil {
		sent, _ = io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(sent))
	}
	d := w.documentOf(r)
	if d != nil {
		if err := d.CheckRequest(r, sent); err != nil {
			w.t.Errorf("request %s %s: %v", r.Method, r.URL, err)
		}
	}
	resp, err := w.next.RoundTrip(r)
	if err != nil || d == nil {
		return resp, err
	}
	got, err := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	resp.Body = io.NopCloser(bytes.NewReader(got))
	if err != nil {
		return nil, err
	}
	if err := d.CheckResponse(r, resp.StatusCode, resp.Header, got, w.but...); err != nil {
		w.t.Errorf("answer %d to %s %s: %v\n%.500s", resp.StatusCode, r.Method, r.URL, err, got)
	}
	return resp, nil
}

// documentOf is the document that knows a request; nil where it has no place in them, for a reason.
func (w *watcher) documentOf(r *http.Request) *Document {
	for _, d := range w.documents {
		if d.Knows(r) {
			return d
		}
	}
	if w.outside != nil && w.outside(r) != "" {
		return nil
	}
	w.t.Errorf("no document knows %s %s", r.Method, r.URL)
	return nil
}
