package athenatest

import (
	"strconv"
	"strings"

	"github.com/fourkites/sources/internal/trinosql"
)

// result is the rows of a query as texts, rendered once.
type result struct {
	kind    string // DML, DDL or UTILITY
	verb    string
	columns []Column
	rows    [][]cell
	scanned int64
	bulk    *bulk // shares its file; nil = none does
}

// cell is a value in Athena's text; null has none.
type cell struct {
	text string
	null bool
}

func (r Reply) result(sql string) result {
	if r.bulk != nil {
		return r.bulk.of(r, sql)
	}
	out := result{columns: r.Columns, scanned: r.Scanned}
	out.kind, out.verb = kindOf(sql)
	out.rows = rendered(r.Columns, r.Rows)
	return out
}

func rendered(columns []Column, rows [][]any) [][]cell {
	all := make([][]cell, len(rows))
	for i, values := range rows {
		all[i] = make([]cell, len(columns))
		for j, c := range columns {
			if all[i][j].null = j >= len(values) || values[j] == nil; !all[i][j].null {
				all[i][j].text = text(values[j], c.Type)
			}
		}
	}
	return all
}

// kindOf is the StatementType and the SubstatementType of a statement, by its first word.
func kindOf(sql string) (kind, verb string) {
	switch verb = trinosql.FirstWord(sql); verb {
	case "SHOW", "DESCRIBE", "EXPLAIN":
		return "UTILITY", verb
	case "CREATE", "DROP", "ALTER", "MSCK":
		return "DDL", verb
	case "WITH":
		return "DML", "SELECT"
	}
	return "DML", verb
}

// execute answers a statement from the tables. The caller holds the lock.
func (s *Server) execute(in input) (result, *Failure, *Exception) {
	out := result{}
	out.kind, out.verb = kindOf(in.QueryString)
	sql, bad := trinosql.Bind(in.QueryString, in.ExecutionParameters)
	var r trinosql.Result
	if bad == nil {
		session := home
		if c := in.QueryExecutionContext; c.Catalog != "" {
			session.Catalog = c.Catalog
		}
		if c := in.QueryExecutionContext; c.Database != "" {
			session.Schema = c.Database
		}
		r, bad = s.engine.Execute(session, strings.TrimRight(strings.TrimSpace(sql), "; \n"))
	}
	switch {
	case bad != nil && (bad.Name == "SYNTAX_ERROR" || bad.Name == "INVALID_PARAMETER_USAGE"):
		return out, nil, &Exception{Code: "InvalidRequestException", AthenaErrorCode: "MALFORMED_QUERY", Message: bad.Message}
	case bad != nil:
		return out, &Failure{Category: 2, Type: 1006, Reason: bad.Name + ": " + bad.Message}, nil
	}
	for _, c := range r.Columns {
		out.columns = append(out.columns, Column(c))
	}
	out.rows, out.scanned = rendered(out.columns, r.Rows), size(r.Source)
	if out.verb == "EXPLAIN" {
		out.rows = lines(out.rows)
	}
	return out, nil, nil
}

// lines makes a row of each line of a plan.
func lines(rows [][]cell) [][]cell {
	var all [][]cell
	for _, row := range rows {
		for line := range strings.SplitSeq(row[0].text, "\n") {
			all = append(all, []cell{{text: line}})
		}
	}
	return all
}

// size is the bytes of a table's values as text; nil has none.
func size(t *trinosql.Table) int64 {
	if t == nil {
		return 0
	}
	n := 0
	for _, r := range t.Rows {
		for _, v := range r {
			n += len(text(v, ""))
		}
	}
	return int64(n)
}

// maxPage is how many rows GetQueryResults gives at most, the row of names among them.
const maxPage = 1000

// resultPage is one page of a result, and the query that it is of.
func (s *Server) resultPage(in input) (*execution, any, *Exception) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e, refused := s.find(in.ID)
	if refused != nil {
		return nil, nil, refused
	}
	switch s.advance(e, s.now()); {
	case in.MaxResults < 0 || in.MaxResults > maxPage:
		return nil, nil, invalid("MaxResults is more than maximum allowed length 1000.")
	case e.state == stateFailed, e.state == stateCancelled:
		return nil, nil, invalid("Query did not finish successfully. Final query state: " + e.state)
	case e.state != stateSucceeded:
		return nil, nil, invalid("Query has not yet finished. Current state: " + e.state)
	}
	from, ok := e.offset(in.NextToken)
	if !ok {
		return nil, nil, invalid("Invalid NextToken")
	}
	limit := in.MaxResults
	if limit == 0 {
		limit = maxPage
	}
	return e, e.page(from, limit), nil
}

// offset is the row that a token stands for; the row of names is the first where there is one.
func (e *execution) offset(token string) (int, bool) {
	if token == "" {
		return 0, true
	}
	n, err := strconv.Atoi(strings.TrimPrefix(token, e.id+"#"))
	return n, err == nil && n > 0 && n < e.result.length() && strings.HasPrefix(token, e.id)
}

// named reports whether the names of the columns come as a row.
func (r *result) named() bool { return r.kind == "DML" }

func (r *result) length() int {
	if r.named() {
		return len(r.rows) + 1
	}
	return len(r.rows)
}

func (r *result) row(i int) []cell {
	switch {
	case !r.named():
		return r.rows[i]
	case i > 0:
		return r.rows[i-1]
	}
	names := make([]cell, len(r.columns))
	for j, c := range r.columns {
		names[j].text = c.Name
	}
	return names
}

type datum struct {
	VarCharValue *string `json:",omitempty"`
}

type data struct{ Data []datum }

func (e *execution) page(from, limit int) map[string]any {
	r := &e.result
	to := min(from+limit, r.length())
	rows := make([]data, 0, to-from)
	for i := from; i < to; i++ {
		row := r.row(i)
		d := data{make([]datum, len(row))}
		for j := range row {
			if !row[j].null {
				d.Data[j].VarCharValue = &row[j].text
			}
		}
		rows = append(rows, d)
	}
	out := map[string]any{
		"UpdateCount": 0,
		"ResultSet":   map[string]any{"Rows": rows, "ResultSetMetadata": map[string]any{"ColumnInfo": r.metadata()}},
	}
	if to < r.length() {
		out["NextToken"] = e.id + "#" + strconv.Itoa(to)
	}
	return out
}
