// Package redshifttest is a server in process that speaks Redshift's protocol, for tests and examples without a
// cluster.
//
//	server := redshifttest.NewServer()
//	defer server.Close()
//	server.Insert(redshift.Load{ID: "123456789", LoadNumber: "L-1", Status: "Awaiting Tracking Info"})
//	client, err := redshift.New(ctx, server.Config())
//
// It answers the statements that the client's own methods send, and others of their kind (SELECT from one table with
// conditions, order, limit and offset), from records in memory; any other statement by [Server.Reply]. It takes the simple and
// the extended protocol, requests to cancel, TLS, and passwords in clear text, MD5 and SCRAM.
//
// # Like Redshift, unlike PostgreSQL
//
// The catalog has svv_all_schemas, svv_all_tables and svv_all_columns, and what runs and ran is in sys_query_history,
// stv_recents, stl_query and svl_qlog (Amazon Redshift Database Developer Guide: SVV_ALL_SCHEMAS, SVV_ALL_TABLES,
// SVV_ALL_COLUMNS, SYS_QUERY_HISTORY, STV_RECENTS, STL_QUERY, SVL_QLOG). A start-up parameter or a setting that Redshift does not have is refused. version()
// is that of Redshift. [SerializableConflict], [RuleAborted], [StatementTimeout], [UserCanceled] and [TooManyConnections]
// are the errors of Redshift in its words, each with the page that documents it.
//
// # Where it differs from the real server
//
// It holds data that the program gives it and takes no statement that writes. It knows no functions but lower(),
// version() and pg_cancel_backend(), no joins and no groups. Types are those that [Column] names.
package redshifttest
