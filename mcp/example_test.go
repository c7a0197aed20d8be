package mcp_test

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/secret"
	"github.com/fourkites/sources/base/tool"
	"github.com/fourkites/sources/jira"
	"github.com/fourkites/sources/jira/jiratest"
	"github.com/fourkites/sources/mcp"
)

// A client's tools are served, and called from elsewhere as the client itself would be.
func Example() {
	ctx := context.Background()
	fake := jiratest.NewServer()
	defer fake.Close()
	fake.AddIssue(jira.Issue{Key: "OPS-1", Summary: "a load is stuck"})
	client, err := jira.New(ctx, fake.Config())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = client.Close() }()

	server, err := mcp.NewServer(ctx, mcp.ServerConfig{Tokens: []secret.Value{secret.Literal("demo-token")}}, []mcp.Toolbox{client})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = server.Shutdown(ctx) }()
	web := httptest.NewServer(server) // in a program: http.Server
	defer web.Close()

	session, err := mcp.Dial(ctx, mcp.ClientConfig{URL: web.URL + "/mcp/jira", Token: secret.Literal("demo-token")})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = session.Close() }()
	issue, err := jira.Remote("jira", session).Issue(ctx, "OPS-1")
	fmt.Println(issue.Summary, err)
	_, err = jira.Remote("jira", session).Issue(ctx, "OPS-999")
	fmt.Println(errors.Is(err, base.ErrNotFound))
	// Output:
	// a load is stuck <nil>
	// true
}

// Any function with structs for its input and its output is a tool.
func ExampleCall() {
	type question struct {
		Name string `json:"name" jsonschema:"who is greeted"`
	}
	type answer struct {
		Text string `json:"text"`
	}
	greet := tool.Declare[question, answer]("demo_get_greeting", "Greets somebody.")
	box := mcp.Group("demo", []tool.Tool{greet.Bind(func(_ context.Context, q question) (answer, error) {
		return answer{"hello, " + q.Name}, nil
	})}, nil)

	ctx := context.Background()
	server, err := mcp.NewServer(ctx, mcp.ServerConfig{}, []mcp.Toolbox{box})
	if err != nil {
		fmt.Println(err)
		return
	}
	web := httptest.NewServer(server)
	defer web.Close()
	session, err := mcp.Dial(ctx, mcp.ClientConfig{URL: web.URL + "/mcp"})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = session.Close() }()
	out, err := mcp.Call(ctx, session, greet, question{Name: "engineer"})
	fmt.Println(out.Text, err)
	// Output: hello, engineer <nil>
}
