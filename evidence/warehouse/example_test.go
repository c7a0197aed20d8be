package warehouse_test

import (
	"context"
	"fmt"

	"github.com/fourkites/sources/base/fault"
	"github.com/fourkites/sources/evidence"
	"github.com/fourkites/sources/evidence/warehouse"
	"github.com/fourkites/sources/fkapi"
	"github.com/fourkites/sources/fkapi/fkapitest"
	"github.com/fourkites/sources/redshift"
	"github.com/fourkites/sources/redshift/redshifttest"
)

// The Tracking API is down, so the warehouse says what the load is.
func Example() {
	api, server := fkapitest.NewServer(), redshifttest.NewServer()
	defer api.Close()
	defer server.Close()
	api.Fail(fault.Status(503), -1)
	server.Insert(redshift.Load{ID: "482900111", LoadNumber: "LP20417", Status: "Awaiting Tracking Info"})

	ctx := context.Background()
	config := api.Config()
	config.Limits.Retries = -1
	tracking, err := fkapi.NewTracking(ctx, config)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = tracking.Close() }()
	client, err := redshift.New(ctx, server.Config())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = client.Close() }()

	answer, err := evidence.LoadMetadata(ctx, "482900111", tracking, warehouse.Loads(client), warehouse.Validations(client))
	fmt.Println(answer.Value.Status, err)
	fmt.Printf("%s, up to %s old: %s\n", answer.Source, answer.Age, answer.Degraded)
	// Output:
	// awaiting_tracking_info <nil>
	// redshift, up to 10m0s old: some minutes behind, and without stops, positions, expected times, equipment and names of companies
}
