package clickhouse

import (
	"context"
	"fmt"
	"reflect"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/rows"
	"github.com/fourkites/sources/base/tool"
	"github.com/fourkites/sources/internal/output"
)

// QueryInput is the question of clickhouse_query_sql; see [Query].
type QueryInput struct {
	SQL   string            `json:"sql" jsonschema:"one statement that reads; values as {name:Type}"`
	Args  map[string]string `json:"args,omitempty" jsonschema:"the values of {name:Type}, as text"`
	Limit int               `json:"limit,omitempty" jsonschema:"rows; default 100, at most 10000"`
}

// QueryOutput is the answer to a statement. NaN and infinities are the texts NaN, +Inf and -Inf.
type QueryOutput struct {
	Columns []string         `json:"columns"`
	Items   []map[string]any `json:"items"`
	Outcome base.Outcome     `json:"outcome"`
	Stats   base.Stats       `json:"stats,omitzero"`
}

// EstimateInput is the question of clickhouse_estimate_sql.
type EstimateInput struct {
	SQL  string            `json:"sql" jsonschema:"one SELECT; values as {name:Type}"`
	Args map[string]string `json:"args,omitempty" jsonschema:"the values of {name:Type}, as text"`
}

// The tools for a statement of the caller's own.
var (
	QuerySQL = tool.Declare[QueryInput, QueryOutput]("clickhouse_query_sql",
		"Runs one SQL statement that reads. Prefer the tools for logs, spans and metrics, which use the indexes; match text in "+
			"bodies with lower(body) LIKE or hasToken(lower(body), ...), never ILIKE, and bound ts_bucket_start. The outcome "+
			"truncated says that there are more rows than the limit, or more than 2 MiB.")
	EstimateSQL = tool.Declare[EstimateInput, Estimate]("clickhouse_estimate_sql",
		"Says how many rows a SELECT would read, per table, without running it.")
)

func (c *Client) sqlTools() []tool.Tool {
	return []tool.Tool{
		QuerySQL.Bind(c.querySQL),
		EstimateSQL.Bind(func(ctx context.Context, in EstimateInput) (Estimate, error) {
			return c.Estimate(ctx, Query{SQL: in.SQL, Args: anyArgs(in.Args)})
		}),
	}
}

func anyArgs(args map[string]string) map[string]any {
	out := make(map[string]any, len(args))
	for k, v := range args {
		out[k] = v
	}
	return out
}

const (
	maxToolBytes = 2 << 20 // decoded bytes of one answer of a tool
	maxElements  = 10_000  // of one value in it
)

func (c *Client) querySQL(ctx context.Context, in QueryInput) (QueryOutput, error) {
	limit := output.PageSize(in.Limit)
	out, err := output.Read(ctx, func(ctx context.Context) (*rows.Rows, error) {
		return c.Query(ctx, Query{SQL: in.SQL, Args: anyArgs(in.Args), MaxRows: int64(limit) + 1, MaxBytes: maxToolBytes})
	}, func(taken int, row map[string]any) error { return keep(row, c.Name(), taken, limit) })
	return QueryOutput(out), err
}

// keep makes a row speakable, the one after taken rows; it refuses one that is over the limit or too large.
func keep(row map[string]any, source string, taken, limit int) error {
	if taken == limit {
		return base.NewIncomplete(base.Truncated, source, opQuery.Name, int64(limit),
			"there are more rows than the limit; raise it, or narrow the statement", nil)
	}
	for name, v := range row {
		if n := elements(v); n > maxElements {
			return base.NewIncomplete(base.Truncated, source, opQuery.Name, int64(taken), fmt.Sprintf(
				"the next row's %.60q has more than %d elements; select a part of it (arraySlice), or its length", name, maxElements), nil)
		}
		row[name] = output.Value(v, func(b []byte) any { return output.List(b) }) // JSON would write them in base64
	}
	return nil
}

// elements is how many values a value holds, itself included; counting ends above maxElements.
func elements(v any) int {
	n := 1
	switch v := v.(type) {
	case string:
	case []any:
		for i := 0; i < len(v) && n <= maxElements; i++ {
			n += elements(v[i])
		}
	case map[string]any:
		for _, one := range v {
			if n += elements(one); n > maxElements {
				break
			}
		}
	default:
		if r := reflect.ValueOf(v); r.Kind() == reflect.Slice || r.Kind() == reflect.Map {
			n += r.Len()
		}
	}
	return n
}
