// Package clickhousetest is a ClickHouse server in process: it speaks the native protocol over TCP, keeps tables in
// memory, and answers what a client asks of them. clickhouse-go and ch-go both connect to it. It needs no testing.T, so
// that examples and programs can use it too.
//
//	server := clickhousetest.NewServer()
//	defer server.Close()
//	server.Insert(logs.Record{Time: time.Now(), Service: "checkout", Body: "payment refused"})
//	client, err := clickhouse.New(ctx, server.Config()) // or any client of the native protocol at server.Addr()
//
// A request is answered by the first of these that concerns it: a planned fault ([Server.Fail]), a scripted reply
// ([Server.Reply]), the server's own statements (INSERT, SET, KILL QUERY, CREATE TABLE, DROP TABLE, TRUNCATE TABLE), and
// for everything else an evaluation of the SQL over the tables in memory.
//
// # Where it differs from the real server
//
//   - It evaluates a dialect of SQL that is enough for the questions asked of logs, traces and metrics; what it does not
//     know is an exception, never a wrong answer. There are no indexes, no parts, no merges, no TTL: rows read are the
//     rows that the evaluation looked at.
//   - A Distributed table and its local table are two names for the same rows. Aggregating engines keep what was put in.
//   - Of the column types it lacks Decimal, IP addresses, 128-bit numbers, Variant, Dynamic and JSON: selecting such a
//     column is exception 50. The columns of type JSON that the SigNoz schema has are listed in system.columns.
//   - Of the settings it obeys readonly, max_execution_time, max_result_rows (it throws 396), max_rows_to_read (158) and
//     max_block_size; all others are recorded and otherwise ignored, unknown names included.
//   - Accounts have a password and may be read-only; there are no grants, quotas or row filters.
//   - A cancelled query ends with exception 394; the real server may end it without one.
//   - There is no TLS and no HTTP; blocks are compressed with LZ4 whenever the client asked for compression.
//   - An INSERT takes native blocks, not VALUES within the text, and not the rows of a SELECT.
package clickhousetest
