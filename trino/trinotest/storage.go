package trinotest

import (
	"bytes"
	"crypto/tls"
	"net/http"
	"strconv"
	"sync"

	"github.com/fourkites/sources/internal/wire"
)

// What a segment in storage asks for.
const (
	storageHeader = "X-Amz-Server-Side-Encryption-Customer-Key"
	storageKey    = "for this segment"
)

// storage is where segments lie: another host, which must not see a credential.
type storage struct {
	http wire.Server

	mu       sync.Mutex
	segments map[string][]byte
	number   int
	fetched  []http.Header
	acked    []string
	damaged  int // answers that are still to be damaged
}

// newStorage speaks TLS where the server does: settings are nil for plain HTTP.
func newStorage(settings *tls.Config) (*storage, error) {
	g := &storage{segments: map[string][]byte{}}
	if err := g.http.Start(g.serve, settings); err != nil {
		return nil, err
	}
	return g, nil
}

func (g *storage) put(body []byte) string {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.number++
	id := "segment" + strconv.Itoa(g.number)
	g.segments[id] = body
	return id
}

func (g *storage) acknowledge(id string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.acked = append(g.acked, id)
	delete(g.segments, id)
}

func (g *storage) serve(w http.ResponseWriter, r *http.Request) {
	g.mu.Lock()
	g.fetched = append(g.fetched, r.Header.Clone())
	body, known := g.segments[r.URL.Path[1:]]
	if known && g.damaged > 0 {
		g.damaged--
		body = bytes.Repeat([]byte{0}, len(body))
	}
	g.mu.Unlock()
	switch {
	case r.Header.Get(storageHeader) != storageKey || r.URL.RawQuery == "":
		w.WriteHeader(http.StatusForbidden)
	case !known:
		w.WriteHeader(http.StatusNotFound)
	default:
		w.Header().Set("Content-Type", "application/octet-stream")
		_, _ = w.Write(body) // the client may have gone
	}
}

// DamageSegments has the storage answer the next n requests for a segment with as many zeros.
func (s *Server) DamageSegments(n int) {
	if s.storage == nil {
		return
	}
	s.storage.mu.Lock()
	defer s.storage.mu.Unlock()
	s.storage.damaged = n
}

// Acknowledged is how many segments the client said it had read.
func (s *Server) Acknowledged() int {
	if s.storage == nil {
		return 0
	}
	s.storage.mu.Lock()
	defer s.storage.mu.Unlock()
	return len(s.storage.acked)
}

// Fetched are the headers of each request for a segment.
func (s *Server) Fetched() []http.Header {
	if s.storage == nil {
		return nil
	}
	s.storage.mu.Lock()
	defer s.storage.mu.Unlock()
	return append([]http.Header(nil), s.storage.fetched...)
}
