package clickhouse

import (
	"context"
	"errors"
	"strings"
	"sync"
	"time"

	"github.com/fourkites/sources/base"
)

// schema is what the server's tables can do, as far as a plan depends on it.
type schema struct {
	lineage      Lineage
	words        bool            // an index over the words of a body
	materialized map[string]bool // attributes of logs that have a column of their own
	spanColumns  map[string]bool // attributes of spans that have one
	nanos        bool            // the time of logs is a number of nanoseconds, not a DateTime64
	lazy         bool            // the setting of lazy materialization is known and may be set
}

// schemaLife is how long the tables are taken to be as they were: as long as a connection lives. Migrations add columns
// and indexes while programs run.
const schemaLife = connLifetime

// schemaProbe looks at the server when a call needs to know: the first call asks, those beside it wait for its answer. A
// probe that failed for a reason that passes is tried again by the next call, which goes by what was known before if it
// fails too. The zero value is ready.
type schemaProbe struct {
	mu     sync.Mutex
	known  *schema
	until  time.Time
	flight chan struct{} // closed when the probe under way has ended
}

// get gives what is known, or calls probe.
func (p *schemaProbe) get(ctx context.Context, probe func(context.Context) (*schema, error)) (*schema, error) {
	for {
		p.mu.Lock()
		if p.known != nil && time.Now().Before(p.until) {
			defer p.mu.Unlock()
			return p.known, nil
		}
		wait := p.flight
		if wait == nil {
			p.flight = make(chan struct{})
			p.mu.Unlock()
			return p.fly(ctx, probe)
		}
		p.mu.Unlock()
		select {
		case <-wait:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

func (p *schemaProbe) fly(ctx context.Context, probe func(context.Context) (*schema, error)) (s *schema, err error) {
	defer func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		close(p.flight)
		p.flight = nil
		switch {
		case err == nil:
			p.known, p.until = s, time.Now().Add(schemaLife)
		case p.known != nil:
			s, err = p.known, nil
		}
	}()
	return probe(ctx)
}

type columnRow struct {
	Table string `db:"table"`
	Name  string `db:"name"`
	Type  string `db:"type"`
}

type nameRow struct {
	Name string `db:"name"`
}

var opSchema = &base.Op{Name: "Schema", System: base.SystemDB}

// schema is what the tables can do.
func (c *Client) schema(ctx context.Context) (*schema, error) {
	return c.probe.get(ctx, c.probeSchema)
}

func (c *Client) probeSchema(ctx context.Context) (*schema, error) {
	columns, err := read[columnRow](ctx, c, opSchema, columnsSQL(c.tables))
	if err != nil && !tolerable(err) {
		return nil, err
	}
	indexes, err := read[nameRow](ctx, c, opSchema, indexesSQL(c.tables))
	if err != nil && !tolerable(err) {
		return nil, err
	}
	settings, err := read[nameRow](ctx, c, opSchema, settingsSQL())
	if err != nil && !tolerable(err) {
		return nil, err
	}
	return readSchema(c.tables, columns, indexes, settings), nil
}

// tolerable reports whether the server answered that it cannot say: an old server, or one that hides its system tables.
// The plan is then one that every server takes.
func tolerable(err error) bool {
	for _, kind := range []error{base.ErrInvalid, base.ErrNotFound, base.ErrPermission, base.ErrQuotaExceeded} {
		if errors.Is(err, kind) {
			return true
		}
	}
	return false
}

// hidden reports whether a table that an answer can do without is missing, or kept from the account.
func hidden(err error) bool {
	return errors.Is(err, base.ErrNotFound) || errors.Is(err, base.ErrPermission)
}

func localTable(name string) (database, table, local string) {
	database, table, ok := strings.Cut(name, ".")
	if !ok {
		database, table = "", name
	}
	return database, table, strings.TrimPrefix(table, "distributed_")
}

func columnsSQL(t Tables) Query {
	s := newStatement()
	var either []string
	for _, name := range []string{t.Logs, t.Spans} {
		database, table, _ := localTable(name)
		either = append(either, "(database = "+s.text(database)+" AND table = "+s.text(table)+")")
	}
	return Query{
		SQL:  "SELECT table, name, type FROM system.columns WHERE " + strings.Join(either, " OR ") + " ORDER BY table, position",
		Args: s.args,
	}
}

func indexesSQL(t Tables) Query {
	s := newStatement()
	database, table, local := localTable(t.Logs)
	return Query{
		SQL: "SELECT name FROM system.data_skipping_indices WHERE database = " + s.text(database) +
			" AND table IN " + s.texts([]string{table, local}),
		Args: s.args,
	}
}

// lazySetting lets a list of full rows read its wide columns only for the rows that it hands out.
const lazySetting = "query_plan_max_limit_for_lazy_materialization"

func settingsSQL() Query {
	s := newStatement()
	return Query{SQL: "SELECT name FROM system.settings WHERE name = " + s.text(lazySetting) + " AND readonly = 0", Args: s.args, lenient: true}
}

// readSchema draws the conclusions.
func readSchema(t Tables, columns []columnRow, indexes, settings []nameRow) *schema {
	out := &schema{
		lineage: t.Lineage, nanos: true, lazy: len(settings) > 0,
		materialized: map[string]bool{}, spanColumns: map[string]bool{},
	}
	_, logTable, _ := localTable(t.Logs)
	all, retention := map[string]bool{}, false
	for _, column := range columns {
		all[column.Table+"."+column.Name] = true
		ofLogs := column.Table == logTable
		retention = retention || ofLogs && column.Name == "_retention_days"
		if ofLogs && column.Name == t.LogColumns.Time {
			out.nanos = !strings.HasPrefix(column.Type, "DateTime64")
		}
	}
	for _, column := range columns {
		if !strings.HasPrefix(column.Name, "attribute_string_") || !all[column.Table+"."+column.Name+"_exists"] {
			continue
		}
		if column.Table == logTable {
			out.materialized[column.Name] = true
		} else {
			out.spanColumns[column.Name] = true
		}
	}
	if out.lineage == LineageProbed {
		out.lineage = LineageLegacy
		if retention {
			out.lineage = LineageFresh
		}
	}
	for _, index := range indexes {
		out.words = out.words || index.Name == "body_index_v2_token"
	}
	if len(indexes) == 0 {
		out.words = out.lineage == LineageFresh
	}
	return out
}
