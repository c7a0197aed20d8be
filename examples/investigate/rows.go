package main

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"maps"
	"time"

	"github.com/fourkites/sources/base/logs"
	"github.com/fourkites/sources/base/traces"
	"github.com/fourkites/sources/internal/incident"
)

// tableOfRows is what goes into one table.
type tableOfRows struct {
	name    string
	columns []string
	rows    [][]any
}

// tableRows are a case as the SigNoz collector would write it: buckets of half an hour, and each resource by its
// fingerprint.
func tableRows(c incident.Case) []tableOfRows {
	logRows, logResources := rowsOfLogs(c.Logs)
	spanRows, spanResources, summaries := rowsOfSpans(c.Spans)
	samples, series := rowsOfPoints(c)
	return []tableOfRows{
		{"logs", []string{
			"ts_bucket_start", "resource_fingerprint", "timestamp", "id", "trace_id", "span_id", "severity_text", "severity_number",
			"body", "attributes_string", "attributes_number", "attributes_bool", "resources_string",
		}, logRows},
		{"log_resources", resourceColumns, logResources},
		{"spans", []string{
			"ts_bucket_start", "resource_fingerprint", "timestamp", "trace_id", "span_id", "parent_span_id", "name", "kind",
			"kind_string", "duration_nano", "status_message", "has_error", "attributes_string", "attributes_number",
			"attributes_bool", "resources_string",
		}, spanRows},
		{"span_resources", resourceColumns, spanResources},
		{"trace_summary", []string{"trace_id", "start", "end", "num_spans"}, summaries},
		{"samples", []string{"env", "temporality", "metric_name", "fingerprint", "unix_milli", "value"}, samples},
		{"time_series", []string{
			"env", "temporality", "metric_name", "description", "unit", "type", "is_monotonic", "fingerprint", "unix_milli", "labels",
		}, series},
	}
}

var resourceColumns = []string{"labels", "fingerprint", "seen_at_ts_bucket_start"}

const bucketSeconds = 1800

func bucketOf(at time.Time) int64 { return at.Unix() / bucketSeconds * bucketSeconds }

// resourceRows gathers the rows of a table of resources, each once per bucket.
type resourceRows struct {
	rows [][]any
	seen map[string]bool
}

// add gives the fingerprint of a resource and all of its attributes.
func (r *resourceRows) add(attributes map[string]string, service string, bucket int64) (fingerprint string, all map[string]string) {
	all = maps.Clone(attributes)
	if all == nil {
		all = map[string]string{}
	}
	all["service.name"] = service
	labels, _ := json.Marshal(all) // a map of strings cannot fail
	fingerprint = fmt.Sprintf("service.name=%s;hash=%d", service, hashOf(string(labels)))
	if key := fmt.Sprint(fingerprint, bucket); !r.seen[key] {
		r.seen[key] = true
		r.rows = append(r.rows, []any{string(labels), fingerprint, bucket})
	}
	return fingerprint, all
}

func hashOf(text string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(text))
	return h.Sum64()
}

func rowsOfLogs(records []logs.Record) (rows, resources [][]any) {
	known := resourceRows{seen: map[string]bool{}}
	for i, r := range records {
		bucket := bucketOf(r.Time)
		fingerprint, all := known.add(r.Resources, r.Service, bucket)
		text, number, flag := byType(r.Attributes)
		rows = append(rows, []any{
			uint64(bucket), fingerprint, uint64(r.Time.UnixNano()), fmt.Sprintf("%016x%08x", r.Time.UnixNano(), i), r.TraceID, r.SpanID,
			r.SeverityText, uint8(r.Severity), r.Body, text, number, flag, all,
		})
	}
	return rows, known.rows
}

func rowsOfSpans(spans []traces.Span) (rows, resources, summaries [][]any) {
	known := resourceRows{seen: map[string]bool{}}
	kinds := map[string]int8{"Internal": 1, "Server": 2, "Client": 3, "Producer": 4, "Consumer": 5}
	for _, s := range spans {
		bucket := bucketOf(s.Start)
		fingerprint, all := known.add(s.Resources, s.Service, bucket)
		text, number, flag := byType(s.Attributes)
		rows = append(rows, []any{
			uint64(bucket), fingerprint, s.Start, s.TraceID, s.SpanID, s.ParentID, s.Name, kinds[s.Kind], s.Kind,
			uint64(max(s.Duration, 0)), s.StatusMessage, s.Failed, text, number, flag, all,
		})
		summaries = append(summaries, []any{s.TraceID, s.Start, s.End(), uint64(1)})
	}
	return rows, known.rows, summaries
}

// rowsOfPoints are the samples, and each series once per hour.
func rowsOfPoints(c incident.Case) (samples, series [][]any) {
	const env, temporality = "default", "Unspecified"
	seen := map[string]bool{}
	for _, p := range c.Metrics {
		named := maps.Clone(p.Labels)
		named["__name__"] = p.Metric
		labels, _ := json.Marshal(named) // a map of strings cannot fail
		fingerprint, hour := hashOf(string(labels)), p.Time.Truncate(time.Hour)
		samples = append(samples, []any{env, temporality, p.Metric, fingerprint, p.Time.UnixMilli(), p.Value})
		if key := fmt.Sprint(fingerprint, hour.Unix()); !seen[key] {
			seen[key] = true
			series = append(series, []any{
				env, temporality, p.Metric, "", "", "Gauge", false, fingerprint, hour.UnixMilli(), string(labels),
			})
		}
	}
	return samples, series
}

// byType puts attributes into the three maps that hold them.
func byType(attributes map[string]any) (text map[string]string, number map[string]float64, flag map[string]bool) {
	text, number, flag = map[string]string{}, map[string]float64{}, map[string]bool{}
	for name, v := range attributes {
		switch v := v.(type) {
		case string:
			text[name] = v
		case float64:
			number[name] = v
		case bool:
			flag[name] = v
		}
	}
	return text, number, flag
}
