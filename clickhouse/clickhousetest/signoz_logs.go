package clickhousetest

import (
	"fmt"

	"github.com/fourkites/sources/base/logs"
)

// Insert adds log records as the SigNoz collector would: to logs_v2 and its resource table, with buckets, fingerprints
// and the rows that field discovery reads. A record without an ID gets one that sorts by time; its Service is its
// resource attribute service.name.
func (s *Server) Insert(records ...logs.Record) {
	z, out := s.signoz(), rowsByTable{}
	z.mu.Lock()
	defer z.mu.Unlock()
	for _, r := range records {
		z.log(out, r)
	}
	out.flush(s.tables)
}

func (z *signoz) log(out rowsByTable, r logs.Record) {
	resources := withService(r.Resources, r.Service)
	labels := labelsOf(resources)
	fingerprint := z.fingerprint(labels, resources)
	bucket := bucketOf(r.Time)
	text, number, flag := attributesByType(r.Attributes)
	id := r.ID
	if id == "" {
		z.sequence++
		id = fmt.Sprintf("%016x%011x", uint64(r.Time.UnixNano()), z.sequence)
	}
	severity := r.SeverityText
	if severity == "" && r.Severity != logs.SeverityUnset {
		severity = r.Severity.String()
	}
	out.add(logsDatabase+".logs_v2", map[string]any{
		"ts_bucket_start": uint64(bucket), "resource_fingerprint": fingerprint,
		"timestamp": uint64(r.Time.UnixNano()), "observed_timestamp": uint64(r.Time.UnixNano()), "id": id,
		"trace_id": r.TraceID, "span_id": r.SpanID, "severity_text": severity, "severity_number": uint64(r.Severity),
		"body": r.Body, "attributes_string": text, "attributes_number": number, "attributes_bool": flag,
		"resources_string": anyMap(resources), "_retention_days": uint64(15), "inserted_at": r.Time.UTC(),
		"created_at": r.Time.UTC(),
	})
	z.resource(out, logsDatabase+".logs_v2_resource", labels, fingerprint, bucket)
	z.fields(out, "logs", r.Time, r.Attributes, resources)
}
