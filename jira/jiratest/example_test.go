package jiratest_test

import (
	"context"
	"fmt"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/fault"
	"github.com/fourkites/sources/jira"
	"github.com/fourkites/sources/jira/jiratest"
)

func ExampleServer_Fail() {
	server := jiratest.NewServer()
	defer server.Close()
	server.AddIssue(jira.Issue{Summary: "stuck"})
	client, err := jira.New(context.Background(), server.Config())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = client.Close() }()
	server.Fail(fault.Reset(), 1) // the first answer is lost, the second comes
	all, err := base.Collect(client.Search(context.Background(), jira.SearchOptions{JQL: "project = OPS"}))
	fmt.Println(all[0].Key, err, len(server.Requests()))
	// Output: OPS-1 <nil> 2
}
