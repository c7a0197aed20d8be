package graphtest_test

import (
	"context"
	"fmt"

	"github.com/neo4j/neo4j-go-driver/v5/neo4j"

	"github.com/fourkites/sources/graph/graphtest"
)

func Example() {
	ctx := context.Background()
	server := graphtest.NewServer()
	defer server.Close()
	driver, err := neo4j.NewDriverWithContext("bolt://"+server.Addr(), neo4j.BasicAuth(graphtest.DefaultUser, graphtest.DefaultPassword, ""))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = driver.Close(ctx) }()
	session := driver.NewSession(ctx, neo4j.SessionConfig{AccessMode: neo4j.AccessModeRead})
	defer func() { _ = session.Close(ctx) }()
	result, err := session.Run(ctx, "MATCH (c:Class)-[:HAS_METHOD]->(m:Method) WHERE c.name = $class RETURN m.name, m.line ORDER BY m.line",
		map[string]any{"class": "ShipmentService"})
	if err != nil {
		fmt.Println(err)
		return
	}
	for result.Next(ctx) {
		fmt.Println(result.Record().Values...)
	}
	// Output:
	// find 15
	// save 42
	// refresh 72
}

func ExampleServer_Reply() {
	server := graphtest.NewServer()
	defer server.Close()
	server.ReplyTo("apoc.path", graphtest.Reply{Fields: []string{"hops"}, Records: [][]any{{3}}})
	server.Fail(graphtest.Error(graphtest.CodeMemoryPool, "The allocation would use more than the limit"), 1)
	fmt.Println(len(server.Requests()), server.Running())
	// Output: 0 0
}
