// Package clickhouse reads from ClickHouse over its native protocol: any statement that reads, and the logs, traces and
// metrics that SigNoz keeps there.
//
//	client, err := clickhouse.New(ctx, clickhouse.Config{Host: "clickhouse.example.com", Secure: true})
//	answer, err := client.Query(ctx, clickhouse.Query{
//		SQL:  "SELECT id, status FROM loads WHERE carrier = {carrier:String}",
//		Args: map[string]any{"carrier": "swift"},
//	})
//	loads, err := rows.Collect(answer, rows.ToStruct[Load])
//
// # What a client does without being asked
//
// Statements run with readonly = 1 at the server, which also refuses table functions that reach other hosts or files and
// a statement that lifts its own limits; what does not begin like a statement that reads is not sent. Values are bound by
// the server and never put into text. Each query has an id, carries the name of the method in log_comment, and may run no
// longer than the caller's deadline and Config.MaxExecution. A deadline, a cancel, a cap or leaving a loop stops the query
// at the server within a second. Answers end at Config.MaxRows and Config.MaxBytes and then say that they were cut.
// Passwords are read anew for each connection, so that they may rotate; one that was refused is not sent again. Of several
// addresses the one that answers is used.
//
// # Logs, traces and metrics
//
// The tables of SigNoz have methods of their own, which ask in the way that their indexes answer:
//
//	for record, err := range client.Logs(ctx, logs.Query{
//		Window: base.Around(incident, time.Hour, 0), Services: []string{"checkout"}, MinSeverity: logs.SeverityError,
//	}) { … }
//
// Config.Tables names other tables and columns. Both lineages of SigNoz's migrations are told apart by looking, once per
// half hour. What is listed in pages goes on from a cursor without loss, however many records one instant has.
//
// # Types
//
// Numbers, String, FixedString, Bool, Enum, UUID (as text), Decimal (as exact text), Date, DateTime and DateTime64 (with
// their zone), Time, IPv4 and IPv6 (netip.Addr), Int128 to UInt256 (*big.Int), Interval, Nullable, LowCardinality, Array,
// Map, Tuple, Nested, the geometric types, SimpleAggregateFunction, and JSON as text are decoded. Any other type, such as
// Dynamic, Variant or AggregateFunction, is base.ErrInvalid, which names column and type, before any value is read.
//
// # Accounts
//
// An account with readonly = 1 may change no setting: it is noticed once, nothing is set any more, and Stats.Notes says
// that the server itself held no limit; the client holds deadline, MaxExecution and caps by cancelling. An account with
// readonly = 2 keeps its own readonly, which lets a SELECT call table functions such as url: take that grant from it.
// Scalar functions such as file read what the server lets every account read.
package clickhouse
