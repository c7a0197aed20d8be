package clickhouse

import (
	"context"
	"slices"
	"time"

	"github.com/fourkites/sources/base"
)

var (
	opServices            = &base.Op{Name: "Services", System: base.SystemDB}
	opServiceDependencies = &base.Op{Name: "ServiceDependencies", System: base.SystemDB}
	opTopOperations       = &base.Op{Name: "TopOperations", System: base.SystemDB}
)

// Service is a service that sent something in a window.
type Service struct {
	Name   string        `json:"name"`
	Logs   bool          `json:"logs,omitempty"` // it sent log records
	Spans  uint64        `json:"spans"`
	Failed uint64        `json:"failed"` // spans that failed
	P50    time.Duration `json:"p50_ns"` // of the duration of its spans
	P99    time.Duration `json:"p99_ns"`
}

// Dependency is the calls that one service made to another.
type Dependency struct {
	Caller string        `json:"caller"`
	Callee string        `json:"callee"`
	Calls  uint64        `json:"calls"`
	Failed uint64        `json:"failed"`
	P50    time.Duration `json:"p50_ns"`
	P95    time.Duration `json:"p95_ns"`
	P99    time.Duration `json:"p99_ns"`
}

// Operation is the spans of one name in one service.
type Operation struct {
	Service string        `json:"service"`
	Name    string        `json:"name"`
	Entry   bool          `json:"entry,omitempty"` // the service is entered by it
	Calls   uint64        `json:"calls"`
	Failed  uint64        `json:"failed"`
	P50     time.Duration `json:"p50_ns"`
	P95     time.Duration `json:"p95_ns"`
	P99     time.Duration `json:"p99_ns"`
}

type measuredRow struct {
	Name      string    `db:"x_name"`
	Other     string    `db:"x_other"`
	Count     uint64    `db:"x_count"`
	Failed    uint64    `db:"x_failed"`
	Quantiles []float64 `db:"x_quantiles"`
}

// quantile is a duration in nanoseconds; a missing or impossible one is zero.
func (r measuredRow) quantile(i int) time.Duration {
	if i >= len(r.Quantiles) || !(r.Quantiles[i] > 0) || r.Quantiles[i] > 1<<62 {
		return 0
	}
	return time.Duration(r.Quantiles[i])
}

// Services lists the services that sent spans or log records in the window, by name. Log records count by half-hours. Of
// more than 10,000 services the rest is left out, and an *[base.IncompleteError] comes with those that are handed out.
func (c *Client) Services(ctx context.Context, w base.Window) ([]Service, error) {
	if err := c.checkWindow(w); err != nil {
		return nil, c.invalid(opServices, err)
	}
	known, err := c.schema(ctx)
	if err != nil {
		return nil, err
	}
	measured, err := read[measuredRow](ctx, c, opServices, servicesSQL(c.tables, w))
	if err != nil {
		return nil, err
	}
	all := map[string]*Service{}
	for _, row := range measured {
		all[row.Name] = &Service{
			Name: row.Name, Spans: row.Count, Failed: row.Failed, P50: row.quantile(0), P99: row.quantile(1),
		}
	}
	logging, err := c.loggingServices(ctx, c.tables.logLayout(known), w)
	if err != nil {
		return nil, err
	}
	for _, name := range logging {
		if all[name] == nil {
			all[name] = &Service{Name: name}
		}
		all[name].Logs = true
	}
	out := make([]Service, 0, len(all))
	for _, name := range sortedKeys(all) {
		if name != "" {
			out = append(out, *all[name])
		}
	}
	base.AddStats(ctx, base.Stats{Asked: w, Covered: w})
	more := len(measured) > maxGroups || len(logging) > maxGroups
	return out, incomplete(c.Name(), opServices.Name, len(out), more, nil, nil)
}

// spanService is the service of a span.
const spanService = "resources_string['service.name']"

func servicesSQL(t Tables, w base.Window) Query {
	s := newStatement()
	t.spanTables().bound(s, w)
	return Query{
		SQL: "SELECT " + spanService + " AS x_name, count() AS x_count, countIf(has_error = true) AS x_failed, " +
			"quantiles(0.5, 0.99)(duration_nano) AS x_quantiles\nFROM " + quoteTable(t.Spans) + s.clause() +
			"\nGROUP BY x_name\nORDER BY x_name\nLIMIT " + s.bind("UInt64", uint64(maxGroups+1)),
		Args: s.args,
	}
}

// loggingServices reads the small table of resources; when it has nothing, the rows themselves are asked.
func (c *Client) loggingServices(ctx context.Context, l logLayout, w base.Window) ([]string, error) {
	var found []nameRow
	var err error
	if l.fingerprint != absent {
		s := newStatement()
		s.buckets("seen_at_ts_bucket_start", "Int64", w)
		found, err = read[nameRow](ctx, c, opServices, Query{
			SQL: "SELECT simpleJSONExtractString(labels, " + s.text(serviceLabel) + ") AS name\nFROM " + quoteTable(l.resourceTable) +
				s.clause() + "\nGROUP BY name\nLIMIT " + s.bind("UInt64", uint64(maxGroups+1)),
			Args: s.args,
		})
	}
	if err == nil && len(found) == 0 && l.resources != absent {
		s := newStatement()
		l.bound(s, w)
		found, err = read[nameRow](ctx, c, opServices, Query{
			SQL: "SELECT " + quote(l.resources) + "[" + s.text(serviceLabel) + "] AS name\nFROM " + quoteTable(l.table) +
				s.clause() + "\nGROUP BY name\nLIMIT " + s.bind("UInt64", uint64(maxGroups+1)),
			Args: s.args,
		})
	}
	out := make([]string, len(found))
	for i, row := range found {
		out[i] = row.Name
	}
	return out, err
}

// ServiceDependencies lists who called whom in the window, the busiest first. SigNoz keeps calls per minute, so that
// the minutes that the ends of the window lie in count as a whole. Of more than 10,000 pairs the rest is left out, and
// an *[base.IncompleteError] comes with those that are handed out.
func (c *Client) ServiceDependencies(ctx context.Context, w base.Window) ([]Dependency, error) {
	if err := c.checkWindow(w); err != nil {
		return nil, c.invalid(opServiceDependencies, err)
	}
	found, err := read[measuredRow](ctx, c, opServiceDependencies, dependenciesSQL(c.tables, w))
	if err != nil {
		return nil, err
	}
	more := len(found) > maxGroups
	found = found[:min(len(found), maxGroups)]
	out := make([]Dependency, len(found))
	for i, row := range found {
		out[i] = Dependency{
			Caller: row.Name, Callee: row.Other, Calls: row.Count, Failed: row.Failed,
			P50: row.quantile(0), P95: row.quantile(3), P99: row.quantile(4),
		}
	}
	base.AddStats(ctx, base.Stats{Asked: w, Covered: w})
	return out, incomplete(c.Name(), opServiceDependencies.Name, len(out), more, nil, nil)
}

func dependenciesSQL(t Tables, w base.Window) Query {
	s := newStatement()
	s.and("timestamp >= toDateTime(%s) AND timestamp < toDateTime(%s)",
		s.bind("Int64", w.From.Truncate(time.Minute).Unix()), s.bind("Int64", w.To.Add(time.Minute-1).Truncate(time.Minute).Unix()))
	return Query{
		SQL: "SELECT toString(src) AS x_name, toString(dest) AS x_other, toUInt64(sum(total_count)) AS x_count, " +
			"toUInt64(sum(error_count)) AS x_failed, " +
			"quantilesMerge(0.5, 0.75, 0.9, 0.95, 0.99)(duration_quantiles_state) AS x_quantiles\nFROM " +
			quoteTable(t.Dependencies) + s.clause() +
			"\nGROUP BY x_name, x_other\nORDER BY x_count DESC, x_name, x_other\nLIMIT " + s.bind("UInt64", uint64(maxGroups+1)),
		Args: s.args,
	}
}

type operationRow struct {
	Name string `db:"x_name"`
}

// TopOperations lists the operations of a service in the window by the time that was spent in them, the most first; at
// most n of them, by default 50.
func (c *Client) TopOperations(ctx context.Context, service string, w base.Window, n int) ([]Operation, error) {
	err := c.checkWindow(w)
	if err == nil {
		err = checkLabel("service", service)
	}
	if err != nil {
		return nil, c.invalid(opTopOperations, err)
	}
	if n <= 0 {
		n = 50
	}
	tables := c.tables.spanTables()
	match, err := c.match(ctx, opTopOperations, tables, resourceFilter{services: []string{service}, window: w})
	if err != nil || match.how == matchNothing {
		return []Operation{}, err
	}
	found, err := read[measuredRow](ctx, c, opTopOperations, operationsSQL(c.tables, match, w, min(n, maxGroups)))
	if err != nil {
		return nil, err
	}
	entries, err := read[operationRow](ctx, c, opTopOperations, entriesSQL(c.tables, service))
	if err != nil && !hidden(err) {
		return nil, err
	}
	out := make([]Operation, len(found))
	for i, row := range found {
		out[i] = Operation{
			Service: service, Name: row.Name, Calls: row.Count, Failed: row.Failed,
			P50: row.quantile(0), P95: row.quantile(1), P99: row.quantile(2),
			Entry: slices.Contains(entries, operationRow{row.Name}),
		}
	}
	base.AddStats(ctx, base.Stats{Asked: w, Covered: w})
	return out, nil
}

func operationsSQL(t Tables, match resourceMatch, w base.Window, n int) Query {
	s := newStatement()
	in := t.spanTables()
	with := match.apply(s, in.resourceTable, quote(in.fingerprint), quote(in.resources))
	in.bound(s, w)
	return Query{
		SQL: with + "SELECT toString(name) AS x_name, count() AS x_count, countIf(has_error = true) AS x_failed, " +
			"quantiles(0.5, 0.95, 0.99)(duration_nano) AS x_quantiles\nFROM " + quoteTable(t.Spans) + s.clause() +
			"\nGROUP BY x_name\nORDER BY sum(duration_nano) DESC, x_name\nLIMIT " + s.bind("UInt64", uint64(n)),
		Args: s.args,
	}
}

func entriesSQL(t Tables, service string) Query {
	s := newStatement()
	s.and("serviceName = %s", s.text(service))
	return Query{
		SQL: "SELECT toString(name) AS x_name\nFROM " + quoteTable(t.TopOperations) + s.clause() +
			"\nGROUP BY x_name\nLIMIT " + s.bind("UInt64", uint64(maxGroups+1)),
		Args: s.args,
	}
}
