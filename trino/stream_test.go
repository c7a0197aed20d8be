package trino_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/fault"
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

func TestAStatementThatFailsAfterRowsIsOneFailedCallAndIsAskedForOnce(t *testing.T) {
	t.Parallel()
	server := started(t)
	reply := trinotest.Bulk(10, 3)
	reply.Err = trinotest.NewError(65542, "a worker died")
	server.ReplyTo("bulk", reply)
	client := clientOf(t, server, func(c *trino.Config) { c.Limits.Breaker.MinCalls, c.Limits.Breaker.Ratio = 4, 0.25 })
	var stats base.Stats
	n, err := count(client.Query(base.WithStats(t.Context(), &stats), trino.Query{SQL: "SELECT * FROM bulk"}))
	e, ok := errors.AsType[*base.Error](err)
	if !ok || n != 30 || e.Kind != base.KindUnavailable || e.Op != "Query" || e.Attempts != 1 || e.QueryID == "" {
		t.Fatalf("%d rows, %v", n, err)
	}
	if stats.Calls != 4 || stats.Attempts != 4 { // the start with the first page, two pages, the failure
		t.Errorf("%+v", stats)
	}
	asked := map[string]int{}
	for _, r := range server.Requests() {
		if asked[r.Path]++; asked[r.Path] > 1 {
			t.Errorf("%s was asked for %d times", r.Path, asked[r.Path])
		}
	}
	if err := client.Ping(t.Context()); !errors.Is(err, base.ErrCircuitOpen) { // one of four calls failed
		t.Errorf("the breaker counts another share of failures: %v", err)
	}
}

// The segments of the one server lie in the storage of the other, which has no TLS.
func TestASegmentWithoutTLSIsRefusedBesideAServerThatHasIt(t *testing.T) {
	t.Parallel()
	storage := started(t, trinotest.WithSpooling())
	server := started(t, trinotest.WithTLS())
	server.Reply(nil, trinotest.Reply{Columns: []trinotest.Column{{Name: "x", Type: "bigint"}}, Rows: [][]any{{1}}})
	client := clientOf(t, server)
	f := fault.Status(http.StatusOK)
	f.Message = `{"id":"20250101_000000_00001_x","columns":[{"name":"x","type":"bigint"}],"data":{"encoding":"json","segments":[{"type":"spooled","uri":"` +
		storage.URL + `/segment1","ackUri":"` + server.URL + `/v1/spooled/ack/1","metadata":{"rowsCount":1,"segmentSize":5}}]},"stats":{"state":"RUNNING"}}`
	server.FailNext(f, 1)
	_, err := count(client.Query(t.Context(), trino.Query{SQL: "SELECT 1"}))
	if base.KindOf(err) != base.KindProtocol || !strings.Contains(err.Error(), "without TLS") {
		t.Errorf("%v", err)
	}
	if n := len(storage.Requests()); n != 0 {
		t.Errorf("%d requests went there", n)
	}
}
