package wire

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"maps"
	"net/http"
	"strings"
)

// Answer is one answer over HTTP before it is sent. The zero value is none: an answer has a Status.
type Answer struct {
	Status int
	Header http.Header // nil for none
	Body   []byte
	Middle int // the byte in the middle of the first data, where faults cut; 0 = that of the body
}

// middle is where a fault cuts the body.
func (a Answer) middle() int {
	if a.Middle > 0 && a.Middle < len(a.Body) {
		return a.Middle
	}
	return len(a.Body) / 2
}

// Write sends the answer.
func (a Answer) Write(w http.ResponseWriter) {
	for name, values := range a.Header {
		w.Header()[http.CanonicalHeaderKey(name)] = values
	}
	w.WriteHeader(a.Status)
	_, _ = w.Write(a.Body) // the client may have gone
}

// head is what goes before the body on the bare connection, with the headers that were set before.
func (a Answer) head(set http.Header, length int) string {
	all := http.Header{}
	maps.Copy(all, set)
	maps.Copy(all, a.Header)
	var b strings.Builder
	fmt.Fprintf(&b, "HTTP/1.1 %d %s\r\nContent-Length: %d\r\n", a.Status, http.StatusText(a.Status), length)
	_ = all.Write(&b) // a builder takes everything
	return b.String() + "\r\n"
}

// zipped is the answer with this body, which gzip has made.
func (a Answer) zipped(body []byte) Answer {
	a.Body, a.Header = body, a.Header.Clone()
	if a.Header == nil {
		a.Header = http.Header{}
	}
	a.Header.Set("Content-Encoding", "gzip")
	return a
}

// List is a long answer in the words of the service: how it begins, one entry with what parts it from the next, and how
// it ends.
type List struct {
	Begin, Entry, End string
	Type              string // of the content; empty = application/json
}

// bombSize is what a bomb decodes to.
const bombSize = 256 << 20

// bomb is a list of blanks, made of many gzip members so that making it costs little.
func (l List) bomb() []byte {
	blank := zip(bytes.Repeat([]byte(" "), 1<<20))
	body := zip([]byte(l.Begin))
	body = append(body, bytes.Repeat(blank, bombSize>>20)...)
	return append(body, zip([]byte(l.End))...)
}

func zip(data []byte) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = z.Write(data) // a buffer takes everything
	_ = z.Close()
	return b.Bytes()
}
