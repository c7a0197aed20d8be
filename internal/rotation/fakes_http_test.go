package rotation_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/secret"
	"github.com/fourkites/sources/confluence"
	"github.com/fourkites/sources/confluence/confluencetest"
	"github.com/fourkites/sources/fkapi"
	"github.com/fourkites/sources/fkapi/fkapitest"
	"github.com/fourkites/sources/github"
	"github.com/fourkites/sources/github/githubtest"
	"github.com/fourkites/sources/jira"
	"github.com/fourkites/sources/jira/jiratest"
	"github.com/fourkites/sources/llm"
	"github.com/fourkites/sources/llm/llmtest"
)

// web is a fake of an HTTP source.
type web interface {
	Connections() (open, total int)
	Close()
	Err() error
}

// ofWeb is the subject of a fake that accepts several secrets at a time.
func ofWeb(t *testing.T, source string, s store, server web, accept func(secrets ...string)) *subject {
	t.Helper()
	if err := server.Err(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	sub := &subject{
		source: source, engine: "fake", end: server.Close, tap: newTap("HTTP/1.1 401"),
		left: func() int { open, _ := server.Connections(); return open },
		accepts: func(_ context.Context, valid ...credential) error {
			var secrets []string
			for _, c := range valid {
				secrets = append(secrets, c.secret)
			}
			accept(secrets...)
			return nil
		},
	}
	sub.refused = func() int { _, n := sub.tap.count(); return n }
	s.begin(t, sub.accepts)
	return sub
}

func githubFake(t *testing.T, s store) *subject {
	server := githubtest.NewServer()
	server.AddCommit("acme/loads", githubtest.Push{Message: "begin", Author: "ann"})
	server.SetLimit("core", 1_000_000, time.Hour)
	sub := ofWeb(t, "github", s, server, server.SetTokens)
	cfg := server.Config()
	cfg.Token, cfg.Limits, cfg.CacheBytes = secret.From(s), limits(), -1
	client := must[*github.Client](t)(github.New(t.Context(), cfg, base.WithDialer(sub.tap.dial)))
	sub.client = client
	sub.read = func(ctx context.Context) error {
		return drain(client.Commits(ctx, github.CommitsOptions{Repo: "acme/loads"}))
	}
	return sub
}

func jiraFake(t *testing.T, s store) *subject {
	server := jiratest.NewServer()
	server.AddIssue(jira.Issue{Summary: "a load is stuck"})
	sub := ofWeb(t, "jira", s, server, server.SetTokens)
	cfg := server.Config()
	cfg.Token, cfg.Limits = secret.From(s), limits()
	client := must[*jira.Client](t)(jira.New(t.Context(), cfg, base.WithDialer(sub.tap.dial)))
	sub.client = client
	sub.read = func(ctx context.Context) error {
		return drain(client.Search(ctx, jira.SearchOptions{JQL: "project = OPS ORDER BY key"}))
	}
	return sub
}

func confluenceFake(t *testing.T, s store) *subject {
	server := confluencetest.NewServer()
	server.AddPage(confluence.Page{Title: "A runbook", Body: "some text"})
	sub := ofWeb(t, "confluence", s, server, server.SetTokens)
	cfg := server.Config()
	cfg.Token, cfg.Limits = secret.From(s), limits()
	client := must[*confluence.Client](t)(confluence.New(t.Context(), cfg, base.WithDialer(sub.tap.dial)))
	sub.client = client
	sub.read = func(ctx context.Context) error {
		return drain(client.Search(ctx, confluence.SearchOptions{Text: "runbook"}))
	}
	return sub
}

func trackingFake(t *testing.T, s store) *subject {
	server := fkapitest.NewServer()
	server.AddLoad(fkapi.Load{ID: "123456001", LoadNumber: "LOAD001", Status: fkapi.StatusAwaitingTrackingInfo, CreatedAt: time.Now()})
	sub := ofWeb(t, "fkapi tracking", s, server, server.SetKeys)
	cfg := server.Config()
	cfg.Secret, cfg.Limits = secret.From(s), limits()
	client := must[*fkapi.TrackingClient](t)(fkapi.NewTracking(t.Context(), cfg, base.WithDialer(sub.tap.dial)))
	sub.client = client
	sub.read = func(ctx context.Context) error {
		return drain(client.SearchLoads(ctx, fkapi.SearchOptions{}))
	}
	return sub
}

func companyFake(t *testing.T, s store) *subject {
	server := fkapitest.NewServer()
	yes := true
	server.AddRelationship("acme", fkapi.Relationship{Active: &yes, Status: "live", AllowTracking: &yes, Target: fkapi.Company{Permalink: "swift"}})
	sub := ofWeb(t, "fkapi company", s, server, server.SetKeys)
	cfg := server.Config()
	cfg.Secret, cfg.Limits = secret.From(s), limits()
	client := must[*fkapi.CompanyClient](t)(fkapi.NewCompany(t.Context(), cfg, base.WithDialer(sub.tap.dial)))
	sub.client = client
	sub.read = func(ctx context.Context) error {
		return drain(client.Relationships(ctx, fkapi.RelationshipsOptions{Company: "acme"}))
	}
	return sub
}

// llmFake is a model of one of the two providers.
func llmFake(source string, configure func(*llmtest.Server) llm.Config) func(*testing.T, store) *subject {
	return func(t *testing.T, s store) *subject {
		server := llmtest.NewServer()
		server.SetModel(func(llmtest.Request) llmtest.Reply { return llmtest.Reply{Text: "one two three"} })
		sub := ofWeb(t, source, s, server, server.SetKeys)
		cfg := configure(server)
		cfg.Key, cfg.Limits = secret.From(s), limits()
		client := must[*llm.Client](t)(llm.New(t.Context(), cfg, base.WithDialer(sub.tap.dial)))
		sub.client = client
		sub.read = func(ctx context.Context) error {
			var said strings.Builder
			err := drain(func(yield func(llm.Event, error) bool) {
				for e, err := range client.Stream(ctx, llm.Request{Messages: []llm.Message{llm.Say("Count.")}}) {
					if said.WriteString(e.Text); !yield(e, err) {
						return
					}
				}
			})
			if err == nil && said.String() != "one two three" {
				return fmt.Errorf("the model said %q", said.String())
			}
			return err
		}
		return sub
	}
}
