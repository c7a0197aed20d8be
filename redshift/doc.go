// Package redshift reads from Amazon Redshift over the protocol of PostgreSQL: any statement that reads, and the loads,
// events, validations, files, companies and relationships that the warehouse keeps.
//
//	client, err := redshift.New(ctx, redshift.Config{Host: "cluster.example.com", Database: "dw", User: "reader", Password: p})
//	load, err := client.Load(ctx, "123456789")
//
//	type stuck struct { // of one's own: each column of the statement has a field
//		LoadID int64   `db:"load_id"`
//		Status *string `db:"status"` // nil = NULL
//	}
//	answer, err := client.Query(ctx, redshift.Query{
//		SQL: "SELECT load_id, status FROM platform.fact_loads WHERE carrier_id = $1", Args: []any{"swift"},
//	})
//	loads, err := rows.Collect(answer, rows.ToStruct[stuck])
//
// # What a client does without being asked
//
// Connections are TLS, always verified, unless Config.Plaintext, which works on this machine only. Each statement runs
// alone in a READ ONLY transaction that is rolled back, over the extended protocol, which takes one statement only; its
// first word is SELECT, WITH, SHOW or EXPLAIN, and with Config.Schemas every table that it names is of one of those.
// Values are bound by the server and never put into text. statement_timeout is set, and is never longer than the
// caller's deadline. A deadline, a cancel, a cap or leaving a loop stops the statement at the server within a second.
// There are never more connections than two for each permit, and two. Answers end at Config.MaxRows and Config.MaxBytes
// and then say that they were cut. Statements of the typed
// methods begin with a comment that names the method.
//
// # Passwords
//
// A password is a literal, a reference, or is issued by AWS (Config.IAM). It is read anew for each connection, so that it
// may rotate; one that was refused is not sent again. It never reaches a parser of connection strings, nor an error. A
// client certificate is read from its files for each handshake.
//
// # Types and times
//
// boolean, smallint, integer, bigint, oid, real, double precision, bytea, date, timestamp and timestamptz become the Go
// types of that kind; numeric is exact text; any other type, such as super, geometry, time or an array, is text as the
// server writes it. A time without a zone is in UTC. Typed methods read a column by what it is needed for, whatever
// type it has; NULL is the zero value there, or nil where a field is a pointer.
//
// The warehouse is behind its sources: answers of typed methods say by how much in Stats.Age, and in
// Stats.Notes whether that was measured (Client.Lag) or is what the operator wrote (Config.Lag).
//
// # What is not kept here
//
// The driver knows MD5, SCRAM and clear text; an account of Redshift with a SHA-256 password cannot log in through it.
//
// READ ONLY does not bound what functions do: those of the server that act, such as pg_terminate_backend, pg_advisory_lock,
// set_config or nextval, are refused by name in a caller's statement, however they are spelled. That is a help, no wall: a
// view or a function of the database's own may call them, and it runs with what the account may do. Rights decide; give the
// account the right to read and no other.
package redshift
