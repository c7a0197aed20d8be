package athena

import (
	"bytes"
	"encoding/csv"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/athena/types"
)

// A file of results is taken apart without a crash, and as encoding/csv takes it apart, whatever it holds; only that can
// NULL not tell from an empty text.
func FuzzRecords(f *testing.F) {
	for _, s := range []string{
		"\"a\",\"b\"\n", "\"a \"\"x\"\"\",,\"\"\n", "\n", "\"a\nb\",\"c\"\r\n", "\"", "\"a\"b\n", ",\n,", "\"a\"\"", "a,b\n", "\"\"\"\"\n",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var r records
		for {
			end, ok, err := r.next(b)
			if err != nil || !ok {
				return
			}
			var got []string
			for _, place := range r.fields {
				got = append(got, string(r.value(b[:end], place)))
			}
			want, err := csv.NewReader(bytes.NewReader(b[:end])).Read()
			if err == nil && strings.Join(want, "\x00") != strings.ReplaceAll(strings.Join(got, "\x00"), "\r\n", "\n") {
				t.Errorf("%q: %q, want %q", b[:end], got, want)
			}
			b = b[end:]
		}
	})
}

// Texts of every type are read or refused, never a crash.
func FuzzValue(f *testing.F) {
	names := []string{
		"boolean", "tinyint", "smallint", "integer", "bigint", "real", "double", "varbinary", "date", "timestamp", "timestamp with time zone", "decimal",
	}
	for i, text := range []string{"true", "-128", "1", "2147483647", "9223372036854775807", "NaN", "1e300", "68 65", "2024-02-29", "2024-02-29 01:02:03.004", "2024-02-29 01:02:03.004 Asia/Kolkata", "1.50"} {
		f.Add(i, text)
	}
	f.Fuzz(func(_ *testing.T, i int, text string) {
		name := names[((i%len(names))+len(names))%len(names)]
		table, err := newTable([]types.ColumnInfo{{Name: aws.String("a"), Type: &name}})
		if err != nil {
			panic(err)
		}
		if table.add(0, octetsOf(text)) == nil && table.add(0, nil) == nil {
			table.n = 2
			_ = table.batch().Row(0).Map()
			_ = table.batch().Row(1).Map()
		}
	})
}

// A literal is one literal, whatever the text holds.
func FuzzLiteral(f *testing.F) {
	for _, s := range []string{"a", "'", "''", "\\'", "' OR 1=1 --", "\x00"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := literal(text)
		if err != nil {
			return
		}
		inner := got[1 : len(got)-1]
		if got[0] != '\'' || got[len(got)-1] != '\'' || strings.Contains(strings.ReplaceAll(inner, "''", ""), "'") {
			t.Errorf("%q becomes %s", text, got)
		}
	})
}
