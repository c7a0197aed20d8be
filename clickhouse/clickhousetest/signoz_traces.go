package clickhousetest

import (
	"fmt"
	"strconv"
	"time"

	"github.com/fourkites/sources/base/traces"
)

// InsertSpans adds spans as the SigNoz collector would: to the index and its resource table, the summary of each trace
// (one row per batch, so that readers must aggregate), the exceptions of failed spans (from their attributes
// exception.type, exception.message and exception.stacktrace), the calls between services per minute, and the
// operations that a service was entered by.
func (s *Server) InsertSpans(spans ...traces.Span) {
	z, out := s.signoz(), newBatch(s.tables)
	z.mu.Lock()
	defer z.mu.Unlock()
	for i := range spans {
		z.services[keyOf(&spans[i])] = spans[i].Service
	}
	summaries, graph := map[string]*summary{}, edges{}
	for i := range spans {
		span := &spans[i]
		z.span(out, span)
		z.exception(out, span)
		z.calls(graph, span)
		z.topLevel(out, span)
		summarize(summaries, span)
	}
	for id, m := range summaries {
		row := out.add(tracesDatabase + ".trace_summary")
		row.set("trace_id", id)
		row.set("start", m.start.UTC())
		row.set("end", m.end.UTC())
		row.set("num_spans", m.spans)
	}
	graph.rows(out)
	out.flush()
}

// spanKey names a span.
type spanKey struct{ trace, span string }

func keyOf(span *traces.Span) spanKey { return spanKey{span.TraceID, span.SpanID} }

var spanKinds = map[string]int64{"Internal": 1, "Server": 2, "Client": 3, "Producer": 4, "Consumer": 5}

func (z *signoz) span(out batch, span *traces.Span) {
	of := z.resource(span.Resources, span.Service)
	bucket := bucketOf(span.Start)
	text, number, flag := attributesByType(span.Attributes)
	row := out.add(tracesDatabase + ".signoz_index_v3")
	row.set("ts_bucket_start", uint64(bucket))
	row.set("resource_fingerprint", of.fingerprint)
	row.set("timestamp", span.Start.UTC())
	row.set("trace_id", span.TraceID)
	row.set("span_id", span.SpanID)
	row.set("parent_span_id", span.ParentID)
	row.set("name", span.Name)
	row.set("kind", spanKinds[span.Kind])
	row.set("kind_string", span.Kind)
	row.set("duration_nano", uint64(max(span.Duration, 0)))
	row.set("status_message", span.StatusMessage)
	row.set("status_code", int64(0))
	row.set("status_code_string", "Unset")
	row.set("attributes_string", text)
	row.set("attributes_number", number)
	row.set("attributes_bool", flag)
	row.set("resources_string", of.values)
	row.set("has_error", span.Failed)
	row.set("is_remote", "unknown")
	if span.Failed {
		row.set("status_code", int64(2))
		row.set("status_code_string", "Error")
	}
	end := any(span.End().UTC())
	row.set("inserted_at", end)
	row.set("created_at", end)
	row.attributes(span, text, of)
	of.in(out, tracesDatabase+".traces_v3_resource", bucket)
	z.fields(out, "traces", span.Start, span.Attributes, of)
}

// wellKnown are the columns that hold one attribute of any of these names.
var wellKnown = []struct {
	column string
	names  []string
}{
	{"response_status_code", []string{"http.response.status_code", "http.status_code", "rpc.grpc.status_code"}},
	{"http_url", []string{"url.full", "http.url"}},
	{"http_method", []string{"http.request.method", "http.method"}},
	{"http_host", []string{"server.address", "http.host"}},
	{"db_name", []string{"db.namespace", "db.name"}},
	{"db_operation", []string{"db.operation.name", "db.operation"}},
}

var (
	serviceColumn   = attributeColumn("resource", "service.name")
	attributeOwners = ownColumns()
)

// ownColumn is the column of one attribute, and the one that says whether a span has it.
type ownColumn struct{ attribute, column, exists string }

func ownColumns() []ownColumn {
	var all []ownColumn
	for _, name := range spanAttributeColumns {
		column := attributeColumn("attribute", name)
		all = append(all, ownColumn{name, column, column + "_exists"})
	}
	return all
}

// attributes fills the columns that repeat attributes.
func (r record) attributes(span *traces.Span, text map[string]any, of *resource) {
	for _, w := range wellKnown {
		if v := attribute(span, w.names...); v != "" {
			r.set(w.column, v)
		}
	}
	if span.Kind == "Client" {
		r.set("external_http_url", attribute(span, "url.full", "http.url"))
		r.set("external_http_method", attribute(span, "http.request.method", "http.method"))
	}
	if service := of.labels["service.name"]; service != "" {
		r.set(serviceColumn, service)
		r.set(serviceColumn+"_exists", true)
	}
	for _, c := range attributeOwners {
		if v, ok := text[c.attribute]; ok {
			r.set(c.column, v)
			r.set(c.exists, true)
		}
	}
}

// attribute is the first of these attributes that the span has, as text.
func attribute(span *traces.Span, names ...string) string {
	for _, name := range names {
		switch v := span.Attributes[name].(type) {
		case nil:
		case string:
			return v
		case float64:
			return strconv.FormatFloat(v, 'g', -1, 64)
		default:
			return fmt.Sprint(v)
		}
	}
	return ""
}

func (z *signoz) exception(out batch, span *traces.Span) {
	kind := attribute(span, "exception.type")
	message := attribute(span, "exception.message")
	if !span.Failed || kind == "" && message == "" {
		return
	}
	group := hashOf(span.Service + "\x00" + kind + "\x00" + message)
	row := out.add(tracesDatabase + ".signoz_error_index_v2")
	row.set("timestamp", span.End().UTC())
	row.set("errorID", fmt.Sprintf("%032x", hashOf(span.TraceID+span.SpanID)))
	row.set("groupID", fmt.Sprintf("%032x", group))
	row.set("traceID", span.TraceID)
	row.set("spanID", span.SpanID)
	row.set("serviceName", span.Service)
	row.set("exceptionType", kind)
	row.set("exceptionMessage", message)
	row.set("exceptionStacktrace", attribute(span, "exception.stacktrace"))
	row.set("exceptionEscaped", attribute(span, "exception.escaped") == "true")
	row.set("resourceTagsMap", z.resource(span.Resources, span.Service).values)
}

func (z *signoz) topLevel(out batch, span *traces.Span) {
	caller, known := z.services[spanKey{span.TraceID, span.ParentID}]
	entered := span.ParentID == "" || known && caller != span.Service || !known && span.Kind == "Server"
	if entered && z.first(seenKey{what: "operation", name: span.Service, text: span.Name}) {
		row := out.add(tracesDatabase + ".top_level_operations")
		row.set("name", span.Name)
		row.set("serviceName", span.Service)
		row.set("time", span.Start.UTC())
	}
}

type summary struct {
	start, end time.Time
	spans      uint64
}

func summarize(all map[string]*summary, span *traces.Span) {
	m := all[span.TraceID]
	if m == nil {
		m = &summary{start: span.Start, end: span.End()}
		all[span.TraceID] = m
	}
	if span.Start.Before(m.start) {
		m.start = span.Start
	}
	if span.End().After(m.end) {
		m.end = span.End()
	}
	m.spans++
}

// call is a span seen as a call that its parent's service made.
type call struct {
	service  string
	start    time.Time
	duration time.Duration
	failed   bool
}

type edgeKey struct {
	source, target string
	minute         time.Time
}

type edge struct {
	durations     []any
	errors, total uint64
}

type edges map[edgeKey]*edge

func (e edges) add(source string, c call) {
	if source == c.service || source == "" || c.service == "" {
		return
	}
	key := edgeKey{source, c.service, c.start.UTC().Truncate(time.Minute)}
	if e[key] == nil {
		e[key] = &edge{}
	}
	e[key].total++
	if c.failed {
		e[key].errors++
	}
	e[key].durations = append(e[key].durations, float64(c.duration))
}

// calls adds the call that led to this span, and those of its children that came before it.
func (z *signoz) calls(graph edges, span *traces.Span) {
	key := keyOf(span)
	for _, c := range z.orphans[key] {
		graph.add(span.Service, c)
	}
	delete(z.orphans, key)
	if span.ParentID == "" {
		return
	}
	c := call{span.Service, span.Start, span.Duration, span.Failed}
	parent := spanKey{span.TraceID, span.ParentID}
	if caller, known := z.services[parent]; known {
		graph.add(caller, c)
	} else {
		z.orphans[parent] = append(z.orphans[parent], c)
	}
}

func (e edges) rows(out batch) {
	for key, v := range e {
		row := out.add(tracesDatabase + ".dependency_graph_minutes_v2")
		row.set("src", key.source)
		row.set("dest", key.target)
		row.set("duration_quantiles_state", v.durations)
		row.set("error_count", v.errors)
		row.set("total_count", v.total)
		row.set("timestamp", key.minute)
	}
}
