package clickhousetest

import (
	"fmt"
	"time"

	"github.com/fourkites/sources/base/traces"
)

// InsertSpans adds spans as the SigNoz collector would: to the index and its resource table, the summary of each trace
// (one row per batch, so that readers must aggregate), the exceptions of failed spans (from their attributes
// exception.type, exception.message and exception.stacktrace), the calls between services per minute, and the
// operations that a service was entered by.
func (s *Server) InsertSpans(spans ...traces.Span) {
	z, out := s.signoz(), rowsByTable{}
	z.mu.Lock()
	defer z.mu.Unlock()
	for _, span := range spans {
		z.services[span.TraceID+"/"+span.SpanID] = span.Service
	}
	summaries, graph := map[string]*summary{}, edges{}
	for _, span := range spans {
		z.span(out, span)
		z.exception(out, span)
		z.calls(graph, span)
		z.topLevel(out, span)
		summarize(summaries, span)
	}
	for id, m := range summaries {
		out.add(tracesDatabase+".trace_summary", map[string]any{
			"trace_id": id, "start": m.start.UTC(), "end": m.end.UTC(), "num_spans": m.spans,
		})
	}
	graph.rows(out)
	out.flush(s.tables)
}

var spanKinds = map[string]int64{"Internal": 1, "Server": 2, "Client": 3, "Producer": 4, "Consumer": 5}

func (z *signoz) span(out rowsByTable, span traces.Span) {
	resources := withService(span.Resources, span.Service)
	labels := labelsOf(resources)
	fingerprint := z.fingerprint(labels, resources)
	bucket := bucketOf(span.Start)
	text, number, flag := attributesByType(span.Attributes)
	record := map[string]any{
		"ts_bucket_start": uint64(bucket), "resource_fingerprint": fingerprint, "timestamp": span.Start.UTC(),
		"trace_id": span.TraceID, "span_id": span.SpanID, "parent_span_id": span.ParentID, "name": span.Name,
		"kind": spanKinds[span.Kind], "kind_string": span.Kind, "duration_nano": uint64(max(span.Duration, 0)),
		"status_message": span.StatusMessage, "status_code": int64(0), "status_code_string": "Unset",
		"attributes_string": text, "attributes_number": number, "attributes_bool": flag,
		"resources_string": anyMap(resources), "has_error": span.Failed, "is_remote": "unknown",
		"response_status_code": attribute(span, "http.response.status_code", "http.status_code", "rpc.grpc.status_code"),
		"http_url":             attribute(span, "url.full", "http.url"),
		"http_method":          attribute(span, "http.request.method", "http.method"),
		"http_host":            attribute(span, "server.address", "http.host"),
		"db_name":              attribute(span, "db.namespace", "db.name"),
		"db_operation":         attribute(span, "db.operation.name", "db.operation"),
		"inserted_at":          span.End().UTC(), "created_at": span.End().UTC(),
		attributeColumn("resource", "service.name"):             resources["service.name"],
		attributeColumn("resource", "service.name") + "_exists": resources["service.name"] != "",
	}
	if span.Failed {
		record["status_code"], record["status_code_string"] = int64(2), "Error"
	}
	if span.Kind == "Client" {
		record["external_http_url"], record["external_http_method"] = record["http_url"], record["http_method"]
	}
	for _, name := range spanAttributeColumns {
		v, ok := text[name]
		if ok {
			record[attributeColumn("attribute", name)] = v
		}
		record[attributeColumn("attribute", name)+"_exists"] = ok
	}
	out.add(tracesDatabase+".signoz_index_v3", record)
	z.resource(out, tracesDatabase+".traces_v3_resource", labels, fingerprint, bucket)
	z.fields(out, "traces", span.Start, span.Attributes, resources)
}

// attribute is the first of these attributes that the span has, as text.
func attribute(span traces.Span, names ...string) string {
	for _, name := range names {
		if v, ok := span.Attributes[name]; ok {
			return fmt.Sprint(v)
		}
	}
	return ""
}

func (z *signoz) exception(out rowsByTable, span traces.Span) {
	kind := attribute(span, "exception.type")
	message := attribute(span, "exception.message")
	if !span.Failed || kind == "" && message == "" {
		return
	}
	group := hashOf(span.Service + "\x00" + kind + "\x00" + message)
	out.add(tracesDatabase+".signoz_error_index_v2", map[string]any{
		"timestamp": span.End().UTC(), "errorID": fmt.Sprintf("%032x", hashOf(span.TraceID+span.SpanID)),
		"groupID": fmt.Sprintf("%032x", group), "traceID": span.TraceID, "spanID": span.SpanID,
		"serviceName": span.Service, "exceptionType": kind, "exceptionMessage": message,
		"exceptionStacktrace": attribute(span, "exception.stacktrace"),
		"exceptionEscaped":    attribute(span, "exception.escaped") == "true",
		"resourceTagsMap":     anyMap(withService(span.Resources, span.Service)),
	})
}

func (z *signoz) topLevel(out rowsByTable, span traces.Span) {
	caller, known := z.services[span.TraceID+"/"+span.ParentID]
	entered := span.ParentID == "" || known && caller != span.Service || !known && span.Kind == "Server"
	if entered && z.first("operation", span.Service, span.Name) {
		out.add(tracesDatabase+".top_level_operations", map[string]any{
			"name": span.Name, "serviceName": span.Service, "time": span.Start.UTC(),
		})
	}
}

type summary struct {
	start, end time.Time
	spans      uint64
}

func summarize(all map[string]*summary, span traces.Span) {
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
func (z *signoz) calls(graph edges, span traces.Span) {
	key := span.TraceID + "/" + span.SpanID
	for _, c := range z.orphans[key] {
		graph.add(span.Service, c)
	}
	delete(z.orphans, key)
	if span.ParentID == "" {
		return
	}
	c := call{span.Service, span.Start, span.Duration, span.Failed}
	parent := span.TraceID + "/" + span.ParentID
	if caller, known := z.services[parent]; known {
		graph.add(caller, c)
	} else {
		z.orphans[parent] = append(z.orphans[parent], c)
	}
}

func (e edges) rows(out rowsByTable) {
	for key, v := range e {
		out.add(tracesDatabase+".dependency_graph_minutes_v2", map[string]any{
			"src": key.source, "dest": key.target, "duration_quantiles_state": v.durations, "error_count": v.errors,
			"total_count": v.total, "timestamp": key.minute,
		})
	}
}
