package awssecrettest

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"time"
)

// The staging labels that the service itself moves.
const (
	Current  = "AWSCURRENT"
	Previous = "AWSPREVIOUS"
	Pending  = "AWSPENDING"
)

// stored is one secret. All of it is under the server's lock.
type stored struct {
	name, arn string
	versions  []*version // in the order of their making
	deleted   bool
}

type version struct {
	id      string
	text    *string
	binary  []byte
	stages  []string
	created time.Time
}

// same reports whether the version has this value.
func (v *version) same(text *string, binary []byte) bool {
	if (v.text == nil) != (text == nil) {
		return false
	}
	return text == nil && bytes.Equal(v.binary, binary) || text != nil && *v.text == *text
}

func (x *stored) byStage(stage string) *version {
	for _, v := range x.versions {
		if slices.Contains(v.stages, stage) {
			return v
		}
	}
	return nil
}

func (x *stored) byID(id string) *version {
	for _, v := range x.versions {
		if v.id == id {
			return v
		}
	}
	return nil
}

// label puts a label on a version, nil for none, and takes it from the one that has it.
func (x *stored) label(stage string, to *version) {
	from := x.byStage(stage)
	if from == to {
		return
	}
	if from != nil {
		from.stages = slices.DeleteFunc(from.stages, func(s string) bool { return s == stage })
	}
	if to != nil {
		to.stages = append(to.stages, stage)
	}
	if stage == Current && from != nil {
		x.label(Previous, from)
	}
}

// make adds a secret or finds it. The caller holds the lock.
func (s *Server) make(name string) *stored {
	x := s.secrets[name]
	if x == nil {
		x = &stored{name: name, arn: fmt.Sprintf("arn:aws:secretsmanager:%s:%s:secret:%s-DemoAr", Region, Account, name)}
		s.secrets[name] = x
	}
	return x
}

// find is the secret of a name, an ARN, or an ARN without its end; nil for none. The caller holds the lock.
func (s *Server) find(id string) *stored {
	if x := s.secrets[id]; x != nil {
		return x
	}
	for _, x := range s.secrets {
		if id == x.arn || id == strings.TrimSuffix(x.arn, "-DemoAr") {
			return x
		}
	}
	return nil
}

// add makes a version. The caller holds the lock.
func (s *Server) add(x *stored, id string, text *string, binary []byte, stages ...string) *version {
	s.number++
	if id == "" {
		id = fmt.Sprintf("%08x-0000-4000-8000-%012x", s.number, s.number)
	}
	v := &version{id: id, text: text, binary: binary, created: time.Now()}
	x.versions = append(x.versions, v)
	for _, stage := range stages {
		x.label(stage, v)
	}
	return v
}

// Put makes the text the current version of a secret, which it makes too if there is none, and gives the id of the version.
func (s *Server) Put(name, text string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.add(s.make(name), "", &text, nil, Current).id
}

// PutBinary is [Server.Put] of a binary value.
func (s *Server) PutBinary(name string, value []byte) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.add(s.make(name), "", nil, bytes.Clone(value), Current).id
}

// Label moves a staging label to a version of a secret, which must be there.
func (s *Server) Label(name, stage, id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	x := s.find(name)
	if x == nil || x.byID(id) == nil {
		return fmt.Errorf("awssecrettest: there is no version %s of %s", id, name)
	}
	x.label(stage, x.byID(id))
	return nil
}

// Delete marks a secret for deletion; Restore takes that back. A secret that is not there stays so.
func (s *Server) Delete(name string) { s.mark(name, true) }

// Restore is the end of [Server.Delete].
func (s *Server) Restore(name string) { s.mark(name, false) }

func (s *Server) mark(name string, deleted bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if x := s.find(name); x != nil {
		x.deleted = deleted
	}
}

// Purge has a secret be gone, as when the time of its deletion has come.
func (s *Server) Purge(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if x := s.find(name); x != nil {
		delete(s.secrets, x.name)
	}
}

// ARN is that of a secret; empty if it is not there.
func (s *Server) ARN(name string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if x := s.find(name); x != nil {
		return x.arn
	}
	return ""
}
