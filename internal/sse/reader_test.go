package sse_test

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fourkites/sources/internal/sse"
)

// read gives all events, and how the stream ended.
func read(in io.Reader, most int) (all []sse.Event, r *sse.Reader, err error) {
	r = sse.NewReader(in, most)
	for {
		e, err := r.Next()
		if err != nil {
			return all, r, err
		}
		all = append(all, e)
	}
}

func TestEventsAreReadHoweverTheStreamIsWrittenAndSplit(t *testing.T) {
	t.Parallel()
	for stream, want := range map[string][]sse.Event{
		"":                                       nil,
		"data: a\n\n":                            {{Data: "a"}},
		"\uFEFFdata: a\n\n":                      {{Data: "a"}},
		"data:a\r\n\r\ndata: b\r\rdata:c\n\r":    {{Data: "a"}, {Data: "b"}, {Data: "c"}},
		"data: a\ndata\ndata:  b\n\n":            {{Data: "a\n\n b"}},
		"event: e\nid: 7\ndata: x\n\ndata:y\n\n": {{Name: "e", Data: "x", ID: "7"}, {Data: "y", ID: "7"}},
		": comment\n\nevent: nothing\n\ndata: z\n\n": {{Data: "z"}},
		"retry: 1500\nunknown: x\ndata: r\n\n":       {{Data: "r"}},
		"id: a\x00b\ndata: q\n\n":                    {{Data: "q"}},
		"data: \xff\xfe ü\n\n":                       {{Data: "\uFFFD ü"}},
		"data\n\n":                                   {{}},
	} {
		for name, in := range map[string]io.Reader{"whole": strings.NewReader(stream), "byte by byte": iotest.OneByteReader(strings.NewReader(stream))} {
			all, _, err := read(in, 100)
			if diff := cmp.Diff(want, all); diff != "" || !errors.Is(err, io.EOF) {
				t.Errorf("%q %s: %v\n%s", stream, name, err, diff)
			}
		}
	}
	if _, r, _ := read(strings.NewReader("retry: 1500\n\nretry: x\n\n"), 100); r.Retry() != 1500*time.Millisecond {
		t.Errorf("%s", r.Retry())
	}
}

func TestAStreamThatEndsWithinAnEventSaysSo(t *testing.T) {
	t.Parallel()
	for _, stream := range []string{"data: a", "data: a\n", "event: x\n", "data: a\n\ndata: \xe2\x82", "id: 1\n"} {
		if _, _, err := read(strings.NewReader(stream), 100); !errors.Is(err, sse.ErrCut) {
			t.Errorf("%q: %v", stream, err)
		}
	}
	broken := errors.New("reset")
	if _, _, err := read(io.MultiReader(strings.NewReader("data: a\n"), iotest.ErrReader(broken)), 100); !errors.Is(err, broken) {
		t.Errorf("%v", err)
	}
}

func TestAnEventHasItsBound(t *testing.T) {
	t.Parallel()
	for _, stream := range []string{"data: " + strings.Repeat("x", 200), strings.Repeat("data: x\n", 40) + "\n", strings.Repeat(": c\n", 100)} {
		if _, _, err := read(strings.NewReader(stream), 100); !errors.Is(err, sse.ErrTooLong) {
			t.Errorf("%.20q: %v", stream, err)
		}
	}
	if all, _, err := read(strings.NewReader(strings.Repeat("data: x\n\n", 40)), 100); len(all) != 40 || !errors.Is(err, io.EOF) {
		t.Errorf("%d, %v", len(all), err)
	}
}

func FuzzReader(f *testing.F) {
	for _, stream := range []string{"data: a\n\n", "\r\r\n\n", "event:x\rdata:y\r\r", "\uFEFF: x\n"} {
		f.Add(stream)
	}
	f.Fuzz(func(t *testing.T, stream string) {
		whole, _, err := read(strings.NewReader(stream), 1000)
		pieces, _, err2 := read(iotest.OneByteReader(strings.NewReader(stream)), 1000)
		if diff := cmp.Diff(whole, pieces); diff != "" || !errors.Is(err2, err) && err.Error() != err2.Error() {
			t.Errorf("%v, %v\n%s", err, err2, diff)
		}
	})
}
