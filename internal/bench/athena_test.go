package bench

import (
	"testing"
	"time"

	"github.com/fourkites/sources/athena"
	"github.com/fourkites/sources/athena/athenatest"
	"github.com/fourkites/sources/base/rows"
	"github.com/fourkites/sources/base/secret"
)

const (
	athenaRows  = 200_000
	athenaPause = 100 * time.Millisecond // before each answer
)

// athenaResults is a query that has ended, on a server whose answers take their time.
func athenaResults(b *testing.B, results string) (*athena.Client, string) {
	server := athenatest.NewServer()
	b.Cleanup(server.Close)
	reply := athenatest.Bulk(athenaRows)
	reply.Pause = athenaPause
	server.ReplyTo("bulk", reply)
	config := server.Config()
	config.Key, config.Results, config.MaxRows, config.MaxBytes = secret.Literal(athenatest.AccessKey+":"+athenatest.SecretKey), results, -1, -1
	client, err := athena.New(b.Context(), config)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = client.Close() })
	id, err := client.StartQuery(b.Context(), athena.Query{SQL: "SELECT id, name, at, score, ok FROM bulk"})
	if err != nil {
		b.Fatal(err)
	}
	if _, err := client.Execution(b.Context(), id); err != nil {
		b.Fatal(err)
	}
	return client, id
}

type athenaRow struct {
	ID    int64
	Name  string
	At    time.Time
	Score float64
	OK    bool
}

func athenaRead(b *testing.B, client *athena.Client, id string) {
	answer, err := client.Results(b.Context(), id, athena.ResultsOptions{})
	if err != nil {
		b.Fatal(err)
	}
	n := 0
	for _, err := range rows.ToStruct[athenaRow](answer) {
		if err != nil {
			b.Fatal(err)
		}
		n++
	}
	if n != athenaRows {
		b.Fatalf("%d rows", n)
	}
}

// BenchmarkAthena reads 200,000 rows at 100 ms an answer, from the file in S3 and page by page.
func BenchmarkAthena(b *testing.B) {
	for _, results := range []string{"auto", "pages"} {
		b.Run(results, func(b *testing.B) {
			client, id := athenaResults(b, results)
			athenaRead(b, client, id) // the connections are there, and the answer is rendered
			b.ReportAllocs()
			for b.Loop() {
				athenaRead(b, client, id)
			}
		})
	}
}
