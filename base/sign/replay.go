package sign

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"net/http"
	"sync"
)

// fingerprint identifies one signed request: the tag alone would not, since most schemes leave parts unsigned. Of the
// signature it holds the tag and not the text, which can be written in many ways.
type fingerprint [16]byte

func printOf(req *http.Request, c claim, body []byte) fingerprint {
	path, _ := target(req)
	h := sha256.New()
	for _, field := range []string{c.app, methodOf(req.Method), path, c.query} {
		writeField(h, []byte(field))
	}
	writeField(h, c.tag)
	writeField(h, body)
	return fingerprint(h.Sum(nil)[:16])
}

// writeField writes the length first, so that no two lists of fields give the same bytes.
func writeField(h interface{ Write([]byte) (int, error) }, field []byte) {
	var size [8]byte
	binary.BigEndian.PutUint64(size[:], uint64(len(field)))
	_, _ = h.Write(size[:]) // a hash never fails
	_, _ = h.Write(field)
}

// replays remembers accepted requests by the second they were signed in.
type replays struct {
	mu      sync.Mutex
	bound   int
	size    int
	floor   int64 // signatures of this second or before are refused: their memory was given up
	seconds map[int64]map[fingerprint]struct{}
}

func newReplays(bound int) *replays {
	return &replays{bound: bound, seconds: make(map[int64]map[fingerprint]struct{})}
}

// accept remembers the request, or refuses one that was seen. Seconds before oldest are out of the window.
func (r *replays) accept(id fingerprint, second, oldest int64) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if second <= r.floor {
		return fmt.Errorf("%w: too many requests were signed since", ErrExpired)
	}
	if _, seen := r.seconds[second][id]; seen {
		return ErrReplayed
	}
	if r.seconds[second] == nil {
		r.drop(func(s int64) bool { return s < oldest })
		r.seconds[second] = make(map[fingerprint]struct{})
	}
	r.seconds[second][id] = struct{}{}
	r.size++
	for r.size > r.bound && len(r.seconds) > 1 {
		r.forget()
	}
	if r.size > r.bound { // one second alone is over the bound: nothing more of it is accepted
		r.floor = max(r.floor, second)
	}
	return nil
}

// drop gives up seconds. They stay refused, though the clock may be set back.
func (r *replays) drop(old func(second int64) bool) {
	for s, ids := range r.seconds {
		if old(s) {
			r.floor = max(r.floor, s)
			r.size -= len(ids)
			delete(r.seconds, s)
		}
	}
}

// forget gives up the oldest second.
func (r *replays) forget() {
	first, oldest := true, int64(0)
	for s := range r.seconds {
		if first || s < oldest {
			first, oldest = false, s
		}
	}
	r.drop(func(s int64) bool { return s == oldest })
}
