package trinosql

import (
	"encoding/json"
	"strings"
)

// Execute answers a statement without parameters.
func (e *Engine) Execute(in Session, sql string) (Result, *Error) {
	tokens, bad := lex(sql)
	if bad != nil {
		return Result{}, &Error{"SYNTAX_ERROR", bad.Error()}
	}
	p := &parser{tokens: tokens}
	if p.word("SHOW") || p.word("DESCRIBE") || p.word("EXPLAIN") {
		return e.show(in, p, sql)
	}
	s, err := parseSelection(sql)
	if err != nil {
		return Result{}, err
	}
	var t *Table
	if s.table != nil {
		if t, err = e.Find(in, s.table...); err != nil {
			return Result{}, err
		}
	}
	return s.run(t)
}

func list(name string, values []string) Result {
	r := Result{Columns: []Column{{Name: name, Type: "varchar"}}}
	for _, v := range values {
		r.Rows = append(r.Rows, []any{v})
	}
	return r
}

// show answers the statements that look at names. The first word has been taken.
func (e *Engine) show(in Session, p *parser, sql string) (r Result, err *Error) {
	defer caught(&err)
	switch first := strings.ToUpper(p.tokens[0].text); {
	case first == "EXPLAIN":
		return e.explain(in, p, sql)
	case first == "DESCRIBE":
		return e.describe(in, p.names())
	case p.word("CATALOGS"):
		return list("Catalog", e.Catalogs()), nil
	case p.word("SCHEMAS"), p.word("DATABASES"):
		catalog := in.Catalog
		if p.word("FROM") || p.word("IN") {
			catalog = p.next().text
		}
		if schemas := e.Schemas(strings.ToLower(catalog)); len(schemas) > 1 {
			return list("Schema", schemas), nil
		}
		return r, &Error{"CATALOG_NOT_FOUND", "line 1:1: Catalog '" + catalog + "' not found"}
	case p.word("TABLES"):
		return e.showTables(in, p)
	}
	return r, &Error{"NOT_SUPPORTED", "the fake does not know this statement; script a reply"}
}

func (e *Engine) showTables(in Session, p *parser) (Result, *Error) {
	full := []string{in.Catalog, in.Schema}
	if p.word("FROM") || p.word("IN") {
		names := p.names()
		copy(full[2-min(2, len(names)):], names)
	}
	var names []string
	for _, t := range e.Tables(strings.ToLower(full[0]), strings.ToLower(full[1])) {
		names = append(names, t.Name)
	}
	if names == nil {
		return Result{}, &Error{"SCHEMA_NOT_FOUND", "line 1:1: Schema '" + full[1] + "' does not exist"}
	}
	return list("Table", names), nil
}

func (e *Engine) describe(in Session, names []string) (Result, *Error) {
	t, err := e.Find(in, names...)
	if err != nil {
		return Result{}, err
	}
	r := Result{Columns: []Column{
		{Name: "Column", Type: "varchar"}, {Name: "Type", Type: "varchar"}, {Name: "Extra", Type: "varchar"}, {Name: "Comment", Type: "varchar"},
	}}
	for _, c := range t.Columns {
		r.Rows = append(r.Rows, []any{c.Name, c.Type, c.Extra, ""})
	}
	return r, nil
}

// explain gives a plan in outline: for TYPE IO the table that is read.
func (e *Engine) explain(in Session, p *parser, sql string) (Result, *Error) {
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
	s, err := parseSelection(rest)
	if err != nil {
		return Result{}, err
	}
	var inputs []any
	if s.table != nil {
		t, err := e.Find(in, s.table...)
		if err != nil {
			return Result{}, err
		}
		inputs = append(inputs, map[string]any{"table": map[string]any{
			"catalog": t.Catalog, "schemaTable": map[string]any{"schema": t.Schema, "table": t.Name},
		}, "constraint": map[string]any{"none": false, "columnConstraints": constraints(s.where)}})
	}
	switch kind {
	case "VALIDATE":
		return Result{Columns: []Column{{Name: "Valid", Type: "boolean"}}, Rows: [][]any{{true}}}, nil
	case "IO":
		return Plan(inputs...), nil
	}
	return list("Query Plan", []string{"Fragment 0 [SINGLE]\n    Output\n        TableScan"}), nil
}

// Plan is the answer to EXPLAIN (TYPE IO) of a statement that reads these inputs.
func Plan(inputs ...any) Result {
	plan, _ := json.Marshal(map[string]any{"inputTableColumnInfos": append([]any{}, inputs...)}) // an empty list is no null
	return list("Query Plan", []string{string(plan)})
}
