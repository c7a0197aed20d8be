package vaultsecrettest

import (
	"maps"
	"net/http"
	"strconv"
	"time"

	"github.com/fourkites/sources/internal/wire"
)

// version is one of a secret in KV v2.
type version struct {
	data      map[string]any
	created   time.Time
	deleted   time.Time // zero = not
	destroyed bool
}

// Put writes the next version of a secret in KV v2, whose path begins with secret/, and returns its number.
func (s *Server) Put(path string, data map[string]any) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.kv[path] = append(s.kv[path], &version{data: maps.Clone(data), created: time.Now()})
	return len(s.kv[path])
}

// PutPlain writes a secret in KV v1, whose path begins with kv/.
func (s *Server) PutPlain(path string, data map[string]any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.plain[path] = maps.Clone(data)
}

// Delete marks a version as deleted; Undelete takes it back.
func (s *Server) Delete(path string, number int) {
	s.change(path, number, func(v *version) { v.deleted = time.Now() })
}

// Undelete takes a deletion back.
func (s *Server) Undelete(path string, number int) {
	s.change(path, number, func(v *version) { v.deleted = time.Time{} })
}

// Destroy removes what a version holds, for ever.
func (s *Server) Destroy(path string, number int) {
	s.change(path, number, func(v *version) { v.data, v.destroyed = nil, true })
}

// Remove removes a secret with all its versions: the next one is the first again.
func (s *Server) Remove(path string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.kv, path)
}

func (s *Server) change(path string, number int, change func(*version)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if all := s.kv[path]; number >= 1 && number <= len(all) {
		change(all[number-1])
	}
}

func (s *Server) read(path, number string) wire.Answer {
	all := s.kv[path]
	n, err := strconv.Atoi(number)
	if number == "" {
		n = len(all)
	} else if err != nil {
		return refuse(http.StatusBadRequest, "error converting input for field \"version\"")
	}
	if n < 1 || n > len(all) {
		return refuse(http.StatusNotFound)
	}
	v := all[n-1]
	metadata := map[string]any{"version": n, "created_time": v.created.UTC().Format(time.RFC3339Nano), "destroyed": v.destroyed, "deletion_time": "", "custom_metadata": nil}
	if !v.deleted.IsZero() {
		metadata["deletion_time"] = v.deleted.UTC().Format(time.RFC3339Nano)
	}
	if v.destroyed || !v.deleted.IsZero() {
		return reply{Data: map[string]any{"data": nil, "metadata": metadata}}.answer(http.StatusNotFound)
	}
	return give(map[string]any{"data": v.data, "metadata": metadata})
}

func (s *Server) readPlain(path string) wire.Answer {
	data, ok := s.plain[path]
	if !ok {
		return refuse(http.StatusNotFound)
	}
	return reply{Data: data, LeaseDuration: 2764800}.answer(http.StatusOK)
}
