package athena

import (
	"errors"
	"io"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/athena/types"
	"github.com/google/go-cmp/cmp"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/rows"
	"github.com/fourkites/sources/base/secret"
	"github.com/fourkites/sources/internal/engines"
)

// realClient is a client of moto, which stands for Athena and S3.
func realClient(t *testing.T, server *engines.MotoServer) *Client {
	t.Helper()
	client, err := New(t.Context(), Config{
		Region: engines.MotoRegion, Endpoint: server.URL, S3Endpoint: server.URL, OutputLocation: "s3://results/out/", Proxy: "none",
		Key: secret.Literal("demo:demo"),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	return client
}

func TestARealQueryPassesThroughItsStatesAndIsRead(t *testing.T) {
	t.Parallel()
	server := engines.Moto(t)
	server.CreateBucket(t, "results")
	server.SetTransition(t, 2)
	server.SeedResults(t, engines.MotoResult{
		Columns: [][2]string{{"id", "bigint"}, {"name", "varchar"}},
		Rows:    [][]any{{"1", "a"}, {"2", "two\nlines"}, {"3", nil}},
	})
	client := realClient(t, server)
	if err := client.Ping(t.Context()); err != nil {
		t.Error(err)
	}
	answer, err := client.Query(t.Context(), Query{SQL: "SELECT id, name FROM t"})
	if err != nil {
		t.Fatal(err)
	}
	all, err := rows.Collect(answer, rows.ToMap)
	want := []map[string]any{{"id": int64(1), "name": "a"}, {"id": int64(2), "name": "two\nlines"}, {"id": int64(3), "name": nil}}
	if diff := cmp.Diff(want, all); diff != "" || err != nil {
		t.Errorf("%s %v", diff, err)
	}
}

// What a store does with ranges and conditions is S3's own part.
func TestARealFileIsReadInOneStateOrNotAtAll(t *testing.T) {
	t.Parallel()
	server := engines.Moto(t)
	server.CreateBucket(t, "results")
	client := realClient(t, server)
	name, typ := "a", "varchar"
	read := func() (n int, err error) {
		table, err := newTable([]types.ColumnInfo{{Name: &name, Type: &typ}})
		if err != nil {
			t.Fatal(err)
		}
		o := client.fileOf(opResults, Execution{ID: "x", OutputLocation: "s3://results/x.csv"}, true)
		o.fetch(t.Context())
		f := &file{object: o, id: "x"}
		defer f.close()
		for {
			if err := f.fill(t.Context(), table); errors.Is(err, io.EOF) {
				return n, nil
			} else if err != nil {
				return n, err
			}
			n += table.n
		}
	}
	for body, want := range map[string]int{"\"a\"\n": 0, "\"a\"\n\"x\"\n\n\"y \"\"z\"\"\"\n": 3} {
		server.PutObject(t, "results", "x.csv", []byte(body))
		if n, err := read(); err != nil || n != want {
			t.Errorf("%q: %d rows, %v", body, n, err)
		}
	}
	for body, want := range map[string]base.Kind{"": base.KindProtocol, "\"a\"\n\"x": base.KindProtocol} {
		server.PutObject(t, "results", "x.csv", []byte(body))
		if n, err := read(); base.KindOf(err) != want {
			t.Errorf("%q: %d rows, %v", body, n, err)
		}
	}
}
