package confluencetest_test

import (
	"context"
	"fmt"

	"github.com/fourkites/sources/confluence"
	"github.com/fourkites/sources/confluence/confluencetest"
)

func Example() {
	server := confluencetest.NewServer()
	defer server.Close()
	id := server.AddPage(confluence.Page{Title: "Runbook", Body: "Restart it."})
	server.Update(id, "", "Drain it, then restart it.", "after the outage")
	client, err := confluence.New(context.Background(), server.Config())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = client.Close() }()
	page, err := client.Page(context.Background(), id)
	fmt.Println(page.Version.Number, page.Body, err)
	// Output: 2 Drain it, then restart it. <nil>
}
