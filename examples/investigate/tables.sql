CREATE TABLE {database}.logs (
    ts_bucket_start UInt64, resource_fingerprint String, timestamp UInt64, id String, trace_id String, span_id String,
    severity_text LowCardinality(String), severity_number UInt8, body String,
    attributes_string Map(LowCardinality(String), String), attributes_number Map(LowCardinality(String), Float64),
    attributes_bool Map(LowCardinality(String), Bool), resources_string Map(LowCardinality(String), String))
ENGINE = MergeTree ORDER BY (ts_bucket_start, resource_fingerprint, severity_text, timestamp, id);

CREATE TABLE {database}.log_resources (labels String, fingerprint String, seen_at_ts_bucket_start Int64)
ENGINE = ReplacingMergeTree ORDER BY (labels, fingerprint, seen_at_ts_bucket_start);

CREATE TABLE {database}.spans (
    ts_bucket_start UInt64, resource_fingerprint String, timestamp DateTime64(9), trace_id String, span_id String,
    parent_span_id String, name LowCardinality(String), kind Int8, kind_string String, duration_nano UInt64,
    status_message String, has_error Bool,
    attributes_string Map(LowCardinality(String), String), attributes_number Map(LowCardinality(String), Float64),
    attributes_bool Map(LowCardinality(String), Bool), resources_string Map(LowCardinality(String), String))
ENGINE = MergeTree ORDER BY (ts_bucket_start, resource_fingerprint, has_error, name, timestamp);

CREATE TABLE {database}.span_resources (labels String, fingerprint String, seen_at_ts_bucket_start Int64)
ENGINE = ReplacingMergeTree ORDER BY (labels, fingerprint, seen_at_ts_bucket_start);

CREATE TABLE {database}.trace_summary (trace_id String, start SimpleAggregateFunction(min, DateTime64(9)),
    end SimpleAggregateFunction(max, DateTime64(9)), num_spans SimpleAggregateFunction(sum, UInt64))
ENGINE = AggregatingMergeTree ORDER BY trace_id;

CREATE TABLE {database}.samples (env LowCardinality(String), temporality LowCardinality(String),
    metric_name LowCardinality(String), fingerprint UInt64, unix_milli Int64, value Float64)
ENGINE = MergeTree ORDER BY (env, temporality, metric_name, fingerprint, unix_milli);

CREATE TABLE {database}.time_series (env LowCardinality(String), temporality LowCardinality(String),
    metric_name LowCardinality(String), description String, unit String, type LowCardinality(String), is_monotonic Bool,
    fingerprint UInt64, unix_milli Int64, labels String)
ENGINE = ReplacingMergeTree ORDER BY (env, temporality, metric_name, fingerprint, unix_milli)
