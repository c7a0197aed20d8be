package github_test

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
	"github.com/fourkites/sources/base/secret"
	"github.com/fourkites/sources/github"
	"github.com/fourkites/sources/github/githubtest"
)

// rotating is a source of tokens that a test turns.
type rotating struct{ turns atomic.Int64 }

func (r *rotating) token() string {
	if n := r.turns.Load(); n > 0 {
		return fmt.Sprintf("%s-%d", githubtest.Token, n)
	}
	return githubtest.Token
}

func (r *rotating) Get(context.Context) (secret.Snapshot, error) {
	return secret.NewSnapshot(r.token(), "", time.Time{}), nil
}

const suiteCommits = 5

func subject(t testing.TB, s basetest.Settings) basetest.Subject {
	server := started(t)
	for i := range suiteCommits {
		server.AddCommit(loads, githubtest.Push{Message: fmt.Sprint("commit ", i), Author: "ann"})
	}
	server.SetLimit("core", 1_000_000, time.Hour)
	var token rotating
	c := server.Config()
	c.Token, c.Limits, c.MaxResponseBytes, c.CacheBytes = secret.From(&token), s.Limits, 8<<20, -1
	c.CAFile, c.CertFile, c.KeyFile = s.CAFile, s.CertFile, s.KeyFile
	if s.Address != "" {
		scheme := "http://"
		if s.CAFile != "" {
			scheme = "https://"
		}
		c.BaseURL = scheme + s.Address
	}
	client, err := github.New(t.Context(), c, s.Options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() }) // a row may have left calls running
	search := func(ctx context.Context) iter.Seq2[github.Commit, error] {
		return client.Commits(ctx, github.CommitsOptions{Repo: loads})
	}
	return basetest.Subject{
		Client: client, Items: suiteCommits,
		Fake: basetest.Fake{
			Address: strings.TrimPrefix(server.URL, "http://"), Fail: server.Fail, Running: server.Running, Close: server.Close,
			Connections: func() int { open, _ := server.Connections(); return open },
			Refuse:      func() { server.SetTokens() },
			Rotate:      func() { token.turns.Add(1); server.SetTokens(token.token()) },
			Calls: func() int {
				n := 0
				for _, r := range server.Requests() {
					if !strings.HasSuffix(r.Target, "/rate_limit") {
						n++
					}
				}
				return n
			},
		},
		Read: func(ctx context.Context) (int, error) {
			all, err := base.Collect(search(ctx))
			return len(all), err
		},
		Each: func(ctx context.Context) iter.Seq2[int, error] {
			return func(yield func(int, error) bool) {
				n := 0
				for _, err := range search(ctx) {
					if err == nil {
						n++
					}
					if !yield(n, err) {
						return
					}
				}
			}
		},
	}
}

func TestTheClientKeepsThePromisesOfEverySource(t *testing.T) {
	basetest.Run(t, basetest.Harness{
		Family: basetest.HTTP, New: subject, TLS: true, Secrets: []string{githubtest.Token}, Transient: fault.Status(503),
		Configure: func(l base.Limits) error {
			client, err := github.New(context.Background(), github.Config{Token: secret.Literal("s3cret"), Limits: l})
			if err == nil {
				err = client.Close()
			}
			return err
		},
		Skip: map[string]string{"F30": "the token carries no time", "F41": "the client only reads"},
	})
}
