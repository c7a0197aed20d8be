package fkapi_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/fkapi"
	"github.com/fourkites/sources/fkapi/fkapitest"
)

func Example() {
	server := fkapitest.NewServer() // in a program: cfg, err := fkapi.ConfigFromEnv(ctx)
	defer server.Close()
	server.AddLoad(fkapi.Load{ID: "123456789", LoadNumber: "LOAD123", Status: fkapi.StatusAwaitingTrackingInfo})

	ctx := context.Background()
	client, err := fkapi.NewTracking(ctx, server.Config())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = client.Close() }()
	load, err := client.LoadByNumber(ctx, "LOAD123", "")
	fmt.Println(load.ID, load.Status, err)
	_, err = client.Load(ctx, "12/34")
	fmt.Println(err)
	// Output:
	// 123456789 awaiting_tracking_info <nil>
	// tracking: Load: invalid: tracking_id: '/' at position 3 is not allowed; a tracking id is made of digits; for a load number use LoadByNumber
}

func ExampleTrackingClient_SearchLoads() {
	server := fkapitest.NewServer()
	defer server.Close()
	for _, number := range []string{"LOAD1", "LOAD2", "LOAD3"} {
		server.AddLoad(fkapi.Load{LoadNumber: number, Status: fkapi.StatusAwaitingTrackingInfo})
	}

	ctx := context.Background()
	client, err := fkapi.NewTracking(ctx, server.Config())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = client.Close() }()
	// Pages are fetched as the loop asks for them; nothing is held while its body runs.
	for load, err := range client.SearchLoads(ctx, fkapi.SearchOptions{Status: fkapi.StatusAwaitingTrackingInfo, Limit: 2}) {
		if errors.Is(err, base.ErrTruncated) {
			fmt.Println("there are more")
			break
		}
		if err != nil {
			fmt.Println(err)
			break
		}
		fmt.Println(load.LoadNumber)
	}
	// Output:
	// LOAD3
	// LOAD2
	// there are more
}

func ExampleCompanyClient_CheckNetwork() {
	server := fkapitest.NewServer()
	defer server.Close()
	active := true
	server.AddRelationship("acme", fkapi.Relationship{ID: "7", Active: &active, Status: "pending", Target: fkapi.Company{Permalink: "swift"}})

	ctx := context.Background()
	client, err := fkapi.NewCompany(ctx, server.Config())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = client.Close() }()
	network, err := client.CheckNetwork(ctx, "acme", "swift")
	fmt.Println(network.Verdict, err)
	fmt.Println(network.Reason)
	// Output:
	// RELATIONSHIP_NOT_LIVE <nil>
	// relationship 7: status is "pending", not "live"
}
