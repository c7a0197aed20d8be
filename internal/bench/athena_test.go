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

// BenchmarkAthena reads 200,000 rows at 100 ms an answer, page by page first and then from the file in S3, in one run;
// pages_x is the time of paging by this one's.
func BenchmarkAthena(b *testing.B) {
	var paging float64
	for _, results := range []string{"pages", "auto"} {
		b.Run(results, func(b *testing.B) {
			client, id := athenaResults(b, results)
			athenaRead(b, client, id) // the connections are there, and the answer is rendered
			b.ReportAllocs()
			for b.Loop() {
				athenaRead(b, client, id)
			}
			took := b.Elapsed().Seconds() / float64(b.N)
			if results == "pages" {
				paging = took
			}
			b.ReportMetric(paging/took, "pages_x")
		})
	}
}

// BenchmarkAthenaWait has queries take a known time on the server; engine_x is the time until the answer is there by the
// time that the engine took.
func BenchmarkAthenaWait(b *testing.B) {
	for _, engine := range []time.Duration{700 * time.Millisecond, 1900 * time.Millisecond, 5300 * time.Millisecond} {
		b.Run(engine.String(), func(b *testing.B) {
			server := athenatest.NewServer()
			b.Cleanup(server.Close)
			server.ReplyTo("slow", athenatest.Reply{Columns: []athenatest.Column{{Name: "id", Type: "bigint"}}, Rows: [][]any{{1}}, Wait: engine})
			config := server.Config()
			config.Key = secret.Literal(athenatest.AccessKey + ":" + athenatest.SecretKey)
			client, err := athena.New(b.Context(), config)
			if err != nil {
				b.Fatal(err)
			}
			b.Cleanup(func() { _ = client.Close() })
			for b.Loop() {
				answer, err := client.Query(b.Context(), athena.Query{SQL: "SELECT id FROM slow"})
				if err != nil {
					b.Fatal(err)
				}
				if err := answer.Close(); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(b.Elapsed().Seconds()/float64(b.N)/engine.Seconds(), "engine_x")
		})
	}
}
