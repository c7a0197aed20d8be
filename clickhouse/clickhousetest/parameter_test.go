package clickhousetest_test

import (
	"testing"

	"github.com/ClickHouse/clickhouse-go/v2"

	"github.com/fourkites/sources/base/logs"
)

func TestParametersAreComparedAsTheirValues(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	for _, body := range []string{`it's a \ slash`, "two\nlines", "plain"} {
		s.Insert(logs.Record{Time: instant, Body: body})
	}
	conn := openStandard(t, s, withLZ4)
	for _, c := range []struct {
		sql, value string
		want       uint64
	}{
		{"body = {v:String}", `it's a \\ slash`, 1},
		{"body = {v:String}", `two\nlines`, 1},
		{"body = {v:String}", "absent", 0},
		{"body IN {v:Array(String)}", `['plain','it\'s a \\ slash']`, 2},
		{"timestamp >= {v:UInt64}", "1", 3},
	} {
		ctx := clickhouse.Context(t.Context(), clickhouse.WithParameters(clickhouse.Parameters{"v": c.value}))
		var n uint64
		row := conn.QueryRow(ctx, "SELECT count() FROM signoz_logs.distributed_logs_v2 WHERE "+c.sql)
		if err := row.Scan(&n); err != nil || n != c.want {
			t.Errorf("%s with %s: %d rows, %v; want %d", c.sql, c.value, n, err, c.want)
		}
	}
}
