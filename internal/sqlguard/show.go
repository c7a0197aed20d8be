package sqlguard

import (
	"slices"
	"strings"

	"github.com/fourkites/sources/base"
)

// shown is what a statement names that shows something.
type shown int

const (
	shownNothing   shown = iota // what every account sees
	shownOwnSchema              // the schema of the statement itself
	shownSchema
	shownTable
)

// shows are the forms of SHOW and DESCRIBE that can be held to schemas, longer ones first. The names of all catalogs and
// of all schemas are none of them: Catalogs and Schemas leave out what may not be read.
var shows = []struct {
	words string
	names shown
}{
	{"SHOW TABLES FROM", shownSchema},
	{"SHOW TABLES IN", shownSchema},
	{"SHOW TABLES", shownOwnSchema},
	{"SHOW COLUMNS FROM", shownTable},
	{"SHOW COLUMNS IN", shownTable},
	{"SHOW STATS FOR", shownTable},
	{"SHOW CREATE SCHEMA", shownSchema},
	{"SHOW CREATE TABLE", shownTable},
	{"SHOW CREATE VIEW", shownTable},
	{"SHOW CREATE MATERIALIZED VIEW", shownTable},
	{"SHOW SESSION", shownNothing},
	{"SHOW FUNCTIONS", shownNothing},
	{"DESCRIBE", shownTable},
	{"DESC", shownTable},
}

// checkShown holds a statement that shows something to the schemas: nothing plans it, so it has to have a form in which
// the name is known.
func (g *Guard) checkShown(op *base.Op, q Statement, all []Lexeme) error {
	for _, form := range shows {
		rest, ok := begins(all, form.words)
		if !ok {
			continue
		}
		var name []string
		if form.names >= shownSchema {
			name, rest = path(rest)
		}
		catalog, schema, ok := g.place(q, form.names, name)
		switch {
		case !ok || !isPattern(rest):
			return g.outside(op, "this form of "+form.words, "name one "+form.names.String()+", and nothing else")
		case form.names != shownNothing && !g.Allowed(catalog, schema):
			return g.Forbidden(op, catalog+"."+schema)
		}
		return nil
	}
	return g.outside(op, "this form of SHOW", "ask by Catalogs, Schemas, Tables or DescribeTable")
}

func (s shown) String() string {
	if s == shownTable {
		return "table"
	}
	return "schema"
}

// begins takes the words off a statement that begins with them.
func begins(all []Lexeme, words string) (rest []Lexeme, ok bool) {
	for word := range strings.FieldsSeq(words) {
		if len(all) == 0 || !all[0].word(word) {
			return nil, false
		}
		all = all[1:]
	}
	return all, true
}

// path takes a name, qualified or not, off the start.
func path(all []Lexeme) (name []string, rest []Lexeme) {
	for len(all) > 0 && all[0].name() {
		name = append(name, all[0].text)
		if all = all[1:]; len(all) < 2 || all[0].kind != '.' || !all[1].name() {
			break
		}
		all = all[1:]
	}
	return name, all
}

// place is the schema in which a name lies, by the catalog and the schema that go with the statement.
func (g *Guard) place(q Statement, names shown, name []string) (catalog, schema string, ok bool) {
	catalog, schema = or(q.Catalog, g.Catalog), or(q.Schema, g.Schema)
	if names < shownSchema {
		return catalog, schema, true
	}
	if names == shownTable && len(name) > 0 {
		name = name[:len(name)-1]
		if len(name) == 0 {
			return catalog, schema, true
		}
	}
	switch len(name) {
	case 1:
		return catalog, name[0], true
	case 2:
		return name[0], name[1], true
	}
	return "", "", false
}

// isPattern reports whether this is nothing, or the pattern to which names are held.
func isPattern(rest []Lexeme) bool {
	kinds := make([]byte, 0, len(rest))
	for i, l := range rest {
		if i%2 == 0 && !l.word([]string{"LIKE", "ESCAPE"}[min(i/2, 1)]) {
			return false
		}
		kinds = append(kinds, l.kind)
	}
	return slices.Contains([]string{"", "ws", "wsws"}, string(kinds))
}
