// Package graphtest is a Neo4j in process that speaks Bolt 5 and holds a code graph, for tests and examples without a
// server.
//
//	server := graphtest.NewServer()
//	defer server.Close()
//	client, err := graph.New(ctx, server.Config())
//
// It speaks Bolt 5.0 to 5.8 and 4.4 over TCP, with or without TLS: the handshake, HELLO, LOGON, LOGOFF, RUN, PULL, DISCARD,
// BEGIN, COMMIT, ROLLBACK, RESET, ROUTE, TELEMETRY and GOODBYE (Bolt Protocol, "Bolt messages" and "Server states"). It
// holds [Example] until [Server.Load] gives it another graph, and answers the statements that the client's own methods send,
// and others of their kind, by evaluating them: MATCH, OPTIONAL MATCH, WHERE, WITH, UNWIND, RETURN, ORDER BY, CREATE, MERGE,
// SET, REMOVE, DELETE, CALL of a few procedures, SHOW and TERMINATE TRANSACTIONS. Any other statement by [Server.Reply].
//
// # Like Neo4j
//
// Access mode READ refuses what writes, and lets TERMINATE TRANSACTION, dbms.killConnection and db.clearQueryCaches
// through, as the real one does. EXPLAIN tells the type of a statement. From the fourth wrong password on an account is
// locked for five seconds, for the right password too. After a failure everything is ignored until RESET. A transaction
// that is out of time or terminated fails at its next message; what was not committed is undone.
//
// # Where it differs from the real server
//
// It has one database beside system, no roles, and no subqueries but EXISTS and COUNT; no temporal or spatial
// functions, and no query languages of plugins. Names and types of a plan are few. It sends no notifications, so that
// a label or type that the graph lacks is an empty answer here, and no error. Transactions that write wait for one another,
// and see what was committed when they first wrote. It answers a proposal of the manifest handshake by the older one.
// A statement takes 1,000,000 rows between its clauses at most.
package graphtest
