package graph_test

import (
	"context"
	"fmt"
	"time"

	"github.com/fourkites/sources/base/code"
	"github.com/fourkites/sources/base/rows"
	"github.com/fourkites/sources/graph"
	"github.com/fourkites/sources/graph/graphtest"
)

func Example() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	server := graphtest.NewServer()
	defer server.Close()
	client, err := graph.New(ctx, server.Config())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = client.Close() }()
	callers, err := client.Callers(ctx, code.CallsQuery{Symbol: "ShipmentService#save"})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, c := range callers {
		fmt.Println(c.Depth, c.From, "calls", c.To)
	}
	// Output:
	// 1 ShipmentController#update calls ShipmentService#save
}

func ExampleClient_Query() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	server := graphtest.NewServer()
	defer server.Close()
	client, err := graph.New(ctx, server.Config())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = client.Close() }()
	answer, err := client.Query(ctx, graph.Query{
		Cypher: "MATCH (c:Class)-[:HAS_METHOD]->(m:Method) WHERE c.name = $class RETURN m.name AS name, m.line AS line ORDER BY line",
		Args:   map[string]any{"class": "ShipmentService"},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	type method struct {
		Name string
		Line int
	}
	for m, err := range rows.ToStruct[method](answer) {
		fmt.Println(m.Name, m.Line, err)
	}
	// Output:
	// find 15 <nil>
	// save 42 <nil>
	// refresh 72 <nil>
}

func ExampleClient_ResolveFrames() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	server := graphtest.NewServer()
	defer server.Close()
	client, err := graph.New(ctx, server.Config())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = client.Close() }()
	frames, err := client.ResolveFrames(ctx, graph.FramesQuery{Trace: `java.lang.IllegalStateException: no shipment
	at com.example.shipments.ShipmentService.find(ShipmentService.java:31)
	at com.example.shipments.ShipmentController.get(ShipmentController.java:24)`})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, f := range frames {
		fmt.Println(f.Match, f.Symbols[0], f.Symbols[0].Service)
	}
	// Output:
	// line ShipmentService#find shipment-service
	// line ShipmentController#get shipment-service
}
