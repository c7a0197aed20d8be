package trinosql

import (
	"maps"
	"slices"
)

// bounds are the ends of what a condition lets through in one column, as a plan tells them; an absent end is open.
type bounds struct{ low, high string }

// constraints are the columns that the condition bounds: by comparisons with literals that all have to hold.
func constraints(where *node) []any {
	found := map[string]bounds{}
	if where != nil {
		where.narrow(found)
	}
	all := []any{}
	for _, name := range slices.Sorted(maps.Keys(found)) {
		low, high := map[string]any{"bound": "ABOVE"}, map[string]any{"bound": "BELOW"}
		if b := found[name]; b.low != "" {
			low = map[string]any{"bound": "EXACTLY", "value": b.low}
		}
		if b := found[name]; b.high != "" {
			high = map[string]any{"bound": "EXACTLY", "value": b.high}
		}
		all = append(all, map[string]any{"columnName": name, "type": "varchar", "domain": map[string]any{
			"nullsAllowed": false, "ranges": []any{map[string]any{"low": low, "high": high}},
		}})
	}
	return all
}

// mirrored are the comparisons with their sides changed.
var mirrored = map[string]string{"=": "=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}

func (n *node) narrow(found map[string]bounds) {
	switch {
	case n.kind != nodeCall:
		return
	case n.text == "and":
		n.args[0].narrow(found)
		n.args[1].narrow(found)
		return
	case len(n.args) < 2:
		return
	case n.args[0].kind == nodeLiteral && mirrored[n.text] != "":
		n = call(mirrored[n.text], n.args[1], n.args[0])
	}
	if n.args[0].kind != nodeName {
		return
	}
	var values []string
	for _, a := range n.args[1:] {
		if a.kind != nodeLiteral {
			return
		}
		values = append(values, textOf(a.value))
	}
	b := found[n.args[0].text]
	switch n.text {
	case "=", "in":
		b = bounds{slices.Min(values), slices.Max(values)}
	case ">", ">=":
		b.low = values[0]
	case "<", "<=":
		b.high = values[0]
	default:
		return
	}
	found[n.args[0].text] = b
}
