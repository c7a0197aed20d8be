package trino

import "slices"

// written is what a statement itself says of the first day that it wants.
type written struct {
	there bool   // the partition is compared with something, so that what is read begins there
	low   string // the least of the values; empty where one is no plain text, and only the server knows it
}

// bounds reads the comparisons of a partition: = > >= BETWEEN IN, or the other way about. A plan alone cannot tell: of a
// table whose days the server knows one by one it names them all, though nobody has asked for some of them.
func (q Query) bounds(partition string, all []lexeme) written {
	values := q.values(all)
	var w written
	var found []string
	for i, l := range all {
		if !l.name() || !equalFold(l.text, partition) {
			continue
		}
		for _, at := range append(behind(all, i+1), before(all, i)...) {
			w.there = true
			found = append(found, values[at])
		}
	}
	if w.there {
		w.low = slices.Min(found)
	}
	return w
}

// values are the texts of a statement at their places, those of question marks included.
func (q Query) values(all []lexeme) []string {
	out, mark := make([]string, len(all)), 0
	for i, l := range all {
		switch l.kind {
		case 's':
			out[i] = l.text
		case '?':
			if mark < len(q.Args) {
				out[i], _ = q.Args[mark].(string)
			}
			mark++
		}
	}
	return out
}

// behind are the places of the values with which the name before i is compared, so that it begins there.
func behind(all []lexeme, i int) []int {
	is := func(kind byte) bool { return i < len(all) && all[i].kind == kind }
	switch {
	case is('='), i < len(all) && all[i].word("BETWEEN"):
		i++
	case is('>'):
		if i++; is('=') {
			i++
		}
	case i < len(all) && all[i].word("IN"):
		var list []int
		for i += 2; is('s') || is('?'); i += 2 {
			list = append(list, i)
		}
		return list
	default:
		return nil
	}
	if i+1 < len(all) && all[i].word("DATE") && all[i+1].kind == 's' {
		i++
	}
	if i >= len(all) || all[i].name() && (i+1 >= len(all) || all[i+1].kind != '(') { // another column bounds nothing
		return nil
	}
	return []int{i}
}

// before is the place of the value that stands before the name at i: 'x' <= name.
func before(all []lexeme, i int) []int {
	for i >= 2 && all[i-1].kind == '.' && all[i-2].name() {
		i -= 2
	}
	sign := ""
	for i >= 1 && slices.Contains([]byte("<>="), all[i-1].kind) {
		i--
		sign = string(all[i].kind) + sign
	}
	if i >= 1 && slices.Contains([]string{"=", "<", "<="}, sign) && (all[i-1].kind == 's' || all[i-1].kind == '?') {
		return []int{i - 1}
	}
	return nil
}
