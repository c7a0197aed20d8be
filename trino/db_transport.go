package trino

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"

	"github.com/fourkites/sources/internal/rest"
)

// dbQuery is what a statement of the driver is known by at the server.
type dbQuery struct {
	mu sync.Mutex
	id string
}

func (q *dbQuery) learn(id string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.id = id
}

func (q *dbQuery) path() string {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.id == "" {
		return ""
	}
	return queryPath(q.id)
}

func queryPath(id string) string { return "/v1/query/" + url.PathEscape(id) }

type dbKey struct{}

// dbTransport makes the driver's requests as the client makes its own: signed, bounded in size and in silence, cut by
// Close, and to no other server. It learns the ids of the driver's queries.
type dbTransport struct{ client *Client }

// RoundTrip makes one exchange on the client's connections. A status that is no success is an error of its Kind.
func (t *dbTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	c := t.client
	if c.cut.Err() != nil {
		return nil, errClosed
	}
	if !c.same(r.URL) {
		return nil, c.elsewhere(r.URL)
	}
	var body []byte
	if r.Body != nil {
		var err error
		body, err = io.ReadAll(r.Body)
		_ = r.Body.Close()
		if err != nil {
			return nil, err
		}
	}
	header := r.Header.Clone()
	header.Del("Authorization")               // the client signs
	header.Del("X-Trino-Query-Data-Encoding") // see inspect
	answer, err := c.once(r.Context(), rest.Request{
		Op: opDB, Method: r.Method, Path: r.URL.EscapedPath(), Query: r.URL.RawQuery, Body: body, Header: header,
	})
	if err != nil {
		return nil, err
	}
	if err := t.inspect(r, answer.Body); err != nil {
		return nil, err
	}
	answer.Header.Del("Content-Encoding") // the body has been decoded
	return &http.Response{
		Status: strconv.Itoa(answer.Status), StatusCode: answer.Status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: r,
		Header: answer.Header, Body: io.NopCloser(bytes.NewReader(answer.Body)), ContentLength: int64(len(answer.Body)),
	}, nil
}

// inspect learns the query's id, and refuses rows in an encoding that was not asked for: the driver takes memory by the
// numbers that stand beside them.
func (t *dbTransport) inspect(r *http.Request, page []byte) error {
	var head struct {
		ID   string          `json:"id"`
		Data json.RawMessage `json:"data"`
	}
	if len(page) == 0 || json.Unmarshal(page, &head) != nil { // the driver says what is wrong with it
		return nil
	}
	if q, ok := r.Context().Value(dbKey{}).(*dbQuery); ok && r.Method == http.MethodPost {
		if id := t.client.idOf(head.ID, ""); id != "" {
			q.learn(id)
		}
	}
	if data := bytes.TrimSpace(head.Data); len(data) > 0 && data[0] == '{' {
		return malformed("rows in an encoding that was not asked for")
	}
	return nil
}

func (c *Client) same(u *url.URL) bool {
	return u.Scheme == c.root.Scheme && strings.EqualFold(hostPort(u), hostPort(c.root))
}
