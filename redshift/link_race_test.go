package redshift

import (
	"bytes"
	"net"
	"sync"
	"testing"
)

// The driver gives a connection up by reading it to its end, while a read that it began before may still be on its way back.
// The race detector sees what goes wrong then.
func TestAConnectionMayBeReadFromTwoGoroutines(t *testing.T) {
	t.Parallel()
	ours, theirs := net.Pipe()
	l := &link{Conn: ours, raw: ours}
	var readers sync.WaitGroup
	for range 2 {
		readers.Go(func() {
			for p := make([]byte, 7); ; {
				if _, err := l.Read(p); err != nil {
					_ = ours.Close()
					return
				}
			}
		})
	}
	_, _ = theirs.Write(bytes.Repeat([]byte{'1', 0, 0, 0, 4}, 64)) // whole, or until the watch is not content
	_ = theirs.Close()
	readers.Wait()
	if _, err := l.Read(make([]byte, 1)); err == nil {
		t.Error("the end of a connection was forgotten")
	}
}
