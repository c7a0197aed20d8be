package trino_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/internal/engines"
	"github.com/fourkites/sources/trino"
)

// A crash in mid-query is an error that says so. While the server starts again, no caller sees anything but that it is
// not there yet, "nodes is empty" included; the same client then goes on.
func TestRealRestartInTheMiddleOfAQuery(t *testing.T) {
	server := engines.SharedTrino(t)
	client := realClient(t, server, func(c *trino.Config) {
		c.MaxRows, c.MaxBytes, c.Limits.Breaker.OpenFor, c.Limits.Breaker.Window = -1, -1, base.Duration(time.Second), base.Duration(2*time.Second)
	})
	r, err := client.Query(t.Context(), trino.Query{SQL: "SELECT * FROM tpch.sf10.lineitem"})
	if err != nil || !r.Next() {
		t.Fatal(err)
	}
	server.Kill(t)
	n := 1
	for r.Next() {
		n++
	}
	err = r.Err()
	if !errors.Is(err, base.ErrUnavailable) || r.Outcome() != base.Partial {
		t.Errorf("%d rows, %v, %v", n, r.Outcome(), err)
	}
	server.Begin(t)
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	codes := map[string]int{}
	for {
		n, err := count(client.Query(ctx, trino.Query{SQL: "SELECT name FROM nation"}))
		if err == nil {
			if n != 25 {
				t.Errorf("%d rows", n)
			}
			break
		}
		e, ok := errors.AsType[*base.Error](err)
		if !ok || e.Kind != base.KindUnavailable && e.Kind != base.KindCircuitOpen {
			t.Fatalf("while it starts: %v", err)
		}
		codes[e.Code]++
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("never came back: %v", err)
		}
	}
	t.Logf("seen while it started: %v", codes)
}
