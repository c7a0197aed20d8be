package athena_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/fourkites/sources/athena"
	"github.com/fourkites/sources/athena/athenatest"
	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/fault"
	"github.com/fourkites/sources/internal/race"
)

const (
	partBytes = 16 << 20
	rowBytes  = 32 << 10 // so that every part breaks a row at the same place
	partRows  = 3*partBytes/rowBytes + 100
)

// meddler stands before S3: it sees each part of a file before it is asked for, and its answer.
type meddler struct {
	before func(r *http.Request, from string)
	after  func(resp *http.Response, from string)
}

func (m meddler) RoundTrip(r *http.Request) (*http.Response, error) {
	from, ranged := strings.CutPrefix(r.Header.Get("Range"), "bytes=")
	from, _, _ = strings.Cut(from, "-")
	if ranged && m.before != nil {
		r = r.Clone(r.Context())
		m.before(r, from)
	}
	resp, err := http.DefaultTransport.RoundTrip(r)
	if ranged && err == nil && m.after != nil {
		m.after(resp, from)
	}
	return resp, err
}

// wideFile is a file of four parts.
// Tests that read it run by themselves, for the suite measures what a row of it makes the process allocate.
func wideFile(mark byte) []byte {
	var b bytes.Buffer
	b.WriteString("\"id\",\"name\"\n")
	long := bytes.Repeat([]byte{mark}, rowBytes-len(`"0123456","",`))
	for i := range partRows {
		fmt.Fprintf(&b, "\"%07d\",\"%s\"\n", i, long)
	}
	return b.Bytes()
}

// parted is a query that has ended, and the key of its file, which is far smaller than wideFile.
func parted(t *testing.T) (server *athenatest.Server, id, key string) {
	t.Helper()
	server = started(t)
	reply := athenatest.Reply{Columns: []athenatest.Column{{Name: "id", Type: "bigint"}, {Name: "name", Type: "varchar"}}}
	for i := range partRows {
		reply.Rows = append(reply.Rows, []any{i, "short"})
	}
	server.ReplyTo("parted", reply)
	client := clientOf(t, server)
	id, err := client.StartQuery(t.Context(), athena.Query{SQL: "SELECT * FROM parted"})
	if err != nil {
		t.Fatal(err)
	}
	e, err := client.Execution(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	key = strings.TrimPrefix(e.OutputLocation, "s3://"+athenatest.Bucket+"/")
	return server, id, key
}

// inOrder reads an answer whose ids count from zero, and says how many rows came.
func inOrder(t *testing.T, client *athena.Client, id string) (n int, err error) {
	t.Helper()
	answer, err := client.Results(t.Context(), id, athena.ResultsOptions{})
	if err != nil {
		return 0, err
	}
	for row, err := range answer.All() {
		if err != nil {
			return n, err
		}
		if row.Value(0) != int64(n) {
			t.Fatalf("row %d is %v", n, row.Value(0))
		}
		n++
	}
	return n, nil
}

func TestPartsComeInOrderWhicheverIsThereFirst(t *testing.T) {
	server, id, key := parted(t)
	server.PutObject(athenatest.Bucket, key, wideFile('a'))
	last := make(chan struct{})
	client := clientWith(t, keyed(server), base.WithTransport(meddler{
		before: func(r *http.Request, from string) {
			if from == fmt.Sprint(partBytes) {
				select {
				case <-last:
				case <-r.Context().Done():
				}
			}
		},
		after: func(_ *http.Response, from string) {
			if from == fmt.Sprint(2*partBytes) {
				close(last)
			}
		},
	}))
	if n, err := inOrder(t, client, id); n != partRows || err != nil {
		t.Errorf("%d rows, %v", n, err)
	}
}

func TestAPartThatIsLostIsFetchedAgain(t *testing.T) {
	for _, f := range []fault.Fault{fault.CutMidBody(), fault.Reset(), fault.Status(http.StatusServiceUnavailable)}[:race.Of(3, 1)] {
		server, id, key := parted(t)
		server.PutObject(athenatest.Bucket, key, wideFile('a'))
		server.FailObjects(f, 2)
		if n, err := inOrder(t, clientOf(t, server), id); n != partRows || err != nil {
			t.Errorf("%s: %d rows, %v", f, n, err)
		}
	}
}

// store answers for S3 without looking at conditions and signatures: of each part it says from which state of the file it
// comes, under which tag, and where it really begins.
type store func(from int) (file []byte, tag string, begins int)

func (s store) RoundTrip(r *http.Request) (*http.Response, error) {
	header, ranged := strings.CutPrefix(r.Header.Get("Range"), "bytes=")
	if !ranged {
		return http.DefaultTransport.RoundTrip(r)
	}
	text, _, _ := strings.Cut(header, "-")
	from, err := strconv.Atoi(text)
	if err != nil {
		return nil, err
	}
	file, tag, begins := s(from)
	resp := &http.Response{StatusCode: http.StatusRequestedRangeNotSatisfiable, Header: http.Header{}, Body: http.NoBody, Request: r}
	if begins < len(file) {
		end := min(begins+partBytes, len(file))
		resp.StatusCode, resp.ContentLength = http.StatusPartialContent, int64(end-begins)
		resp.Body = io.NopCloser(bytes.NewReader(file[begins:end]))
		resp.Header.Set("Content-Length", strconv.Itoa(end-begins))
		resp.Header.Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", begins, end-1, len(file)))
	}
	if tag != "" {
		resp.Header.Set("Etag", tag)
	}
	return resp, nil
}

// Each case gets past one of the checks, so that the next one has to see it.
func TestAFileOfMorePartsIsReadInOneStateOrNotAsWhole(t *testing.T) {
	one, two := wideFile('a'), wideFile('b')
	for name, answers := range map[string]store{
		"replaced": func(from int) ([]byte, string, int) {
			if from == partBytes {
				return two, `"two"`, from
			}
			return one, `"one"`, from
		},
		"cut in a part, under the same tag": func(from int) ([]byte, string, int) {
			if from == partBytes {
				return one[:2*partBytes], `"one"`, from
			}
			return one, `"one"`, from
		},
		"cut before a part": func(from int) ([]byte, string, int) {
			if from == partBytes {
				return one[:partBytes], `"one"`, from
			}
			return one, `"one"`, from
		},
		"answered with another part": func(from int) ([]byte, string, int) {
			if from == 2*partBytes {
				return one, `"one"`, partBytes
			}
			return one, `"one"`, from
		},
		"without a tag": func(from int) ([]byte, string, int) { return one, "", from },
	} {
		t.Run(name, func(t *testing.T) {
			server, id, _ := parted(t)
			n, err := inOrder(t, clientWith(t, keyed(server), base.WithTransport(answers)), id)
			if base.KindOf(err) != base.KindProtocol || n >= partRows || !strings.Contains(err.Error(), id) || !says(err) {
				t.Errorf("%d rows, %v", n, err)
			}
		})
	}
	server, id, _ := parted(t)
	whole := store(func(from int) ([]byte, string, int) { return one, `"one"`, from })
	if n, err := inOrder(t, clientWith(t, keyed(server), base.WithTransport(whole)), id); n != partRows || err != nil {
		t.Errorf("one state: %d rows, %v", n, err)
	}
}

// What S3 does itself: a part is asked for on the condition that the file is what it was.
func TestAFileThatIsReplacedBetweenTwoPartsIsRefusedByTheStore(t *testing.T) {
	server, id, key := parted(t)
	server.PutObject(athenatest.Bucket, key, wideFile('a'))
	client := clientWith(t, keyed(server), base.WithTransport(meddler{before: func(r *http.Request, from string) {
		if from == "0" {
			return
		}
		if r.Header.Get("If-Match") == "" {
			t.Error("a part is asked for without the tag of the first")
		}
		server.PutObject(athenatest.Bucket, key, wideFile('b'))
	}}))
	n, err := inOrder(t, client, id)
	if e, ok := errors.AsType[*base.Error](err); !ok || e.Kind != base.KindProtocol || e.Code != "PreconditionFailed" || e.QueryID != id || n >= partRows {
		t.Errorf("%d rows, %v", n, err)
	}
}
