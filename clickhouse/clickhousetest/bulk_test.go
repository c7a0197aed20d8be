package clickhousetest_test

import (
	"context"
	"testing"

	"github.com/ClickHouse/ch-go"
	"github.com/ClickHouse/ch-go/proto"

	"github.com/fourkites/sources/clickhouse/clickhousetest"
)

// BenchmarkBulk reads a million rows as columns: the server must cost little beside any client that is measured.
func BenchmarkBulk(b *testing.B) {
	s := clickhousetest.NewServer()
	defer s.Close()
	s.Reply(nil, clickhousetest.Bulk(62_500, 16))
	client, err := ch.Dial(b.Context(), ch.Options{Address: s.Addr(), ReadTimeout: patience})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = client.Close() }()
	var (
		id   proto.ColUInt64
		text proto.ColStr
		at   proto.ColDateTime
		rows int
	)
	for b.Loop() {
		rows = 0
		err := client.Do(b.Context(), ch.Query{
			Body: "SELECT", Result: proto.Results{{Name: "id", Data: &id}, {Name: "name", Data: &text}, {Name: "at", Data: &at}},
			OnResult: func(_ context.Context, block proto.Block) error { rows += block.Rows; return nil },
		})
		if err != nil || rows != 1_000_000 {
			b.Fatalf("%d rows, %v", rows, err)
		}
	}
	b.ReportMetric(float64(rows)*float64(b.N)/b.Elapsed().Seconds()/1e6, "Mrows/s")
}
