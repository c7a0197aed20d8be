package athenatest

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/fourkites/sources/internal/trinosql"
)

// text is a value as Athena writes it, in a page and in a file alike.
func text(v any, typ string) string {
	switch v := v.(type) {
	case nil:
		return "null" // inside of a list or a map
	case string:
		return v
	case []byte:
		return strings.TrimSuffix(fmt.Sprintf("% x", v), " ")
	case time.Time:
		return trinosql.TimeText(v, typ)
	case float64:
		return double(v)
	case float32:
		return double(float64(v))
	case []any:
		return listed(v)
	case map[string]any:
		return mapped(v)
	case map[string]string:
		wide := make(map[string]any, len(v))
		for k, x := range v {
			wide[k] = x
		}
		return mapped(wide)
	}
	return fmt.Sprint(v)
}

func listed(values []any) string {
	all := make([]string, len(values))
	for i, v := range values {
		all[i] = text(v, "")
	}
	return "[" + strings.Join(all, ", ") + "]"
}

func mapped(values map[string]any) string {
	var all []string
	for _, k := range slices.Sorted(maps.Keys(values)) {
		all = append(all, k+"="+text(values[k], ""))
	}
	return "{" + strings.Join(all, ", ") + "}"
}

// double is a number as Java writes it: 0.5, 100.0, 1.0E10.
func double(f float64) string {
	switch size := math.Abs(f); {
	case math.IsNaN(f):
		return "NaN"
	case math.IsInf(f, 1):
		return "Infinity"
	case math.IsInf(f, -1):
		return "-Infinity"
	case size != 0 && (size < 1e-3 || size >= 1e7):
		mantissa, exponent, _ := strings.Cut(strconv.FormatFloat(f, 'E', -1, 64), "E")
		if !strings.Contains(mantissa, ".") {
			mantissa += ".0"
		}
		n, _ := strconv.Atoi(exponent) // as FormatFloat has just written it
		return mantissa + "E" + strconv.Itoa(n)
	}
	out := strconv.FormatFloat(f, 'f', -1, 64)
	if !strings.Contains(out, ".") {
		out += ".0"
	}
	return out
}

// precisions are those of types that have no precision of their own.
var precisions = map[string]int{
	"varchar": math.MaxInt32, "json": math.MaxInt32, "bigint": 19, "integer": 10, "smallint": 5, "tinyint": 3, "double": 17, "float": 17,
	"timestamp": 3, "timestamp with time zone": 3, "varbinary": math.MaxInt32,
}

// metadata is ColumnInfo of every column.
func (r *result) metadata() []map[string]any {
	all := make([]map[string]any, len(r.columns))
	for i, c := range r.columns {
		typ, precision, scale := typeOf(c.Type)
		all[i] = map[string]any{
			"CatalogName": "hive", "SchemaName": "", "TableName": "", "Name": c.Name, "Label": c.Name, "Type": typ,
			"Precision": precision, "Scale": scale, "Nullable": "UNKNOWN", "CaseSensitive": strings.HasPrefix(typ, "varchar"),
		}
	}
	return all
}

// typeOf takes a type apart: the name that ColumnInfo has, precision and scale.
func typeOf(full string) (typ string, precision, scale int) {
	typ, rest, bounded := strings.Cut(full, "(")
	if !bounded {
		return typ, precisions[typ], 0
	}
	inside, behind, _ := strings.Cut(rest, ")")
	if typ = strings.TrimSpace(typ); strings.HasPrefix(typ, "timestamp") {
		typ += behind
	}
	switch typ {
	case "decimal", "char", "varchar", "timestamp", "timestamp with time zone":
		first, second, _ := strings.Cut(inside, ",")
		precision, _ = strconv.Atoi(strings.TrimSpace(first)) // zero where it is none
		scale, _ = strconv.Atoi(strings.TrimSpace(second))
	}
	if strings.HasPrefix(typ, "timestamp") {
		precision = 3
	}
	return typ, precision, scale
}

// file is what lies in S3.
func (r *result) file() []byte {
	switch {
	case r.bulk != nil:
		return r.bulk.file
	case r.named():
		return r.csv()
	}
	return r.plain()
}

// csv is the file of a SELECT: every value is quoted, its quotes doubled, and NULL is nothing.
func (r *result) csv() []byte {
	var b []byte
	for i := range r.length() {
		for j, c := range r.row(i) {
			if j > 0 {
				b = append(b, ',')
			}
			if c.null {
				continue
			}
			b = append(b, '"')
			b = append(b, strings.ReplaceAll(c.text, `"`, `""`)...)
			b = append(b, '"')
		}
		b = append(b, '\n')
	}
	return b
}

// plain is the file of another statement: values apart by tabs.
func (r *result) plain() []byte {
	var b []byte
	for _, row := range r.rows {
		for j, c := range row {
			if j > 0 {
				b = append(b, '\t')
			}
			b = append(b, c.text...)
		}
		b = append(b, '\n')
	}
	return b
}
