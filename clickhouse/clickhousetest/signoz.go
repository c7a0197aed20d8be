package clickhousetest

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"hash/maphash"
	"math"
	"strconv"
	"sync"
	"time"
)

// signoz is what the SigNoz collector would remember between batches: which resources, series and field names it has
// written already, and the spans whose callers or callees are still to come.
type signoz struct {
	mu        sync.Mutex
	seed      maphash.Seed
	seen      map[seenKey]struct{}
	resources map[uint64][]*resource // by the hash of their labels
	services  map[spanKey]string     // span → its service
	orphans   map[spanKey][]call     // parent span → calls from it
	sequence  uint64
}

func (s *Server) signoz() *signoz { return &s.tables.signoz }

func (z *signoz) reset() {
	z.mu.Lock()
	defer z.mu.Unlock()
	z.seed = maphash.MakeSeed()
	z.seen, z.resources = map[seenKey]struct{}{}, map[uint64][]*resource{}
	z.services, z.orphans = map[spanKey]string{}, map[spanKey][]call{}
}

// seenKey is one thing that is written once.
type seenKey struct {
	what, signal, context, name, kind, text string
	number                                  uint64
}

// first says whether this is the first time that the key is seen.
func (z *signoz) first(key seenKey) bool {
	if _, again := z.seen[key]; again {
		return false
	}
	z.seen[key] = struct{}{}
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

// none stands where there are no attributes of a type.
var none = map[string]any{}

// attributesByType puts attributes into the three maps that hold them.
func attributesByType(attributes map[string]any) (text, number, flag map[string]any) {
	text, number, flag = none, none, none
	put := func(into *map[string]any, name string, v any) {
		if len(*into) == 0 {
			*into = make(map[string]any, len(attributes))
		}
		(*into)[name] = v
	}
	for name, v := range attributes {
		switch x := v.(type) {
		case string:
			put(&text, name, v)
		case bool:
			put(&flag, name, v)
		default:
			if f, ok := asFloat(x); ok && v != nil {
				put(&number, name, f)
			} else {
				put(&text, name, fmt.Sprint(v))
			}
		}
	}
	return text, number, flag
}

// fields adds what field discovery reads: the names of attributes, and their values, each once.
func (z *signoz) fields(out batch, signal string, at time.Time, attributes map[string]any, of *resource) {
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
	if of.listed[signal] {
		return
	}
	of.listed[signal] = true
	for name, v := range of.labels {
		z.field(out, signal, "resource", "resource", name, "string", v, at)
	}
}

func (z *signoz) field(out batch, signal, context, tag, name, kind string, value any, at time.Time) {
	key := seenKey{what: "value", signal: signal, context: context, name: name, kind: kind}
	switch v := value.(type) {
	case string:
		key.text = v
	case bool:
		key.text = strconv.FormatBool(v)
	default:
		f, _ := asFloat(v)
		key.number = math.Float64bits(f)
	}
	if signal != "metrics" && !z.first(key) {
		return
	}
	z.fieldKey(out, signal, context, name, kind, at)
	if signal == "metrics" {
		return
	}
	row := out.add("signoz_" + signal + ".tag_attributes_v2")
	row.set("unix_milli", at.UnixMilli())
	row.set("tag_key", name)
	row.set("tag_type", tag)
	row.set("tag_data_type", kind)
	switch v := value.(type) {
	case string:
		row.set("string_value", v)
	case bool:
	default:
		f, _ := asFloat(v)
		row.set("number_value", f)
	}
}

func (z *signoz) fieldKey(out batch, signal, context, name, kind string, at time.Time) {
	if !z.first(seenKey{what: "key", signal: signal, context: context, name: name, kind: kind}) {
		return
	}
	row := out.add(metadataDatabase + ".field_keys")
	row.set("signal", signal)
	row.set("field_context", context)
	row.set("field_name", name)
	row.set("field_data_type", map[string]string{"string": "string", "bool": "bool", "float64": "number"}[kind])
	row.set("last_seen", uint64(at.UnixNano()))
	if signal == "logs" {
		table := map[string]string{"attribute": "logs_attribute_keys", "resource": "logs_resource_keys"}[context]
		row = out.add(logsDatabase + "." + table)
		row.set("name", name)
		row.set("datatype", kind)
		row.set("timestamp", at.UTC())
	}
}
