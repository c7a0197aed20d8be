package redshift

import (
	"fmt"
	"slices"
	"strings"

	"github.com/fourkites/sources/base"
)

// A plan of Redshift names tables without their schemas, so a statement is held to Config.Schemas by its names: every
// table that FROM, JOIN and the like may mean has to have an allowed schema, or none and then search_path has the
// allowed ones only. What is in doubt is refused.

// checkAccess holds a caller's statement to the schemas that may be read.
func (c *Client) checkAccess(op *base.Op, q Query) error {
	if len(c.config.Schemas) == 0 {
		return nil
	}
	if q.Schema != "" && !c.mayBrowse(q.Schema) {
		return c.forbidden(op, "schema "+q.Schema)
	}
	for _, escapes := range []bool{false, true} {
		pieces, err := cut(q.SQL, escapes)
		if err != nil {
			continue // a server that reads it so refuses it
		}
		a := &access{pieces: pieces, allowed: c.mayBrowse, declared: map[string]bool{}}
		if outside := a.outside(); outside != "" {
			return c.forbidden(op, outside)
		}
	}
	return nil
}

func (c *Client) forbidden(op *base.Op, what string) error {
	e := base.NewError(base.KindPermission, nil).WithText(fmt.Sprintf("%.200s lies outside the schemas that may be read", what))
	e.Source, e.Op, e.Sent = c.Name(), op.Name, base.NotSent
	e.Hint = "allowed are " + strings.Join(c.config.Schemas, ", ") + "; write tables as schema.table"
	return e
}

// cut is a statement in pieces.
func cut(sql string, escapes bool) ([]string, error) {
	s := &scanner{rest: sql, escapes: escapes}
	var all []string
	for {
		piece, err := s.next()
		if err != nil || piece == "" {
			return all, err
		}
		all = append(all, piece)
	}
}

// clause is what a pair of parentheses, or the statement itself, is in the middle of.
type clause struct {
	selects bool // what follows FROM are tables
	from    bool // a comma is followed by another table
	table   bool // a table comes next
}

// access walks through a statement.
type access struct {
	pieces   []string
	at       int
	stack    []clause
	allowed  func(schema string) bool
	declared map[string]bool // names of tables, aliases and common tables
	columns  [][]string      // other names of several parts
}

func (a *access) top() *clause { return &a.stack[len(a.stack)-1] }

func (a *access) piece(at int) string {
	if at < 0 || at >= len(a.pieces) {
		return ""
	}
	return a.pieces[at]
}

func (a *access) word(at int, words ...string) bool {
	return slices.ContainsFunc(words, func(w string) bool { return strings.EqualFold(a.piece(at), w) })
}

// outside is what the statement reads that it may not, empty for nothing.
func (a *access) outside() string {
	if what := a.head(); what != "" {
		return what
	}
	a.stack = []clause{{}}
	for ; a.at < len(a.pieces); a.at++ {
		if what := a.step(); what != "" {
			return what
		}
	}
	for _, name := range a.columns {
		if !a.declared[strings.ToLower(name[0])] && !a.mayName(name) {
			return strings.Join(name, ".")
		}
	}
	return ""
}

// head looks at statements that show something else than rows.
func (a *access) head() string {
	switch {
	case a.word(0, "SHOW") && len(a.pieces) > 2 && a.piece(2) != ";" && !a.word(1, "TIME", "SESSION", "TRANSACTION"):
		return "what SHOW " + a.piece(1) + " tells"
	case a.word(0, "EXPLAIN"):
		explained := slices.IndexFunc(a.pieces, func(p string) bool {
			return slices.ContainsFunc([]string{"SELECT", "WITH", "INSERT", "UPDATE", "DELETE", "CREATE"}, func(w string) bool { return strings.EqualFold(p, w) })
		})
		if !a.word(explained, "SELECT", "WITH") {
			return "a plan of a write"
		}
	}
	return ""
}

// endsTables are words that no name can be and that end the tables.
var endsTables = []string{"WHERE", "GROUP", "HAVING", "ORDER", "LIMIT", "OFFSET", "UNION", "INTERSECT", "EXCEPT", "FOR"}

func (a *access) step() string {
	top := a.top()
	switch p := a.piece(a.at); {
	case p == "(" || p == "[":
		inner := clause{from: top.table, table: top.table}
		top.table = false
		a.stack = append(a.stack, inner)
	case p == ")" || p == "]":
		if len(a.stack) > 1 {
			a.stack = a.stack[:len(a.stack)-1]
		}
	case p == ",":
		top.table = top.from
	case a.word(a.at, "SELECT"):
		*top = clause{selects: true}
	case a.word(a.at, "VALUES") && top.table:
		top.from, top.table = false, false
	case a.word(a.at, endsTables...):
		top.from, top.table = false, false
	case a.startsTables(top):
	case top.table && a.word(a.at, "LATERAL", "ONLY", "UNPIVOT") && a.piece(a.at+1) != ".":
	case isName(p):
		return a.name()
	case top.table:
		return "a table whose name cannot be read (" + p + ")"
	}
	return ""
}

// startsTables takes a word that tables follow.
func (a *access) startsTables(top *clause) bool {
	begins := a.piece(a.at-1) == "("
	switch {
	case a.word(a.at, "FROM"):
		compares := a.word(a.at-1, "DISTINCT") && a.word(a.at-2, "IS", "NOT")
		if top.selects && !compares {
			top.from, top.table = true, true
		}
	case a.word(a.at, "JOIN"), a.word(a.at, "USING") && top.from && a.piece(a.at+1) != "(":
		top.from, top.table = true, true
	case a.word(a.at, "TABLE", "INTO"):
		top.table = true
	case a.word(a.at, "UPDATE") && begins:
		top.selects, top.table = true, true
	case a.word(a.at, "DELETE") && begins:
		top.selects = true
	default:
		return false
	}
	return true
}

// name takes a name with all its parts.
func (a *access) name() string {
	if a.word(a.at, "U") && a.piece(a.at+1) == "&" && strings.HasPrefix(a.piece(a.at+2), `"`) {
		return "a name with escapes"
	}
	parts := []string{unquote(a.piece(a.at))}
	for a.piece(a.at+1) == "." {
		next := a.piece(a.at + 2)
		if !isName(next) && next != "*" {
			return "a name that cannot be read (" + strings.Join(parts, ".") + "." + next + ")"
		}
		parts = append(parts, unquote(next))
		a.at += 2
	}
	top := a.top()
	switch {
	case a.piece(a.at+1) == "(":
		top.table = false
		return a.function(parts)
	case top.table:
		top.table = false
		a.declare(parts)
		if !a.mayRead(parts) {
			return "table " + strings.Join(parts, ".")
		}
	case len(parts) > 1:
		a.columns = append(a.columns, parts)
	case a.word(a.at-1, "AS") || a.piece(a.at-1) == ")" || a.word(a.at+1, "AS"):
		a.declared[strings.ToLower(parts[0])] = true
	}
	return ""
}

// declare notes the name by which a table's columns can be had, and its alias if that follows without AS.
func (a *access) declare(parts []string) {
	a.declared[strings.ToLower(parts[len(parts)-1])] = true
	if next := a.piece(a.at + 1); isName(next) {
		a.declared[strings.ToLower(unquote(next))] = true
	}
}

// mayRead reports whether a table may be read.
func (a *access) mayRead(parts []string) bool {
	switch len(parts) {
	case 1:
		return !isSystemTable(parts[0]) || a.allowed("pg_catalog")
	case 2, 3:
		return a.allowed(parts[len(parts)-2])
	}
	return false
}

// mayName reports whether a name with several parts that is no table can only be a column, or one of a table that may
// be read: an old server adds a table that is named nowhere else.
func (a *access) mayName(parts []string) bool {
	if len(parts) == 2 {
		return a.mayRead(parts[:1])
	}
	return a.mayRead(parts[:len(parts)-1])
}

// systemPrefixes begin the names of the server's own tables, which are found without a schema.
var systemPrefixes = []string{"pg_", "padb_", "stl_", "stll_", "stv_", "stcs_", "svl_", "svv_", "svcs_", "sys_", "systable_"}

func isSystemTable(name string) bool {
	name = strings.ToLower(name)
	return slices.ContainsFunc(systemPrefixes, func(p string) bool { return strings.HasPrefix(name, p) })
}

// readingFunctions run a statement, or read a table or a file, that their argument names.
var readingFunctions = []string{"_to_xml", "dblink", "crosstab", "connectby", "xpath_table", "ts_stat", "ts_rewrite", "pg_read_", "pg_ls_", "lo_"}

func (a *access) function(parts []string) string {
	name := strings.ToLower(parts[len(parts)-1])
	if len(parts) > 1 && !strings.EqualFold(parts[len(parts)-2], "pg_catalog") && !a.allowed(parts[len(parts)-2]) ||
		slices.ContainsFunc(readingFunctions, func(part string) bool { return strings.Contains(name, part) }) {
		return "function " + strings.Join(parts, ".")
	}
	return ""
}

// isName reports whether a piece can be a name, quoted or not.
func isName(piece string) bool {
	return strings.HasPrefix(piece, `"`) || piece != "" && isWord(strings.ReplaceAll(piece, "$", "_")) && (piece[0] < '0' || piece[0] > '9')
}

func unquote(name string) string {
	if inner, quoted := strings.CutPrefix(name, `"`); quoted {
		return strings.ReplaceAll(strings.TrimSuffix(inner, `"`), `""`, `"`)
	}
	return name
}
