package fkapitest_test

import (
	"context"
	"fmt"

	"github.com/fourkites/sources/base/fault"
	"github.com/fourkites/sources/fkapi"
	"github.com/fourkites/sources/fkapi/fkapitest"
)

func ExampleServer_Fail() {
	server := fkapitest.NewServer()
	defer server.Close()
	server.AddLoad(fkapi.Load{ID: "1"})
	client, err := fkapi.NewTracking(context.Background(), server.Config())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = client.Close() }()
	server.Fail(fault.Reset(), 1) // the first answer is lost, the second comes
	load, err := client.Load(context.Background(), "1")
	fmt.Println(load.ID, err, len(server.Requests()))
	// Output: 1 <nil> 2
}
