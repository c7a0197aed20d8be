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
	suiteRows   = 300
	suiteSQL    = "SELECT id, name FROM suite"
)

// rotating is a source of secrets that the suite turns.
type rotating struct{ turns atomic.Int64 }

func (r *rotating) turn() string {
	r.turns.Add(1)
	return r.text()
}

func (r *rotating) text() string {
	if n := r.turns.Load(); n > 0 {
		return fmt.Sprintf("%s-%d", suiteSecret, n)
	}
	return suiteSecret
}

func (r *rotating) Get(context.Context) (secret.Snapshot, error) {
	return secret.NewSnapshot(r.text(), "", time.Time{}), nil
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
	config.AccessKeyID, config.SecretAccessKey, config.Limits = suiteKey, secret.From(&key), s.Limits
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
			Address: strings.TrimPrefix(server.URL(), "http://"), Fail: server.Fail, Running: server.Running, Close: server.Close,
			Connections: func() int { open, _ := server.Connections(); return open },
			Refuse:      func() { server.SetKey(suiteKey, "another", "") },
			Rotate:      func() { server.SetKey(suiteKey, key.turn(), "") },
			Skew:        server.SetSkew,
			Calls:       func() int { return starts(server) },
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

// starts counts the requests that start the suite's query.
func starts(server *athenatest.Server) int {
	n := 0
	for _, r := range server.Requests() {
		if r.Action == "StartQueryExecution" {
			n++
		}
	}
	return n
}

func TestTheClientKeepsThePromisesOfEverySource(t *testing.T) {
	t.Parallel()
	basetest.Run(t, basetest.Harness{
		Family: basetest.Paged, New: suiteSubject, TLS: true, Secrets: []string{suiteSecret},
		Transient: fault.Error(100, "Internal service error"),
		Configure: func(l base.Limits) error {
			_, err := athena.New(context.Background(), athena.Config{Limits: l})
			return err
		},
		Skip: map[string]string{"F41": "the client only reads; no method has a side effect to repeat"},
	})
}
