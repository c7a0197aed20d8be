package minisql

import (
	"fmt"
	"strings"
)

type nodeKind uint8

const (
	nodeLiteral  nodeKind = iota
	nodeName              // text: the name, qualified by dots
	nodeCall              // text: the function; operators are calls of the function that stands for them
	nodeLambda            // names -> args[0]
	nodeQuery             // a subquery
	nodeStar              // text: the table whose columns are meant, or nothing
	nodeInterval          // args[0], text: the unit
	nodeAlias             // args[0] AS text, within an expression
	nodePosition          // value: the place of a column in the row, text: its name
)

type node struct {
	kind   nodeKind
	text   string
	value  any
	typ    string // of a literal
	args   []*node
	params []*node // quantile(0.5)(x)
	names  []string
	query  *selection
	unique bool // count(DISTINCT x)
	depth  int  // of nested operators
	named  string
}

// key names an expression: equal expressions have equal keys.
func (n *node) key() string {
	switch n.kind {
	case nodeLiteral:
		return fmt.Sprintf("%T:%v", n.value, n.value)
	case nodeName:
		return "`" + n.text + "`"
	case nodeStar:
		return n.text + "*"
	case nodePosition:
		return fmt.Sprintf("#%v", n.value)
	case nodeQuery:
		return fmt.Sprintf("query %p", n.query)
	case nodeAlias:
		return n.args[0].key()
	}
	if n.named == "" {
		n.named = n.spell()
	}
	return n.named
}

func (n *node) spell() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d", n.kind)
	b.WriteString(n.text)
	for _, list := range [][]*node{n.params, n.args} {
		b.WriteByte('(')
		for _, a := range list {
			b.WriteString(a.key() + ",")
		}
		b.WriteByte(')')
	}
	if n.unique {
		b.WriteString("!")
	}
	return b.String() + strings.Join(n.names, ",")
}

// title is the name of an output column that has no alias.
func (n *node) title() string {
	switch n.kind {
	case nodeLiteral:
		if s, ok := n.value.(string); ok {
			return "'" + s + "'"
		}
		return fmt.Sprint(n.value)
	case nodePosition:
		return n.text
	case nodeName:
		if i := strings.LastIndexByte(n.text, '.'); i >= 0 {
			return n.text[i+1:]
		}
		return n.text
	case nodeCall:
		var parts []string
		for _, a := range n.args {
			parts = append(parts, a.title())
		}
		return n.text + "(" + strings.Join(parts, ", ") + ")"
	}
	return n.key()
}

type item struct {
	expr  *node
	alias string
}

func (i item) name() string {
	if i.alias != "" {
		return i.alias
	}
	return i.expr.title()
}

type order struct {
	expr       *node
	desc       bool
	nullsFirst bool
}

type join struct {
	left bool // LEFT JOIN; else INNER
	any  bool // at most one match
	from source
	on   *node
	keys []string // USING
}

type source struct {
	table string
	query *selection
	call  *node // numbers(10)
	alias string

	needed uint64 // rows that an endless source has to give
}

type cte struct {
	name  string
	query *selection
	expr  *node
}

type selection struct {
	with      []cte
	distinct  bool
	items     []item
	from      *source
	joins     []join
	arrays    []item // ARRAY JOIN
	emptyToo  bool   // LEFT ARRAY JOIN
	where     *node
	group     []*node
	having    *node
	order     []order
	limit     *node
	offset    *node
	limitBy   []*node
	limitByN  *node
	union     *selection
	estimated bool // EXPLAIN ESTIMATE
}
