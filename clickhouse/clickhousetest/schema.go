package clickhousetest

import "strings"

// SchemaLineage is which history of migrations the SigNoz tables for logs come from.
type SchemaLineage uint8

// The lineages. Fresh installations have columns for retention, JSON columns and a token index over the body; Legacy
// ones have none of them.
const (
	Fresh SchemaLineage = iota
	Legacy
)

// String is the lineage's name.
func (l SchemaLineage) String() string {
	if l == Legacy {
		return "legacy"
	}
	return "fresh"
}

// Lineage makes all SigNoz tables anew, empty, in the shape of this lineage. Set it before the first record is
// inserted.
func (s *Server) Lineage(l SchemaLineage) {
	s.signoz().reset()
	for _, d := range signozTables(l) {
		for _, name := range d.names {
			s.tables.put(Table{Name: d.database + "." + name, Columns: d.columns}, d.hidden)
		}
	}
	s.tables.mu.Lock()
	defer s.tables.mu.Unlock()
	s.tables.indexes = signozIndexes(l)
}

type tableDeclaration struct {
	database string
	names    []string // the distributed table and its local one
	columns  []Column
	hidden   []Column
}

const (
	logColumns = `ts_bucket_start UInt64, resource_fingerprint String, timestamp UInt64, observed_timestamp UInt64,
		id String, trace_id String, span_id String, trace_flags UInt32, severity_text LowCardinality(String),
		severity_number UInt8, body String, attributes_string Map(LowCardinality(String), String),
		attributes_number Map(LowCardinality(String), Float64), attributes_bool Map(LowCardinality(String), Bool),
		resources_string Map(LowCardinality(String), String), scope_name String, scope_version String,
		scope_string Map(LowCardinality(String), String)`
	retentionColumns = `, _retention_days UInt16, _retention_days_cold UInt16`
	insertionColumns = `, inserted_at DateTime64(3), created_at DateTime64(3)`
	logHidden        = `body_v2 JSON(message String, max_dynamic_paths=0), resource JSON(max_dynamic_paths=100)`
	resourceColumns  = `labels String, fingerprint String, seen_at_ts_bucket_start Int64`
	spanColumns      = `ts_bucket_start UInt64, resource_fingerprint String, timestamp DateTime64(9),
		trace_id FixedString(32), span_id String, trace_state String, parent_span_id String, flags UInt32,
		name LowCardinality(String), kind Int8, kind_string String, duration_nano UInt64, status_code Int16,
		status_message String, status_code_string String, attributes_string Map(LowCardinality(String), String),
		attributes_number Map(LowCardinality(String), Float64), attributes_bool Map(LowCardinality(String), Bool),
		resources_string Map(LowCardinality(String), String), events Array(String), links String,
		response_status_code LowCardinality(String), external_http_url LowCardinality(String),
		http_url LowCardinality(String), external_http_method LowCardinality(String),
		http_method LowCardinality(String), http_host LowCardinality(String), db_name LowCardinality(String),
		db_operation LowCardinality(String), has_error Bool, is_remote LowCardinality(String)`
	spanHidden   = `resource JSON(max_dynamic_paths=100), attributes JSON(max_dynamic_paths=0)`
	traceColumns = `trace_id String, start SimpleAggregateFunction(min, DateTime64(9)),
		end SimpleAggregateFunction(max, DateTime64(9)), num_spans SimpleAggregateFunction(sum, UInt64)`
	exceptionColumns = `timestamp DateTime64(9), errorID FixedString(32), groupID FixedString(32),
		traceID FixedString(32), spanID String, serviceName LowCardinality(String),
		exceptionType LowCardinality(String), exceptionMessage String, exceptionStacktrace String,
		exceptionEscaped Bool, resourceTagsMap Map(LowCardinality(String), String)`
	dependencyColumns = `src LowCardinality(String), dest LowCardinality(String),
		duration_quantiles_state AggregateFunction(quantiles(0.5, 0.75, 0.9, 0.95, 0.99), Float64),
		error_count SimpleAggregateFunction(sum, UInt64), total_count SimpleAggregateFunction(sum, UInt64),
		timestamp DateTime, deployment_environment LowCardinality(String), k8s_cluster_name LowCardinality(String),
		k8s_namespace_name LowCardinality(String)`
	topLevelColumns = `name LowCardinality(String), serviceName LowCardinality(String), time DateTime`
	tagColumns      = `unix_milli Int64, tag_key String, tag_type LowCardinality(String),
		tag_data_type LowCardinality(String), string_value String, number_value Nullable(Float64)`
	keyColumns    = `name String, datatype String, timestamp DateTime`
	fieldColumns  = `signal String, field_context String, field_name String, field_data_type String, last_seen UInt64`
	sampleColumns = `env LowCardinality(String), temporality LowCardinality(String),
		metric_name LowCardinality(String), fingerprint UInt64, unix_milli Int64, value Float64, flags UInt32`
	seriesColumns = `env LowCardinality(String), temporality LowCardinality(String),
		metric_name LowCardinality(String), description LowCardinality(String), unit LowCardinality(String),
		type LowCardinality(String), is_monotonic Bool, fingerprint UInt64, unix_milli Int64, labels String,
		attrs Map(LowCardinality(String), String), scope_attrs Map(LowCardinality(String), String),
		resource_attrs Map(LowCardinality(String), String), __normalized Bool`
)

// spanAttributeColumns are the attributes that have a column of their own in the index of spans.
var spanAttributeColumns = []string{
	"http.route", "messaging.system", "messaging.operation", "db.system", "rpc.system", "rpc.service", "rpc.method",
	"peer.service",
}

// The databases that SigNoz writes.
const (
	logsDatabase     = "signoz_logs"
	tracesDatabase   = "signoz_traces"
	metricsDatabase  = "signoz_metrics"
	metadataDatabase = "signoz_metadata"
)

func signozTables(l SchemaLineage) []tableDeclaration {
	logs, resources, hidden := logColumns, resourceColumns, ""
	if l == Fresh {
		logs += retentionColumns + insertionColumns
		resources += retentionColumns
		hidden = logHidden
	}
	both := func(name string) []string { return []string{"distributed_" + name, name} }
	declare := func(database, name, columns, hidden string) tableDeclaration {
		return tableDeclaration{database, both(name), parseColumns(columns), parseColumns(hidden)}
	}
	return []tableDeclaration{
		declare(logsDatabase, "logs_v2", logs, hidden),
		declare(logsDatabase, "logs_v2_resource", resources, ""),
		declare(logsDatabase, "tag_attributes_v2", tagColumns, ""),
		declare(logsDatabase, "logs_attribute_keys", keyColumns, ""),
		declare(logsDatabase, "logs_resource_keys", keyColumns, ""),
		declare(tracesDatabase, "signoz_index_v3", spanColumns+spanExtraColumns(), spanHidden),
		declare(tracesDatabase, "traces_v3_resource", resourceColumns, ""),
		declare(tracesDatabase, "trace_summary", traceColumns, ""),
		declare(tracesDatabase, "signoz_error_index_v2", exceptionColumns, ""),
		declare(tracesDatabase, "dependency_graph_minutes_v2", dependencyColumns, ""),
		declare(tracesDatabase, "top_level_operations", topLevelColumns, ""),
		declare(tracesDatabase, "tag_attributes_v2", tagColumns, ""),
		declare(metricsDatabase, "samples_v4", sampleColumns, ""),
		declare(metricsDatabase, "time_series_v4", seriesColumns, ""),
		declare(metadataDatabase, "field_keys", fieldColumns, ""),
	}
}

func spanExtraColumns() string {
	var b strings.Builder
	for _, column := range append([]string{attributeColumn("resource", "service.name")}, attributeColumns()...) {
		b.WriteString(", `" + column + "` LowCardinality(String), `" + column + "_exists` Bool")
	}
	return b.String() + insertionColumns
}

func attributeColumns() []string {
	var out []string
	for _, attribute := range spanAttributeColumns {
		out = append(out, attributeColumn("attribute", attribute))
	}
	return out
}

// attributeColumn is the name that SigNoz gives to the column of one attribute.
func attributeColumn(context, attribute string) string {
	return context + "_string_" + strings.ReplaceAll(attribute, ".", "$$")
}

func signozIndexes(l SchemaLineage) []index {
	on := func(name, kind, full, expr string) index {
		return index{logsDatabase, "logs_v2", name, kind, full, expr}
	}
	out := []index{
		on("id_minmax", "minmax", "minmax", "id"),
		on("severity_number_idx", "set", "set(25)", "severity_number"),
		on("severity_text_idx", "set", "set(25)", "severity_text"),
		on("scope_name_idx", "tokenbf_v1", "tokenbf_v1(10240, 3, 0)", "scope_name"),
		on("attributes_string_idx_key", "tokenbf_v1", "tokenbf_v1(1024, 2, 0)", "mapKeys(attributes_string)"),
		on("attributes_string_idx_val", "ngrambf_v1", "ngrambf_v1(4, 5000, 2, 0)", "mapValues(attributes_string)"),
	}
	if l == Legacy {
		return append(out, on("body_idx", "ngrambf_v1", "ngrambf_v1(4, 60000, 5, 0)", "lower(body)"))
	}
	return append(out,
		on("body_index_v2_token", "tokenbf_v1", "tokenbf_v1(10000, 2, 0)", "lower(body)"),
		on("body_index_v2_ngram", "ngrambf_v1", "ngrambf_v1(4, 15000, 3, 0)", "lower(body)"),
		on("trace_id_idx", "tokenbf_v1", "tokenbf_v1(10000, 5, 0)", "trace_id"),
		on("span_id_idx", "tokenbf_v1", "tokenbf_v1(5000, 5, 0)", "span_id"),
		on("body_v2_string_token_idx", "tokenbf_v1", "tokenbf_v1(10000, 2, 0)", "lower(toString(body_v2))"),
	)
}
