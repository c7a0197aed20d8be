package clickhouse_test

import (
	"context"
	"fmt"
	"iter"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/basetest"
	"github.com/fourkites/sources/base/fault"
	"github.com/fourkites/sources/base/rows"
	"github.com/fourkites/sources/base/secret"
	"github.com/fourkites/sources/clickhouse"
	"github.com/fourkites/sources/clickhouse/clickhousetest"
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
	server := clickhousetest.NewServer()
	t.Cleanup(server.Close)
	server.AddUser(suiteUser, suitePassword)
	server.ReplyTo("suite", clickhousetest.Bulk(suiteRows/3, 3))
	address := server.Addr()
	if s.Address != "" {
		address = s.Address
	}
	var password rotating
	client, err := clickhouse.New(t.Context(), clickhouse.Config{
		Addresses: []string{address}, User: suiteUser, Password: secret.From(&password), Limits: s.Limits, AllowWrites: true,
		Secure: s.CAFile != "", CAFile: s.CAFile, CertFile: s.CertFile, KeyFile: s.KeyFile,
	}, s.Options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() }) // a row may have left calls running
	each := func(ctx context.Context) iter.Seq2[int, error] {
		return func(yield func(int, error) bool) {
			r, err := client.Query(ctx, clickhouse.Query{SQL: "SELECT id, name, at FROM suite"})
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
		Fake: basetest.Fake{
			Address: server.Addr(), Fail: server.Fail, Running: server.Running, Close: server.Close,
			Connections: func() int { open, _ := server.Connections(); return open },
			Refuse:      func() { server.SetPassword(suiteUser, "another"); server.DropConnections() },
			Rotate: func() {
				server.SetPassword(suiteUser, password.turn())
				server.DropConnections() // an open session outlives its password
			},
			Calls: func() int {
				n := 0
				for _, r := range server.Requests() {
					if strings.Contains(r.SQL, "suite") {
						n++
					}
				}
				return n
			},
		},
		Read: func(ctx context.Context) (int, error) {
			r, err := client.Query(ctx, clickhouse.Query{SQL: "SELECT id, name, at FROM suite"})
			if err != nil {
				return 0, err
			}
			type row struct {
				ID   uint64
				Name string
				At   time.Time
			}
			all, err := rows.Collect(r, rows.ToStruct[row])
			return len(all), err
		},
		Write: func(ctx context.Context) error {
			return client.Exec(ctx, clickhouse.Statement{SQL: "CREATE TABLE IF NOT EXISTS suite_table (x UInt8) ENGINE = Memory"})
		},
	}
}

func TestTheClientKeepsThePromisesOfEverySource(t *testing.T) {
	t.Parallel()
	basetest.Run(t, basetest.Harness{
		Family: basetest.Held, New: suiteSubject, TLS: true, Secrets: []string{suitePassword}, Transient: fault.Error(210, "connection refused to a replica"),
		Configure: func(l base.Limits) error {
			_, err := clickhouse.New(context.Background(), clickhouse.Config{Host: "clickhouse.example.com", Limits: l})
			return err
		},
	})
}
