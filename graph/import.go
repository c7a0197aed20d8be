package graph

import (
	"context"
	"io"
	"slices"

	"github.com/neo4j/neo4j-go-driver/v5/neo4j"

	"github.com/fourkites/sources/base"
)

// ImportResult is how much an import has written, also one that failed: each batch is written as a whole or not at all.
type ImportResult struct {
	Services int `json:"services"` // nodes that were made or found
	Classes  int `json:"classes"`
	Methods  int `json:"methods"`
	Logs     int `json:"logs"`  // statements that log
	Calls    int `json:"calls"` // between services, and of services by methods
	Batches  int `json:"batches"`
}

// opImport is not repeated after its batch may have been committed.
var opImport = &base.Op{Name: "Import", System: base.SystemDB, Safety: base.Unsafe}

// Import writes a code graph from JSON: an object with repo, services (an object whose keys are names), classes (service,
// path, class, methods with name, line, end and route; logs with line, level, method and template; calls with line, method
// and to, a service or a Class#method of the same graph) and edges (from, to and call_sites, between services). Unknown fields
// are skipped. It is read as it is written, a batch at a time, and may be larger than memory; only calls of methods are kept
// to its end. A large graph is written faster with an index on the name of classes, methods and services.
//
// Nodes and relationships are merged by their names: the same import again changes nothing, a newer one adds to it and
// moves no method that is gone. It is refused unless Config.AllowWrites. A batch whose COMMIT may have been obeyed or not is
// base.ErrOutcomeUnknown and is not repeated. An error says how far the import came in the result; what is wrong with the
// JSON is base.ErrInvalid and names the place.
func (c *Client) Import(ctx context.Context, r io.Reader) (ImportResult, error) {
	if !c.config.AllowWrites {
		e := base.NewError(base.KindPermission, nil).WithText("allow_writes is not set")
		e.Source, e.Op, e.Sent = c.Name(), opImport.Name, base.NotSent
		e.SetHint(base.HintOf("an operator allows imports with allow_writes"))
		return ImportResult{}, e
	}
	i := &importer{ctx: ctx, client: c}
	err := readGraph(r, i)
	if err == nil {
		err = i.finish()
	}
	if p, ok := err.(*placeError); ok { //nolint:errorlint // as readGraph gives it
		err = base.Invalid(c.Name(), opImport.Name, "%s", p.Error())
	}
	return i.result, err
}

// importer gathers batches and writes each in a transaction of its own.
type importer struct {
	ctx    context.Context
	client *Client
	repo   string
	result ImportResult

	services []map[string]any
	classes  []map[string]any
	edges    []map[string]any
	methods  []map[string]any // calls of methods by methods, for the end, when all of them are there
	weight   int              // of what was gathered
}

// A batch is bounded by its rows, for a class has many, and by its bytes: so many count as one row.
const (
	batchRows  = 1000
	bytesOfRow = 16 << 10
)

func (i *importer) add(list *[]map[string]any, row map[string]any, weight int) error {
	*list = append(*list, row)
	if i.weight += weight; i.weight < batchRows {
		return nil
	}
	return i.flush()
}

// finish writes the rest, and the calls between methods.
func (i *importer) finish() error {
	if err := i.flush(); err != nil {
		return err
	}
	for part := range slices.Chunk(i.methods, batchRows) {
		if err := i.write([]step{{importCalls, map[string]any{"calls": part}}}); err != nil {
			return err
		}
		i.result.Batches++
		i.result.Calls += len(part)
	}
	return nil
}

// step is one statement of a batch.
type step struct {
	cypher string
	args   map[string]any
}

// flush writes what was gathered.
func (i *importer) flush() error {
	if i.weight == 0 {
		return nil
	}
	args := map[string]any{"repo": i.repo, "services": i.services, "classes": i.classes, "edges": i.edges}
	var steps []step
	for _, s := range []struct {
		rows  []map[string]any
		texts []string
	}{
		{i.services, importServices},
		{i.classes, importClasses},
		{i.edges, importEdges},
	} {
		for _, text := range s.texts {
			if len(s.rows) > 0 {
				steps = append(steps, step{text, args})
			}
		}
	}
	if err := i.write(steps); err != nil {
		return err
	}
	i.count()
	i.services, i.classes, i.edges, i.weight = nil, nil, nil, 0
	return nil
}

func (i *importer) count() {
	i.result.Batches++
	i.result.Services += len(i.services)
	i.result.Classes += len(i.classes)
	i.result.Calls += len(i.edges)
	for _, class := range i.classes {
		for field, n := range map[string]*int{"methods": &i.result.Methods, "logs": &i.result.Logs, "calls": &i.result.Calls} {
			list, _ := class[field].([]map[string]any)
			*n += len(list)
		}
	}
}

// write makes one guarded call of one transaction.
func (i *importer) write(steps []step) error {
	c := i.client
	a := &ask{client: c, op: opImport, caller: i.ctx}
	_, err := base.Do(i.ctx, c.guard, opImport, func(ctx context.Context) (struct{}, error) {
		t, err := c.begin(ctx, a, neo4j.AccessModeWrite)
		if err != nil {
			return struct{}{}, err
		}
		defer func() { t.end(patience(ctx)) }()
		stop := context.AfterFunc(ctx, t.cut)
		defer stop()
		return struct{}{}, t.write(ctx, steps)
	})
	return err
}

// write runs the statements and commits. Nothing of a transaction stays whose COMMIT was not sent: to the guard that is as
// if nothing had been sent. What a server says of a COMMIT is its answer; without one the outcome is unknown.
func (t *transaction) write(ctx context.Context, steps []step) error {
	quiet := t.quiet(ctx)
	t.watch(max(0, t.client.guard.Limits().Idle.D()))
	for _, s := range steps {
		if err := t.entry.shield(func() error {
			result, err := t.Run(quiet, t.client.cypher.text(s.cypher), s.args)
			if err == nil {
				_, err = result.Consume(quiet)
			}
			return err
		}); err != nil {
			return t.reason(ctx, err, true)
		}
	}
	if err := ctx.Err(); err != nil {
		return t.reason(ctx, err, true)
	}
	err := t.entry.shield(func() error { return t.Commit(quiet) })
	if err == nil {
		return nil
	}
	reason := t.reason(ctx, err, false)
	if typed := classify(reason); typed.Sent == base.Answered {
		return reason
	}
	return &callError{id: t.id, err: &commitError{reason}}
}

// importServices and the others merge what is in a batch.
var (
	importServices = []string{"UNWIND $services AS s MERGE (:<Service> {<name>: s.name})"}

	importClasses = []string{
		"UNWIND $classes AS x MERGE (s:<Service> {<name>: x.service}) " +
			"MERGE (c:<Class> {<name>: x.class, <service>: x.service, <file>: x.path}) SET c.<repo> = $repo MERGE (s)-[:<CONTAINS>]->(c) " +
			"MERGE (f:<File> {<name>: x.path, <service>: x.service}) SET f.<file> = x.path, f.<repo> = $repo MERGE (f)-[:<CONTAINS>]->(c) " +
			"WITH f WHERE $repo <> '' MERGE (r:<Repo> {<name>: $repo}) MERGE (r)-[:<CONTAINS>]->(f)",
		"UNWIND $classes AS x MATCH (c:<Class> {<name>: x.class, <service>: x.service, <file>: x.path}) UNWIND x.methods AS y " +
			"MERGE (c)-[:<HAS_METHOD>]->(m:<Method> {<name>: y.name, <line>: y.line}) " +
			"SET m.<end> = y.end, m.route = y.route, m.<service> = x.service, m.<file> = x.path, m.<repo> = $repo",
		"UNWIND $classes AS x MATCH (c:<Class> {<name>: x.class, <service>: x.service, <file>: x.path}) UNWIND x.calls AS y " +
			"MATCH (c)-[:<HAS_METHOD>]->(m:<Method> {<name>: y.method}) WHERE m.<line> <= y.line AND y.line <= coalesce(m.<end>, y.line) " +
			"MERGE (s:<Service> {<name>: y.to}) MERGE (m)-[:<CALLS> {<line>: y.line}]->(s)",
		"UNWIND $classes AS x MATCH (c:<Class> {<name>: x.class, <service>: x.service, <file>: x.path}) UNWIND x.logs AS y " +
			"MATCH (c)-[:<HAS_METHOD>]->(m:<Method>) WHERE m.<line> <= y.line AND y.line <= coalesce(m.<end>, m.<line>) " +
			"MERGE (m)-[:<HAS_LOG>]->(l:<Log> {<line>: y.line}) SET l.<name> = y.template, l.level = y.level, l.<file> = x.path, l.<service> = x.service",
	}

	importCalls = "UNWIND $calls AS x MATCH (:<Class> {<name>: x.class, <service>: x.service, <file>: x.path})-[:<HAS_METHOD>]->(m:<Method> {<name>: x.method}) " +
		"WHERE m.<line> <= x.line AND x.line <= coalesce(m.<end>, x.line) " +
		"MATCH (d:<Class> {<name>: x.to_class})-[:<HAS_METHOD>]->(n:<Method> {<name>: x.to_method}) " +
		"MERGE (m)-[:<CALLS> {<line>: x.line}]->(n)"

	importEdges = []string{
		"UNWIND $edges AS e MERGE (a:<Service> {<name>: e.from}) MERGE (b:<Service> {<name>: e.to}) " +
			"MERGE (a)-[k:<CALLS>]->(b) SET k.call_sites = e.call_sites",
	}
)
