package confluence_test

import (
	"context"
	"fmt"

	"github.com/fourkites/sources/confluence"
	"github.com/fourkites/sources/confluence/confluencetest"
)

func Example() {
	server := confluencetest.NewServer() // in process: nothing to install
	defer server.Close()
	id := server.AddPage(confluence.Page{Title: "load-ingest runbook", Body: "# Repair\n\nRestart the consumer."})
	client, err := confluence.New(context.Background(), server.Config())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = client.Close() }()
	docs, err := client.ServiceDocs(context.Background(), "load-ingest")
	if err != nil {
		fmt.Println(err)
		return
	}
	repair, err := client.Section(context.Background(), id, "Repair")
	fmt.Println(docs.Troubleshooting[0].Title, "-", repair.Body, err)
	// Output: load-ingest runbook - Restart the consumer. <nil>
}
