package graphtest

import (
	"slices"
	"strings"
)

// statement is what the words at the head and within a statement say of it.
type statement struct {
	text    string // without EXPLAIN
	tokens  []token
	broken  error // of the lexer
	explain bool
	kind    string // r, rw, w, s
}

func readStatement(text string) statement {
	s := statement{text: strings.TrimSpace(text)}
	s.tokens, s.broken = lex(s.text)
	if len(s.tokens) > 0 && (s.tokens[0].is("EXPLAIN") || s.tokens[0].is("PROFILE")) {
		s.explain = s.tokens[0].is("EXPLAIN")
		s.text = strings.TrimSpace(s.text[s.tokens[0].end:])
		s.tokens, s.broken = lex(s.text)
	}
	s.kind = kindOf(s.tokens)
	return s
}

// first is the word of this number, in capitals.
func (s statement) first(n int) string {
	if n >= len(s.tokens) || s.tokens[n].kind != tokenWord {
		return ""
	}
	return strings.ToUpper(s.tokens[n].text)
}

var (
	administration = []string{"ALTER", "GRANT", "DENY", "REVOKE", "DROP", "START", "STOP", "RENAME", "ENABLE", "DEALLOCATE", "REALLOCATE"}
	schemaNouns    = []string{
		"INDEX", "CONSTRAINT", "USER", "ROLE", "DATABASE", "ALIAS", "RANGE", "TEXT", "POINT", "FULLTEXT", "VECTOR", "LOOKUP", "OR", "COMPOSITE",
	}
	updates = []string{"CREATE", "MERGE", "SET", "DELETE", "REMOVE", "FOREACH"}
	// shownRead are what SHOW tells with a plan that reads; all else is administration.
	shownRead = []string{"INDEXES", "INDEX", "CONSTRAINTS", "CONSTRAINT", "TRANSACTIONS", "TRANSACTION", "FUNCTIONS", "PROCEDURES", "SETTINGS"}
)

// kindOf is the type that the plan of the statement has.
func kindOf(tokens []token) string {
	s := statement{tokens: tokens}
	head, next := s.first(0), s.first(1)
	switch {
	case slices.Contains(administration, head), head == "CREATE" && slices.Contains(schemaNouns, next):
		return "s"
	case head == "SHOW" && !slices.Contains(shownRead, next):
		return "s"
	case head == "CALL" && ofServer(tokens[1:]):
		return "s"
	}
	writes, returns := false, false
	for i, t := range tokens {
		named := i > 0 && (tokens[i-1].is(".") || tokens[i-1].is(":") || tokens[i-1].is("$") || tokens[i-1].is("AS"))
		key := i+1 < len(tokens) && tokens[i+1].is(":")
		if t.kind != tokenWord || named || key {
			continue
		}
		word := strings.ToUpper(t.text)
		writes = writes || slices.Contains(updates, word)
		returns = returns || word == "RETURN"
	}
	switch {
	case writes && returns:
		return "rw"
	case writes:
		return "w"
	}
	return "r"
}

// ofServer reports whether a procedure is one of dbms, or one that is of the server though its name says db.
func ofServer(name []token) bool {
	if len(name) < 3 {
		return false
	}
	return strings.EqualFold(name[0].text, "dbms") || strings.EqualFold(name[0].text, "db") && strings.EqualFold(name[2].text, "clearQueryCaches")
}

// refused reports whether access mode READ refuses a statement whose type is not w or rw: changes of the schema, of
// accounts and databases, and the procedures that make labels.
func (s statement) refused() bool {
	head := s.first(0)
	if s.kind == "s" {
		return head != "SHOW" && head != "CALL"
	}
	return head == "CALL" && len(s.tokens) > 3 && strings.EqualFold(s.tokens[1].text, "db") && strings.HasPrefix(s.tokens[3].text, "create")
}

// plan is what EXPLAIN tells.
func (s statement) plan(fields []string) map[string]any {
	operator := "ProduceResults@" + DefaultDatabase
	if s.kind == "s" && s.first(0) != "CALL" {
		operator = "AdministrationCommand@system"
	}
	return map[string]any{
		"operatorType": operator, "identifiers": fields, "children": []any{},
		"args": map[string]any{"version": "5", "planner": "COST", "EstimatedRows": 1.0},
	}
}
