package clickhouse

import (
	"bytes"
	"testing"

	"github.com/ClickHouse/ch-go/proto"
)

// BenchmarkTexts decodes a column of short texts.
func BenchmarkTexts(b *testing.B) {
	const n = 65_409
	var wire proto.Buffer
	for i := range n {
		wire.PutString("row" + "xxxx"[:i%5] + "a")
	}
	source := bytes.NewReader(wire.Buf)
	in := newInput(source)
	var c texts
	b.SetBytes(int64(len(wire.Buf)))
	for b.Loop() {
		source.Reset(wire.Buf)
		in.r, in.w, in.failed, in.budget = 0, 0, nil, maxBlock
		if _, err := c.read(in, n); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/text")
}

// BenchmarkTimes decodes a column of instants.
func BenchmarkTimes(b *testing.B) {
	const n = 65_409
	wire := make([]byte, 4*n)
	source := bytes.NewReader(wire)
	in := newInput(source)
	c, err := newColumn("DateTime", nil, 0)
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(wire)))
	for b.Loop() {
		source.Reset(wire)
		in.r, in.w, in.failed, in.budget = 0, 0, nil, maxBlock
		if _, err := c.read(in, n); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/instant")
}
