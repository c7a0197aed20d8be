package graphtest

import (
	"crypto/hmac"
	"time"
)

// Neo4j locks an account after three wrong passwords for five seconds (dbms.security.auth_max_failed_attempts,
// dbms.security.auth_lock_time).
const (
	attemptsAllowed = 3
	lockTime        = 5 * time.Second
)

type account struct {
	passwords []string
	expired   bool
	wrong     int
	last      time.Time // of the last wrong one
}

// AddUser adds an account, or replaces the one of that name, and ends its lock.
func (s *Server) AddUser(user, password string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.accounts[user] = &account{passwords: []string{password}}
}

// SetPassword is AddUser for an account that is there. Connections that are open stay so, as they do on the real server.
func (s *Server) SetPassword(user, password string) { s.AddUser(user, password) }

// AllowPassword lets another password in beside those that the account has, as during a rotation by two versions.
func (s *Server) AllowPassword(user, password string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if a := s.accounts[user]; a != nil {
		a.passwords = append(a.passwords, password)
	}
}

// ExpirePassword has the account log in, and then every statement fail until the password is changed.
func (s *Server) ExpirePassword(user string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if a := s.accounts[user]; a != nil {
		a.expired = true
	}
}

// SetLockTime changes for how long three wrong passwords lock an account; 5 s until then.
func (s *Server) SetLockTime(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lock = d
}

// RemoveUser takes an account away. Its connections stay open.
func (s *Server) RemoveUser(user string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.accounts, user)
}

// Logins is how many logins were tried, those that were refused included.
func (s *Server) Logins() (tried, refused int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.tried, s.refused
}

// login checks a token. Which of user and password is wrong is not told; a locked account refuses the right one too.
func (s *Server) login(token map[string]any) (user string, err *ServerError) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tried++
	defer func() {
		if err != nil {
			s.refused++
		}
	}()
	user, _ = token["principal"].(string)
	password, _ := token["credentials"].(string)
	a := s.accounts[user]
	if token["scheme"] != "basic" || a == nil {
		return user, errUnauthorized()
	}
	if a.wrong >= attemptsAllowed && time.Since(a.last) < s.lock {
		e := failure(CodeRateLimit, "The client has provided incorrect authentication details too many times in a row.")
		e.Status = "42NFE"
		return user, e
	}
	for _, p := range a.passwords {
		if hmac.Equal([]byte(p), []byte(password)) {
			a.wrong = 0
			return user, nil
		}
	}
	a.wrong++
	a.last = time.Now()
	return user, errUnauthorized()
}

func (s *Server) expired(user string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.accounts[user]
	return a != nil && a.expired
}
