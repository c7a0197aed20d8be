package trino_test

import (
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"github.com/fourkites/sources/internal/engines"
	"github.com/fourkites/sources/trino"
	"github.com/fourkites/sources/trino/trinotest"
)

func TestMain(m *testing.M) { engines.Main(m) }

func split(t testing.TB, address string) (host string, port int) {
	t.Helper()
	host, text, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	if port, err = strconv.Atoi(text); err != nil {
		t.Fatal(err)
	}
	return host, port
}

// clientOf is a client of the server, closed with the test.
func clientOf(t testing.TB, server *trinotest.Server, change ...func(*trino.Config)) *trino.Client {
	t.Helper()
	config := server.Config()
	for _, f := range change {
		f(&config)
	}
	client, err := trino.New(t.Context(), config, server.Options()...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := client.Close(); err != nil {
			t.Error(err)
		}
	})
	return client
}

// keepsAll has the tables of history keep every day.
func keepsAll(c *trino.Config) { c.Tables.Retention = -1 }

// started is a server, closed with the test.
func started(t testing.TB, opts ...trinotest.Option) *trinotest.Server {
	t.Helper()
	server := trinotest.NewServer(opts...)
	t.Cleanup(server.Close)
	return server
}

// handler is a client of a server that answers every request alike.
func handler(t testing.TB, f http.HandlerFunc) *trino.Client {
	t.Helper()
	server := httptest.NewServer(f)
	t.Cleanup(server.Close)
	host, port := split(t, strings.TrimPrefix(server.URL, "http://"))
	client, err := trino.New(t.Context(), trino.Config{Host: host, Port: port, Plaintext: true, Proxy: "none"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	return client
}
