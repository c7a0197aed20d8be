package redislimit_test

import (
	"bufio"
	"context"
	"net"
	"sync"
	"testing"
	"time"
)

// referee counts the calls in flight of many processes. Each caller has a connection, on which it tells "b" when its call
// begins and "e" when it ends, and goes on when it is answered. A connection that ends ends its call.
type referee struct {
	addr string

	mu     sync.Mutex
	inside int
	most   int
	begins []time.Time
	ends   []time.Time
	began  chan struct{} // has a token after a begin
}

func newReferee(t *testing.T) *referee {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &referee{addr: listener.Addr().String(), began: make(chan struct{}, 1)}
	var conns sync.WaitGroup
	conns.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			conns.Go(func() { r.watch(conn) })
		}
	})
	t.Cleanup(func() {
		_ = listener.Close()
		conns.Wait()
	})
	return r
}

func (r *referee) watch(conn net.Conn) {
	defer func() { _ = conn.Close() }()
	in := false
	defer func() {
		if in {
			r.end()
		}
	}()
	for words := bufio.NewReader(conn); ; {
		word, err := words.ReadString('\n')
		if err != nil {
			return
		}
		if word == "b\n" {
			in = true
			r.begin()
		} else if in {
			in = false
			r.end()
		}
		if _, err := conn.Write([]byte("k\n")); err != nil {
			return
		}
	}
}

func (r *referee) begin() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.inside++
	r.most = max(r.most, r.inside)
	r.begins = append(r.begins, time.Now())
	select {
	case r.began <- struct{}{}:
	default:
	}
}

func (r *referee) end() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.inside--
	r.ends = append(r.ends, time.Now())
}

// maximum is the most calls at once since it was last asked.
func (r *referee) maximum() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	most := r.most
	r.most = r.inside
	return most
}

// window is the most calls that began within any time of that length.
func (r *referee) window(length time.Duration) (most int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	first := 0
	for i, at := range r.begins {
		for at.Sub(r.begins[first]) >= length {
			first++
		}
		most = max(most, i-first+1)
	}
	return most
}

// silence is the longest time without a begin, from the first to the last.
func (r *referee) silence() (longest time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := 1; i < len(r.begins); i++ {
		longest = max(longest, r.begins[i].Sub(r.begins[i-1]))
	}
	return longest
}

// caller is a process' side of one connection to the referee.
type caller struct {
	conn  net.Conn
	words *bufio.Reader
}

func call(ctx context.Context, addr string) (*caller, error) {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	return &caller{conn, bufio.NewReader(conn)}, nil
}

func (c *caller) tell(word string) error {
	if _, err := c.conn.Write([]byte(word + "\n")); err != nil {
		return err
	}
	_, err := c.words.ReadString('\n')
	return err
}
