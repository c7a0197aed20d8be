package redshift

import (
	"bytes"
	"encoding/binary"
	"errors"
	"strconv"
	"strings"
	"sync/atomic"
)

const (
	// maxBeside bounds what a server sends in one go beside the rows of an answer: notices, settings, a description.
	maxBeside = 8 << 20
	// maxSpoken bounds a message of the login, or about a setting.
	maxSpoken = 16 << 10
	// maxSettings is how many settings a server may report; the driver keeps all of them.
	maxSettings = 256
	// maxRounds of hashing are what SCRAM may ask for: PostgreSQL asks for 4,096, and no deadline ends them.
	maxRounds = 100_000
)

var errInClear = errors.New("the server asks for the password in clear, and the connection has no TLS")

// watch reads along what the server sends, message by message, before the driver does: it holds the bounds and the order
// that the driver leaves out. Only the side that reads uses it, but for asked.
type watch struct {
	private bool        // encrypted
	asked   atomic.Bool // since the server was ready; set by the side that writes

	head  [5]byte // of the message: its kind and its length
	known int     // bytes of the head
	left  int     // bytes of the body that are to come
	body  []byte  // so far, of a kind that is looked into

	beside    int // bytes since the last row, or since the statement was sent
	settings  map[string]struct{}
	salted    bool // SCRAM has asked for its rounds
	ready     bool // the login is over
	parsed    bool // the statement was understood
	described bool // the answer has its columns
	ended     bool // the answer has its end
}

// see takes what was read.
func (w *watch) see(p []byte) error {
	for len(p) > 0 {
		if w.known < len(w.head) {
			n := copy(w.head[w.known:], p)
			w.known, p = w.known+n, p[n:]
			if w.known < len(w.head) {
				return nil
			}
			if err := w.begin(); err != nil {
				return err
			}
		}
		n := min(w.left, len(p))
		if w.looksInside() {
			w.body = append(w.body, p[:n]...)
		}
		w.left, p = w.left-n, p[n:]
		if w.left > 0 {
			return nil
		}
		if err := w.finish(); err != nil {
			return err
		}
	}
	return nil
}

func (w *watch) looksInside() bool { return w.head[0] == 'R' || w.head[0] == 'S' }

// begin judges a message by its head.
func (w *watch) begin() error {
	kind := w.head[0]
	w.left, w.body = int(int32(binary.BigEndian.Uint32(w.head[1:])))-4, w.body[:0] //nolint:gosec // as the driver reads it
	switch {
	case w.left < 0:
		return malformed("a message of an impossible length")
	case kind == 'D':
		w.beside = 0
	case w.left > maxBeside-w.beside:
		return malformed("more than %d MiB beside the rows of an answer", maxBeside>>20)
	default:
		w.beside += w.left + len(w.head)
	}
	if w.looksInside() && w.left > maxSpoken {
		return malformed("a message %q of %d bytes, and the limit is %d", kind, w.left, maxSpoken)
	}
	if bytes.IndexByte([]byte("NASE"), kind) >= 0 { // may come at any time
		w.ended = w.ended || kind == 'E' && w.asked.Load()
		return nil
	}
	if !w.asked.Load() {
		return malformed("a message %q that nobody asked for", kind)
	}
	return w.follow(kind)
}

// follow holds the order of an answer: its columns, its rows, its end, once.
func (w *watch) follow(kind byte) error {
	switch kind {
	case 'Z':
		if (w.parsed || w.described) && !w.ended {
			return malformed("an answer without its end")
		}
		w.ready, w.parsed, w.described, w.ended, w.beside = true, false, false, false, 0
	case 'R', 'K', 'v':
		if w.ready {
			return malformed("a message %q of the login behind it", kind)
		}
	case 'T':
		if w.described || w.ended {
			return malformed("a second answer to one statement")
		}
		w.described = true
	case 'D':
		if !w.described || w.ended {
			return malformed("a row outside of an answer")
		}
	case 'C':
		if w.described && w.ended {
			return malformed("a second end of one answer")
		}
		w.ended = true // statements that are sent together have an end each, and no columns
	case 'I':
		if w.described {
			return malformed("an answer to no statement")
		}
		w.ended = true
	case '1':
		w.parsed = true
	case '2', '3', 'n', 't':
	default: // copies, and pieces of an answer
		return malformed("a message %q that no statement of this client has for an answer", kind)
	}
	return nil
}

// finish judges a message whose body is looked into.
func (w *watch) finish() error {
	w.known = 0
	switch w.head[0] {
	case 'Z':
		w.asked.Store(false)
	case 'S':
		name, _, _ := bytes.Cut(w.body, []byte{0})
		if w.settings == nil {
			w.settings = map[string]struct{}{}
		}
		if w.settings[string(name)] = struct{}{}; len(w.settings) > maxSettings {
			return malformed("more than %d settings reported", maxSettings)
		}
	case 'R':
		return w.authenticate()
	}
	return nil
}

// The questions of the login that are looked into (PostgreSQL's "Message Formats").
const (
	askCleartext    = 3
	askSASLContinue = 11
)

func (w *watch) authenticate() error {
	if len(w.body) < 4 {
		return malformed("a message of the login that is cut")
	}
	text := w.body[4:]
	switch binary.BigEndian.Uint32(w.body) {
	case askCleartext:
		if !w.private {
			return errInClear
		}
	case askSASLContinue:
		if w.salted {
			return malformed("SCRAM asks for its rounds a second time")
		}
		w.salted = true
		for part := range strings.SplitSeq(string(text), ",") {
			rounds, ok := strings.CutPrefix(part, "i=")
			if n, err := strconv.Atoi(rounds); ok && err == nil && n > maxRounds {
				return malformed("SCRAM asks for %d rounds of hashing, and the limit is %d", n, maxRounds)
			}
		}
	}
	return nil
}
