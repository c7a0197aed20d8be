package trino_test

import (
	"context"
	"testing"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/trino"
	"github.com/fourkites/sources/trino/trinotest"
)

// The end that the context brings may come while the answer is handed out: what is said of it stands by then.
func TestAnAnswerWhoseContextEndsAsItIsHandedOutIsNotTouchedAnyMore(t *testing.T) {
	t.Parallel()
	server := started(t)
	server.RefuseProperty("query_max_run_time")
	server.ReplyTo("bulk", trinotest.Bulk(10, 3))
	client := clientOf(t, server)
	for range 50 {
		ctx, cancel := context.WithCancel(t.Context())
		r, err := client.Query(ctx, trino.Query{SQL: "SELECT * FROM bulk", Progress: func(p trino.Progress) {
			if p.State == "RUNNING" {
				cancel()
			}
		}})
		if err == nil {
			_ = r.Close()
		}
		cancel()
	}
}

func TestASegmentThatCannotBeReadIsNotAcknowledged(t *testing.T) {
	t.Parallel()
	server := started(t, trinotest.WithSpooling())
	server.ReplyTo("bulk", trinotest.Bulk(1000, 6))
	client := clientOf(t, server)
	server.DamageSegments(1)
	n, err := count(client.Query(t.Context(), trino.Query{SQL: "SELECT * FROM bulk"}))
	if n != 1000 || base.KindOf(err) != base.KindProtocol {
		t.Errorf("%d rows, %v", n, err)
	}
	if len(server.Fetched()) != 1 || server.Acknowledged() != 0 {
		t.Errorf("%d fetched, %d acknowledged", len(server.Fetched()), server.Acknowledged())
	}
}
