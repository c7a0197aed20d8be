package clickhouse

import (
	"context"
	"fmt"
	"math"
	"reflect"
	"strconv"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/rows"
	"github.com/fourkites/sources/base/tool"
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
	out := QueryOutput{Columns: []string{}, Items: []map[string]any{}}
	limit := pageSize(in.Limit)
	answer, err := c.Query(base.WithStats(ctx, &out.Stats), Query{
		SQL: in.SQL, Args: anyArgs(in.Args), MaxRows: int64(limit) + 1, MaxBytes: maxToolBytes,
	})
	if err != nil {
		return out, err
	}
	for _, column := range answer.Columns() {
		out.Columns = append(out.Columns, column.Name)
	}
	err = out.fill(answer, c.Name(), limit)
	if out.Outcome = base.OutcomeOf(len(out.Items), err); out.Outcome == base.Failed {
		return out, err
	}
	if err != nil {
		out.Stats.Notes = append(out.Stats.Notes, err.Error())
	}
	return out, nil
}

// fill takes at most limit rows.
func (o *QueryOutput) fill(answer *rows.Rows, source string, limit int) error {
	for row, err := range rows.ToMap(answer) {
		if err != nil {
			return err
		}
		if len(o.Items) == limit {
			return base.NewIncomplete(base.Truncated, source, opQuery.Name, int64(limit),
				"there are more rows than the limit; raise it, or narrow the statement", nil)
		}
		for name, v := range row {
			if n := elements(v); n > maxElements {
				return base.NewIncomplete(base.Truncated, source, opQuery.Name, int64(len(o.Items)), fmt.Sprintf(
					"the next row's %.60q has more than %d elements; select a part of it (arraySlice), or its length", name, maxElements), nil)
			}
			row[name] = speakable(v)
		}
		o.Items = append(o.Items, row)
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

// speakable is a value that JSON can carry: it has no number for NaN.
func speakable(v any) any {
	switch v := v.(type) {
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return strconv.FormatFloat(v, 'g', -1, 64)
		}
	case float32:
		return speakable(float64(v))
	case []float64:
		return speakableAll(v)
	case []float32:
		return speakableAll(v)
	case []uint8: // which JSON would write in base64
		return speakableAll(v)
	case []any:
		for i := range v {
			v[i] = speakable(v[i])
		}
	case map[string]any:
		for k := range v {
			v[k] = speakable(v[k])
		}
	case map[string]float64:
		out := make(map[string]any, len(v))
		for k := range v {
			out[k] = speakable(v[k])
		}
		return out
	}
	return v
}

func speakableAll[E any](v []E) []any {
	out := make([]any, len(v))
	for i := range v {
		out[i] = speakable(v[i])
	}
	return out
}
