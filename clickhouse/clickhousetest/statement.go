package clickhousetest

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/ClickHouse/ch-go/proto"
)

func elapsed(r Request) float64 { return time.Since(r.Received).Seconds() }

var comment = regexp.MustCompile(`(?s)^(?:\s+|--[^\n]*(?:\n|$)|/\*.*?\*/)+`)

// firstWord is the keyword that a statement starts with, in capitals.
func firstWord(sql string) string {
	sql = comment.ReplaceAllString(sql, "")
	end := strings.IndexFunc(sql, func(r rune) bool { return (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') })
	if end < 0 {
		end = len(sql)
	}
	return strings.ToUpper(sql[:end])
}

func isInsert(sql string) bool { return firstWord(sql) == "INSERT" }

func isRead(sql string) bool {
	switch firstWord(sql) {
	case "SELECT", "WITH", "EXPLAIN", "SHOW", "DESCRIBE", "DESC", "EXISTS", "":
		return true
	}
	return strings.HasPrefix(sql, "(")
}

// statement answers everything but an INSERT.
func (q *query) statement() error {
	tables := q.conn.server.tables
	switch firstWord(q.sql) {
	case "SET":
		return q.newAnswer(nil).end()
	case "KILL":
		return q.kill()
	case "DESCRIBE", "DESC":
		return q.describe()
	case "CREATE", "DROP", "TRUNCATE":
		definition := parseDefinition(q.sql)
		if definition == nil {
			return exceptionf(codeNotImplemented, "this server does not know the statement %.80q", q.sql)
		}
		if err := tables.define(definition, q.conn.database); err != nil {
			return err
		}
		return q.newAnswer(nil).end()
	case "EXPLAIN":
		if inner, ok := cutEstimate(q.sql); ok {
			return q.estimate(inner)
		}
	}
	params, err := q.bind()
	if err != nil {
		return err
	}
	r, err := tables.query(q.ctx, q.viewer(), q.sql, params)
	if err != nil {
		return err
	}
	return q.result(r.columns, r.rows, r.readRows)
}

func (q *query) viewer() viewer {
	by := viewer{server: q.conn.server, database: q.conn.database, readonly: q.settings["readonly"]}
	if q.conn.account.readonly {
		by.readonly = "1"
	}
	return by
}

var placeholder = regexp.MustCompile(`\{\s*(\w+)\s*:\s*([^{}]+?)\s*\}`)

// bind reads the values of parameters the way the server does: text in the escaped form of TSV, so that a raw tab or
// newline is an error and a backslash starts an escape. Arrays and maps quote their own strings.
func (q *query) bind() (map[string]string, error) {
	out := maps.Clone(q.params)
	for _, m := range placeholder.FindAllStringSubmatch(q.sql, -1) {
		name, typeName := m[1], m[2]
		value, given := q.params[name]
		if !given || strings.HasPrefix(typeName, "Array") || strings.HasPrefix(typeName, "Map") ||
			strings.HasPrefix(typeName, "Tuple") || typeName == "Identifier" {
			continue
		}
		if strings.ContainsAny(value, "\t\n") {
			return nil, exceptionf(codeBadParameter, "Value %.40q cannot be parsed as %s for query parameter '%s' because it "+
				"isn't parsed completely", value, typeName, name)
		}
		out[name] = unescape(value)
	}
	return out, nil
}

var killed = regexp.MustCompile(`(?is)^KILL\s+QUERY\s+WHERE\s+query_id\s*=\s*('(?:[^'\\]|\\.)*'|\{\s*(\w+)\s*:\s*String\s*\})\s*(?:SYNC|ASYNC|TEST)?\s*;?$`)

func (q *query) kill() error {
	m := killed.FindStringSubmatch(q.sql)
	if m == nil {
		return exceptionf(codeNotImplemented, "this server knows KILL QUERY WHERE query_id = '...' only")
	}
	id := unquote(m[1])
	if m[2] != "" {
		id = q.params[m[2]]
	}
	rows := [][]any{}
	for _, r := range q.conn.server.ledger.kill(id) {
		rows = append(rows, []any{"waiting", r.QueryID, r.User, r.SQL})
	}
	columns := []Column{{"kill_status", "String"}, {"query_id", "String"}, {"user", "String"}, {"query", "String"}}
	return q.result(columns, rows, uint64(len(rows)))
}

var described = regexp.MustCompile("(?is)^(?:DESCRIBE|DESC)\\s+(?:TABLE\\s+)?([\\w.`\"$]+)")

func (q *query) describe() error {
	m := described.FindStringSubmatch(q.sql)
	if m == nil {
		return exceptionf(codeNotImplemented, "this server knows DESCRIBE TABLE name only")
	}
	name := qualified(m[1], q.conn.database)
	shape, ok := q.conn.server.tables.shape(name)
	if !ok {
		return unknownTable(name)
	}
	columns := []Column{
		{"name", "String"},
		{"type", "String"},
		{"default_type", "String"},
		{"default_expression", "String"},
		{"comment", "String"},
		{"codec_expression", "String"},
		{"ttl_expression", "String"},
	}
	rows := [][]any{}
	for _, c := range slices.Concat(shape.columns, shape.hidden) {
		rows = append(rows, []any{c.Name, c.Type, "", "", "", "", ""})
	}
	return q.result(columns, rows, uint64(len(rows)))
}

var (
	estimated = regexp.MustCompile(`(?is)^EXPLAIN\s+ESTIMATE\s+(.*)$`)
	fromTable = regexp.MustCompile("(?is)\\bFROM\\s+([\\w`\"$]+(?:\\.[\\w`\"$]+)?)")
)

func cutEstimate(sql string) (inner string, ok bool) {
	m := estimated.FindStringSubmatch(sql)
	if m == nil {
		return "", false
	}
	return m[1], true
}

// estimate evaluates the query and tells how much it read, all of it as one table: the last that a FROM names, which
// in a query with a resource filter is the large one.
func (q *query) estimate(inner string) error {
	params, err := q.bind()
	if err != nil {
		return err
	}
	r, err := q.conn.server.tables.query(q.ctx, q.viewer(), inner, params)
	if err != nil {
		return err
	}
	columns := []Column{
		{"database", "String"}, {"table", "String"}, {"parts", "UInt64"}, {"rows", "UInt64"}, {"marks", "UInt64"},
	}
	rows := [][]any{}
	for _, m := range fromTable.FindAllStringSubmatch(inner, -1) {
		name := qualified(m[1], q.conn.database)
		if _, ok := q.conn.server.tables.shape(name); ok {
			database, table, _ := strings.Cut(name, ".")
			rows = [][]any{{database, table, uint64(1), r.readRows, (r.readRows + 8191) / 8192}}
		}
	}
	return q.result(columns, rows, 0)
}

var insertion = regexp.MustCompile("(?is)^INSERT\\s+INTO\\s+(?:TABLE\\s+)?((?:`[^`]+`|\"[^\"]+\"|\\w+)(?:\\.(?:`[^`]+`|\"[^\"]+\"|\\w+))?)\\s*(\\([^()]*\\))?\\s*(?:VALUES|FORMAT\\s+\\w+)?\\s*;?$")

// insert takes the client's blocks and appends all of them, or nothing, when the last has come.
func (q *query) insert() error {
	m := insertion.FindStringSubmatch(strings.TrimSpace(comment.ReplaceAllString(q.sql, "")))
	if m == nil {
		return exceptionf(codeNotImplemented, "this server takes INSERT INTO table (columns) with native blocks only, not %.80q", q.sql)
	}
	name := qualified(m[1], q.conn.database)
	shape, ok := q.conn.server.tables.shape(name)
	if !ok {
		return unknownTable(name)
	}
	wanted, err := shape.wanted(m[2])
	if err != nil {
		return err
	}
	if err := q.sendSample(wanted); err != nil {
		return err
	}
	rows, err := q.receive(shape)
	if err != nil {
		return err
	}
	if err := q.conn.server.tables.append(name, rows); err != nil {
		return err
	}
	q.conn.server.ledger.addRows(q.entry, len(rows))
	return q.newAnswer(nil).end()
}

// wanted is the columns that an INSERT names, all of them if it names none.
func (s *shape) wanted(list string) ([]Column, error) {
	list = strings.Trim(strings.TrimSpace(list), "()")
	if list == "" {
		return s.columns, nil
	}
	var out []Column
	for _, name := range splitTop(list) {
		name = strings.Trim(name, "`\"")
		at, ok := s.position[name]
		if !ok {
			return nil, exceptionf(16, "No such column %s in table", name)
		}
		out = append(out, s.columns[at])
	}
	return out, nil
}

// sendSample tells the client which columns it is to send.
func (q *query) sendSample(columns []Column) error {
	var b proto.Buffer
	if proto.FeatureColumnDefaultsMetadata.In(q.form.version) {
		var text strings.Builder
		text.WriteString("columns format version: 1\n")
		for _, c := range columns {
			text.WriteString("`" + c.Name + "` " + c.Type + "\n")
		}
		proto.TableColumns{Second: text.String()}.EncodeAware(&b, q.form.version)
	}
	sample, err := encodeBlock(q.form, columns, nil)
	if err != nil {
		return err
	}
	b.PutRaw(sample)
	return q.conn.wire.send(b.Buf)
}

// receive reads blocks up to the empty one that ends them.
func (q *query) receive(shape *shape) ([][]any, error) {
	var rows [][]any
	for {
		code, err := q.conn.reader.UVarInt()
		if err != nil {
			q.disconnect()
			return nil, errCut
		}
		if proto.ClientCode(code) == proto.ClientCodeCancel {
			q.cancel()
			return nil, errCancelled
		}
		if proto.ClientCode(code) != proto.ClientCodeData {
			return nil, errCut
		}
		columns, block, err := q.conn.readData(q.form.compressed)
		if err != nil { // what follows cannot be told apart any more
			_ = q.conn.sendException(exceptionf(codeIncorrectData, "Cannot read the block: %v", err))
			return nil, errCut
		}
		if len(columns) == 0 {
			return rows, nil
		}
		for _, values := range block {
			row := slices.Clone(shape.defaults)
			for i, c := range columns {
				if at, ok := shape.position[c.Name]; ok {
					row[at] = values[i]
				}
			}
			rows = append(rows, row)
		}
	}
}
