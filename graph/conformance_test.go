package graph_test

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/basetest"
	"github.com/fourkites/sources/base/rows"
	"github.com/fourkites/sources/base/secret"
	"github.com/fourkites/sources/graph"
	"github.com/fourkites/sources/graph/graphtest"
)

const (
	suitePassword = "plan(t)ed/pass word"
	suiteUser     = "suite"
	suiteRows     = 300
	suiteCypher   = "UNWIND range(1, 300) AS id RETURN id, 'row ' + toString(id) + ' with some text' AS name"
)

// rotating is a source of passwords that the suite turns.
type rotating struct{ turns atomic.Int64 }

// turn goes on to the next password; the first is suitePassword itself.
func (r *rotating) turn() string {
	r.turns.Add(1)
	return r.text()
}

func (r *rotating) text() string {
	if n := r.turns.Load(); n > 1 {
		return fmt.Sprintf("%s-%d", suitePassword, n)
	}
	return suitePassword
}

func (r *rotating) Get(context.Context) (secret.Snapshot, error) {
	return secret.NewSnapshot(r.text(), "", time.Time{}), nil
}

// suiteImport is one class: one batch, and so one transaction that is not repeated.
func suiteImport() string {
	text, _ := json.Marshal(map[string]any{"classes": []map[string]any{{"service": "suite", "path": "a/B.java", "class": "B"}}})
	return string(text)
}

func suiteSubject(t testing.TB, s basetest.Settings) basetest.Subject {
	server := graphtest.NewServer()
	t.Cleanup(server.Close)
	server.AddUser(suiteUser, suitePassword)
	var password rotating
	password.turn()
	cfg := server.Config()
	cfg.User, cfg.Password, cfg.Limits, cfg.AllowWrites = suiteUser, secret.From(&password), s.Limits, true
	if s.CAFile != "" {
		cfg.Plaintext, cfg.CAFile, cfg.CertFile, cfg.KeyFile = false, s.CAFile, s.CertFile, s.KeyFile
	}
	if s.Address != "" {
		host, _, err := net.SplitHostPort(s.Address)
		if err != nil {
			t.Fatal(err)
		}
		if net.ParseIP(host) == nil && s.CAFile == "" { // without TLS only this machine may be named
			if err := server.UseTLS(); err != nil {
				t.Fatal(err)
			}
			cfg.Plaintext, cfg.ServerName = false, "localhost"
			s.Options = append(s.Options, base.WithTLS(server.ClientTLS()))
		}
		cfg.URI = "bolt://" + s.Address
	}
	client, err := graph.New(t.Context(), cfg, s.Options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() }) // a row may have left calls running
	fail := server.Fail
	if strings.Contains(t.Name(), "F41") { // what is lost before COMMIT was not done, and is done again
		fail = server.FailCommit
	}
	each := func(ctx context.Context) iter.Seq2[int, error] {
		return func(yield func(int, error) bool) {
			r, err := client.Query(ctx, graph.Query{Cypher: suiteCypher})
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
	}
	return basetest.Subject{
		Client: client, Items: suiteRows, Each: each,
		Write: func(ctx context.Context) error {
			_, err := client.Import(ctx, strings.NewReader(suiteImport()))
			return err
		},
		Fake: basetest.Fake{
			Address: server.Addr(), Fail: fail, Running: server.Running, Close: server.Close,
			Connections: func() int { open, _ := server.Connections(); return open },
			Refuse:      func() { server.SetPassword(suiteUser, "another"); server.DropConnections() },
			Rotate: func() {
				server.SetPassword(suiteUser, password.turn())
				server.DropConnections() // an open connection outlives its password
			},
			Calls: func() int {
				n := 0
				for _, r := range server.Requests() {
					if strings.HasPrefix(r.Cypher, suiteCypher) || strings.Contains(r.Cypher, "$classes AS x MERGE") {
						n++
					}
				}
				return n
			},
		},
		Read: func(ctx context.Context) (int, error) {
			r, err := client.Query(ctx, graph.Query{Cypher: suiteCypher})
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

func TestTheClientKeepsThePromisesOfEverySource(t *testing.T) {
	t.Parallel()
	basetest.Run(t, basetest.Harness{
		Family: basetest.Held, New: suiteSubject, TLS: true, Secrets: []string{suitePassword},
		Transient: graphtest.Error(graphtest.CodeDatabaseUnavailable, "the database is not available"),
		Configure: func(l base.Limits) error {
			c, err := graph.New(context.Background(), graph.Config{URI: "bolt://graph.example.com", Limits: l})
			if err != nil {
				return err
			}
			return c.Close()
		},
	})
}
