package sqlguard

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

// written is what a statement itself says of the first day that it wants.
type written struct {
	there bool   // the partition is compared with something, so that what is read begins there
	low   string // the least of the values; empty where one is no plain text, and only the server knows it
	err   error  // it is compared with a value that is no day
}

// bounds reads the comparisons of a partition: = > >= BETWEEN IN, or the other way about. A plan alone cannot tell: of a
// table whose days the server knows one by one it names them all, though nobody has asked for some of them.
func (q Statement) bounds(partition string, all []Lexeme) written {
	values := q.values(all)
	for i := 1; i < len(all); i++ { // 'x' || y: what that makes only the server knows
		if all[i].kind == '|' {
			values[i-1] = value{}
		}
	}
	var w written
	var found []string
	for i, l := range all {
		if !l.name() || !strings.EqualFold(l.text, partition) {
			continue
		}
		for _, at := range append(behind(all, i+1), before(all, i)...) {
			w.there = true
			found = append(found, values[at].text)
			w.check(partition, values[at])
		}
		for _, at := range ends(all, i+1) {
			w.check(partition, values[at])
		}
	}
	if w.there {
		w.low = slices.Min(found)
	}
	return w
}

// check keeps the first value that is no day. As texts compare, one that is none lies before or behind all days: the
// statement would read all of them, or none.
func (w *written) check(partition string, v value) {
	if _, err := time.Parse(time.DateOnly, v.text); v.known && err != nil && w.err == nil {
		w.err = fmt.Errorf("sql: %s is compared with %.80q, which is no day; write YYYY-MM-DD", partition, v.text)
	}
}

// value is what stands at a place of a statement, where it is known here.
type value struct {
	text  string
	known bool
}

// values are the texts and numbers of a statement at their places, those of question marks included.
func (q Statement) values(all []Lexeme) []value {
	out, mark := make([]value, len(all)), 0
	for i, l := range all {
		switch l.kind {
		case 's', 'n':
			out[i] = value{l.text, true}
		case '?':
			if mark < len(q.Args) {
				out[i] = bound(q.Args[mark])
			}
			mark++
		}
	}
	return out
}

// bound is the value of a question mark. Of instants and of the driver's own types only the server knows how they compare.
func bound(arg any) value {
	switch v := reflect.ValueOf(arg); {
	case !v.IsValid():
		return value{"NULL", true}
	case v.Kind() == reflect.String:
		return value{v.String(), true}
	case v.CanInt(), v.CanUint(), v.CanFloat():
		return value{fmt.Sprint(arg), true}
	case v.Kind() == reflect.Bool:
		return value{strconv.FormatBool(v.Bool()), true}
	}
	return value{}
}

// ends are the places of the values at which the name before i ends: that behind AND of a BETWEEN, and those of < and <=.
func ends(all []Lexeme, i int) []int {
	switch {
	case i < len(all) && all[i].word("BETWEEN"):
		for i++; i < len(all) && i > 0 && !all[i-1].word("AND"); i++ {
			continue
		}
	case i < len(all) && all[i].kind == '<':
		if i++; i < len(all) && all[i].kind == '=' {
			i++
		}
	default:
		return nil
	}
	if i+1 < len(all) && all[i].word("DATE") {
		i++
	}
	if i < len(all) && (all[i].kind == 's' || all[i].kind == '?') {
		return []int{i}
	}
	return nil
}

// behind are the places of the values with which the name before i is compared, so that it begins there.
func behind(all []Lexeme, i int) []int {
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
func before(all []Lexeme, i int) []int {
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
