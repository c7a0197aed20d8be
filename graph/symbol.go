package graph

import (
	"context"
	"math"
	"strconv"
	"strings"
	"unicode"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/code"
)

const (
	defaultSymbols = 100
	mostSymbols    = 10_000
	maxName        = 4096
)

var opFindSymbols = &base.Op{Name: "FindSymbols", System: base.SystemDB}

// FindSymbols finds symbols by name, by Class#method, by Class#line as logs write it, or by file and line. Conditions are
// compared exactly, the end of a file from a slash on. With a line, what covers it comes, the narrowest first; a class whose
// lines the graph does not know covers every line. Else the order is that of service, class, line and name. More symbols
// than the limit (0 = 100, at most 10,000) are a *base.IncompleteError beside the first ones.
func (c *Client) FindSymbols(ctx context.Context, q code.SymbolsQuery) ([]code.Symbol, error) {
	limit, err := c.limited(opFindSymbols, q.Limit, defaultSymbols)
	if err != nil {
		return nil, err
	}
	f, err := c.finding(opFindSymbols, q)
	if err != nil {
		return nil, err
	}
	found, err := c.symbols(ctx, opFindSymbols, f.statement(c.cypher), f.args(limit+1))
	if err == nil && len(found) > limit {
		return found[:limit], c.cut(opFindSymbols, limit, "more symbols than the limit; name the service, or more of the name")
	}
	return found, err
}

// limited is the limit of a question: 0 is the default.
func (c *Client) limited(op *base.Op, limit, normal int) (int, error) {
	switch {
	case limit == 0:
		return normal, nil
	case limit < 0 || limit > mostSymbols:
		return 0, base.Invalid(c.Name(), op.Name, "limit: %d is not between 1 and %d", limit, mostSymbols)
	}
	return limit, nil
}

func (c *Client) cut(op *base.Op, seen int, missing string) error {
	return base.NewIncomplete(base.Truncated, c.Name(), op.Name, int64(seen), missing, nil)
}

// finding is a question for symbols, taken apart.
type finding struct {
	class, name, service, file string
	kind                       code.Kind
	line                       int
}

var kinds = map[code.Kind]string{
	"": "<Class>|<Method>|<Service>|<File>|<Repo>", code.KindClass: "<Class>", code.KindMethod: "<Method>",
	code.KindService: "<Service>", code.KindFile: "<File>", code.KindRepo: "<Repo>",
}

// findingOf is finding for the symbol that a field of a question names.
func (c *Client) findingOf(op *base.Op, field, symbol, service string) (finding, error) {
	if class, name := code.SplitName(symbol); class == "" && name == "" {
		return finding{}, base.Invalid(c.Name(), op.Name, "%s: empty; write a class, a method, or Class#method", field)
	}
	return c.finding(op, code.SymbolsQuery{Name: symbol, Service: service})
}

func (c *Client) finding(op *base.Op, q code.SymbolsQuery) (finding, error) {
	f := finding{service: strings.TrimSpace(q.Service), file: strings.TrimSpace(q.File), kind: q.Kind, line: q.Line}
	invalid := func(format string, args ...any) (finding, error) {
		return f, base.Invalid(c.Name(), op.Name, format, args...)
	}
	if _, known := kinds[q.Kind]; !known {
		return invalid("kind: not known; write class, method, service, file or repo")
	}
	for field, text := range map[string]string{"name": q.Name, "service": q.Service, "file": q.File} {
		if len(text) > maxName || strings.ContainsFunc(text, unicode.IsControl) {
			return invalid("%s: control characters, or longer than %d bytes", field, maxName)
		}
	}
	f.class, f.name = code.SplitName(q.Name)
	if line, err := strconv.Atoi(f.name); err == nil && f.class != "" {
		if q.Line != 0 && q.Line != line {
			return invalid("line: %d, and name says %d; write one", q.Line, line)
		}
		f.line, f.name = line, ""
	}
	switch {
	case f.name == "" && f.class == "" && f.file == "":
		return invalid("name, file: both are empty; set one")
	case f.line < 0 || f.line > math.MaxInt32:
		return invalid("line: %d is no line", f.line)
	}
	if f.line > 0 && f.class == "" && f.file == "" { // the name alone is that of a class
		f.class, f.name = f.name, ""
	}
	return f, nil
}

// statement asks for the symbols; what it is anchored at decides how fast it is.
func (f finding) statement(s statements) string {
	var lines []string
	switch {
	case f.class != "" && f.line > 0:
		lines = append(lines, "MATCH (k:<Class> {<name>: $class}) MATCH (k)-[:<HAS_METHOD>*0..1]->(n)")
	case f.class != "":
		lines = append(lines, "MATCH (k:<Class> {<name>: $class})-[:<HAS_METHOD>]->(n:<Method> {<name>: $name})")
	case f.name != "":
		lines = append(lines, "MATCH (n:"+kinds[f.kind]+" {<name>: $name})")
	default:
		lines = append(lines, "MATCH (n:"+kinds[f.kind]+")")
	}
	lines = append(lines, "OPTIONAL MATCH (c:<Class>)-[:<HAS_METHOD>]->(n)", "WITH n, head(collect(c)) AS c", "WITH n, c, <n,c> AS s")
	var conditions []string
	for _, condition := range []struct {
		set  bool
		text string
	}{
		{f.kind != "", "s[1] = $kind"},
		{f.name != "", "s[2] = $name"},
		{f.service != "", "s[4] = $service"},
		{f.file != "", "(s[6] = $file OR s[6] ENDS WITH $tail)"},
		{f.line > 0, "(s[7] <= $line AND $line <= coalesce(s[8], s[7]) OR s[7] IS NULL AND s[1] = 'class')"},
	} {
		if condition.set {
			conditions = append(conditions, condition.text)
		}
	}
	if len(conditions) > 0 {
		lines = append(lines, "WHERE "+strings.Join(conditions, " AND "))
	}
	if f.line > 0 {
		lines = append(lines, "RETURN s ORDER BY coalesce(s[8], s[7]) - s[7], s[4], s[3], s[7], s[2] LIMIT $limit")
	} else {
		lines = append(lines, "RETURN s ORDER BY s[4], s[3], s[7], s[2] LIMIT $limit")
	}
	return s.text(lines...)
}

func (f finding) args(limit int) map[string]any {
	return map[string]any{
		"class": f.class, "name": f.name, "kind": string(f.kind), "service": f.service, "file": f.file,
		"tail": "/" + strings.TrimPrefix(f.file, "/"), "line": f.line, "limit": limit,
	}
}

// symbols asks for the symbols of a statement that returns nothing else.
func (c *Client) symbols(ctx context.Context, op *base.Op, cypher string, args map[string]any) ([]code.Symbol, error) {
	var all []code.Symbol
	err := c.each(ctx, op, cypher, args, func(row []any) error {
		s, err := symbolOf(row[0])
		all = append(all, s)
		return err
	})
	return all, err
}

// each asks a statement of this package and takes its rows, all of them or none.
func (c *Client) each(ctx context.Context, op *base.Op, cypher string, args map[string]any, take func(row []any) error) error {
	r, err := c.query(ctx, op, Query{Cypher: cypher, Args: args, MaxRows: -1, MaxBytes: c.config.MaxBytes}, true)
	if err != nil {
		return err
	}
	row := make([]any, len(r.Columns()))
	for one, err := range r.All() {
		if err != nil {
			return err
		}
		for i := range row {
			row[i] = one.Value(i)
		}
		if err := take(row); err != nil {
			return c.strange(op, err)
		}
	}
	return nil
}

// strange is the error of an answer that is not what the statement asks for.
func (c *Client) strange(op *base.Op, err error) error {
	e := base.NewError(base.KindProtocol, err)
	e.Source, e.Op, e.Sent = c.Name(), op.Name, base.Answered
	return e
}

const partsOfSymbol = 9

// symbolOf reads what symbolParts returns. A property of another type than that of the model is not known.
func symbolOf(v any) (code.Symbol, error) {
	parts, ok := v.([]any)
	if !ok || len(parts) != partsOfSymbol {
		return code.Symbol{}, &malformedError{"a symbol has not the parts that were asked for"}
	}
	text := func(i int) string { s, _ := parts[i].(string); return s }
	number := func(i int) int {
		if n, ok := parts[i].(int64); ok && n > 0 && n <= math.MaxInt32 {
			return int(n)
		}
		return 0
	}
	return code.Symbol{
		ID: text(0), Kind: code.Kind(text(1)), Name: text(2), Class: text(3), Service: text(4), Repo: text(5), File: text(6),
		Line: number(7), End: number(8),
	}, nil
}
