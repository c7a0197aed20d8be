package trino_test

import (
	"context"
	"fmt"
	"iter"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/basetest"
	"github.com/fourkites/sources/base/fault"
	"github.com/fourkites/sources/base/rows"
	"github.com/fourkites/sources/base/secret"
	"github.com/fourkites/sources/trino"
	"github.com/fourkites/sources/trino/trinotest"
)

const (
	suitePassword = "plan(t)ed/pass word"
	suiteUser     = "suite"
	suiteRows     = 300
)

// rotating is a source of passwords that the suite turns.
type rotating struct{ turns atomic.Int64 }

// turn goes on to the next password; the one before the first turn is suitePassword itself.
func (r *rotating) turn() string {
	r.turns.Add(1)
	return r.text()
}

func (r *rotating) text() string {
	if n := r.turns.Load(); n > 0 {
		return fmt.Sprintf("%s-%d", suitePassword, n)
	}
	return suitePassword
}

func (r *rotating) Get(context.Context) (secret.Snapshot, error) {
	return secret.NewSnapshot(r.text(), "", time.Time{}), nil
}

func suiteSubject(t testing.TB, s basetest.Settings) basetest.Subject {
	speaks := trinotest.WithTLS("source.example.com", "no-such-host.invalid") // names that rows lead to the server
	if s.CAFile != "" {
		speaks = trinotest.WithTLSAhead()
	}
	server := trinotest.NewServer(speaks)
	t.Cleanup(server.Close)
	server.SetPassword(suiteUser, suitePassword)
	server.ReplyTo("suite", trinotest.Bulk(suiteRows/3, 3))
	var password rotating
	config := server.Config()
	config.User, config.Password, config.Limits, config.MaxPage = suiteUser, secret.From(&password), s.Limits, 8<<20
	config.Plaintext, config.CAFile, config.CertFile, config.KeyFile = false, s.CAFile, s.CertFile, s.KeyFile
	if s.Address != "" {
		config.Host, config.Port = split(t, s.Address)
	}
	client, err := trino.New(t.Context(), config, append(server.Options(), s.Options...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() }) // a row may have left calls running
	query := trino.Query{SQL: "SELECT id, name, at FROM suite"}
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
			Address: server.Addr(), Fail: server.Fail, Running: server.Running, Close: server.Close,
			Connections: func() int { open, _ := server.Connections(); return open },
			Refuse:      func() { server.SetPassword(suiteUser, "another") },
			Rotate:      func() { server.SetPassword(suiteUser, password.turn()) },
			Calls:       func() int { return tries(server.Requests()) },
		},
		Read: func(ctx context.Context) (int, error) {
			r, err := client.Query(ctx, query)
			if err != nil {
				return 0, err
			}
			type row struct {
				ID   int64
				Name string
				At   time.Time
			}
			all, err := rows.Collect(r, rows.ToStructLax[row])
			return len(all), err
		},
	}
}

// tries counts the statements, and the pages that were asked for again: a statement lives on where a page was lost.
func tries(requests []trinotest.Request) int {
	n, seen := 0, map[string]bool{}
	for _, r := range requests {
		switch {
		case r.Method == http.MethodPost && strings.Contains(r.SQL, "suite"), r.Method == http.MethodGet && seen[r.Path]:
			n++
		case r.Method == http.MethodGet:
			seen[r.Path] = true
		}
	}
	return n
}

// The transient fault is an error within a page: the statement has to be sent anew.
func TestTheClientKeepsThePromisesOfEverySource(t *testing.T) {
	t.Parallel()
	basetest.Run(t, basetest.Harness{
		Family: basetest.Paged, New: suiteSubject, TLS: true, Secrets: []string{suitePassword},
		Transient: fault.Error(65549, "the server is starting up"),
		Configure: func(l base.Limits) error {
			_, err := trino.New(context.Background(), trino.Config{Host: "trino.example.com", Limits: l})
			return err
		},
		Skip: map[string]string{"F41": "the client only reads; no method has a side effect to repeat"},
	})
}
