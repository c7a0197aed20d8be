package rest_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/internal/rest"
)

// lines reads an answer line by line.
func lines(_ http.Header, body io.Reader) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		in := bufio.NewScanner(body)
		for in.Scan() {
			if !yield(in.Text(), nil) {
				return
			}
		}
		if err := in.Err(); err != nil {
			yield("", err)
		}
	}
}

func streamed(ctx context.Context, c *rest.Client) iter.Seq2[string, error] {
	return rest.Stream(ctx, c, rest.Request{Op: read, Method: http.MethodGet, Path: "/"}, lines)
}

// flushes sends lines, each at once.
func flushes(all ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for _, line := range all {
			_, _ = fmt.Fprintln(w, line)
			_ = http.NewResponseController(w).Flush()
		}
	}
}

func TestAStreamIsReadWhileItComes(t *testing.T) {
	t.Parallel()
	goOn := make(chan struct{})
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		flushes("one")(w, r)
		<-goOn
		flushes("two")(w, r)
	})
	c := clientOf(t, s.URL, nil)
	var all []string
	for line, err := range streamed(t.Context(), c) {
		if err != nil {
			t.Fatal(err)
		}
		if all = append(all, line); len(all) == 1 {
			close(goOn) // it was handed out before the rest was sent
		}
	}
	if strings.Join(all, " ") != "one two" || c.Guard().Health().InFlight != 0 {
		t.Errorf("%q", all)
	}
}

func TestAStreamIsRetriedBeforeItsFirstItemAlone(t *testing.T) {
	t.Parallel()
	cut := func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "1000")
		flushes("one")(w, r)
		panic(http.ErrAbortHandler)
	}
	s := serve(t, status(503, ""), flushes("one"))
	all, err := base.Collect(streamed(t.Context(), clientOf(t, s.URL, nil)))
	if err != nil || len(all) != 1 || s.calls() != 2 {
		t.Errorf("%q after %d requests, %v", all, s.calls(), err)
	}
	s = serve(t, cut, flushes("one"))
	all, err = base.Collect(streamed(t.Context(), clientOf(t, s.URL, nil)))
	if base.KindOf(err) != base.KindUnavailable && base.KindOf(err) != base.KindProtocol || len(all) != 1 || s.calls() != 1 {
		t.Errorf("%q after %d requests, %v", all, s.calls(), err)
	}
}

func TestLeavingAStreamEndsItAtTheService(t *testing.T) {
	t.Parallel()
	ended := make(chan struct{})
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		flushes("one")(w, r)
		<-r.Context().Done()
		close(ended)
	})
	c := clientOf(t, s.URL, nil)
	for _, err := range streamed(t.Context(), c) {
		if err != nil {
			t.Error(err)
		}
		break
	}
	select {
	case <-ended:
	case <-time.After(10 * time.Second):
		t.Error("the service was not told")
	}
	if n := c.Guard().Health().InFlight; n != 0 {
		t.Errorf("%d permits are held", n)
	}
}

func TestAStreamThatFallsSilentOrNeverEndsIsEnded(t *testing.T) {
	t.Parallel()
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		flushes("one")(w, r)
		<-r.Context().Done()
	})
	c := clientOf(t, s.URL, func(c *rest.Config) { c.Guard.Limits.Idle = base.Duration(100 * time.Millisecond) })
	all, err := base.Collect(streamed(t.Context(), c))
	if len(all) != 1 || base.KindOf(err) != base.KindAttemptTimeout {
		t.Errorf("%q, %v", all, err)
	}
	s = serve(t, func(w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil {
			flushes(strings.Repeat("x", 1000))(w, r)
		}
	})
	_, err = base.Collect(streamed(t.Context(), clientOf(t, s.URL, capped(64<<10))))
	if base.KindOf(err) != base.KindTooLarge {
		t.Errorf("%v", err)
	}
	s = serve(t, status(403, "no"))
	_, err = base.Collect(streamed(t.Context(), clientOf(t, s.URL, nil)))
	failed(t, err, base.KindPermission)
	if errors.Is(err, base.ErrPartial) {
		t.Error(err)
	}
}
