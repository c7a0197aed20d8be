package sign

import (
	"crypto/fips140"
	"crypto/hmac"
	"errors"
	"hash"
	"sync"
)

// state is a keyed hash with the scratch memory of one signature.
type state struct {
	mac hash.Hash
	buf []byte
}

// tag hashes head and body and returns the tag in the state's own memory.
func (s *state) tag(head, body []byte) []byte {
	s.mac.Reset()
	s.mac.Write(head)
	s.mac.Write(body)
	s.buf = head
	return s.mac.Sum(head[len(head):])
}

// key is one secret with a pool of hashes that already absorbed it: a Reset costs half of a new HMAC.
type key struct {
	secret []byte
	states sync.Pool
}

func newKey(algorithm Algorithm, secret []byte) *key {
	k := &key{secret: append([]byte(nil), secret...)}
	k.states.New = func() any {
		return &state{mac: hmac.New(algorithm.new(), k.secret), buf: make([]byte, 0, 256)}
	}
	return k
}

func (k *key) is(secret []byte) bool { return hmac.Equal(k.secret, secret) }

func (k *key) state() *state { return k.states.Get().(*state) }

// put gives a state back; one that grew large is dropped, so that one long URL does not stay in memory.
func (k *key) put(s *state) {
	if cap(s.buf) <= 16<<10 {
		k.states.Put(s)
	}
}

// allowed refuses SHA-1 where the process runs under FIPS 140 enforcement: the standard library would panic at use.
func allowed(algorithm Algorithm) error {
	if algorithm == SHA1 && fips140.Enforced() {
		return errors.New("sign: algorithm sha1 is not available under FIPS 140 enforcement; use sha256")
	}
	return nil
}
