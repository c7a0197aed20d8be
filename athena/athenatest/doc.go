// Package athenatest is an Amazon Athena in process, and as much of S3 as its results need, for tests of programs that use
// the athena package. It speaks AWS JSON 1.1 and S3's REST, each over HTTP on a port of 127.0.0.1, and checks signatures.
//
//	server := athenatest.NewServer()
//	defer server.Close()
//	server.AddLoadFiles([4]string{"123456789", "a.csv", "done", "2025-01-02"})
//	config := server.Config()
//	config.Key = secret.Literal(athenatest.AccessKey + ":" + athenatest.SecretKey) // or by the chain of AWS
//	client, err := athena.New(ctx, config)
//
// It keeps what it was asked, fails on demand, and answers statements from its memory: scripted replies first, then its
// tables, for the shape of statement that the athena package sends: one table, conditions, an order and a limit; SHOW,
// DESCRIBE; EXPLAIN in outline. There are no joins, no groups and no sub-queries: script a reply for such a statement.
//
// # As AWS documents it
//
// A repeated ClientRequestToken gives the earlier execution, and an error where another parameter has changed. Pages hold
// 1,000 rows at most, the first one of a SELECT the names of its columns too. The file of a SELECT is a CSV in which every
// value is quoted and NULL is nothing at all. Workgroups may be disabled, force their settings, keep results themselves,
// or stop what reads too much. Queries wait, run, and wait again as [Reply] says. A result is reused by its age, and then
// the query points to the earlier file (Amazon Athena API Reference: StartQueryExecution, GetQueryResults,
// QueryExecutionStatus, WorkGroupConfiguration; Amazon Athena User Guide: Reuse query results, error catalog; Amazon S3
// API Reference: GetObject, error responses; AWS Signature Version 4).
//
// # Where it differs from the real service
//
// A statement has run when it is accepted; its states are told afterwards. Bytes are counted as the text of all rows of the
// table. EXPLAIN and DESCRIBE answer as Trino does, a line a row, without a row of names. GetQueryResults does not look at
// S3. The .metadata object is not in the real one's form. S3 knows GET and HEAD, paths and no virtual hosts, and no
// versions. There are no policies: [Server.DenyBucket] and [Server.Refuse] say who may not. Which ErrorType comes with
// which failure is only as near as the catalog of errors tells.
package athenatest
