package trino_test

import (
	"net"
	"strconv"
	"testing"

	"github.com/fourkites/sources/trino"
	"github.com/fourkites/sources/trino/trinotest"
)

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

// started is a server, closed with the test.
func started(t testing.TB, opts ...trinotest.Option) *trinotest.Server {
	t.Helper()
	server := trinotest.NewServer(opts...)
	t.Cleanup(server.Close)
	return server
}
