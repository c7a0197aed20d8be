package rest_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/internal/rest"
)

func TestAStatusThatTheCallerKnowsIsAnAnswer(t *testing.T) {
	t.Parallel()
	for code, known := range map[int]bool{302: true, 304: true, 303: false, 404: false} {
		s := serve(t, status(code, "", "Location", "https://elsewhere.example.com/x", "Etag", `"1"`))
		r, err := clientOf(t, s.URL, nil).Do(bounded(t), rest.Request{
			Op: read, Method: http.MethodGet, Path: "/", Statuses: []int{http.StatusFound, http.StatusNotModified},
		})
		if (err == nil) != known || known && (r.Status != code || r.Header.Get("Etag") != `"1"`) || s.calls() != 1 {
			t.Errorf("%d: %+v, %v", code, r, err)
		}
	}
}

func TestAnAnswerIsCutWhereTheCallerWantsNoMore(t *testing.T) {
	t.Parallel()
	for size, cut := range map[int]bool{9: false, 10: false, 11: true, 1 << 20: true} {
		for name, step := range map[string]http.HandlerFunc{
			"plain": status(200, strings.Repeat("x", size)), "gzip": zipped(zip([]byte(strings.Repeat("x", size)))),
		} {
			r, err := clientOf(t, serve(t, step).URL, nil).Do(bounded(t), rest.Request{Op: read, Method: http.MethodGet, Path: "/", MaxBytes: 10})
			if err != nil || r.Cut != cut || len(r.Body) != min(size, 10) {
				t.Errorf("%s of %d bytes: %d read, cut %v, %v", name, size, len(r.Body), r.Cut, err)
			}
		}
	}
	// What a service says of an error is read whole, and the operator's bound is never raised.
	_, err := clientOf(t, serve(t, status(400, `{"message":"the field is wrong"}`)).URL, nil).Do(bounded(t), rest.Request{Op: read, Method: http.MethodGet, Path: "/", MaxBytes: 5})
	says(t, err, "the field is wrong")
	_, err = clientOf(t, serve(t, status(200, strings.Repeat("x", 200))).URL, capped(100)).Do(bounded(t), rest.Request{Op: read, Method: http.MethodGet, Path: "/", MaxBytes: 150})
	failed(t, err, base.KindTooLarge)
}

func TestTheIDOfARequestComesInAnyOfItsHeaders(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"X-Request-Id", "X-GitHub-Request-Id", "Atl-Traceid"} {
		_, err := get(t, clientOf(t, serve(t, status(404, "", name, "req-9")).URL, nil))
		if e := details(t, err, base.KindNotFound); e.RequestID != "req-9" {
			t.Errorf("%s: %+v", name, e)
		}
	}
}
