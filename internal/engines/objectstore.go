package engines

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// objectStore is as much of S3 as a server needs to put results aside: whole objects are put, got and deleted.
type objectStore struct {
	url  string
	http *http.Server
	done chan struct{}

	mu      sync.Mutex
	objects map[string][]byte
	gets    int
	deletes int
}

// newObjectStore listens on that port, or on any when it is zero.
func newObjectStore(l net.Listener) *objectStore {
	s := &objectStore{url: "http://" + l.Addr().String(), objects: map[string][]byte{}, done: make(chan struct{})}
	s.http = &http.Server{Handler: http.HandlerFunc(s.serve), ReadHeaderTimeout: 10 * time.Second}
	go func() { // ends with close
		defer close(s.done)
		_ = s.http.Serve(l)
	}()
	return s
}

func (s *objectStore) close() {
	_ = s.http.Close()
	<-s.done
}

// counts are how many objects were fetched, were deleted, and are there.
func (s *objectStore) counts() (gets, deletes, left int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.gets, s.deletes, len(s.objects)
}

func (s *objectStore) serve(w http.ResponseWriter, r *http.Request) {
	key := strings.TrimPrefix(r.URL.Path, "/")
	switch {
	case r.Method == http.MethodPut:
		s.put(w, r, key)
	case r.Method == http.MethodGet && r.URL.Query().Has("list-type"):
		_, _ = io.WriteString(w, `<ListBucketResult><IsTruncated>false</IsTruncated><KeyCount>0</KeyCount></ListBucketResult>`)
	case r.Method == http.MethodGet || r.Method == http.MethodHead:
		s.get(w, r, key)
	case r.Method == http.MethodDelete:
		s.remove(key)
		w.WriteHeader(http.StatusNoContent)
	case r.Method == http.MethodPost && r.URL.Query().Has("delete"):
		s.removeAll(w, r, key)
	default:
		w.WriteHeader(http.StatusNotImplemented)
	}
}

func (s *objectStore) put(w http.ResponseWriter, r *http.Request, key string) {
	body := io.Reader(r.Body)
	if strings.HasPrefix(r.Header.Get("X-Amz-Content-Sha256"), "STREAMING-") {
		body = &signedChunks{in: bufio.NewReader(r.Body)}
	}
	data, err := io.ReadAll(body)
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	s.mu.Lock()
	s.objects[key] = data
	s.mu.Unlock()
	w.Header().Set("ETag", `"`+strconv.Itoa(len(data))+`"`)
}

func (s *objectStore) get(w http.ResponseWriter, r *http.Request, key string) {
	s.mu.Lock()
	data, known := s.objects[key]
	if known && r.Method == http.MethodGet {
		s.gets++
	}
	s.mu.Unlock()
	if !known {
		w.WriteHeader(http.StatusNotFound)
		_, _ = io.WriteString(w, `<Error><Code>NoSuchKey</Code></Error>`)
		return
	}
	w.Header().Set("ETag", `"`+strconv.Itoa(len(data))+`"`)
	w.Header().Set("Last-Modified", time.Now().UTC().Format(http.TimeFormat))
	w.Header().Set("Content-Length", strconv.Itoa(len(data)))
	_, _ = w.Write(data) // the client may have gone; a HEAD writes nothing
}

func (s *objectStore) remove(key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, known := s.objects[key]; known {
		s.deletes++
	}
	delete(s.objects, key)
}

// removeAll takes the keys out of the XML of a request by hand: they hold nothing that is escaped.
func (s *objectStore) removeAll(w http.ResponseWriter, r *http.Request, bucket string) {
	body := io.Reader(r.Body)
	if strings.HasPrefix(r.Header.Get("X-Amz-Content-Sha256"), "STREAMING-") {
		body = &signedChunks{in: bufio.NewReader(r.Body)}
	}
	text, err := io.ReadAll(body)
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	for _, part := range strings.Split(string(text), "<Key>")[1:] {
		key, _, _ := strings.Cut(part, "</Key>")
		s.remove(strings.TrimSuffix(bucket, "/") + "/" + key)
	}
	_, _ = io.WriteString(w, `<DeleteResult></DeleteResult>`)
}

// signedChunks reads a body in which each chunk carries its size and a signature.
type signedChunks struct {
	in   *bufio.Reader
	left int64
	end  bool
}

var errChunk = errors.New("a chunk that is not one")

func (c *signedChunks) Read(p []byte) (int, error) {
	if c.end {
		return 0, io.EOF
	}
	if c.left == 0 {
		line, err := c.in.ReadString('\n')
		if err != nil {
			return 0, err
		}
		size, _, _ := strings.Cut(strings.TrimSpace(line), ";")
		if c.left, err = strconv.ParseInt(size, 16, 64); err != nil {
			return 0, fmt.Errorf("%w: %.20q", errChunk, line)
		}
		if c.left == 0 {
			c.end = true
			_, _ = io.Copy(io.Discard, c.in) // the trailer
			return 0, io.EOF
		}
	}
	n, err := c.in.Read(p[:min(int64(len(p)), c.left)])
	if c.left -= int64(n); c.left == 0 && err == nil {
		_, err = c.in.Discard(2) // the line break behind a chunk
	}
	return n, err
}
