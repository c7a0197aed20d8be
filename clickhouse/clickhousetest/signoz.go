package clickhousetest

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

// signoz is what the SigNoz collector would remember between batches: which resources, series and field names it has
// written already, and the spans whose callers or callees are still to come.
type signoz struct {
	mu           sync.Mutex
	seen         map[string]bool
	fingerprints map[string]string // labels as JSON → fingerprint
	services     map[string]string // trace and span → service
	orphans      map[string][]call // trace and parent span → calls from it
	sequence     uint64
}

func (s *Server) signoz() *signoz { return &s.tables.signoz }

func (z *signoz) reset() {
	z.mu.Lock()
	defer z.mu.Unlock()
	z.seen, z.fingerprints = map[string]bool{}, map[string]string{}
	z.services, z.orphans = map[string]string{}, map[string][]call{}
}

// first says whether this is the first time that the parts are seen together.
func (z *signoz) first(parts ...any) bool {
	key := fmt.Sprint(parts...)
	if z.seen[key] {
		return false
	}
	z.seen[key] = true
	return true
}

const bucketSeconds = 1800

func bucketOf(t time.Time) int64 { return t.Unix() / bucketSeconds * bucketSeconds }

// labelsOf is a resource's attributes as the collector writes them: JSON with sorted keys, and &, < and > escaped.
func labelsOf(resources map[string]string) string {
	if resources == nil {
		resources = map[string]string{}
	}
	text, _ := json.Marshal(resources) // a map of strings cannot fail
	return string(text)
}

func hashOf(text string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(text))
	return h.Sum64()
}

// fingerprint is "label=value;...;hash=N", as the collector writes it, with the labels in alphabetical order.
func (z *signoz) fingerprint(labels string, resources map[string]string) string {
	if known, ok := z.fingerprints[labels]; ok {
		return known
	}
	var b strings.Builder
	for _, k := range slices.Sorted(maps.Keys(resources)) {
		if k == "service.name" || strings.HasPrefix(k, "k8s.") || strings.HasPrefix(k, "deployment.") {
			b.WriteString(k + "=" + resources[k] + ";")
		}
	}
	fmt.Fprintf(&b, "hash=%d", hashOf(labels))
	z.fingerprints[labels] = b.String()
	return b.String()
}

// withService is the resources with the service among them; the caller's map is not written to.
func withService(resources map[string]string, service string) map[string]string {
	if service == "" || resources["service.name"] == service {
		return resources
	}
	out := maps.Clone(resources)
	if out == nil {
		out = map[string]string{}
	}
	out["service.name"] = service
	return out
}

// attributesByType puts attributes into the three maps that hold them.
func attributesByType(attributes map[string]any) (text, number, flag map[string]any) {
	text, number, flag = map[string]any{}, map[string]any{}, map[string]any{}
	for name, v := range attributes {
		switch v := v.(type) {
		case string:
			text[name] = v
		case bool:
			flag[name] = v
		default:
			if f, ok := asFloat(v); ok && v != nil {
				number[name] = f
			} else {
				text[name] = fmt.Sprint(v)
			}
		}
	}
	return text, number, flag
}

func anyMap(m map[string]string) map[string]any {
	out := make(map[string]any, len(m))
	for k, v := range m {
		out[k] = v
	}
	return out
}

// rowsByTable gathers records per table, so that each table is appended to once per batch.
type rowsByTable map[string][]map[string]any

func (r rowsByTable) add(table string, record map[string]any) { r[table] = append(r[table], record) }

// flush appends the records to each distributed table and to its local one.
func (r rowsByTable) flush(t *tables) {
	for name, records := range r {
		database, table, _ := strings.Cut(name, ".")
		t.insert(records, database+".distributed_"+table, name)
	}
}

// resource adds the row of a resource in a bucket, once.
func (z *signoz) resource(out rowsByTable, table, labels, fingerprint string, bucket int64) {
	if z.first(table, labels, bucket) {
		out.add(table, map[string]any{
			"labels": labels, "fingerprint": fingerprint, "seen_at_ts_bucket_start": bucket,
			"_retention_days": uint64(15),
		})
	}
}

// fields adds what field discovery reads: the names of attributes, and their values, each once.
func (z *signoz) fields(out rowsByTable, signal string, at time.Time, attributes map[string]any, resources map[string]string) {
	for name, v := range attributes {
		kind := "string"
		switch v.(type) {
		case bool:
			kind = "bool"
		case float64, float32, int, int64, uint64:
			kind = "float64"
		}
		z.field(out, signal, "attribute", "tag", name, kind, v, at)
	}
	for name, v := range resources {
		z.field(out, signal, "resource", "resource", name, "string", v, at)
	}
}

func (z *signoz) field(out rowsByTable, signal, context, tag, name, kind string, value any, at time.Time) {
	if z.first("key", signal, context, name, kind) {
		dataType := map[string]string{"string": "string", "bool": "bool", "float64": "number"}[kind]
		out.add(metadataDatabase+".field_keys", map[string]any{
			"signal": signal, "field_context": context, "field_name": name, "field_data_type": dataType,
			"last_seen": uint64(at.UnixNano()),
		})
		if signal == "logs" {
			table := map[string]string{"attribute": "logs_attribute_keys", "resource": "logs_resource_keys"}[context]
			out.add(logsDatabase+"."+table, map[string]any{"name": name, "datatype": kind, "timestamp": at.UTC()})
		}
	}
	if signal == "metrics" || !z.first("value", signal, context, name, kind, value) {
		return
	}
	record := map[string]any{
		"unix_milli": at.UnixMilli(), "tag_key": name, "tag_type": tag, "tag_data_type": kind, "string_value": "",
	}
	switch v := value.(type) {
	case string:
		record["string_value"] = v
	case bool:
	default:
		record["number_value"], _ = asFloat(v)
	}
	out.add("signoz_"+signal+".tag_attributes_v2", record)
}
