package mcp

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"strconv"
	"sync"
	"time"
)

// ledger knows the requests of a stream that are not answered yet.
type ledger struct {
	most int // bytes of a line that are looked at

	mu      sync.Mutex
	line    []byte
	open    map[string]bool // ids
	early   map[string]bool // ids of answers to requests whose line has no end yet
	changed chan struct{}   // closed when one was answered
}

func newLedger(most int) *ledger {
	return &ledger{most: most, open: map[string]bool{}, early: map[string]bool{}, changed: make(chan struct{})}
}

// read takes what the client wrote, in whatever pieces it came.
func (l *ledger) read(data []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for {
		line, rest, whole := bytes.Cut(data, []byte("\n"))
		if len(l.line)+len(line) <= l.most {
			l.line = append(l.line, line...)
		}
		if !whole {
			return
		}
		l.asked(l.line)
		l.line, data = l.line[:0], rest
	}
}

// asked notes a request; a request that its client takes back is not answered.
func (l *ledger) asked(line []byte) {
	var m struct {
		ID     json.RawMessage `json:"id"`
		Method string          `json:"method"`
		Params struct {
			RequestID json.RawMessage `json:"requestId"`
		} `json:"params"`
	}
	switch err := json.Unmarshal(line, &m); {
	case err != nil:
	case m.Method == "notifications/cancelled":
		l.settle(idOf(m.Params.RequestID))
	case string(m.ID) == "null": // it has no answer
	case m.Method != "" && len(m.ID) > 0 && !l.early[idOf(m.ID)]:
		l.open[idOf(m.ID)] = true
	}
	clear(l.early)
}

// wrote takes one message to the client.
func (l *ledger) wrote(message []byte) {
	var m struct {
		ID     json.RawMessage `json:"id"`
		Method string          `json:"method"`
	}
	if json.Unmarshal(message, &m) != nil || m.Method != "" {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	id := idOf(m.ID)
	if !l.open[id] {
		l.early[id] = true
	}
	l.settle(id)
}

// idOf is one spelling of an id, for the answer may have another: letters can be written as escapes, and 1 as 1.0.
func idOf(id json.RawMessage) string {
	var v any
	if json.Unmarshal(id, &v) != nil {
		return string(id)
	}
	switch v := v.(type) {
	case string:
		return "s" + v
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64)
	}
	return string(id)
}

func (l *ledger) settle(id string) {
	delete(l.open, id)
	close(l.changed)
	l.changed = make(chan struct{})
}

// wait ends when all is answered, with the context, or after so long.
func (l *ledger) wait(ctx context.Context, most time.Duration) {
	ctx, cancel := context.WithTimeout(ctx, most)
	defer cancel()
	for {
		l.mu.Lock()
		none, changed := len(l.open) == 0, l.changed
		l.mu.Unlock()
		if none {
			return
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return
		}
	}
}

// reader holds the end of the stream back until what was asked is answered.
type reader struct {
	io.Reader
	open *ledger
	ctx  context.Context
	most time.Duration
}

func (r *reader) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	r.open.read(p[:n])
	if err != nil {
		if n > 0 {
			return n, nil // the end comes with the next Read
		}
		r.open.read([]byte("\n")) // a last line needs no end
		r.open.wait(r.ctx, r.most)
	}
	return n, err
}

// writer knows what was answered. The SDK writes one message at a time.
type writer struct {
	io.Writer
	open *ledger
}

func (w writer) Write(p []byte) (int, error) {
	n, err := w.Writer.Write(p)
	w.open.wrote(p)
	return n, err
}

func (writer) Close() error { return nil }
