package clickhouse

import (
	"bytes"
	"testing"
	"time"

	"github.com/ClickHouse/ch-go/proto"
)

// FuzzBlock feeds the decoder blocks that no server sends: it must return, with an error or without, and take no memory
// that did not arrive.
func FuzzBlock(f *testing.F) {
	for _, typ := range []string{
		"UInt64", "String", "Array(LowCardinality(Nullable(String)))", "Map(String, Array(Int8))", "Tuple(a DateTime64(3), b Enum8('x' = 1))",
		"Nullable(Decimal(38, 5))", "JSON", "Dynamic", "Array(", "FixedString(1000000)", "Nested(a UInt8)", "IPv6", "Int256", "UUID", "Nothing",
	} {
		var b proto.Buffer
		proto.BlockInfo{BucketNum: -1}.Encode(&b)
		b.PutInt(1)
		b.PutInt(3)
		b.PutString("c")
		b.PutString(typ)
		b.PutBool(false)
		f.Add(append(b.Buf, bytes.Repeat([]byte{1, 0, 0, 0, 0, 0, 0, 0}, 12)...))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		in := newInput(bytes.NewReader(data))
		in.budget = maxBlock
		answer := table{zone: time.UTC}
		n, err := answer.block(in, revision)
		if err != nil || n == 0 {
			return
		}
		for i, v := range answer.vectors {
			if v.Len() != n {
				t.Fatalf("column %d (%s): %d values for %d rows", i, answer.columns[i].Type, v.Len(), n)
			}
			_, _ = v.Value(0), v.Value(n-1)
		}
	})
}
