// Package trino reads from Trino over its statement protocol: any statement that reads, and the history that it holds:
// logs, callbacks, load files and location processing, partitioned by day.
//
//	type call struct {
//		UUID   string
//		Status string `db:"ext_request_status"`
//	}
//	client, err := trino.New(ctx, trino.Config{Host: "trino.example.com", User: "bot", Password: secret.Literal(…)})
//	answer, err := client.Query(ctx, trino.Query{
//		SQL:  "SELECT uuid, ext_request_status FROM callbacks_v2 WHERE datestr = ? AND fk_tracking_id = ?",
//		Args: []any{day.Format(time.DateOnly), "123456789"},
//	})
//	calls, err := rows.Collect(answer, rows.ToStruct[call])
//
// Of the tables of history, [Client.Callbacks], [Client.LoadFiles], [Client.LocationProcessing] and [Client.Logs] need no SQL.
//
// # What a client does without being asked
//
// A statement must read: what writes, two statements, and functions that hand text to other systems are refused before
// anything is sent, whatever comments hide; the account's rights are the wall behind that. A statement over a table of
// history must bound datestr from below by a comparison with a day that the tables keep, and the server's plan, which is
// asked for before, must begin no earlier. Values are bound by EXECUTE … USING. Each statement may run no longer at the server than
// the caller's deadline. A deadline, a cancel, a cap, Close, or leaving a loop stops the query at the server, whether or
// not somebody is reading at that moment. A page that was lost is asked for anew, at its place; a statement that the
// cluster could not begin is run anew. Between two pages nothing is held here: no permit, no connection. Answers end at
// Config.MaxRows and Config.MaxBytes and then say that they were cut. Credentials are read anew for each request, so that
// they may rotate, and go to the coordinator alone: a link that leads to another host is refused, and spooled results
// are fetched without a credential.
//
// # Types
//
// BOOLEAN, TINYINT to BIGINT, REAL and DOUBLE are numbers of their width; DECIMAL and NUMBER exact text; VARCHAR, CHAR,
// JSON, UUID and TIME WITH TIME ZONE text; VARBINARY []byte; DATE and TIMESTAMP time.Time in UTC, as the clock was
// written; TIMESTAMP WITH TIME ZONE time.Time in its zone; TIME and INTERVAL DAY TO SECOND time.Duration; INTERVAL YEAR
// TO MONTH a number of months; IPADDRESS netip.Addr; ARRAY, MAP and ROW lists, maps and records of these. Instants are
// exact to the nanosecond; what lies below is cut off. An hour that a zone has twice is its first. A value of any other
// type is what its JSON holds. Every value may be NULL.
//
// # database/sql
//
// [Client.DB] gives the same server to programs that speak database/sql, by trino-go-client, each statement through the
// same guard.
package trino
