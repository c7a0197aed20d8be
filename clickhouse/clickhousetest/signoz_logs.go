package clickhousetest

import (
	"fmt"

	"github.com/fourkites/sources/base/logs"
)

// Insert adds log records as the SigNoz collector would: to logs_v2 and its resource table, with buckets, fingerprints
// and the rows that field discovery reads. A record without an ID gets one that sorts by time; its Service is its
// resource attribute service.name.
func (s *Server) Insert(records ...logs.Record) {
	z, out := s.signoz(), newBatch(s.tables)
	z.mu.Lock()
	defer z.mu.Unlock()
	for i := range records {
		z.log(out, &records[i])
	}
	out.flush()
}

func (z *signoz) log(out batch, r *logs.Record) {
	of := z.resource(r.Resources, r.Service)
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
	nanos, at := any(uint64(r.Time.UnixNano())), any(r.Time.UTC())
	row := out.add(logsDatabase + ".logs_v2")
	row.set("ts_bucket_start", uint64(bucket))
	row.set("resource_fingerprint", of.fingerprint)
	row.set("timestamp", nanos)
	row.set("observed_timestamp", nanos)
	row.set("id", id)
	row.set("trace_id", r.TraceID)
	row.set("span_id", r.SpanID)
	row.set("severity_text", severity)
	row.set("severity_number", uint64(r.Severity))
	row.set("body", r.Body)
	row.set("attributes_string", text)
	row.set("attributes_number", number)
	row.set("attributes_bool", flag)
	row.set("resources_string", of.values)
	row.set("_retention_days", uint64(15))
	row.set("inserted_at", at)
	row.set("created_at", at)
	of.in(out, logsDatabase+".logs_v2_resource", bucket)
	z.fields(out, "logs", r.Time, r.Attributes, of)
}
