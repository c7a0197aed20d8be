package athena_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/fourkites/sources/athena"
	"github.com/fourkites/sources/athena/athenatest"
	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/secret"
	"github.com/fourkites/sources/internal/engines"
)

func TestMain(m *testing.M) { engines.Main(m) }

// started is a server, closed with the test.
func started(t testing.TB) *athenatest.Server {
	t.Helper()
	server := athenatest.NewServer()
	if err := server.Err(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	return server
}

// keyed is the server's configuration with its key.
func keyed(server *athenatest.Server) athena.Config {
	config := server.Config()
	config.Key = secret.Literal(athenatest.AccessKey + ":" + athenatest.SecretKey)
	return config
}

// clientOf is a client of the server, closed with the test.
func clientOf(t testing.TB, server *athenatest.Server, change ...func(*athena.Config)) *athena.Client {
	t.Helper()
	config := keyed(server)
	for _, f := range change {
		f(&config)
	}
	return clientWith(t, config)
}

func clientWith(t testing.TB, config athena.Config, opts ...base.Option) *athena.Client {
	t.Helper()
	client, err := athena.New(t.Context(), config, opts...)
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
func keepsAll(c *athena.Config) { c.Tables.Retention = -1 }

// timeout is a context for what must not take long.
func timeout(t *testing.T) (context.Context, context.CancelFunc) {
	t.Helper()
	return context.WithTimeout(t.Context(), 20*time.Second)
}

// says reports whether an error tells more than its kind.
func says(err error) bool {
	return strings.Contains(err.Error(), base.KindOf(err).String()+": ") || strings.Contains(err.Error(), "): ")
}
