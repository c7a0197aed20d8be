package loopback_test

import (
	"io"
	"net"
	"testing"

	"github.com/fourkites/sources/internal/loopback"
)

func dial(t *testing.T, address string) (net.Conn, error) {
	t.Helper()
	c, err := new(net.Dialer).DialContext(t.Context(), "tcp", address)
	if err == nil {
		t.Cleanup(func() { _ = c.Close() })
	}
	return c, err
}

func TestEachConnectionIsServedUntilTheTestEnds(t *testing.T) {
	t.Parallel()
	var clients []net.Conn
	ended := make(chan struct{}, 2)
	t.Run("test", func(t *testing.T) {
		address := loopback.Serve(t, func(c net.Conn) {
			_, _ = c.Write([]byte("x"))
			loopback.Mute(c)
			ended <- struct{}{}
		})
		for range 2 {
			c, err := new(net.Dialer).DialContext(t.Context(), "tcp", address)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := io.ReadFull(c, make([]byte, 1)); err != nil {
				t.Error(err)
			}
			clients = append(clients, c)
		}
	})
	if len(ended) != 2 {
		t.Errorf("%d of 2 functions ended before the test", len(ended))
	}
	for _, c := range clients {
		if n, err := c.Read(make([]byte, 1)); err == nil {
			t.Errorf("%d bytes of a server that is gone", n)
		}
		_ = c.Close()
	}
}

func TestAConnectionIsClosedWhenItsFunctionReturns(t *testing.T) {
	t.Parallel()
	c, err := dial(t, loopback.Serve(t, func(net.Conn) {}))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Read(make([]byte, 1)); err == nil {
		t.Error("it is open")
	}
}

func TestNobodyListens(t *testing.T) {
	t.Parallel()
	if _, err := dial(t, loopback.Nobody(t)); err == nil {
		t.Error("somebody does")
	}
}
