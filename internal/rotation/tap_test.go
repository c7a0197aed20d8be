package rotation_test

import (
	"bytes"
	"context"
	"net"
	"sync"
)

// tap is the network of a client: it counts the client's connections, and how often the server's answers hold the words
// with which it refuses a credential.
type tap struct {
	words []string // empty: the answers cannot be read

	mu      sync.Mutex
	dialed  int
	open    map[int]struct{}
	refused int
	gate    chan struct{} // answers wait until it is closed; nil: they do not wait
	until   int           // so many connections were made
}

func newTap(words ...string) *tap { return &tap{words: words, open: map[int]struct{}{}} }

func (t *tap) dial(ctx context.Context, network, address string) (net.Conn, error) {
	c, err := new(net.Dialer).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.dialed++
	t.open[t.dialed] = struct{}{}
	if t.gate != nil && t.dialed >= t.until {
		close(t.gate)
		t.gate = nil
	}
	return &tapped{Conn: c, tap: t, n: t.dialed, ended: make(chan struct{})}, nil
}

// hold keeps all answers back until n more connections were made.
func (t *tap) hold(n int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.until = t.dialed + n
	if t.gate == nil {
		t.gate = make(chan struct{})
	}
}

func (t *tap) held() <-chan struct{} {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.gate
}

// count is how many connections were made, and how often a credential was refused on them.
func (t *tap) count() (dialed, refused int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.dialed, t.refused
}

// left is how many of the first n connections are open.
func (t *tap) left(n int) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	left := 0
	for i := range t.open {
		if i <= n {
			left++
		}
	}
	return left
}

// tapped is one connection. It is read by one goroutine at a time.
type tapped struct {
	net.Conn
	tap   *tap
	n     int
	once  sync.Once
	ended chan struct{}
	tail  []byte // of what was read, in which a word could begin
}

func (c *tapped) Read(p []byte) (int, error) {
	if held := c.tap.held(); held != nil {
		select {
		case <-held:
		case <-c.ended:
		}
	}
	n, err := c.Conn.Read(p)
	if len(c.tap.words) > 0 {
		c.look(p[:n])
	}
	return n, err
}

func (c *tapped) look(p []byte) {
	text := append(c.tail, p...)
	found, past, longest := 0, 0, 0
	for _, word := range c.tap.words {
		longest = max(longest, len(word))
		found += bytes.Count(text, []byte(word))
		if i := bytes.LastIndex(text, []byte(word)); i >= 0 {
			past = max(past, i+len(word))
		}
	}
	from := max(past, len(text)-longest+1, 0)
	c.tail = append(c.tail[:0:0], text[from:]...)
	if found > 0 {
		c.tap.mu.Lock()
		c.tap.refused += found
		c.tap.mu.Unlock()
	}
}

func (c *tapped) Close() error {
	c.once.Do(func() { close(c.ended) })
	c.tap.mu.Lock()
	delete(c.tap.open, c.n)
	c.tap.mu.Unlock()
	return c.Conn.Close()
}
