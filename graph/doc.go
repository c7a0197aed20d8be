// Package graph asks a code graph in Neo4j: which class, method, service or file is meant, what calls it, what it calls, what
// a change of it can break, what an entry point is expected to do, and what the frames of a stack trace are.
//
//	client, err := graph.New(ctx, graph.Config{URI: "neo4j://graph.example.com", User: "reader", Password: secret.Literal("...")})
//	callers, err := client.Callers(ctx, code.CallsQuery{Symbol: "OrderService#find"})
//
// How the graph names its labels, relationships and properties is [Model]. A graph may have less than that: classes and
// methods with names, and the calls between methods, are enough.
//
// # Statements
//
// [Client.Query] runs one Cypher statement of the caller's own. It is held to reading three times: its transaction has access
// mode READ; the server plans the statement before it runs, once for each text, and the plan must say that it reads or be
// that of a harmless command (SHOW DATABASES); and LOAD CSV, TERMINATE TRANSACTION and procedures and functions that are not
// known to be harmless are refused by its words, for access mode and plan let those through. Config.Procedures allows more of
// them. Values are parameters.
//
// # Connections
//
// With neo4j:// a reader of the cluster is asked, with bolt:// that one server. TLS is spoken with both, and verified. The
// driver's own retries are off. Each attempt has a session of its own, which is closed with a context of its own. A connection
// that idled for half a minute is tried before use. When a call ends early its connection is cut, and the server rolls back.
//
// The user cannot change while the client lives, the password can: the server is shown a version of it until it has refused
// that, and two logins at most go on at a time, one after a refusal, for Neo4j locks an account at the third wrong one.
//
// # Time
//
// The server is told how long a transaction may take: what is left of the caller's deadline, and never more than
// Config.MaxExecution. It obeys a longer time than its own limit.
//
// # Memory
//
// One message of the server, and so one row, is at most 16 MiB and 16 Mi values, nested at most 10,000 deep; what announces
// more is [base.ErrProtocol], before room is made for it.
package graph
