package redshift_test

import (
	"errors"
	"testing"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/redshift/redshifttest"
)

func TestAListOfRunningStatementsThatMayBeCutSaysSo(t *testing.T) {
	t.Parallel()
	server := fake(t)
	for _, tc := range []struct {
		rows  int
		whole bool
	}{{999, true}, {1000, false}} {
		reply := redshifttest.Reply{Columns: []redshifttest.Column{
			{Name: "session_id", Type: "bigint"},
			{Name: "query_id", Type: "varchar"},
			{Name: "username", Type: "varchar"},
			{Name: "database_name", Type: "varchar"},
			{Name: "status", Type: "varchar"},
			{Name: "start_time", Type: "timestamp"},
			{Name: "query_text", Type: "varchar"},
		}}
		for i := range tc.rows {
			reply.Rows = append(reply.Rows, []any{i + 1, "1", "user", "db", "running", nil, "SELECT 1"})
		}
		server.ClearReplies()
		server.ReplyTo("RunningQueries", reply)
		all, err := newClient(t, server.Config()).RunningQueries(t.Context())
		if len(all) != tc.rows || errors.Is(err, base.ErrTruncated) == tc.whole || tc.whole && err != nil {
			t.Errorf("%d rows: %d statements, %v", tc.rows, len(all), err)
		}
	}
}
