package canarysweep_test

import (
	"context"
	"strings"
	"testing"

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

// services are the subjects that speak JSON over HTTP.
func services() map[string]func(*testing.T, *world) *subject {
	return map[string]func(*testing.T, *world) *subject{
		"github, token":         ofGitHub,
		"github, app":           ofGitHubApp,
		"jira, account":         ofJira(false),
		"jira, bearer":          ofJira(true),
		"confluence, account":   ofConfluence(false),
		"confluence, bearer":    ofConfluence(true),
		"fkapi tracking, HMAC":  ofTracking(false),
		"fkapi tracking, Basic": ofTracking(true),
		"fkapi company, HMAC":   ofCompany(false),
		"fkapi company, Basic":  ofCompany(true),
		"llm, Anthropic":        ofModel("key"),
		"llm, Azure":            ofModel("azure key"),
		"llm, Azure, token":     ofModel("azure token"),
	}
}

var statuses = []int{400, 401, 403, 404, 422, 429, 500, 503}

func ofGitHub(t *testing.T, w *world) *subject {
	server := githubtest.NewServer()
	t.Cleanup(server.Close)
	server.AddCommit("acme/demo", githubtest.Push{Message: "first", Author: "ann", Files: map[string]string{"src/Demo.java": "class Demo {}\n"}})
	token := w.set.Token("github.Config.Token")
	server.SetTokens(token)
	c := server.Config()
	c.Token, c.Limits = secret.Literal(token), limits()
	open := func(ctx context.Context) (client, error) { return made(github.New(ctx, c, w.options()...)) }
	return &subject{open: open, config: c, secrets: []string{token}, user: "x-access-token", codes: statuses, fail: server.Fail, clear: server.ClearFaults}
}

// ofGitHubApp plants the key of the App, and then what it was exchanged for.
func ofGitHubApp(t *testing.T, w *world) *subject {
	server := githubtest.NewServer()
	t.Cleanup(server.Close)
	server.AddCommit("acme/demo", githubtest.Push{Message: "first", Author: "ann", Files: map[string]string{"src/Demo.java": "class Demo {}\n"}})
	w.set.Plant("github.Config.App.PrivateKey", server.AppKey()) // no server is shown it
	c := server.AppConfig()
	c.Limits = limits()
	open := func(ctx context.Context) (client, error) { return made(github.New(ctx, c, w.options()...)) }
	return &subject{
		open: open, config: c, user: "x-access-token", codes: statuses, fail: server.Fail,
		clear: func() {
			server.ClearFaults()
			server.DropConnections() // a token is fetched on where nobody waits for it
		},
		shown: func() (all []string) {
			seen := map[string]bool{}
			for _, r := range server.Requests()[max(0, len(server.Requests())-2):] {
				if _, word, ok := strings.Cut(r.Header.Get("Authorization"), " "); ok && !seen[word] {
					seen[word] = true
					all = append(all, word)
				}
			}
			return all
		},
	}
}

func ofJira(bearer bool) func(*testing.T, *world) *subject {
	return func(t *testing.T, w *world) *subject {
		server := jiratest.NewServer()
		t.Cleanup(server.Close)
		server.AddIssue(jira.Issue{Key: "OPS-1", Project: "OPS", Summary: "a load is stuck", Description: "some text"})
		token := w.set.Token("jira.Config.Token")
		server.SetTokens(token)
		c := server.Config()
		if bearer {
			c = server.CloudConfig()
			c.Email = ""
		}
		c.Token, c.Limits, c.AllowWrites = secret.Literal(token), limits(), true
		open := func(ctx context.Context) (client, error) { return made(jira.New(ctx, c, w.options()...)) }
		return &subject{open: open, config: c, secrets: []string{token}, user: jiratest.Email, codes: statuses, fail: server.Fail, clear: server.ClearFaults}
	}
}

func ofConfluence(bearer bool) func(*testing.T, *world) *subject {
	return func(t *testing.T, w *world) *subject {
		server := confluencetest.NewServer()
		t.Cleanup(server.Close)
		server.AddPage(confluence.Page{Title: "Runbook", Body: "some text"})
		token := w.set.Token("confluence.Config.Token")
		server.SetTokens(token)
		c := server.Config()
		if bearer {
			c = server.CloudConfig()
			c.Email = ""
		}
		c.Token, c.Limits = secret.Literal(token), limits()
		open := func(ctx context.Context) (client, error) { return made(confluence.New(ctx, c, w.options()...)) }
		return &subject{open: open, config: c, secrets: []string{token}, user: confluencetest.Email, codes: statuses, fail: server.Fail, clear: server.ClearFaults}
	}
}

// fkapiFake is the fake, with the planted credential in its Config.
func fkapiFake(t *testing.T, w *world, basic bool) (*fkapitest.Server, fkapi.Config, string) {
	server := fkapitest.NewServer()
	t.Cleanup(server.Close)
	server.AddLoad(fkapi.Load{ID: "482913377", LoadNumber: "demo"})
	server.AddCompany(fkapi.Company{ID: "1", Permalink: "demo", Name: "Demo"})
	if basic {
		c := server.BasicConfig()
		c.Limits = limits()
		return server, c, w.set.Plant("fkapi.Config.Password", fkapitest.Password)
	}
	word := w.set.Password("fkapi.Config.Secret")
	server.SetKeys(word)
	c := server.Config()
	c.Secret, c.Limits = secret.Literal(word), limits()
	return server, c, word
}

func ofTracking(basic bool) func(*testing.T, *world) *subject {
	return func(t *testing.T, w *world) *subject {
		server, c, word := fkapiFake(t, w, basic)
		open := func(ctx context.Context) (client, error) { return made(fkapi.NewTracking(ctx, c, w.options()...)) }
		return &subject{open: open, config: c, secrets: []string{word}, user: fkapitest.User, codes: statuses, fail: server.Fail, clear: server.ClearFaults}
	}
}

func ofCompany(basic bool) func(*testing.T, *world) *subject {
	return func(t *testing.T, w *world) *subject {
		server, c, word := fkapiFake(t, w, basic)
		open := func(ctx context.Context) (client, error) { return made(fkapi.NewCompany(ctx, c, w.options()...)) }
		return &subject{open: open, config: c, secrets: []string{word}, user: fkapitest.User, codes: statuses, fail: server.Fail, clear: server.ClearFaults}
	}
}

func ofModel(how string) func(*testing.T, *world) *subject {
	return func(t *testing.T, w *world) *subject {
		server := llmtest.NewServer()
		t.Cleanup(server.Close)
		c := server.Config()
		word := w.set.Token("llm.Config.Key")
		if how != "key" {
			c = server.AzureConfig()
		}
		c.Key = secret.Literal(word)
		if how == "azure token" {
			word = w.set.JWT("llm.Config.Token")
			c.Key, c.Token = secret.Value{}, secret.Literal(word)
		}
		server.SetKeys(word)
		c.Limits = limits()
		open := func(ctx context.Context) (client, error) { return made(llm.New(ctx, c, w.options()...)) }
		return &subject{open: open, config: c, secrets: []string{word}, user: "key", codes: statuses, fail: server.Fail, clear: server.ClearFaults}
	}
}
