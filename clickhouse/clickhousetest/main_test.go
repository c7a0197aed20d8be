package clickhousetest_test

import (
	"context"
	"testing"
	"time"

	"github.com/ClickHouse/ch-go"
	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"go.uber.org/goleak"

	"github.com/fourkites/sources/clickhouse/clickhousetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const patience = 10 * time.Second

func newServer(t *testing.T) *clickhousetest.Server {
	t.Helper()
	s := clickhousetest.NewServer()
	t.Cleanup(s.Close)
	if err := s.Err(); err != nil {
		t.Fatal(err)
	}
	return s
}

// openStandard connects clickhouse-go; nothing is dialled before the first use.
func openStandard(t *testing.T, s *clickhousetest.Server, change ...func(*clickhouse.Options)) driver.Conn {
	t.Helper()
	options := &clickhouse.Options{
		Addr: []string{s.Addr()}, Auth: clickhouse.Auth{Username: "default"}, DialTimeout: patience, ReadTimeout: patience,
	}
	for _, c := range change {
		c(options)
	}
	conn, err := clickhouse.Open(options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

func withLZ4(o *clickhouse.Options) {
	o.Compression = &clickhouse.Compression{Method: clickhouse.CompressionLZ4}
}

// dialColumnar connects ch-go.
func dialColumnar(t *testing.T, s *clickhousetest.Server, change ...func(*ch.Options)) *ch.Client {
	t.Helper()
	options := ch.Options{Address: s.Addr(), User: "default", ReadTimeout: patience}
	for _, c := range change {
		c(&options)
	}
	client, err := ch.Dial(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	return client
}

func withColumnarLZ4(o *ch.Options) { o.Compression = ch.CompressionLZ4 }

// eventually polls until the condition holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-ctx.Done():
			t.Fatalf("%s: still not so after %v", what, patience)
		case <-tick.C:
		}
	}
}

func inDatabase(name string) func(*clickhouse.Options) {
	return func(o *clickhouse.Options) { o.Auth.Database = name }
}
