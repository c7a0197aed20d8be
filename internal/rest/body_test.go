package rest_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"math"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/internal/rest"
)

func zip(data []byte) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = z.Write(data)
	_ = z.Close()
	return b.Bytes()
}

func zipped(data []byte) http.HandlerFunc {
	return status(200, string(data), "Content-Encoding", "gzip")
}

func capped(most int64) func(*rest.Config) {
	return func(c *rest.Config) { c.MaxResponseBytes, c.Guard.Limits.Retries = most, -1 }
}

func TestTheCapCountsDecodedBytes(t *testing.T) {
	t.Parallel()
	const most = 1 << 10
	for size, kind := range map[int]base.Kind{most: base.KindUnknown, most + 1: base.KindTooLarge, 1 << 20: base.KindTooLarge} {
		for name, step := range map[string]http.HandlerFunc{
			"plain": status(200, strings.Repeat("x", size)), "gzip": zipped(zip(bytes.Repeat([]byte("x"), size))),
		} {
			s := serve(t, step)
			r, err := get(t, clientOf(t, s.URL, capped(most)))
			if base.KindOf(err) != kind || (err == nil && len(r.Body) != size) {
				t.Errorf("%s of %d bytes: %d read, %v", name, size, len(r.Body), err)
			}
			if err != nil {
				says(t, err, "max_response_bytes")
			}
		}
	}
}

func TestABombTakesNoMoreMemoryThanTheCap(t *testing.T) {
	body := zip(make([]byte, 64<<20))
	s := serve(t, zipped(body))
	c := clientOf(t, s.URL, capped(1<<20))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := get(t, c)
	runtime.ReadMemStats(&after)
	failed(t, err, base.KindTooLarge)
	if grown := after.TotalAlloc - before.TotalAlloc; grown > 16<<20 {
		t.Errorf("%d MiB were allocated for a bomb of %d bytes", grown>>20, len(body))
	}
}

func TestAnErrorPageIsCappedToo(t *testing.T) {
	t.Parallel()
	s := serve(t, status(500, strings.Repeat("x", 1<<20)))
	_, err := get(t, clientOf(t, s.URL, capped(1<<10)))
	failed(t, err, base.KindTooLarge)
	s = serve(t, status(500, strings.Repeat("x", 1<<20)))
	_, err = get(t, clientOf(t, s.URL, noRetries))
	failed(t, err, base.KindUnavailable)
	if len(err.Error()) > 1000 {
		t.Errorf("the error is %d bytes long", len(err.Error()))
	}
}

func TestAnyCapReadsTheWholeAnswer(t *testing.T) {
	t.Parallel()
	s := serve(t, ok)
	for _, most := range []int64{0, -1, math.MaxInt64} {
		r, err := get(t, clientOf(t, s.URL, capped(most)))
		if err != nil || string(r.Body) != `{"n":1}` {
			t.Errorf("cap %d: %q, %v", most, r.Body, err)
		}
	}
}

func TestCorruptCompressionIsAnErrorThatIsNotRetried(t *testing.T) {
	t.Parallel()
	whole := zip([]byte(strings.Repeat(`{"n":1} `, 500)))
	flip := func(at int) []byte {
		b := bytes.Clone(whole)
		b[at] ^= 0xff
		return b
	}
	for name, body := range map[string][]byte{
		"no gzip": []byte(`{"n":1,"m":2}`), "checksum": flip(len(whole) - 6), "length": flip(len(whole) - 2), "data": flip(20),
		"garbage behind": append(bytes.Clone(whole), "garbage behind it"...),
	} {
		s := serve(t, zipped(body))
		_, err := get(t, clientOf(t, s.URL, nil))
		failed(t, err, base.KindProtocol)
		if s.calls() != 1 {
			t.Errorf("%s: %d requests", name, s.calls())
		}
	}
}

func TestACompressionThatWasNotAskedForIsNamed(t *testing.T) {
	t.Parallel()
	s := serve(t, status(200, "\x1b\x03\x00", "Content-Encoding", "br"))
	_, _, err := rest.JSON[json.RawMessage](bounded(t), clientOf(t, s.URL, nil), rest.Request{Op: read, Method: http.MethodGet, Path: "/"})
	failed(t, err, base.KindProtocol)
	says(t, err, "compressed")
}

func TestSilenceInMidAnswerEndsTheAttempt(t *testing.T) {
	t.Parallel()
	s := serve(t, silence)
	c := clientOf(t, s.URL, func(c *rest.Config) { noRetries(c); c.Guard.Limits.Idle = base.Duration(100 * time.Millisecond) })
	began := time.Now()
	_, err := get(t, c)
	failed(t, err, base.KindAttemptTimeout)
	says(t, err, "silent", "limits.idle", strings.TrimPrefix(s.URL, "http://"))
	if took := time.Since(began); took > 2*time.Second {
		t.Errorf("ended after %s", took)
	}
	eventually(t, "the connection is closed", func() bool { return s.open.Load() == 0 })
}

func TestPiecesInTimeAreNoSilence(t *testing.T) {
	t.Parallel()
	s := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		tick := time.NewTicker(40 * time.Millisecond)
		defer tick.Stop()
		for piece := range strings.SplitSeq(`{ "n" : 1 }`, " ") {
			<-tick.C
			_, _ = w.Write([]byte(piece))
			_ = http.NewResponseController(w).Flush()
		}
	})
	c := clientOf(t, s.URL, func(c *rest.Config) { noRetries(c); c.Guard.Limits.Idle = base.Duration(150 * time.Millisecond) })
	if r, err := get(t, c); err != nil || string(r.Body) != `{"n":1}` {
		t.Errorf("%q, %v", r.Body, err)
	}
}

func TestACallersEndInMidAnswerIsNotBlamedOnTheService(t *testing.T) {
	t.Parallel()
	for kind, end := range map[base.Kind]func(context.Context) (context.Context, context.CancelFunc){
		base.KindCanceled: func(ctx context.Context) (context.Context, context.CancelFunc) { return context.WithCancel(ctx) },
		base.KindDeadline: func(ctx context.Context) (context.Context, context.CancelFunc) {
			return context.WithTimeout(ctx, 100*time.Millisecond)
		},
	} {
		s := serve(t, silence)
		c := clientOf(t, s.URL, func(c *rest.Config) { c.Guard.Limits.Idle = base.Duration(time.Minute) })
		ctx, cancel := end(t.Context())
		if kind == base.KindCanceled {
			go func() {
				for s.calls() == 0 {
					runtime.Gosched()
				}
				cancel()
			}()
		}
		_, err := c.Do(ctx, rest.Request{Op: read, Method: http.MethodGet, Path: "/"})
		cancel()
		failed(t, err, kind)
		if strings.Contains(err.Error(), "silent") || s.calls() != 1 {
			t.Errorf("%d requests, %v", s.calls(), err)
		}
	}
}

func TestWhatIsNoJSONIsSaid(t *testing.T) {
	t.Parallel()
	deep := strings.Repeat("[", 20_000) + strings.Repeat("]", 20_000)
	for name, tc := range map[string]struct {
		step http.HandlerFunc
		says string
	}{
		"empty": {status(200, ""), "empty"},
		"html":  {status(200, "<html>", "Content-Type", "text/html; charset=utf-8"), "HTML"},
		"cut":   {status(200, `{"n":`), "byte 5 of 5"},
		"deep":  {status(200, deep), "of 40000"},
		"twice": {status(200, `{"n":1}{"n":2}`), "byte 8 of 14"},
		"204":   {status(204, ""), "empty"},
	} {
		s := serve(t, tc.step)
		_, _, err := rest.JSON[map[string]any](bounded(t), clientOf(t, s.URL, nil), rest.Request{Op: read, Method: http.MethodGet, Path: "/"})
		e := details(t, err, base.KindProtocol)
		says(t, err, tc.says, s.Listener.Addr().String())
		if e.Source != "svc" || e.Op != "Read" || s.calls() != 1 {
			t.Errorf("%s: %+v", name, e)
		}
	}
}

func TestNumbersKeepTheirDigits(t *testing.T) {
	t.Parallel()
	s := serve(t, status(200, `{"id":9007199254740993}`))
	v, _, err := rest.JSON[struct{ ID json.Number }](bounded(t), clientOf(t, s.URL, nil), rest.Request{Op: read, Method: http.MethodGet, Path: "/"})
	if err != nil || v.ID != "9007199254740993" {
		t.Errorf("%v, %v", v.ID, err)
	}
}
