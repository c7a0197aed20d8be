package canarysweep_test

import (
	"context"
	"strings"
	"testing"

	"github.com/fourkites/sources/athena"
	"github.com/fourkites/sources/athena/athenatest"
	"github.com/fourkites/sources/base/secret"
	"github.com/fourkites/sources/clickhouse"
	"github.com/fourkites/sources/clickhouse/clickhousetest"
	"github.com/fourkites/sources/graph"
	"github.com/fourkites/sources/graph/graphtest"
	"github.com/fourkites/sources/redshift"
	"github.com/fourkites/sources/redshift/redshifttest"
	"github.com/fourkites/sources/trino"
	"github.com/fourkites/sources/trino/trinotest"
)

// made is a client, or why there is none.
func made[C client](c C, err error) (client, error) {
	if err != nil {
		return nil, err
	}
	return c, nil
}

// databases are the subjects that speak SQL or Cypher.
func databases() map[string]func(*testing.T, *world) *subject {
	return map[string]func(*testing.T, *world) *subject{
		"clickhouse":            ofClickHouse,
		"redshift":              ofRedshift,
		"trino, password":       ofTrino(false),
		"trino, token":          ofTrino(true),
		"athena, key":           ofAthena(false),
		"athena, temporary key": ofAthena(true),
		"graph":                 ofGraph,
	}
}

func ofClickHouse(t *testing.T, w *world) *subject {
	server := clickhousetest.NewServer()
	t.Cleanup(server.Close)
	password := w.set.Password("clickhouse.Config.Password")
	server.AddUser("canary", password)
	c := server.Config()
	c.User, c.Password, c.Limits, c.AllowWrites = "canary", secret.Literal(password), limits(), true
	open := func(ctx context.Context) (client, error) { return made(clickhouse.New(ctx, c, w.options()...)) }
	return &subject{
		open: open, config: c, secrets: []string{password}, user: "canary", codes: []int{210, 516, 241, 60, 62, 999},
		fail: server.Fail, clear: server.ClearFaults,
	}
}

func ofRedshift(t *testing.T, w *world) *subject {
	server := redshifttest.NewServer()
	t.Cleanup(server.Close)
	password := w.set.Password("redshift.Config.Password")
	server.AddUser("canary", password)
	server.Create("public.demo", []redshifttest.Column{{Name: "id", Type: "bigint"}}, []any{1})
	c := server.Config()
	c.User, c.Password, c.Limits = "canary", secret.Literal(password), limits()
	open := func(ctx context.Context) (client, error) { return made(redshift.New(ctx, c, w.options()...)) }
	return &subject{
		open: open, config: c, secrets: []string{password}, user: "canary", codes: []int{8006, 28000, 42601, 57014, 53200},
		fail: server.Fail, clear: server.ClearFaults,
	}
}

func ofTrino(token bool) func(*testing.T, *world) *subject {
	return func(t *testing.T, w *world) *subject {
		server := trinotest.NewServer(trinotest.WithTLS())
		t.Cleanup(server.Close)
		c := server.Config()
		var word string
		if token {
			word = w.set.JWT("trino.Config.Token")
			server.SetTokens(word)
			c.Password, c.Token = secret.Value{}, secret.Literal(word)
		} else {
			word = w.set.Password("trino.Config.Password")
			server.SetPassword("canary", word)
			c.User, c.Password = "canary", secret.Literal(word)
		}
		c.Limits = limits()
		open := func(ctx context.Context) (client, error) {
			return made(trino.New(ctx, c, append(server.Options(), w.options()...)...))
		}
		return &subject{
			open: open, config: c, secrets: []string{word}, user: "canary", codes: []int{65549, 1, 4, 131075, 65536},
			fail: server.Fail, clear: server.ClearFaults,
		}
	}
}

func ofAthena(temporary bool) func(*testing.T, *world) *subject {
	return func(t *testing.T, w *world) *subject {
		server := athenatest.NewServer()
		t.Cleanup(server.Close)
		id, word, token := w.set.AWSKey("athena.Config.Key", temporary)
		server.SetKey(id, word, token)
		c := server.Config()
		c.Key, c.Limits = secret.Literal(strings.TrimSuffix(id+":"+word+":"+token, ":")), limits()
		open := func(ctx context.Context) (client, error) { return made(athena.New(ctx, c, w.options()...)) }
		s := &subject{
			open: open, config: c, secrets: []string{word}, user: id, codes: []int{400, 403, 500, 503},
			fail: server.Fail, clear: server.ClearFaults,
		}
		if temporary {
			s.secrets = append(s.secrets, token)
		}
		return s
	}
}

func ofGraph(t *testing.T, w *world) *subject {
	server := graphtest.NewServer()
	t.Cleanup(server.Close)
	password := w.set.Password("graph.Config.Password")
	server.AddUser("canary", password)
	c := server.Config()
	c.User, c.Password, c.Limits, c.AllowWrites = "canary", secret.Literal(password), limits(), true
	open := func(ctx context.Context) (client, error) { return made(graph.New(ctx, c, w.options()...)) }
	return &subject{
		open: open, config: c, secrets: []string{password}, user: "canary", codes: []int{1, 2, 3, 4},
		fail: server.Fail, clear: server.ClearFaults,
	}
}
