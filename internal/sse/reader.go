// Package sse reads streams of server-sent events, as the HTML standard defines them:
// https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream
package sse

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strconv"
	"time"
	"unicode/utf8"
)

// Event is one event of a stream.
type Event struct {
	Name string // of its field event; empty = message
	Data string // its lines with \n between them; bytes that are not UTF-8 are U+FFFD
	ID   string // the last one that the stream named
}

var (
	// ErrCut: the stream ended within an event.
	ErrCut = errors.New("sse: the stream ends within an event")
	// ErrTooLong: an event is longer than the reader takes.
	ErrTooLong = errors.New("sse: an event is too long")
)

// Reader reads events of a stream, each at most so many bytes. It is for one goroutine.
type Reader struct {
	in    *bufio.Reader
	most  int
	begun bool
	after bool // a CR ended the line before; an LF that follows belongs to it
	id    string
	retry time.Duration
}

// NewReader makes a reader of events of at most so many bytes.
func NewReader(in io.Reader, most int) *Reader {
	return &Reader{in: bufio.NewReaderSize(in, 4<<10), most: most}
}

// Retry is how long the stream asks to wait before it is opened again; 0 = it does not say.
func (r *Reader) Retry() time.Duration { return r.retry }

// Next is the next event. io.EOF is the end between two events, ErrCut one within.
func (r *Reader) Next() (Event, error) {
	e := pending{}
	for {
		line, err := r.line(e.size)
		switch {
		case errors.Is(err, io.EOF) && (len(line) > 0 || e.touched):
			return Event{}, ErrCut
		case err != nil:
			return Event{}, err
		case len(line) > 0:
			r.field(&e, line)
			continue
		}
		if event, ok := e.event(r.id); ok {
			return event, nil
		}
		e = pending{}
	}
}

// pending is an event in the making.
type pending struct {
	name    string
	data    bytes.Buffer
	lines   int
	size    int
	touched bool
}

func (p *pending) event(id string) (Event, bool) {
	if p.lines == 0 { // without data there is no event
		return Event{}, false
	}
	data := p.data.Bytes()
	if !utf8.Valid(data) {
		data = bytes.ToValidUTF8(data, []byte("\uFFFD"))
	}
	return Event{Name: p.name, Data: string(data), ID: id}, true
}

func (r *Reader) field(p *pending, line []byte) {
	p.size += len(line) + 1
	name, value, _ := bytes.Cut(line, []byte(":"))
	value = bytes.TrimPrefix(value, []byte(" "))
	if len(name) == 0 { // a comment
		return
	}
	p.touched = true
	switch string(name) {
	case "event":
		p.name = string(value)
	case "data":
		if p.lines++; p.lines > 1 {
			p.data.WriteByte('\n')
		}
		p.data.Write(value)
	case "id":
		if bytes.IndexByte(value, 0) < 0 {
			r.id = string(value)
		}
	case "retry":
		if ms, err := strconv.ParseUint(string(value), 10, 31); err == nil {
			r.retry = time.Duration(ms) * time.Millisecond
		}
	}
}

// line is the next line without its end, which is CR, LF or both.
func (r *Reader) line(already int) ([]byte, error) {
	var line []byte
	for {
		c, err := r.in.ReadByte()
		if err != nil {
			return line, err
		}
		if r.after {
			if r.after = false; c == '\n' {
				continue
			}
		}
		switch c {
		case '\r':
			r.after = true
			return r.first(line), nil
		case '\n':
			return r.first(line), nil
		}
		if line = append(line, c); len(line)+already > r.most {
			return nil, ErrTooLong
		}
	}
}

// first takes the byte order mark off the first line.
func (r *Reader) first(line []byte) []byte {
	if r.begun {
		return line
	}
	r.begun = true
	return bytes.TrimPrefix(line, []byte("\uFEFF"))
}
