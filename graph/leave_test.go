package graph_test

import (
	"bytes"
	"context"
	"net"
	"testing"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/graph"
	"github.com/fourkites/sources/graph/graphtest"
)

// deaf is a connection to a server that takes no RESET and no ROLLBACK.
type deaf struct{ net.Conn }

func (d deaf) Write(p []byte) (int, error) {
	for _, message := range []string{"\xB0\x0F\x00\x00", "\xB0\x13\x00\x00"} {
		if bytes.Contains(p, []byte(message)) {
			return len(p), nil
		}
	}
	return d.Conn.Write(p)
}

// A second is what a ROLLBACK is waited for at most, and longer than the call here has.
func TestARollbackIsNotWaitedForBeyondTheTimeOfTheCall(t *testing.T) {
	t.Parallel()
	server := fake(t)
	server.ReplyTo("RETURN 777", graphtest.Reply{Fields: []string{"x"}, Records: [][]any{{1}}, Repeat: 100_000})
	client := newClient(t, server.Config(), base.WithDialer(func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := new(net.Dialer).DialContext(ctx, network, address)
		return deaf{conn}, err
	}))
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	answer, err := client.Query(ctx, graph.Query{Cypher: "RETURN 777 AS x"})
	if err != nil {
		t.Fatal(err)
	}
	left := time.Now()
	if err := answer.Close(); err != nil {
		t.Error(err)
	}
	if took := time.Since(left); took >= time.Second {
		t.Errorf("Close took %s", took)
	}
}
