package trino

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/klauspost/compress/zstd"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/internal/rest"
)

// The encodings of spooled results that are understood, in the order of preference.
const (
	encodingZstd = "json+zstd"
	encodingJSON = "json"
)

const maxSegments = 10_000 // of one page

// segment is some rows of a spooled answer: here (inline) or at a place that its URI names.
type segment struct {
	Type     string          `json:"type"`
	Data     string          `json:"data"` // base64
	URI      string          `json:"uri"`
	AckURI   string          `json:"ackUri"`
	Headers  json.RawMessage `json:"headers"` // by name, a list of values each; read when they are needed
	Metadata struct {
		Rows         int64  `json:"rowsCount"`
		Size         int64  `json:"segmentSize"`
		Uncompressed *int64 `json:"uncompressedSize"`
	} `json:"metadata"`
}

// inline is the rows that came with the page.
func (g segment) inline() ([]byte, error) {
	b, err := base64.StdEncoding.DecodeString(g.Data)
	if err != nil {
		return nil, malformed("a segment that is not base64")
	}
	return b, nil
}

// unzipper decodes whole segments; it is safe for concurrent use, by as many answers at once as there are processors.
type unzipper struct{ z *zstd.Decoder }

func newUnzipper(limit int64) (*unzipper, error) {
	z, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(0), zstd.WithDecoderMaxMemory(uint64(max(limit, 1<<20))))
	return &unzipper{z}, err
}

// rows are the JSON rows of a segment's bytes, in the buffer if they had to be decompressed. A segment without the size
// of its decompressed form is not compressed.
func (u *unzipper) rows(g segment, encoding string, b, buffer []byte) ([]byte, error) {
	if g.Metadata.Size > 0 && g.Metadata.Size != int64(len(b)) {
		return nil, malformed("a segment of %d bytes, and %d were announced", len(b), g.Metadata.Size)
	}
	switch {
	case encoding == encodingJSON, encoding == encodingZstd && g.Metadata.Uncompressed == nil:
		return b, nil
	case encoding != encodingZstd:
		return nil, malformed("segments in the encoding %s, which was not offered", told(encoding))
	}
	out, err := u.z.DecodeAll(b, buffer[:0])
	switch {
	case errors.Is(err, zstd.ErrDecoderSizeExceeded):
		e := base.NewError(base.KindTooLarge, err)
		e.Sent = base.Answered
		e.SetHint(base.HintOf("a segment decompresses to more than max_page_bytes"))
		return nil, e
	case err != nil:
		return nil, malformed("a segment that cannot be decompressed: %s", err)
	case int64(len(out)) != *g.Metadata.Uncompressed:
		return nil, malformed("a segment decompressed to %d bytes, and %d were announced", len(out), *g.Metadata.Uncompressed)
	}
	return out, nil
}

var opSegment = &base.Op{Name: "Segment", System: base.SystemDB}

// fetchSegment brings a spooled segment. A place elsewhere gets the headers that the server gave for it, and no
// credential.
func (c *Client) fetchSegment(ctx context.Context, g segment, buffer []byte) ([]byte, error) {
	r, err := c.segmentRequest(g.URI)
	if err != nil {
		return nil, err
	}
	r.Buffer = buffer
	if err = c.checkStorage(r.Foreign); err == nil {
		r.Header, err = g.header()
	}
	if err != nil {
		return nil, err
	}
	answer, err := c.once(ctx, r)
	if err != nil {
		return nil, err
	}
	return answer.Body, nil
}

// acknowledge tells the server that a segment may go, while its rows are worked on. The channel is closed when that is
// done; it is nil where there is nobody to tell.
func (c *Client) acknowledge(g segment) <-chan struct{} {
	path, err := c.own(g.AckURI)
	if g.Type == "inline" || err != nil {
		return nil
	}
	never := func(error) bool { return false } // not told, it would expire all the same
	return c.tell(rest.Request{Op: opSegment, Method: http.MethodGet, Path: path}, never)
}

func (c *Client) segmentRequest(uri string) (rest.Request, error) {
	r := rest.Request{Op: opSegment, Method: http.MethodGet}
	if path, err := c.own(uri); err == nil {
		r.Path = path
		return r, nil
	}
	u, err := url.Parse(uri)
	if err != nil || u.Host == "" || u.User != nil || (u.Scheme != "https" && u.Scheme != "http") {
		return r, malformed("a segment at a place that is no URL of HTTP")
	}
	if u.Scheme != c.root.Scheme && u.Scheme == "http" {
		return r, malformed("a segment at a place without TLS, though the server itself has it; give the storage TLS, or set spooling to off")
	}
	r.Foreign = u
	return r, nil
}

// own is the escaped path of a URI on the coordinator itself; an error for one elsewhere: no credential goes there.
func (c *Client) own(uri string) (string, error) {
	u, err := url.Parse(uri)
	switch {
	case err != nil, u.Host == "", u.RawQuery != "", u.Fragment != "", u.User != nil:
		return "", malformed("a link that is no plain URL")
	case !strings.EqualFold(hostPort(u), hostPort(c.root)) || u.Scheme != c.root.Scheme:
		return "", c.elsewhere(u)
	}
	return u.EscapedPath(), nil
}

func (c *Client) elsewhere(u *url.URL) error {
	return &elsewhereError{from: c.root.Scheme + "://" + c.root.Host, to: c.guard.Clean(u.Scheme + "://" + u.Host)}
}

func hostPort(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	return u.Hostname() + ":" + port
}

// elsewhereError is a link to another host, scheme or port.
type elsewhereError struct{ from, to string }

func (e *elsewhereError) Error() string {
	return "the server at " + e.from + " leads on to " + e.to + ", which is not followed"
}
