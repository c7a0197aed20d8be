package redshifttest_test

import (
	"context"
	"fmt"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/fault"
	"github.com/fourkites/sources/redshift"
	"github.com/fourkites/sources/redshift/redshifttest"
)

// A statement that a rule of the cluster stops, once.
func ExampleServer_ReplyTo() {
	server := redshifttest.NewServer()
	defer server.Close()
	server.ReplyTo("FROM wide", redshifttest.Reply{Err: redshifttest.RuleAborted()})
	server.Fail(fault.Delay(0), 1)
	ctx := context.Background()
	client, err := redshift.New(ctx, server.Config())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = client.Close() }()
	_, err = client.Query(ctx, redshift.Query{SQL: "SELECT * FROM wide"})
	fmt.Println(base.KindOf(err), server.Requests()[0].ReadOnly)
	// Output: quota exceeded true
}
