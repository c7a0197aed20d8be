package jira_test

import (
	"context"
	"fmt"

	"github.com/fourkites/sources/jira"
	"github.com/fourkites/sources/jira/jiratest"
)

func Example() {
	server := jiratest.NewServer() // in process: nothing to install
	defer server.Close()
	server.AddIssue(jira.Issue{Key: "OPS-482", Summary: "Load stuck", Description: "Tracking ID: 482913377, since 2025-02-28 10:15 UTC"})
	client, err := jira.New(context.Background(), server.Config())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = client.Close() }()
	issue, err := client.WholeIssue(context.Background(), "OPS-482")
	if err != nil {
		fmt.Println(err)
		return
	}
	parsed := jira.Parse(issue)
	fmt.Println(parsed.TrackingIDs[0].Value, parsed.TrackingIDs[0].How, parsed.Window.Start.Format("2006-01-02 15:04"))
	// Output: 482913377 tracking id 2025-02-28 10:15
}
