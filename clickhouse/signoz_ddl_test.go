package clickhouse_test

import "strings"

// signozDDL makes the tables of SigNoz's migrations on a real server, as far as they matter to a plan: partitions,
// order, skip indexes. The tables are local ones under the names of the distributed ones.
func signozDDL(legacy bool) []string {
	retention, partition, body := "_retention_days UInt16 DEFAULT 15, _retention_days_cold UInt16 DEFAULT 0,",
		", _retention_days, _retention_days_cold", `
		INDEX body_index_v2_token lower(body) TYPE tokenbf_v1(10000, 2, 0) GRANULARITY 1,
		INDEX body_index_v2_ngram lower(body) TYPE ngrambf_v1(4, 15000, 3, 0) GRANULARITY 1,
		INDEX trace_id_idx trace_id TYPE tokenbf_v1(10000, 5, 0) GRANULARITY 1,`
	if legacy {
		retention, partition, body = "", "", "INDEX body_idx lower(body) TYPE ngrambf_v1(4, 60000, 5, 0) GRANULARITY 1,"
	}
	resource := func(name, retention, partition string) string {
		return "CREATE TABLE " + name + ` (labels String CODEC(ZSTD(5)), fingerprint String, seen_at_ts_bucket_start Int64,
			` + retention + `
			INDEX idx_labels lower(labels) TYPE ngrambf_v1(4, 1024, 3, 0) GRANULARITY 1,
			INDEX idx_labels_v1 labels TYPE ngrambf_v1(4, 1024, 3, 0) GRANULARITY 1)
			ENGINE = ReplacingMergeTree ORDER BY (labels, fingerprint, seen_at_ts_bucket_start)
			PARTITION BY (toDate(seen_at_ts_bucket_start)` + partition + ")"
	}
	tags := func(database string) string {
		return "CREATE TABLE " + database + `.distributed_tag_attributes_v2 (unix_milli Int64, tag_key String,
			tag_type LowCardinality(String), tag_data_type LowCardinality(String), string_value String,
			number_value Nullable(Float64)) ENGINE = MergeTree ORDER BY (tag_key, string_value)`
	}
	var spanColumns strings.Builder
	for _, name := range []string{"http$$route", "db$$system", "peer$$service"} {
		attribute := strings.ReplaceAll(name, "$$", ".")
		spanColumns.WriteString("`attribute_string_" + name + "` LowCardinality(String) DEFAULT attributes_string['" + attribute + "'], `attribute_string_" +
			name + "_exists` Bool DEFAULT if(mapContains(attributes_string, '" + attribute + "') != 0, true, false),\n")
	}
	return []string{
		"CREATE DATABASE signoz_logs", "CREATE DATABASE signoz_traces", "CREATE DATABASE signoz_metrics", "CREATE DATABASE signoz_metadata",
		`CREATE TABLE signoz_logs.distributed_logs_v2 (ts_bucket_start UInt64 CODEC(DoubleDelta, LZ4), resource_fingerprint String,
			timestamp UInt64 CODEC(DoubleDelta, LZ4), observed_timestamp UInt64, id String, trace_id String, span_id String,
			trace_flags UInt32, severity_text LowCardinality(String), severity_number UInt8, body String CODEC(ZSTD(2)),
			attributes_string Map(LowCardinality(String), String), attributes_number Map(LowCardinality(String), Float64),
			attributes_bool Map(LowCardinality(String), Bool), resources_string Map(LowCardinality(String), String),
			scope_name String, scope_version String, scope_string Map(LowCardinality(String), String), ` + retention + body + `
			INDEX id_minmax id TYPE minmax GRANULARITY 1,
			INDEX severity_number_idx severity_number TYPE set(25) GRANULARITY 4,
			INDEX attributes_string_idx_key mapKeys(attributes_string) TYPE tokenbf_v1(1024, 2, 0) GRANULARITY 1,
			INDEX attributes_string_idx_val mapValues(attributes_string) TYPE ngrambf_v1(4, 5000, 2, 0) GRANULARITY 1)
			ENGINE = MergeTree ORDER BY (ts_bucket_start, resource_fingerprint, severity_text, timestamp, id)
			PARTITION BY (toDate(timestamp / 1000000000)` + partition + `)`,
		resource("signoz_logs.distributed_logs_v2_resource", retention, partition),
		resource("signoz_traces.distributed_traces_v3_resource", "", ""),
		tags("signoz_logs"), tags("signoz_traces"),
		`CREATE TABLE signoz_traces.distributed_signoz_index_v3 (ts_bucket_start UInt64, resource_fingerprint String,
			timestamp DateTime64(9), trace_id FixedString(32), span_id String, trace_state String, parent_span_id String,
			flags UInt32, name LowCardinality(String), kind Int8, kind_string String, duration_nano UInt64,
			status_code Int16, status_message String, status_code_string String,
			attributes_string Map(LowCardinality(String), String), attributes_number Map(LowCardinality(String), Float64),
			attributes_bool Map(LowCardinality(String), Bool), resources_string Map(LowCardinality(String), String),
			` + spanColumns.String() + `
			has_error Bool, INDEX idx_trace_id trace_id TYPE tokenbf_v1(10000, 5, 0) GRANULARITY 1)
			ENGINE = MergeTree ORDER BY (ts_bucket_start, resource_fingerprint, has_error, name, timestamp) PARTITION BY toDate(timestamp)`,
		`CREATE TABLE signoz_traces.distributed_trace_summary (trace_id String, start SimpleAggregateFunction(min, DateTime64(9)),
			end SimpleAggregateFunction(max, DateTime64(9)), num_spans SimpleAggregateFunction(sum, UInt64))
			ENGINE = AggregatingMergeTree ORDER BY trace_id`,
		`CREATE TABLE signoz_traces.distributed_signoz_error_index_v2 (timestamp DateTime64(9), errorID FixedString(32),
			groupID FixedString(32), traceID FixedString(32), spanID String, serviceName LowCardinality(String),
			exceptionType LowCardinality(String), exceptionMessage String, exceptionStacktrace String, exceptionEscaped Bool,
			resourceTagsMap Map(LowCardinality(String), String)) ENGINE = MergeTree ORDER BY (timestamp, groupID)`,
		`CREATE TABLE signoz_traces.distributed_dependency_graph_minutes_v2 (src LowCardinality(String), dest LowCardinality(String),
			duration_quantiles_state AggregateFunction(quantiles(0.5, 0.75, 0.9, 0.95, 0.99), Float64),
			error_count SimpleAggregateFunction(sum, UInt64), total_count SimpleAggregateFunction(sum, UInt64), timestamp DateTime)
			ENGINE = AggregatingMergeTree ORDER BY (timestamp, src, dest)`,
		`CREATE TABLE signoz_traces.distributed_top_level_operations (name LowCardinality(String), serviceName LowCardinality(String),
			time DateTime DEFAULT now()) ENGINE = ReplacingMergeTree ORDER BY (serviceName, name)`,
		`CREATE TABLE signoz_metadata.distributed_field_keys (signal String, field_context String, field_name String,
			field_data_type String, last_seen UInt64) ENGINE = ReplacingMergeTree ORDER BY (signal, field_context, field_name, field_data_type)`,
		`CREATE TABLE signoz_metrics.distributed_samples_v4 (env LowCardinality(String), temporality LowCardinality(String),
			metric_name LowCardinality(String), fingerprint UInt64, unix_milli Int64, value Float64, flags UInt32)
			ENGINE = MergeTree ORDER BY (env, temporality, metric_name, fingerprint, unix_milli)`,
		`CREATE TABLE signoz_metrics.distributed_time_series_v4 (env LowCardinality(String), temporality LowCardinality(String),
			metric_name LowCardinality(String), description String, unit String, type LowCardinality(String), is_monotonic Bool,
			fingerprint UInt64, unix_milli Int64, labels String) ENGINE = ReplacingMergeTree
			ORDER BY (env, temporality, metric_name, fingerprint, unix_milli)`,
	}
}
