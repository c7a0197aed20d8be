package redshift_test

import (
	"context"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/secret"
	"github.com/fourkites/sources/redshift"
)

// A port of another protocol takes the connection and waits for more, as HTTP does for the end of a line.
func TestAPortThatDoesNotGreetIsSaidToBeOne(t *testing.T) {
	t.Parallel()
	for name, plaintext := range map[string]bool{"TLS": false, "plaintext": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				cfg := redshift.Config{Host: "127.0.0.1", Database: "d", User: "u", Password: secret.Literal("hunter2"), Plaintext: plaintext}
				client, err := redshift.New(t.Context(), cfg, base.WithDialer(func(context.Context, string, string) (net.Conn, error) {
					near, far := net.Pipe()
					go func() { _, _ = io.Copy(io.Discard, far) }() // ends with near
					return near, nil
				}))
				if err != nil {
					t.Fatal(err)
				}
				began := time.Now()
				err = client.Ping(t.Context())
				if took := time.Since(began); took != 5*time.Second {
					t.Errorf("after %s", took)
				}
				if base.KindOf(err) != base.KindUnavailable || !strings.Contains(err.Error(), "connected, but no PostgreSQL greeting came") ||
					!strings.Contains(err.Error(), "check host and port") {
					t.Error(err)
				}
				if err := client.Close(); err != nil {
					t.Error(err)
				}
			})
		})
	}
}
