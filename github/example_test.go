package github_test

import (
	"context"
	"fmt"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/github"
	"github.com/fourkites/sources/github/githubtest"
)

func Example() {
	server := githubtest.NewServer() // in process: nothing to install
	defer server.Close()
	at := time.Date(2025, 3, 1, 10, 0, 0, 0, time.UTC)
	first := server.AddCommit("acme/loads", githubtest.Push{Message: "begin", Author: "ann", At: at})
	second := server.AddCommit("acme/loads", githubtest.Push{Message: "check stops (#1)", Author: "bob", At: at})
	server.AddPullRequest("acme/loads", github.PullRequest{Title: "Check stops", State: "closed", Author: "bob", Merged: at, MergeSHA: second}, first, second)
	client, err := github.New(context.Background(), server.Config())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = client.Close() }()
	line, err := client.DeployTimeline(context.Background(), []string{"acme/loads"}, base.Around(at, time.Hour, time.Hour))
	for _, e := range line.Events {
		fmt.Println(e.At.Format(time.TimeOnly), e.Kind, e.Title, e.Author, err)
	}
	// Output: 10:00:00 merge Check stops bob <nil>
}
