package trinosql

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// run answers a selection over the table; a nil table is a single row without columns.
func (s *selection) run(t *Table) (reply Result, err *Error) {
	defer caught(&err)
	all := []Row{{}}
	if t != nil {
		all = nil
		for _, r := range t.Rows {
			if s.where == nil || s.where.eval(r) == true {
				all = append(all, r)
			}
		}
	}
	slices.SortStableFunc(all, s.compare)
	if s.limit >= 0 {
		all = all[:min(s.limit, len(all))]
	}
	reply.Source = t
	if t == nil {
		t = &Table{}
	}
	reply.Columns = s.columns(t)
	for _, r := range all {
		var values []any
		for _, item := range s.items {
			if item.expr.kind == nodeStar {
				for _, c := range t.Columns {
					values = append(values, r[strings.ToLower(c.Name)])
				}
				continue
			}
			values = append(values, item.expr.eval(r))
		}
		reply.Rows = append(reply.Rows, values)
	}
	return reply, nil
}

// compare orders rows; NULL comes last, as at the server.
func (s *selection) compare(a, b Row) int {
	for _, o := range s.order {
		x, y := o.expr.eval(a), o.expr.eval(b)
		n := 0
		switch {
		case x == nil || y == nil:
			n = cmp.Compare(bit(x == nil), bit(y == nil))
			if n != 0 {
				return n
			}
		default:
			n = compare(x, y)
		}
		if o.desc {
			n = -n
		}
		if n != 0 {
			return n
		}
	}
	return 0
}

func bit(b bool) int {
	if b {
		return 1
	}
	return 0
}

func (s *selection) columns(t *Table) []Column {
	var all []Column
	for i, item := range s.items {
		if item.expr.kind == nodeStar {
			if s.table == nil {
				complain("COLUMN_NOT_FOUND", "SELECT * not allowed in queries without FROM clause")
			}
			all = append(all, t.Columns...)
			continue
		}
		name := item.alias
		switch {
		case name == "" && item.expr.kind == nodeName:
			name = item.expr.text
		case name == "":
			name = fmt.Sprintf("_col%d", i)
		}
		all = append(all, Column{Name: name, Type: item.expr.typ(t)})
	}
	return all
}

// typ is the type of an expression, as far as the fake knows it.
func (n *node) typ(t *Table) string {
	switch n.kind {
	case nodeCast:
		return n.text
	case nodeName:
		for _, c := range t.Columns {
			if strings.EqualFold(c.Name, n.text) {
				return c.Type
			}
		}
		complain("COLUMN_NOT_FOUND", "Column '"+n.text+"' cannot be resolved")
	case nodeCall:
		switch n.text {
		case "lower", "upper", "element_at", "json_format":
			return "varchar"
		case "coalesce", "try":
			if len(n.args) > 0 {
				return n.args[0].typ(t)
			}
		case "strpos":
			return "bigint"
		case "from_iso8601_timestamp_nanos":
			return "timestamp(9) with time zone"
		}
		return "boolean"
	}
	switch n.value.(type) {
	case nil:
		return "unknown"
	case int64:
		return "integer"
	case float64:
		return "double"
	case bool:
		return "boolean"
	case time.Time:
		return "timestamp(6)"
	}
	return "varchar"
}
