package mcp_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/secret"
	"github.com/fourkites/sources/base/tool"
	"github.com/fourkites/sources/clickhouse"
	"github.com/fourkites/sources/clickhouse/clickhousetest"
	"github.com/fourkites/sources/jira"
	"github.com/fourkites/sources/jira/jiratest"
	"github.com/fourkites/sources/llm"
	"github.com/fourkites/sources/llm/llmtest"
	"github.com/fourkites/sources/mcp"
)

// check keeps the examples short; a program returns its errors.
func check(err error) {
	if err != nil {
		panic(err)
	}
}

// A program serves the tools of its clients. It ends the server before its web server, whose open streams are sessions, and
// the clients last.
func ExampleNewServer() {
	ctx := context.Background()
	store, site := clickhousetest.NewServer(), jiratest.NewServer() // in production ConfigFromEnv of both
	defer store.Close()
	defer site.Close()
	logs, err := clickhouse.New(ctx, store.Config())
	check(err)
	defer func() { _ = logs.Close() }()
	tickets, err := jira.New(ctx, site.Config())
	check(err)
	defer func() { _ = tickets.Close() }()

	server, err := mcp.NewServer(ctx, mcp.ServerConfig{
		Name: "evidence", Tokens: []secret.Value{secret.Literal("demo-token")}, // in production a reference: file:///run/secrets/mcp
	}, []mcp.Toolbox{logs, tickets})
	check(err)
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	check(err)
	web := &http.Server{Handler: server, ReadHeaderTimeout: 10 * time.Second} // no WriteTimeout: answers are streams
	go func() { _ = web.Serve(listener) }()

	fmt.Println("served at /mcp and below it:", server.Endpoints())
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+listener.Addr().String()+"/mcp", http.NoBody)
	check(err)
	response, err := http.DefaultClient.Do(request)
	check(err)
	_ = response.Body.Close()
	fmt.Println("without a token:", response.Status)

	ending, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	fmt.Println(server.Shutdown(ending), web.Shutdown(ending))
	// Output:
	// served at /mcp and below it: [clickhouse jira]
	// without a token: 401 Unauthorized
	// <nil> <nil>
}

// remoteSite is a server of one made-up ticket, and a session with it.
func remoteSite(ctx context.Context) (*mcp.Session, func()) {
	site := jiratest.NewServer()
	site.AddIssue(jira.Issue{Key: "OPS-482", Summary: "Load 482913377 waits for its truck", Status: "Open"})
	tickets, err := jira.New(ctx, site.Config())
	check(err)
	token := secret.Literal("demo-token")
	server, err := mcp.NewServer(ctx, mcp.ServerConfig{Tokens: []secret.Value{token}}, []mcp.Toolbox{tickets})
	check(err)
	web := httptest.NewServer(server)
	session, err := mcp.Dial(ctx, mcp.ClientConfig{URL: web.URL + "/mcp", Token: token}) // in production ClientConfigFromEnv
	check(err)
	return session, func() {
		check(session.Close())
		check(server.Shutdown(ctx))
		web.Close()
		check(tickets.Close())
		site.Close()
	}
}

// A program asks a remote source as if it were local, calls one declared tool, and acts on the Kind of an error: that of the
// source comes through, that of the way to it has the Session as its Source.
func ExampleDial() {
	ctx := context.Background()
	session, end := remoteSite(ctx)
	defer end()

	tickets := jira.Remote("jira", session)
	issue, err := tickets.Issue(ctx, "OPS-482")
	fmt.Println(issue.Summary, err)

	parsed, err := mcp.Call(ctx, session, jira.ParseIssue, jira.KeyArguments{IssueKey: "OPS-482"})
	fmt.Println(parsed.LoadNumbers[0].Value, err)

	_, err = tickets.Issue(ctx, "OPS-1")
	failure, _ := errors.AsType[*base.Error](err)
	fmt.Println(errors.Is(err, base.ErrNotFound), failure.Source, failure.Op)

	canceled, cancel := context.WithCancel(ctx)
	cancel()
	_, err = tickets.Issue(canceled, "OPS-482")
	failure, _ = errors.AsType[*base.Error](err)
	fmt.Println(errors.Is(err, base.ErrCanceled), failure.Source, failure.Op)
	// Output:
	// Load 482913377 waits for its truck <nil>
	// 482913377 <nil>
	// true jira Issue
	// true mcp jira_get_issue
}

// A model calls tools of a remote server: each declaration is bound to its call.
func ExampleCall_model() {
	ctx := context.Background()
	session, end := remoteSite(ctx)
	defer end()
	provider := llmtest.NewServer()
	defer provider.Close()
	provider.Reply(nil,
		llmtest.Reply{Calls: []llm.ToolCall{llmtest.Call("1", "jira_get_issue", jira.IssueArguments{IssueKey: "OPS-482"})}},
		llmtest.Reply{Text: "The load has no truck."})
	model, err := llm.New(ctx, provider.Config())
	check(err)
	defer func() { _ = model.Close() }()

	get := jira.GetIssue.Bind(func(ctx context.Context, in jira.IssueArguments) (jira.IssueAnswer, error) {
		return mcp.Call(ctx, session, jira.GetIssue, in)
	})
	result, err := llm.Run(ctx, model, llm.Request{Messages: []llm.Message{llm.Say("What is wrong in OPS-482?")}}, llm.RunOptions{Tools: []tool.Tool{get}})
	for _, step := range result.Steps {
		for _, call := range step.Calls {
			fmt.Println(call.Name, string(call.Arguments), "ran:", call.Ran)
		}
	}
	fmt.Println(result.Text, err)
	// Output:
	// jira_get_issue {"issue_key":"OPS-482"} ran: true
	// The load has no truck. <nil>
}
