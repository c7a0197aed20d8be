package athena_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/fourkites/sources/athena"
	"github.com/fourkites/sources/athena/athenatest"
	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/fault"
	"github.com/fourkites/sources/base/rows"
)

// Whatever a statement looks like, what is not one statement that reads is not sent.
func TestStatementsThatDoMoreThanReadAreNotSent(t *testing.T) {
	t.Parallel()
	server := started(t)
	client := clientOf(t, server)
	for _, sql := range []string{
		"INSERT INTO t SELECT 1", "/* SELECT */ INSERT INTO t SELECT 1", "-- SELECT\nDELETE FROM t", "--\rDELETE FROM t", "CREATE TABLE t AS SELECT 1",
		"UNLOAD (SELECT 1) TO 's3://b/' WITH (format = 'PARQUET')", "MSCK REPAIR TABLE t", "ALTER TABLE t ADD PARTITION (d = 'x')", "VACUUM t", "OPTIMIZE t REWRITE DATA USING BIN_PACK",
		"MERGE INTO t USING s ON true WHEN MATCHED THEN DELETE", "UPDATE t SET a = 1", "DROP VIEW v", "TRUNCATE TABLE t",
		"EXPLAIN ANALYZE INSERT INTO t SELECT 1", "EXPLAIN/**/ANALYZE SELECT 1", "EXPLAIN (FORMAT JSON) INSERT INTO t SELECT 1", "EXPLAIN EXPLAIN ANALYZE SELECT 1",
		"EXPLAIN UNLOAD (SELECT 1) TO 's3://b/' WITH (format = 'ORC')", "PREPARE p FROM SELECT 1", "EXECUTE p", "EXECUTE p USING 1", "EXECUTE IMMEDIATE 'DROP TABLE t'", "DEALLOCATE PREPARE p",
		"USING EXTERNAL FUNCTION f(x VARCHAR) RETURNS VARCHAR LAMBDA 'other' SELECT f('a')", "USING FUNCTION f(x VARCHAR) RETURNS VARCHAR TYPE LAMBDA_INVOKE WITH (lambda_name = 'x') SELECT f('a')",
		"WITH FUNCTION f(x bigint) RETURNS bigint RETURN x SELECT f(1)", "SELECT * FROM TABLE(system.query(query => 'DROP TABLE t'))", `SELECT * FROM TABLE("system"."query"(query => 'x'))`,
		"SELECT * FROM TABLE /* */ (c.system.raw_query('x'))", "SELECT 1; DROP TABLE t", "SELECT 1;;", ";", "(((", "CALL system.x()", "GRANT SELECT ON t TO u", "SET SESSION a = 1",
		"SELECT 'a", `SELECT "a`, "SELECT /* a", "\ufeffSELECT 1; DROP TABLE t", "FROM t INSERT INTO u SELECT 1", "SELECT 'bad \xff'", "START TRANSACTION",
	} {
		_, err := client.Query(t.Context(), athena.Query{SQL: sql})
		if kind := base.KindOf(err); kind != base.KindInvalid && kind != base.KindPermission {
			t.Errorf("%q: %v", sql, err)
		}
		if _, err := client.StartQuery(t.Context(), athena.Query{SQL: sql}); err == nil {
			t.Errorf("%q was started", sql)
		}
		if _, err := client.Explain(t.Context(), athena.Query{SQL: sql}, athena.Logical); err == nil {
			t.Errorf("%q was explained", sql)
		}
	}
	if all := server.Executions(); len(all) != 0 {
		t.Errorf("%+v", all)
	}
}

// A catalog that is named by a function has Athena call it, for a plan too, and the function may do anything.
func TestACatalogThatCallsAFunctionIsNotAsked(t *testing.T) {
	t.Parallel()
	server := started(t)
	client := clientOf(t, server)
	for _, q := range []athena.Query{
		{SQL: `SELECT * FROM "lambda:anything".a.b`},
		{SQL: `SELECT 1 FROM x JOIN "LAMBDA:anything"."a"."b" ON true`},
		{SQL: `SHOW TABLES FROM "lambda:anything".a`},
		{SQL: "SELECT * FROM b", Catalog: "lambda:anything", Database: "a"},
	} {
		if _, err := client.Query(t.Context(), q); !errors.Is(err, base.ErrPermission) || !strings.Contains(err.Error(), "lambda:anything") && !strings.Contains(err.Error(), "LAMBDA:anything") {
			t.Errorf("%q of %q: %v", q.SQL, q.Catalog, err)
		}
		if _, err := client.Explain(t.Context(), q, athena.Logical); err == nil {
			t.Errorf("%q of %q was explained", q.SQL, q.Catalog)
		}
	}
	if all := server.Executions(); len(all) != 0 {
		t.Errorf("%+v", all)
	}
}

// A bound on the days is one only where the service sees it too.
func TestABoundOnTheDaysCannotBePretended(t *testing.T) {
	t.Parallel()
	server := withCallbacks(t, 3)
	client := clientOf(t, server, keepsAll)
	for _, where := range []string{
		"", "-- datestr >= '2024-01-01'", "/* WHERE datestr >= '2024-01-01' */", "WHERE datestr >= '2024-01-01' OR true", "WHERE NOT datestr >= '2024-01-01'",
		"WHERE 'datestr >= ''2024-01-01''' <> ''", "WHERE datestr >= ''", "WHERE datestr >= '2'", "WHERE datestr <= '2024-01-01'", "WHERE datestr <> '2024-01-01'",
		"WHERE datestr LIKE '2024%'", "WHERE datestr = datestr", "WHERE datestr IS NOT NULL", `WHERE "datestr >= '2024-01-01'" = 1`,
		"WHERE datestr >= '2024-01-01' OR message_type = 'x'", "WHERE datestr BETWEEN '' AND '9'", "WHERE CASE WHEN datestr >= '2024-01-01' THEN true ELSE true END",
	} {
		for _, table := range []string{"callbacks_v2", `"CALLBACKS_V2"`, "raw_data_db.callbacks_v2", `"awsdatacatalog"."raw_data_db"."callbacks_v2"`} {
			sql := "SELECT * FROM " + table + " " + where
			if _, err := client.Query(t.Context(), athena.Query{SQL: sql}); err == nil {
				t.Errorf("%q was run", sql)
			}
		}
	}
	for _, e := range server.Executions() {
		if !strings.HasPrefix(e.SQL, "EXPLAIN (TYPE IO") {
			t.Errorf("%q was sent", e.SQL)
		}
	}
}

// Of other schemas nothing is read, neither by the form of the name nor by what goes with the statement.
func TestTheWallHoldsWhateverTheNameLooksLike(t *testing.T) {
	t.Parallel()
	server := started(t)
	server.AddTable("awsdatacatalog.secret_db.t", []athenatest.Column{{Name: "a", Type: "varchar"}}, []any{"x"})
	server.AddTable("open", []athenatest.Column{{Name: "a", Type: "varchar"}}, []any{"x"})
	client := clientOf(t, server, func(c *athena.Config) { c.Schemas = []string{"AwsDataCatalog.raw_data_db"} })
	for _, q := range []athena.Query{
		{SQL: `SELECT a FROM "secret_db"."t"`},
		{SQL: "SELECT a FROM AWSDATACATALOG.SECRET_DB.T"},
		{SQL: "SELECT a FROM t", Database: "secret_db"},
		{SQL: "SHOW TABLES IN secret_db"},
		{SQL: "SHOW TABLES", Database: "secret_db"},
		{SQL: "SHOW TABLES IN `secret_db`"},
		{SQL: "DESCRIBE secret_db.t"},
		{SQL: "DESCRIBE EXTENDED secret_db.t"},
		{SQL: "DESCRIBE FORMATTED secret_db.t"},
		{SQL: "SHOW PARTITIONS secret_db.t"},
		{SQL: "SHOW DATABASES"},
		{SQL: "SHOW SCHEMAS"},
		{SQL: "SHOW CREATE TABLE secret_db.t"},
		{SQL: "EXPLAIN SELECT a FROM secret_db.t"},
		{SQL: "SELECT * FROM TABLE(other.system.scan('x'))"},
	} {
		if _, err := client.Query(t.Context(), q); base.KindOf(err) != base.KindPermission {
			t.Errorf("%q: %v", q.SQL, err)
		}
		if _, err := client.StartQuery(t.Context(), q); base.KindOf(err) != base.KindPermission {
			t.Errorf("%q was started: %v", q.SQL, err)
		}
	}
}

// Close comes at any moment of an answer, beside the goroutine that reads it.
func TestCloseComesAtAnyMomentOfAnAnswer(t *testing.T) {
	t.Parallel()
	server := started(t)
	server.ReplyTo("difficult", difficult(1500))
	reply := difficult(1500)
	reply.Pause = time.Hour
	server.ReplyTo("silent", reply)
	for _, sql := range []string{"SELECT * FROM difficult", "SELECT * FROM silent"} {
		client, err := athena.New(t.Context(), keyed(server))
		if err != nil {
			t.Fatal(err)
		}
		ended := make(chan error)
		go func() {
			var err error
			for range 1000 {
				answer, asked := client.Query(context.WithoutCancel(t.Context()), athena.Query{SQL: sql})
				if err = asked; err == nil {
					_, err = rows.Collect(answer, rows.ToMap)
				}
				if err != nil {
					break
				}
			}
			ended <- err
		}()
		for len(server.Executions()) == 0 || server.Running() > 0 {
			if t.Context().Err() != nil {
				return
			}
		}
		_ = client.Close()
		if err := <-ended; base.KindOf(err) != base.KindClosed {
			t.Errorf("%s: %v", sql, err)
		}
	}
}

// The service stops nothing at the first try; the query is stopped all the same.
func TestAStopThatFailsIsTriedAgain(t *testing.T) {
	t.Parallel()
	server := started(t)
	server.ReplyTo("long", athenatest.Reply{Running: 100_000})
	server.FailAction("StopQueryExecution", fault.Status(503), 3)
	client := clientOf(t, server)
	if _, err := client.Query(t.Context(), athena.Query{SQL: "SELECT * FROM long", Timeout: 200 * time.Millisecond}); base.KindOf(err) != base.KindDeadline {
		t.Error(err)
	}
	if err := client.Close(); err != nil {
		t.Error(err)
	}
	if n := server.Running(); n != 0 {
		t.Errorf("%d queries run on", n)
	}
}

// A service that loses what it is sent is in trouble: what may have been started is not asked after again and again.
func TestALostStartIsAskedAfterRarely(t *testing.T) {
	t.Parallel()
	server := started(t)
	server.FailAction("StartQueryExecution", fault.Reset(), -1)
	client := clientOf(t, server, func(c *athena.Config) { c.Limits.Retries = -1 })
	if _, err := client.Query(t.Context(), athena.Query{SQL: "SELECT 1"}); base.KindOf(err) != base.KindUnavailable {
		t.Error(err)
	}
	if err := client.Close(); err != nil {
		t.Error(err)
	}
	if n := len(server.Requests()) - 1; n < 2 || n > 8 {
		t.Errorf("asked %d times after a start that was lost", n)
	}
}

// A query that failed is another one when it is tried again: by the same token the service would give the failure again.
func TestAQueryThatFailedIsTriedAgainAsAnother(t *testing.T) {
	t.Parallel()
	server := started(t)
	server.ReplyTo("moody", athenatest.Reply{Err: athenatest.EngineFailed(), Times: 1}, difficult(3))
	if all, _ := read(t, clientOf(t, server), "SELECT * FROM moody"); len(all) != 3 || len(server.Executions()) != 2 {
		t.Errorf("%d rows of %+v", len(all), server.Executions())
	}
}
