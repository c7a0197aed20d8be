package canary

import (
	"fmt"
	"strings"
)

// Leak is one place where a secret shows.
type Leak struct {
	Where string // as the caller of Sweep named the text
	Field string // the field that the secret was planted in
	Form  string // such as "base64" or "raw, escaped, percent-encoded"
	Near  string // what stands before it
}

// String says where the leak is without the secret.
func (l Leak) String() string {
	return fmt.Sprintf("the secret of %s shows in %s (%s) behind %q", l.Field, l.Where, l.Form, l.Near)
}

// Sweep searches a text, and gives the first leak of each of its lines.
func (s *Set) Sweep(where, text string) []Leak {
	s.mu.Lock()
	x := s.index
	s.tally.Texts++
	s.tally.Bytes += int64(len(text))
	s.mu.Unlock()
	var leaks []Leak
	n, at, found := x.find(text) // a secret of several lines is found here
	if found {
		leaks = append(leaks, leak(where, text, n, at, nil))
	}
	begin, end := 0, 0
	for line := range strings.Lines(text) {
		begin, end = end, end+len(line)
		if found && begin <= at && at < end || !strings.ContainsAny(line, marks) {
			continue
		}
		for _, v := range views(line) {
			if n, at, found := x.find(v.text); found {
				leaks = append(leaks, leak(where, v.text, n, at, v.names))
				break
			}
		}
	}
	s.mu.Lock()
	s.tally.Found += len(leaks)
	s.mu.Unlock()
	return leaks
}

func leak(where, text string, n needle, at int, names []string) Leak {
	return Leak{Where: where, Field: n.field, Form: strings.Join(append([]string{n.form}, names...), ", "), Near: strings.ToValidUTF8(text[max(0, at-60):at], "")}
}

// Tally is what was planted, searched and found so far.
func (s *Set) Tally() Tally {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.tally
}

// String is the count in words, for the end of a test.
func (t Tally) String() string {
	return fmt.Sprintf("canaries: %d secrets in %d fields; %d texts of %d bytes searched; %d found", t.Secrets, t.Fields, t.Texts, t.Bytes, t.Found)
}
