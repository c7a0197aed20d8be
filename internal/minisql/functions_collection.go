package minisql

import (
	"slices"
	"strings"
)

var arrayLambdas = map[string]func(items, results []any) any{
	"arraymap": func(_, r []any) any { return r },
	"arrayfilter": func(items, r []any) any {
		all := []any{}
		for i, v := range r {
			if yes, _ := truth(v); yes {
				all = append(all, items[i])
			}
		}
		return all
	},
	"arrayexists": func(_, r []any) any { return flag(slices.ContainsFunc(r, yes)) },
	"arrayall":    func(_, r []any) any { return flag(!slices.ContainsFunc(r, func(v any) bool { return !yes(v) })) },
	"arraycount": func(_, r []any) any {
		n := uint64(0)
		for _, v := range r {
			if yes(v) {
				n++
			}
		}
		return n
	},
	"arrayfirst": func(items, r []any) any {
		if i := slices.IndexFunc(r, yes); i >= 0 {
			return items[i]
		}
		return ""
	},
	"arraysum":         func(_, r []any) any { return sumOf(r) },
	"arraysort":        func(items, r []any) any { return sortedBy(items, r, 1) },
	"arrayreversesort": func(items, r []any) any { return sortedBy(items, r, -1) },
}

func yes(v any) bool { b, _ := truth(v); return b }

func sortedBy(items, keys []any, sign int) any {
	order := make([]int, len(items))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return sign * sortOrder(keys[a], keys[b]) })
	all := make([]any, len(items))
	for i, at := range order {
		all[i] = items[at]
	}
	return all
}

func sumOf(list []any) any {
	total := 0.0
	integral := true
	for _, v := range list {
		f, _ := asFloat(v)
		total += f
		_, isInt := whole(v)
		integral = integral && isInt
	}
	if integral {
		return uint64(total)
	}
	return total
}

func lambdaType(name, result, list string) string {
	switch name {
	case "arraymap":
		return "Array(" + result + ")"
	case "arrayfilter", "arraysort", "arrayreversesort":
		return list
	case "arrayexists", "arrayall":
		return "UInt8"
	case "arraycount":
		return "UInt64"
	case "arraysum":
		return numeric([]string{result}, nil)
	}
	return element([]string{list}, nil)
}

func onList(result func([]string, *node) string, f func([]any) any) function {
	return function{least: 1, most: 1, result: result, run: func(a []any) (any, error) {
		list, ok := a[0].([]any)
		if !ok {
			return nil, fail(43, "Illegal type %T of an argument: an array is needed", a[0])
		}
		return f(list), nil
	}}
}

var collectionFunctions = map[string]function{
	"array": {0, -1, arrayOf, func(a []any) (any, error) { return slices.Clone(a), nil }, nil, func(types []string) func([]any) (any, error) {
		typ, _ := common(types)
		return func(a []any) (any, error) {
			all := make([]any, len(a))
			for i, v := range a {
				all[i] = conform(v, typ)
			}
			return all, nil
		}
	}},
	"tuple": {0, -1, func(t []string, _ *node) string { return "Tuple(" + strings.Join(t, ", ") + ")" }, func(a []any) (any, error) {
		return slices.Clone(a), nil
	}, nil, nil},
	"map": {0, -1, func(t []string, _ *node) string {
		if len(t) < 2 {
			return "Map(String, String)"
		}
		return "Map(" + t[0] + ", " + t[1] + ")"
	}, func(a []any) (any, error) {
		if len(a)%2 != 0 {
			return nil, fail(42, "Function map requires an even number of arguments, but got %d", len(a))
		}
		m := map[string]any{}
		for i := 0; i+1 < len(a); i += 2 {
			m[text(a[i])] = a[i+1]
		}
		return m, nil
	}, nil, nil},
	"tupleElement": {2, 2, func(t []string, n *node) string {
		args := typeArgs(t[0])
		if i, ok := whole(n.args[1].value); ok && i >= 1 && int(i) <= len(args) {
			return args[i-1]
		}
		return "String"
	}, func(a []any) (any, error) {
		list, ok := a[0].([]any)
		if i, _ := whole(a[1]); !ok || i < 1 || int(i) > len(list) {
			return nil, fail(10, "Tuple doesn't have element with index '%v'", a[1])
		}
		return elementOf(a[0], a[1]), nil
	}, nil, nil},
	"arrayElement": {least: 2, most: 2, result: element, typed: func(types []string) func([]any) (any, error) {
		missing := zero(element(types, nil))
		return func(a []any) (any, error) {
			v, found := any(nil), false
			switch list := a[0].(type) {
			case map[string]any:
				v, found = list[text(a[1])]
			case []any:
				v = elementOf(list, a[1])
				found = v != nil
			default:
				return nil, fail(43, "Illegal type %T of an argument of arrayElement", a[0])
			}
			if !found {
				return missing, nil
			}
			return v, nil
		}
	}},
	"mapContains": {2, 2, is("UInt8"), func(a []any) (any, error) {
		m, ok := a[0].(map[string]any)
		if !ok {
			return nil, fail(43, "First argument of function mapContains must be a map, not %T", a[0])
		}
		_, ok = m[text(a[1])]
		return flag(ok), nil
	}, nil, nil},
	"mapKeys": {1, 1, is("Array(String)"), func(a []any) (any, error) {
		m, _ := a[0].(map[string]any)
		all := []any{}
		for _, k := range sortedKeys(m) {
			all = append(all, k)
		}
		return all, nil
	}, nil, nil},
	"mapValues": {1, 1, func(t []string, _ *node) string { return "Array(" + element(t, nil) + ")" }, func(a []any) (any, error) {
		m, _ := a[0].(map[string]any)
		all := []any{}
		for _, k := range sortedKeys(m) {
			all = append(all, m[k])
		}
		return all, nil
	}, nil, nil},
	"has": {2, 2, is("UInt8"), func(a []any) (any, error) {
		if m, ok := a[0].(map[string]any); ok {
			_, has := m[text(a[1])]
			return flag(has), nil
		}
		list, _ := a[0].([]any)
		return flag(slices.ContainsFunc(list, func(v any) bool { n, ok := compare(v, a[1]); return ok && n == 0 })), nil
	}, nil, nil},
	"hasAny": {2, 2, is("UInt8"), func(a []any) (any, error) {
		list, _ := a[0].([]any)
		wanted, _ := a[1].([]any)
		for _, w := range wanted {
			if slices.ContainsFunc(list, func(v any) bool { n, ok := compare(v, w); return ok && n == 0 }) {
				return flag(true), nil
			}
		}
		return flag(false), nil
	}, nil, nil},
	"arrayDistinct": onList(first, func(list []any) any {
		all := []any{}
		seen := map[string]bool{}
		for _, v := range list {
			if k := string(appendKey(nil, v)); !seen[k] {
				seen[k] = true
				all = append(all, v)
			}
		}
		return all
	}),
	"arraySort":        onList(first, func(list []any) any { return sortedBy(list, list, 1) }),
	"arrayReverseSort": onList(first, func(list []any) any { return sortedBy(list, list, -1) }),
	"arraySum":         onList(func(t []string, _ *node) string { return numeric([]string{element(t, nil)}, nil) }, sumOf),
	"arrayCount":       onList(is("UInt64"), func(list []any) any { return arrayLambdas["arraycount"](nil, list) }),
	"arrayReverse": onList(first, func(list []any) any {
		all := slices.Clone(list)
		slices.Reverse(all)
		return all
	}),
	"arrayStringConcat": {1, 2, is("String"), func(a []any) (any, error) {
		list, _ := a[0].([]any)
		var parts []string
		for _, v := range list {
			parts = append(parts, text(v))
		}
		glue := ""
		if len(a) == 2 {
			glue = text(a[1])
		}
		return strings.Join(parts, glue), nil
	}, nil, nil},
	"arraySlice": {2, 3, first, func(a []any) (any, error) {
		list, _ := a[0].([]any)
		from, _ := whole(a[1])
		start := min(len(list), max(0, int(from)-1))
		end := len(list)
		if len(a) == 3 {
			n, _ := whole(a[2])
			end = min(len(list), start+max(0, int(n)))
		}
		return slices.Clone(list[start:end]), nil
	}, nil, nil},
	"range": {1, 1, is("Array(UInt64)"), func(a []any) (any, error) {
		n, _ := whole(a[0])
		all := make([]any, 0, min(max(0, n), 1<<20))
		for i := range min(max(0, n), 1<<20) {
			all = append(all, uint64(i))
		}
		return all, nil
	}, nil, nil},
}

func elementOf(list, at any) any {
	items, _ := list.([]any)
	i, _ := whole(at)
	if i < 0 {
		i += int64(len(items)) + 1
	}
	if i < 1 || int(i) > len(items) {
		return nil
	}
	return items[i-1]
}
