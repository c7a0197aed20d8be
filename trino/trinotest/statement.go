package trinotest

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
)

// preparedText is the statement that a request runs: what an EXECUTE names, else the body.
func preparedText(r Request) string {
	explained, text, _ := prepared(r)
	return explained + text
}

// prepared takes an EXECUTE, or the EXPLAIN of one, apart into its statement and the texts of its values.
func prepared(r Request) (explained, sql string, values []string) {
	rest := r.Body
	if at := strings.Index(rest, "EXECUTE "); at > 0 && strings.HasPrefix(rest, "EXPLAIN ") {
		explained, rest = rest[:at], rest[at:]
	}
	rest, ok := strings.CutPrefix(rest, "EXECUTE ")
	if !ok {
		return "", r.Body, nil
	}
	if literal, ok := strings.CutPrefix(rest, "IMMEDIATE "); ok {
		text, n := unquote(literal)
		return explained, text, splitValues(strings.TrimPrefix(literal[n:], " USING "))
	}
	name, using, _ := strings.Cut(rest, " USING ")
	for _, line := range r.Header.Values("X-Trino-Prepared-Statement") {
		for pair := range strings.SplitSeq(line, ",") {
			known, text, _ := strings.Cut(strings.TrimSpace(pair), "=")
			if known != name {
				continue
			}
			if sql, err := url.QueryUnescape(text); err == nil {
				return explained, sql, splitValues(using)
			}
		}
	}
	return "", "", nil
}

// splitValues cuts at the commas that stand in no text, list or call.
func splitValues(text string) []string {
	var all []string
	depth, start, quoted := 0, 0, false
	for i := range len(text) {
		switch c := text[i]; {
		case c == '\'':
			quoted = !quoted
		case quoted:
		case c == '(' || c == '[':
			depth++
		case c == ')' || c == ']':
			depth--
		case c == ',' && depth == 0:
			all = append(all, strings.TrimSpace(text[start:i]))
			start = i + 1
		}
	}
	if rest := strings.TrimSpace(text[start:]); rest != "" {
		all = append(all, rest)
	}
	return all
}

// bound puts the values in the places of the question marks.
func bound(sql string, values []string) (string, *Error) {
	var b strings.Builder
	used, quote := 0, byte(0)
	for i := range len(sql) {
		switch c := sql[i]; {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '\'' || c == '"':
			quote = c
		case c == '?':
			if used < len(values) {
				b.WriteString(values[used])
			}
			used++
			continue
		}
		b.WriteByte(sql[i])
	}
	if used != len(values) {
		return "", userError("INVALID_PARAMETER_USAGE", fmt.Sprintf("Incorrect number of parameters: expected %d but found %d", used, len(values)))
	}
	return b.String(), nil
}

// answer runs a statement: a scripted reply first, else what the tables hold.
func (s *Server) answer(req Request) Reply {
	for name := range req.Session() {
		s.mu.Lock()
		refused := s.refused[name]
		s.mu.Unlock()
		if refused {
			return Reply{Err: NewError(4, "Access Denied: Cannot set system session property "+name)}
		}
	}
	planned := strings.HasPrefix(req.Body, planPrefix) // asked for by the client, for a statement that may follow
	if !planned || s.plans.Load() {
		if r, ok := s.script.Next(req); ok {
			return r
		}
	}
	explained, text, values := prepared(req)
	if strings.HasPrefix(text, "EXPLAIN") && len(values) > 0 {
		return Reply{Err: userError("INVALID_PARAMETER_USAGE", "Incorrect number of parameters: a prepared EXPLAIN takes none")}
	}
	if text == "" {
		return Reply{Err: NewError(5, "Prepared statement not found")}
	}
	sql, err := bound(text, values)
	if err != nil {
		return Reply{Err: err}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.execute(explained+sql, req)
	if planned && r.Err != nil && s.hasScript(req) { // what the fake does not understand reads nothing
		return planOf(nil)
	}
	return r
}

const planPrefix = "EXPLAIN (TYPE IO, FORMAT JSON) "

// hasScript reports whether a scripted reply waits for the statement.
func (s *Server) hasScript(req Request) bool {
	_, ok := s.script.Peek(req)
	return ok
}

func planOf(inputs []any) Reply {
	plan, _ := json.Marshal(map[string]any{"inputTableColumnInfos": append([]any{}, inputs...)}) // an empty list is no null
	return list("Query Plan", []string{string(plan)})
}

// execute runs a statement without parameters. The caller holds the lock.
func (s *Server) execute(sql string, req Request) Reply {
	tokens, bad := lex(sql)
	if bad != nil {
		return Reply{Err: userError("SYNTAX_ERROR", bad.Error())}
	}
	p := &parser{tokens: tokens}
	switch {
	case p.word("SHOW"), p.word("DESCRIBE"), p.word("EXPLAIN"):
		r, err := s.show(p, sql, req)
		if err != nil {
			return Reply{Err: err}
		}
		return r
	}
	selection, err := parseSelection(sql)
	if err != nil {
		return Reply{Err: err}
	}
	var t *table
	if selection.table != nil {
		if t, err = s.find(selection.table, req); err != nil {
			return Reply{Err: err}
		}
	}
	r, err := selection.run(t)
	if err != nil {
		return Reply{Err: err}
	}
	return r
}

func list(name string, values []string) Reply {
	r := Reply{Columns: []Column{{Name: name, Type: "varchar"}}}
	for _, v := range values {
		r.Rows = append(r.Rows, []any{v})
	}
	return r
}

// show answers the statements that look at names. The first word has been taken.
func (s *Server) show(p *parser, sql string, req Request) (r Reply, err *Error) {
	defer caught(&err)
	switch first := strings.ToUpper(p.tokens[0].text); {
	case first == "EXPLAIN":
		return s.explain(p, sql, req)
	case first == "SHOW" && p.word("CATALOGS"):
		return list("Catalog", s.catalogs()), nil
	case first == "SHOW" && p.word("SCHEMAS"):
		catalog := req.Header.Get("X-Trino-Catalog")
		if p.word("FROM") || p.word("IN") {
			catalog = p.next().text
		}
		if schemas := s.schemas(catalog); len(schemas) > 1 {
			return list("Schema", schemas), nil
		}
		return r, userError("CATALOG_NOT_FOUND", "line 1:1: Catalog '"+catalog+"' not found")
	case first == "DESCRIBE":
		return s.describe(p.names(), req)
	}
	return r, userError("NOT_SUPPORTED", "the fake does not know this statement; script a reply")
}

func (s *Server) describe(names []string, req Request) (Reply, *Error) {
	t, err := s.find(names, req)
	if err != nil {
		return Reply{}, err
	}
	r := Reply{Columns: []Column{
		{Name: "Column", Type: "varchar"}, {Name: "Type", Type: "varchar"}, {Name: "Extra", Type: "varchar"}, {Name: "Comment", Type: "varchar"},
	}}
	for _, c := range t.columns {
		r.Rows = append(r.Rows, []any{c.Name, c.Type, c.Extra, ""})
	}
	return r, nil
}

// explain gives a plan in outline: for TYPE IO the table that is read.
func (s *Server) explain(p *parser, sql string, req Request) (Reply, *Error) {
	kind := "DISTRIBUTED"
	if p.symbol("(") {
		for !p.symbol(")") {
			if p.word("TYPE") {
				kind = strings.ToUpper(p.next().text)
				continue
			}
			p.next()
		}
	}
	rest := strings.TrimSpace(sql[len("EXPLAIN"):])
	if strings.HasPrefix(rest, "(") {
		rest = rest[strings.IndexByte(rest, ')')+1:]
	}
	selection, err := parseSelection(rest)
	if err != nil {
		return Reply{}, err
	}
	var inputs []any
	if selection.table != nil {
		t, err := s.find(selection.table, req)
		if err != nil {
			return Reply{}, err
		}
		inputs = append(inputs, map[string]any{"table": map[string]any{
			"catalog": t.catalog, "schemaTable": map[string]any{"schema": t.schema, "table": t.name},
		}, "constraint": map[string]any{"none": false, "columnConstraints": constraints(selection.where)}})
	}
	switch kind {
	case "VALIDATE":
		return Reply{Columns: []Column{{Name: "Valid", Type: "boolean"}}, Rows: [][]any{{true}}}, nil
	case "IO":
		return planOf(inputs), nil
	}
	return list("Query Plan", []string{"Fragment 0 [SINGLE]\n    Output\n        TableScan"}), nil
}
