package athena_test

import (
	"context"
	"fmt"
	"iter"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fourkites/sources/athena"
	"github.com/fourkites/sources/athena/athenatest"
	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/basetest"
	"github.com/fourkites/sources/base/fault"
	"github.com/fourkites/sources/base/rows"
	"github.com/fourkites/sources/base/secret"
)

const (
	suiteSecret = "plan(t)ed/secret word"
	suiteKey    = "SUITEKEY"
	suiteRows   = 2500
	suiteSQL    = "SELECT id, name FROM suite"
)

// rotating is a source of secrets that the suite turns.
type rotating struct{ turns atomic.Int64 }

// key is the present one: its id, and its secret, of which the first is suiteSecret itself.
func (r *rotating) key() (id, word string) {
	if n := r.turns.Load(); n > 0 {
		return fmt.Sprintf("%s%d", suiteKey, n), fmt.Sprintf("%s-%d", suiteSecret, n)
	}
	return suiteKey, suiteSecret
}

// turn goes on to the next key, and takes the one before away.
func (r *rotating) turn(server *athenatest.Server) {
	before, _ := r.key()
	r.turns.Add(1)
	id, word := r.key()
	server.SetKey(id, word, "")
	server.SetKey(before, "", "")
}

func (r *rotating) Get(context.Context) (secret.Snapshot, error) {
	id, word := r.key()
	return secret.NewSnapshot(id+":"+word, "", time.Time{}), nil
}

func suiteReply() athenatest.Reply {
	reply := athenatest.Reply{Columns: []athenatest.Column{{Name: "id", Type: "bigint"}, {Name: "name", Type: "varchar"}}}
	for i := range suiteRows {
		reply.Rows = append(reply.Rows, []any{i, fmt.Sprintf("row %d with some text", i)})
	}
	return reply
}

func suiteSubject(t testing.TB, s basetest.Settings) basetest.Subject {
	server := started(t)
	server.SetKey(suiteKey, suiteSecret, "")
	server.ReplyTo("suite", suiteReply())
	var key rotating
	config := server.Config()
	config.Key, config.Limits, config.Results = secret.From(&key), s.Limits, "pages"
	config.CAFile, config.CertFile, config.KeyFile = s.CAFile, s.CertFile, s.KeyFile
	if s.Address != "" {
		scheme := "http://"
		if s.CAFile != "" {
			scheme = "https://"
		}
		config.Endpoint = scheme + s.Address
	}
	client, err := athena.New(t.Context(), config, s.Options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() }) // a row may have left calls running
	query := athena.Query{SQL: suiteSQL}
	return basetest.Subject{
		Client: client, Items: suiteRows,
		Each: func(ctx context.Context) iter.Seq2[int, error] {
			return func(yield func(int, error) bool) {
				r, err := client.Query(ctx, query)
				if err != nil {
					yield(0, err)
					return
				}
				n := 0
				for _, err := range r.All() {
					if err == nil {
						n++
					}
					if !yield(n, err) {
						return
					}
				}
			}
		},
		Fake: basetest.Fake{
			Address: strings.TrimPrefix(server.URL(), "http://"), Fail: server.Fail, Running: func() int { return working(server) }, Close: server.Close,
			Connections: func() int { open, _ := server.Connections(); return open },
			Refuse:      func() { server.SetKey(suiteKey, "another", "") },
			Rotate:      func() { key.turn(server) },
			Skew:        server.SetSkew,
			Calls:       func() int { return tries(server) },
		},
		Read: func(ctx context.Context) (int, error) {
			r, err := client.Query(ctx, query)
			if err != nil {
				return 0, err
			}
			type row struct {
				ID   int64
				Name string
			}
			all, err := rows.Collect(r, rows.ToStruct[row])
			return len(all), err
		},
	}
}

// working is how many starts nobody has looked after yet: the server has not answered them, or their query was neither
// looked at nor stopped.
func working(server *athenatest.Server) int {
	n, seen := 0, map[string]bool{}
	for _, r := range server.Requests() {
		switch {
		case r.Action == "StartQueryExecution":
			n++
		case !seen[r.ID] && (r.Action == "GetQueryExecution" || r.Action == "StopQueryExecution"):
			seen[r.ID] = true
			n--
		}
	}
	return n
}

// tries counts the queries that were started, and the pages and the looks at a query that were asked for again: a query
// lives on where one was lost, and those of the suite have ended when they are looked at for the first time.
func tries(server *athenatest.Server) int {
	n, seen := 0, map[string]bool{}
	for _, r := range server.Requests() {
		if r.Action == "StartQueryExecution" || seen[r.Action+r.Body] {
			n++
		}
		if r.Action == "GetQueryResults" || r.Action == "GetQueryExecution" {
			seen[r.Action+r.Body] = true
		}
	}
	return n
}

// The rows run beside each other and not beside the other tests of the package, which read large answers: what a row makes
// the process allocate is measured.
func TestTheClientKeepsThePromisesOfEverySource(t *testing.T) {
	basetest.Run(t, basetest.Harness{
		Family: basetest.Paged, New: suiteSubject, TLS: true, Secrets: []string{suiteSecret},
		Transient: fault.Status(503),
		Configure: func(l base.Limits) error {
			_, err := athena.New(context.Background(), athena.Config{Limits: l})
			return err
		},
		Skip: map[string]string{
			"F30": "the SDK of AWS signs by the service's clock once it has seen that its own is off: TestAClockThatIsOffCostsNoCall",
			"F41": "the client only reads; no method has a side effect to repeat",
		},
	})
}
