package clickhousetest

import (
	"fmt"
	"hash/maphash"
	"maps"
	"slices"
	"strings"
)

// resource is one resource that rows came from, and what is written of it.
type resource struct {
	given       map[string]string // as the record has it; with the service it is the resource's identity
	service     string
	labels      map[string]string // the service among them
	values      map[string]any    // labels as values of a row; rows share it
	json        string
	fingerprint string
	listed      map[string]bool // signals for which its fields were listed
	buckets     map[bucketKey]struct{}
}

type bucketKey struct {
	table string
	at    int64
}

// resource finds what is known of a resource, or learns it. Neither map is kept: the caller may write to its own.
func (z *signoz) resource(given map[string]string, service string) *resource {
	hash := maphash.String(z.seed, service)
	for k, v := range given { // in any order
		hash += maphash.String(z.seed, k) ^ 3*maphash.String(z.seed, v)
	}
	for _, r := range z.resources[hash] {
		if r.service == service && maps.Equal(r.given, given) {
			return r
		}
	}
	labels := withService(given, service)
	r := &resource{
		given: maps.Clone(given), service: service, labels: labels, values: anyMap(labels), json: labelsOf(labels),
		listed: map[string]bool{}, buckets: map[bucketKey]struct{}{},
	}
	r.fingerprint = fingerprintOf(r.json, labels)
	z.resources[hash] = append(z.resources[hash], r)
	return r
}

// in adds the row of the resource in a bucket, once.
func (r *resource) in(out batch, table string, bucket int64) {
	key := bucketKey{table, bucket}
	if _, again := r.buckets[key]; again {
		return
	}
	r.buckets[key] = struct{}{}
	row := out.add(table)
	row.set("labels", r.json)
	row.set("fingerprint", r.fingerprint)
	row.set("seen_at_ts_bucket_start", bucket)
	row.set("_retention_days", uint64(15))
}

// fingerprintOf is "label=value;...;hash=N", as the collector writes it, with the labels in alphabetical order.
func fingerprintOf(json string, labels map[string]string) string {
	var b strings.Builder
	for _, k := range slices.Sorted(maps.Keys(labels)) {
		if k == "service.name" || strings.HasPrefix(k, "k8s.") || strings.HasPrefix(k, "deployment.") {
			b.WriteString(k + "=" + labels[k] + ";")
		}
	}
	fmt.Fprintf(&b, "hash=%d", hashOf(json))
	return b.String()
}

// withService is the resources with the service among them, in a map of its own.
func withService(resources map[string]string, service string) map[string]string {
	out := make(map[string]string, len(resources)+1)
	maps.Copy(out, resources)
	if service != "" {
		out["service.name"] = service
	}
	return out
}

func anyMap(m map[string]string) map[string]any {
	out := make(map[string]any, len(m))
	for k, v := range m {
		out[k] = v
	}
	return out
}
