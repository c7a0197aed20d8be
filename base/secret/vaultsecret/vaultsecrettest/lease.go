package vaultsecrettest

import (
	"cmp"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/fourkites/sources/internal/wire"
)

// Role is one of the database engine: it issues accounts at database/creds/NAME.
type Role struct {
	Life
	// Fixed says that leases of the role cannot be renewed.
	Fixed bool
	// Issued is told of each account before it is handed out, and Revoked of its end. They are called outside all locks, and
	// may be nil.
	Issued  func(user, password string)
	Revoked func(user string)
	// Data is added to what is handed out.
	Data map[string]any
}

// Lease is an account that was issued and not revoked yet.
type Lease struct {
	ID, Role, User, Password string
	Ends                     time.Time // zero = never
}

type lease struct {
	Lease
	role  Role
	began time.Time
	token string
}

// Database adds a role to the database engine, or replaces it for the accounts to come.
func (s *Server) Database(name string, role Role) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.roles[name] = role
}

// Leases are the accounts that are good now, oldest first.
func (s *Server) Leases() []Lease {
	s.settle()
	s.mu.Lock()
	defer s.mu.Unlock()
	all := []Lease{}
	for _, l := range s.leases {
		all = append(all, l.Lease)
	}
	slices.SortFunc(all, func(a, b Lease) int { return cmp.Compare(a.ID, b.ID) })
	return all
}

// Revoke ends a lease, as an operator does.
func (s *Server) Revoke(id string) {
	s.mu.Lock()
	told := s.endLease(id)
	s.mu.Unlock()
	for _, tell := range told {
		tell()
	}
}

// settle ends what is over.
func (s *Server) settle() {
	s.mu.Lock()
	told := s.sweep(time.Now())
	s.mu.Unlock()
	for _, tell := range told {
		tell()
	}
}

// sweep ends the tokens and leases that are over. The caller holds the lock, and calls what it returns after it.
func (s *Server) sweep(now time.Time) (told []func()) {
	for name, t := range s.tokens {
		if !t.end.IsZero() && !now.Before(t.end) {
			told = append(told, s.endToken(name)...)
		}
	}
	for id, l := range s.leases {
		if !l.Ends.IsZero() && !now.Before(l.Ends) {
			told = append(told, s.endLease(id)...)
		}
	}
	return told
}

func (s *Server) endLease(id string) []func() {
	l := s.leases[id]
	delete(s.leases, id)
	if l == nil || l.role.Revoked == nil {
		return nil
	}
	return []func(){func() { l.role.Revoked(l.User) }}
}

func (s *Server) issue(in asked) (wire.Answer, []func()) {
	name, ok := strings.CutPrefix(in.path, "database/creds/")
	role, known := s.roles[name]
	switch {
	case !ok:
		return refuse(http.StatusNotFound), nil
	case !known:
		return refuse(http.StatusBadRequest, "unknown role: "+name), nil
	}
	l := &lease{role: role, began: in.now, token: in.token}
	l.Lease = Lease{ID: "database/creds/" + name + "/" + s.name("lease"), Role: name, User: s.name("v-demo-" + name), Password: s.name("demo-password")}
	granted, _ := role.grant(in.now, in.now)
	if role.TTL > 0 {
		l.Ends = in.now.Add(granted)
	}
	s.leases[l.ID] = l
	data := map[string]any{"username": l.User, "password": l.Password}
	maps.Copy(data, role.Data)
	a := reply{LeaseID: l.ID, LeaseDuration: seconds(l.Ends, in.now), Renewable: !role.Fixed, Data: data}.answer(http.StatusOK)
	if role.Issued == nil {
		return a, nil
	}
	return a, []func(){func() { role.Issued(l.User, l.Password) }}
}

func (s *Server) renewLease(in asked) wire.Answer {
	l := s.leases[in.text("lease_id")]
	switch {
	case l == nil:
		return refuse(http.StatusBadRequest, "lease not found")
	case l.role.Fixed:
		return refuse(http.StatusBadRequest, "lease is not renewable")
	}
	if granted, more := l.role.grant(l.began, in.now); more && l.role.TTL > 0 {
		l.Ends = in.now.Add(granted)
	}
	return reply{LeaseID: l.ID, LeaseDuration: seconds(l.Ends, in.now), Renewable: true}.answer(http.StatusOK)
}

func (s *Server) revokeLease(in asked) (wire.Answer, []func()) {
	return wire.Answer{Status: http.StatusNoContent}, s.endLease(in.text("lease_id"))
}
