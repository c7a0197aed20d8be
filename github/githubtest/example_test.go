package githubtest_test

import (
	"context"
	"fmt"

	"github.com/fourkites/sources/github"
	"github.com/fourkites/sources/github/githubtest"
)

func Example() {
	server := githubtest.NewServer()
	defer server.Close()
	server.AddCommit("acme/loads", githubtest.Push{Message: "begin", Author: "ann", Files: map[string]string{"README.md": "# Loads\n"}})
	client, err := github.New(context.Background(), server.AppConfig()) // with an App, whose tokens the server issues
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = client.Close() }()
	file, err := client.File(context.Background(), "acme/loads", "README.md", github.FileOptions{})
	fmt.Print(file.Content, err)
	// Output:
	// # Loads
	// <nil>
}
