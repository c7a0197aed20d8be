package awssecret_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/secret/awssecret"
)

// answering is a configuration for a server that answers everything in one way.
func answering(t *testing.T, answer http.HandlerFunc) awssecret.Config {
	t.Helper()
	server := httptest.NewServer(answer)
	t.Cleanup(server.Close)
	config := started(t).Config()
	config.Endpoint = server.URL
	return config
}

func TestARequestIsNotSentOnToAnotherHost(t *testing.T) {
	t.Parallel()
	var lured atomic.Int64
	other := answering(t, func(w http.ResponseWriter, _ *http.Request) {
		lured.Add(1)
		_, _ = w.Write([]byte(`{"SecretString":"` + canary + `","VersionId":"1"}`))
	})
	for _, status := range []int{http.StatusFound, http.StatusTemporaryRedirect, http.StatusPermanentRedirect} {
		config := answering(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, other.Endpoint, status) })
		if _, err := get(t, storeOf(t, config), "awssm://app"); err == nil || lured.Load() != 0 {
			t.Errorf("%d: %d requests went on, %v", status, lured.Load(), err)
		} else {
			clean(t, err, "awssm://app")
		}
	}
}

func TestAnAnswerWithAnIdThatCannotBeOneIsNoAnswer(t *testing.T) {
	t.Parallel()
	for _, id := range []string{strings.Repeat("x", 65), `a\nb`, `a b`, `\u001b[31m`, `ü`} {
		config := answering(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/x-amz-json-1.1")
			_, _ = w.Write([]byte(`{"SecretString":"` + canary + `","VersionId":"` + id + `"}`))
		})
		_, err := get(t, storeOf(t, config), "awssm://app")
		isOnly(t, err, awssecret.ErrAnswer, "id of a version")
		clean(t, err, "awssm://app")
	}
}

func TestAnAnswerOfAnySizeIsReadToItsBoundOnly(t *testing.T) {
	t.Parallel()
	var sent atomic.Int64
	config := answering(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write([]byte(`{"SecretString":"`))
		for r.Context().Err() == nil {
			n, err := w.Write([]byte(strings.Repeat("x", 64<<10)))
			if sent.Add(int64(n)); err != nil {
				return
			}
		}
	})
	_, err := get(t, storeOf(t, config), "awssm://app")
	isOnly(t, err, awssecret.ErrAnswer, "larger than 1 MiB")
}

// endsGoroutine is a transport that fails a test in the middle of a request.
type endsGoroutine struct{}

func (endsGoroutine) RoundTrip(*http.Request) (*http.Response, error) {
	runtime.Goexit()
	return nil, nil
}

func TestATransportThatEndsItsGoroutineLeavesNobodyWaiting(t *testing.T) {
	t.Parallel()
	store := storeOf(t, started(t).Config(), base.WithTransport(endsGoroutine{}))
	for range 2 {
		_, err := get(t, store, "awssm://app")
		isOnly(t, err, awssecret.ErrAnswer, "")
		clean(t, err, "awssm://app")
	}
}

func TestACauseOfTheCallersOwnHidesNotHowTheWaitingEnded(t *testing.T) {
	t.Parallel()
	errShutdown := errors.New("shutting down")
	source := opened(t, storeOf(t, started(t).Config()), "awssm://app")
	canceled, cancel := context.WithCancelCause(t.Context())
	cancel(errShutdown)
	late, end := context.WithTimeoutCause(t.Context(), -1, errShutdown)
	defer end()
	for want, ctx := range map[error]context.Context{context.Canceled: canceled, context.DeadlineExceeded: late} {
		if _, err := source.Get(ctx); !errors.Is(err, want) || !errors.Is(err, errShutdown) {
			t.Errorf("%v is not a %v", err, want)
		}
	}
}

func TestAnErrorWithoutAReasonHasAText(t *testing.T) {
	t.Parallel()
	if text := (&awssecret.Error{Reference: "awssm://app"}).Error(); !strings.Contains(text, "awssm://app") {
		t.Error(text)
	}
	if errors.Is(&awssecret.Error{}, awssecret.ErrPending) {
		t.Error("it is every error")
	}
}
