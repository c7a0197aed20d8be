package awssecrettest

import "fmt"

// Rotation is one rotation of a secret, as the function that AWS calls goes through it: createSecret, setSecret, testSecret,
// finishSecret. It is for one goroutine. A rotation that is not finished stays where it is.
type Rotation struct {
	server  *Server
	name    string
	version string
	done    int
}

// steps are the names of AWS.
var steps = [...]string{"createSecret", "setSecret", "testSecret", "finishSecret"}

// Rotate begins with createSecret: there is a version with this text and the label AWSPENDING. The secret must be there.
func (s *Server) Rotate(name, text string) (*Rotation, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	x := s.find(name)
	if x == nil || x.deleted {
		return nil, fmt.Errorf("awssecrettest: there is no secret %s to rotate", name)
	}
	return &Rotation{server: s, name: name, version: s.add(x, "", &text, nil, Pending).id, done: 1}, nil
}

// Version is the id of the new version.
func (r *Rotation) Version() string { return r.version }

// Set is setSecret: from here on the server that the secret is for takes the new one, which is for the test to do. In the store
// nothing changes.
func (r *Rotation) Set() error { return r.step(1) }

// Test is testSecret: the new secret was tried out. In the store nothing changes.
func (r *Rotation) Test() error { return r.step(2) }

// Finish is finishSecret: AWSCURRENT moves to the new version and AWSPREVIOUS to the one that had it. AWSPENDING stays on the
// new one, as functions of AWS leave it.
func (r *Rotation) Finish() error {
	if err := r.step(3); err != nil {
		return err
	}
	return r.server.Label(r.name, Current, r.version)
}

func (r *Rotation) step(n int) error {
	if r.done != n {
		return fmt.Errorf("awssecrettest: %s is not the step after %s", steps[n], steps[r.done-1])
	}
	r.done++
	return nil
}
