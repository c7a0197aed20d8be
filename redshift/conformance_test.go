package redshift_test

import (
	"context"
	"fmt"
	"iter"
	"net"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/basetest"
	"github.com/fourkites/sources/base/fault"
	"github.com/fourkites/sources/base/rows"
	"github.com/fourkites/sources/base/secret"
	"github.com/fourkites/sources/redshift"
	"github.com/fourkites/sources/redshift/redshifttest"
)

const (
	suitePassword = "plan(t)ed/pass word"
	suiteUser     = "suite"
	suiteRows     = 300
	suiteSQL      = "SELECT id, name FROM suite ORDER BY id"
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

// dialAgreed stands between the client and the suite's peers that speak TLS from the first byte: PostgreSQL's protocol
// asks for TLS before.
func dialAgreed(ctx context.Context, network, address string) (net.Conn, error) {
	c, err := new(net.Dialer).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	return &agreed{Conn: c}, nil
}

// agreed keeps the request for TLS back and answers it with yes.
type agreed struct {
	net.Conn
	asked, told bool // the client asks and reads in one goroutine
}

func (a *agreed) Write(p []byte) (int, error) {
	if a.asked {
		return a.Conn.Write(p)
	}
	a.asked = true
	return len(p), nil
}

func (a *agreed) Read(p []byte) (int, error) {
	if a.told {
		return a.Conn.Read(p)
	}
	a.told = true
	return copy(p, "S"), nil
}

func suiteSubject(t testing.TB, s basetest.Settings) basetest.Subject {
	server := redshifttest.NewServer()
	t.Cleanup(server.Close)
	server.AddUser(suiteUser, suitePassword)
	columns := []redshifttest.Column{{Name: "id", Type: "bigint"}, {Name: "name", Type: "varchar"}}
	server.Create("public.suite", columns)
	all := make([][]any, suiteRows)
	for i := range all {
		all[i] = []any{i, fmt.Sprintf("row %d with some text", i)}
	}
	server.Create("public.suite", columns, all...)
	var password rotating
	password.turn()
	cfg := server.Config()
	cfg.User, cfg.Password, cfg.Limits = suiteUser, secret.From(&password), s.Limits
	if s.CAFile != "" {
		cfg.Plaintext, cfg.CAFile, cfg.CertFile, cfg.KeyFile = false, s.CAFile, s.CertFile, s.KeyFile
		s.Options = append([]base.Option{base.WithDialer(dialAgreed)}, s.Options...)
	}
	if s.Address != "" {
		host, port, err := net.SplitHostPort(s.Address)
		if err != nil {
			t.Fatal(err)
		}
		if cfg.Host = host; net.ParseIP(host) == nil && s.CAFile == "" { // without TLS only this machine may be named
			if err := server.UseTLS(); err != nil {
				t.Fatal(err)
			}
			cfg.Plaintext, cfg.ServerName = false, "localhost"
			s.Options = append(s.Options, base.WithTLS(server.ClientTLS()))
		}
		cfg.Port, _ = strconv.Atoi(port)
	}
	client, err := redshift.New(t.Context(), cfg, s.Options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() }) // a row may have left calls running
	each := func(ctx context.Context) iter.Seq2[int, error] {
		return func(yield func(int, error) bool) {
			r, err := client.Query(ctx, redshift.Query{SQL: suiteSQL})
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
			r, err := client.Query(ctx, redshift.Query{SQL: suiteSQL})
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
		Family: basetest.Held, New: suiteSubject, TLS: true, Secrets: []string{suitePassword}, Transient: fault.Error(8006, "connection to a node was lost"),
		Configure: func(l base.Limits) error {
			c, err := redshift.New(context.Background(), redshift.Config{Host: "redshift.example.com", Database: "d", User: "u", Limits: l})
			if err != nil {
				return err
			}
			return c.Close()
		},
		Skip: map[string]string{"F41": "the client has no method that writes"},
	})
}
