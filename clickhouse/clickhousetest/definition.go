package clickhousetest

import (
	"regexp"
	"strings"
)

// definition is a statement that makes, empties or removes a table.
type definition struct {
	verb    string // CREATE, DROP, TRUNCATE
	table   string
	lenient bool // IF EXISTS, IF NOT EXISTS
	columns []Column
}

var defining = regexp.MustCompile("(?is)^\\s*(CREATE|DROP|TRUNCATE)\\s+TABLE\\s+(IF\\s+(?:NOT\\s+)?EXISTS\\s+)?((?:`[^`]+`|\"[^\"]+\"|\\w+)(?:\\.(?:`[^`]+`|\"[^\"]+\"|\\w+))?)\\s*(.*)$")

// parseDefinition is nil for any other statement.
func parseDefinition(sql string) *definition {
	m := defining.FindStringSubmatch(comment.ReplaceAllString(sql, ""))
	if m == nil {
		return nil
	}
	d := &definition{verb: strings.ToUpper(m[1]), table: m[3], lenient: m[2] != ""}
	if d.verb == "CREATE" {
		start := strings.IndexByte(m[4], '(')
		if start < 0 {
			return nil
		}
		d.columns = parseColumns(parenthesized(m[4][start:]))
	}
	return d
}

// parenthesized is what stands between the first parenthesis and the one that closes it.
func parenthesized(s string) string {
	depth := 0
	var quote byte
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '\'' || c == '`' || c == '"':
			quote = c
		case c == '(':
			depth++
		case c == ')':
			depth--
			if depth == 0 {
				return s[1:i]
			}
		}
	}
	return strings.TrimPrefix(s, "(")
}

var columnTail = regexp.MustCompile(`(?i)\s+(?:DEFAULT|MATERIALIZED|ALIAS|EPHEMERAL|CODEC|COMMENT|TTL|PRIMARY\s+KEY|NOT\s+NULL|NULL)\b`)

// parseColumns reads "name Type [DEFAULT ...], ..."; indexes and constraints are left out.
func parseColumns(text string) []Column {
	var out []Column
	for _, item := range splitTop(text) {
		name, rest := cutName(item)
		switch strings.ToUpper(name) {
		case "INDEX", "CONSTRAINT", "PROJECTION", "PRIMARY", "":
			continue
		}
		if at := columnTail.FindStringIndex(rest); at != nil {
			rest = rest[:at[0]]
		}
		out = append(out, Column{name, strings.TrimSpace(rest)})
	}
	return out
}

func cutName(item string) (name, rest string) {
	if item != "" && (item[0] == '`' || item[0] == '"') {
		if end := strings.IndexByte(item[1:], item[0]); end >= 0 {
			return item[1 : end+1], item[end+2:]
		}
	}
	name, rest, _ = strings.Cut(item, " ")
	return name, rest
}

func (t *tables) define(d *definition, database string) error {
	name := qualified(d.table, database)
	existing, exists := t.shape(name)
	switch {
	case d.verb == "CREATE" && exists:
		if d.lenient {
			return nil
		}
		return exceptionf(57, "Table %s already exists", name)
	case d.verb == "CREATE":
		for _, c := range d.columns {
			if _, err := codecFor(c.Type); err != nil {
				return exceptionf(codeUnknownType, "Column %s: %v", c.Name, err)
			}
		}
		t.put(Table{Name: name, Columns: d.columns}, nil)
	case !exists:
		if d.lenient {
			return nil
		}
		return unknownTable(name)
	case d.verb == "DROP":
		t.drop(name)
	default:
		t.put(Table{Name: name, Columns: existing.columns}, existing.hidden)
	}
	return nil
}
