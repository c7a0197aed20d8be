// Package athena reads from Amazon Athena: any statement that reads, and the history on S3 that it holds: logs, callbacks,
// load files and location processing, partitioned by day.
//
//	client, err := athena.New(ctx, athena.Config{Region: "eu-west-1", OutputLocation: "s3://results.example.com/bot/"})
//	answer, err := client.Query(ctx, athena.Query{
//		SQL:  "SELECT uuid, ext_request_status FROM callbacks_v2 WHERE datestr = ? AND fk_tracking_id = ?",
//		Args: []any{day.Format(time.DateOnly), "123456789"},
//	})
//	calls, err := rows.Collect(answer, rows.ToStruct[call])
//
// Of the tables of history, [Client.Callbacks], [Client.LoadFiles], [Client.LocationProcessing] and [Client.Logs] need no SQL.
// [Client.StartQuery], [Client.Execution], [Client.Results] and [Client.StopQuery] are the same in steps: the id of a query
// is all that another process needs to go on.
//
// # What a client does without being asked
//
// A statement must read: what writes and two statements are refused before anything is sent, whatever comments hide; the
// rights of the identity are the wall behind that. A statement over a table of history must bound datestr from below by a
// comparison with a day that the tables keep, and the plan, which is asked for before and costs nothing, must begin no
// earlier. Values are bound by the service, or stand in a statement that is explained as literals.
//
// Each call of Query has a token of its own, the same over its attempts: an attempt whose answer was lost is not run twice,
// and no call gets the answer of another. An answer is given again only where [Query].ReuseMaxAge says so, and its Stats tell.
// A query is looked at after a twelfth of the time that it has run, at least every two seconds, so that its end is seen at
// most a tenth too late. A deadline, a cancel, max_execution, Close, or a bound on bytes stops it at the service, also when
// the answer to its start was lost. Stats hold the bytes read and what they cost.
//
// An answer of more than a page is read from its file in S3, in parts of 16 MiB of which two are fetched ahead, all of one
// state of the file by its ETag; a file that is cut or changed ends with an error. Shorter ones, and those of workgroups that
// manage results, come page by page. Both give the same rows. Between two pages or parts nothing is held here. Nobody
// but Athena should write to the place of results: a file that was cut there between two rows before it was first looked
// at, behind the first thousand, cannot be told from a shorter answer.
//
// # Types
//
// BOOLEAN, TINYINT to BIGINT, REAL and DOUBLE are numbers of their width; DECIMAL exact text; VARCHAR, CHAR, JSON and TIME
// text; VARBINARY []byte; DATE and TIMESTAMP time.Time in UTC, as the clock was written; TIMESTAMP WITH TIME ZONE time.Time in
// its zone. ARRAY, MAP and ROW are the text that Athena writes, which cannot be taken apart in general: select CAST(… AS
// JSON) where their parts matter. Every value may be NULL, which is not the empty text.
package athena
