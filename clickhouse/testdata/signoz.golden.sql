-- fingerprints of one service
SELECT fingerprint FROM `signoz_logs`.`distributed_logs_v2_resource`
WHERE simpleJSONExtractString(labels, {p0:String}) = {p1:String}
  AND labels LIKE {p2:String}
  AND seen_at_ts_bucket_start >= {p3:Int64} AND seen_at_ts_bucket_start <= {p4:Int64}
GROUP BY fingerprint
LIMIT {p5:UInt64}
--   p0 = "service.name"
--   p1 = "cart"
--   p2 = "%\"service.name\":\"cart\"%"
--   p3 = 1772620200
--   p4 = 1772625599
--   p5 = 0x3e9

-- fingerprints of services and labels, with characters that JSON and LIKE escape
SELECT fingerprint FROM `signoz_logs`.`distributed_logs_v2_resource`
WHERE simpleJSONExtractString(labels, {p0:String}) IN {p1:Array(String)}
  AND (labels LIKE {p2:String} OR labels LIKE {p3:String})
  AND simpleJSONExtractString(labels, {p4:String}) = {p5:String}
  AND labels LIKE {p6:String}
  AND seen_at_ts_bucket_start >= {p7:Int64} AND seen_at_ts_bucket_start <= {p8:Int64}
GROUP BY fingerprint
LIMIT {p9:UInt64}
--   p0 = "service.name"
--   p1 = []string{"r&d <x>", "100%_\\"}
--   p2 = "%\"service.name\":\"r\\\\u0026d \\\\u003cx\\\\u003e\"%"
--   p3 = "%\"service.name\":\"100\\%\\_\\\\\\\\\"%"
--   p4 = "k8s.pod.name"
--   p5 = "pod-1"
--   p6 = "%\"k8s.pod.name\":\"pod-1\"%"
--   p7 = 1772620200
--   p8 = 1772625599
--   p9 = 0x3e9

-- list of one service
SELECT `timestamp` AS x_time, `id` AS x_id, `trace_id` AS x_trace, `span_id` AS x_span, `severity_text` AS x_severity, `severity_number` AS x_number, `body` AS x_body, `attributes_string` AS x_strings, `attributes_number` AS x_numbers, `attributes_bool` AS x_bools, `resources_string` AS x_resources
FROM `signoz_logs`.`distributed_logs_v2`
WHERE `resource_fingerprint` IN {p0:Array(String)}
  AND `timestamp` >= {p1:UInt64} AND `timestamp` < {p2:UInt64}
  AND `ts_bucket_start` >= {p3:UInt64} AND `ts_bucket_start` <= {p4:UInt64}
ORDER BY `timestamp` DESC, `id` DESC
LIMIT {p5:UInt64}
--   p0 = []string{"service=cart;hash=1", "service=cart;hash=2"}
--   p1 = 0x18999e51370ae000
--   p2 = 0x1899a19767c38000
--   p3 = 0x69a809a8
--   p4 = 0x69a81ebf
--   p5 = 0x65
--   setting query_plan_max_limit_for_lazy_materialization = 10001

-- list of too many fingerprints
WITH __resources AS (
SELECT fingerprint FROM `signoz_logs`.`distributed_logs_v2_resource`
WHERE simpleJSONExtractString(labels, {p0:String}) = {p1:String}
  AND labels LIKE {p2:String}
  AND seen_at_ts_bucket_start >= {p3:Int64} AND seen_at_ts_bucket_start <= {p4:Int64}
GROUP BY fingerprint)
SELECT `timestamp` AS x_time, `id` AS x_id, `trace_id` AS x_trace, `span_id` AS x_span, `severity_text` AS x_severity, `severity_number` AS x_number, `body` AS x_body, `attributes_string` AS x_strings, `attributes_number` AS x_numbers, `attributes_bool` AS x_bools, `resources_string` AS x_resources
FROM `signoz_logs`.`distributed_logs_v2`
WHERE `resource_fingerprint` GLOBAL IN (SELECT fingerprint FROM __resources)
  AND `timestamp` >= {p5:UInt64} AND `timestamp` < {p6:UInt64}
  AND `ts_bucket_start` >= {p7:UInt64} AND `ts_bucket_start` <= {p8:UInt64}
ORDER BY `timestamp` DESC, `id` DESC
LIMIT {p9:UInt64}
--   p0 = "service.name"
--   p1 = "cart"
--   p2 = "%\"service.name\":\"cart\"%"
--   p3 = 1772620200
--   p4 = 1772625599
--   p5 = 0x18999e51370ae000
--   p6 = 0x1899a19767c38000
--   p7 = 0x69a809a8
--   p8 = 0x69a81ebf
--   p9 = 0x65
--   setting query_plan_max_limit_for_lazy_materialization = 10001

-- list of services that the table of resources lacks
SELECT `timestamp` AS x_time, `id` AS x_id, `trace_id` AS x_trace, `span_id` AS x_span, `severity_text` AS x_severity, `severity_number` AS x_number, `body` AS x_body, `attributes_string` AS x_strings, `attributes_number` AS x_numbers, `attributes_bool` AS x_bools, `resources_string` AS x_resources
FROM `signoz_logs`.`distributed_logs_v2`
WHERE `resources_string`[{p0:String}] IN {p1:Array(String)}
  AND `resources_string`[{p2:String}] = {p3:String}
  AND `timestamp` >= {p4:UInt64} AND `timestamp` < {p5:UInt64}
  AND `ts_bucket_start` >= {p6:UInt64} AND `ts_bucket_start` <= {p7:UInt64}
ORDER BY `timestamp` DESC, `id` DESC
LIMIT {p8:UInt64}
--   p0 = "service.name"
--   p1 = []string{"cart", "pay"}
--   p2 = "k8s.pod.name"
--   p3 = "pod-1"
--   p4 = 0x18999e51370ae000
--   p5 = 0x1899a19767c38000
--   p6 = 0x69a809a8
--   p7 = 0x69a81ebf
--   p8 = 0x65
--   setting query_plan_max_limit_for_lazy_materialization = 10001

-- next page, oldest first
SELECT `timestamp` AS x_time, `id` AS x_id, `trace_id` AS x_trace, `span_id` AS x_span, `severity_text` AS x_severity, `severity_number` AS x_number, `body` AS x_body, `attributes_string` AS x_strings, `attributes_number` AS x_numbers, `attributes_bool` AS x_bools, `resources_string` AS x_resources
FROM `signoz_logs`.`distributed_logs_v2`
WHERE `timestamp` >= {p0:UInt64} AND `timestamp` < {p1:UInt64}
  AND `ts_bucket_start` >= {p2:UInt64} AND `ts_bucket_start` <= {p3:UInt64}
  AND `timestamp` >= {p4:UInt64}
  AND (`timestamp`, `id`) > ({p4:UInt64}, {p5:String})
ORDER BY `timestamp`, `id`
LIMIT {p6:UInt64}
--   p0 = 0x18999e51370ae000
--   p1 = 0x1899a19767c38000
--   p2 = 0x69a809a8
--   p3 = 0x69a81ebf
--   p4 = 0x1899a19767c38000
--   p5 = "id7"
--   p6 = 0x65
--   setting query_plan_max_limit_for_lazy_materialization = 10001

-- next page, newest first
SELECT `timestamp` AS x_time, `id` AS x_id, `trace_id` AS x_trace, `span_id` AS x_span, `severity_text` AS x_severity, `severity_number` AS x_number, `body` AS x_body, `attributes_string` AS x_strings, `attributes_number` AS x_numbers, `attributes_bool` AS x_bools, `resources_string` AS x_resources
FROM `signoz_logs`.`distributed_logs_v2`
WHERE `timestamp` >= {p0:UInt64} AND `timestamp` < {p1:UInt64}
  AND `ts_bucket_start` >= {p2:UInt64} AND `ts_bucket_start` <= {p3:UInt64}
  AND `timestamp` <= {p4:UInt64}
  AND (`timestamp`, `id`) < ({p4:UInt64}, {p5:String})
ORDER BY `timestamp` DESC, `id` DESC
LIMIT {p6:UInt64}
--   p0 = 0x18999e51370ae000
--   p1 = 0x1899a19767c38000
--   p2 = 0x69a809a8
--   p3 = 0x69a81ebf
--   p4 = 0x1899a19767c38000
--   p5 = "id7"
--   p6 = 0x65

-- texts on a fresh schema
SELECT `timestamp` AS x_time, `id` AS x_id, `trace_id` AS x_trace, `span_id` AS x_span, `severity_text` AS x_severity, `severity_number` AS x_number, `body` AS x_body, `attributes_string` AS x_strings, `attributes_number` AS x_numbers, `attributes_bool` AS x_bools, `resources_string` AS x_resources
FROM `signoz_logs`.`distributed_logs_v2`
WHERE `timestamp` >= {p0:UInt64} AND `timestamp` < {p1:UInt64}
  AND `ts_bucket_start` >= {p2:UInt64} AND `ts_bucket_start` <= {p3:UInt64}
  AND lower(`body`) LIKE {p4:String}
  AND hasToken(lower(`body`), {p5:String})
  AND (lower(`body`) LIKE {p6:String} AND hasToken(lower(`body`), {p7:String}) AND hasToken(lower(`body`), {p8:String}) AND hasToken(lower(`body`), {p9:String}))
  AND lower(`body`) LIKE {p10:String}
  AND lower(`body`) LIKE {p11:String}
  AND (lower(`body`) LIKE {p13:String} AND match(`body`, {p12:String}))
  AND match(`body`, {p14:String})
  AND NOT lower(`body`) LIKE {p15:String}
  AND NOT hasToken(lower(`body`), {p16:String})
  AND match(lower(`body`), {p17:String})
ORDER BY `timestamp` DESC, `id` DESC
LIMIT {p18:UInt64}
--   p0 = 0x18999e51370ae000
--   p1 = 0x1899a19767c38000
--   p10 = "%50\\%\\_off%"
--   p11 = "%a:b%"
--   p12 = "(?i)Größe 42 überschritten"
--   p13 = "%chritten%"
--   p14 = "(?i)straße"
--   p15 = "%health check passed%"
--   p16 = "ok"
--   p17 = "(?P<Name>order\\S+) \\pL+ [a-z]{2}"
--   p18 = 0x65
--   p2 = 0x69a809a8
--   p3 = 0x69a81ebf
--   p4 = "%nullpointerexception%"
--   p5 = "oom"
--   p6 = "%\"status\": 500, \"path\"%"
--   p7 = "status"
--   p8 = "500"
--   p9 = "path"
--   setting query_plan_max_limit_for_lazy_materialization = 10001

-- texts on a legacy schema
SELECT `timestamp` AS x_time, `id` AS x_id, `trace_id` AS x_trace, `span_id` AS x_span, `severity_text` AS x_severity, `severity_number` AS x_number, `body` AS x_body, `attributes_string` AS x_strings, `attributes_number` AS x_numbers, `attributes_bool` AS x_bools, `resources_string` AS x_resources
FROM `signoz_logs`.`distributed_logs_v2`
WHERE `timestamp` >= {p0:UInt64} AND `timestamp` < {p1:UInt64}
  AND `ts_bucket_start` >= {p2:UInt64} AND `ts_bucket_start` <= {p3:UInt64}
  AND lower(`body`) LIKE {p4:String}
  AND hasToken(lower(`body`), {p5:String})
ORDER BY `timestamp` DESC, `id` DESC
LIMIT {p6:UInt64}
--   p0 = 0x18999e51370ae000
--   p1 = 0x1899a19767c38000
--   p2 = 0x69a809a8
--   p3 = 0x69a81ebf
--   p4 = "%connection refused by peer%"
--   p5 = "oom"
--   p6 = 0x65

-- everything else
SELECT `timestamp` AS x_time, `id` AS x_id, `trace_id` AS x_trace, `span_id` AS x_span, `severity_text` AS x_severity, `severity_number` AS x_number, `body` AS x_body, `attributes_string` AS x_strings, `attributes_number` AS x_numbers, `attributes_bool` AS x_bools, `resources_string` AS x_resources
FROM `signoz_logs`.`distributed_logs_v2`
WHERE `timestamp` >= {p0:UInt64} AND `timestamp` < {p1:UInt64}
  AND `ts_bucket_start` >= {p2:UInt64} AND `ts_bucket_start` <= {p3:UInt64}
  AND `trace_id` = {p4:String}
  AND `span_id` = {p5:String}
  AND (hasToken(lower(`body`), {p6:String}) OR has(mapValues(`attributes_string`), {p7:String}) OR has(mapValues(`attributes_number`), {p8:Float64}))
  AND (hasToken(lower(`body`), {p9:String}) OR has(mapValues(`attributes_string`), {p10:String}))
  AND ((lower(`body`) LIKE {p11:String} AND hasToken(lower(`body`), {p12:String}) AND hasToken(lower(`body`), {p13:String}) AND hasToken(lower(`body`), {p14:String})) OR has(mapValues(`attributes_string`), {p15:String}))
  AND (`severity_number` >= {p16:UInt8} OR (`severity_number` = 0 AND lower(`severity_text`) IN {p17:Array(String)}))
  AND (`attribute_string_http$$route` = {p18:String} AND `attribute_string_http$$route_exists`)
  AND (mapContains(`attributes_string`, {p20:String}) AND `attributes_string`[{p20:String}] = {p19:String})
  AND ((mapContains(`attributes_string`, {p22:String}) AND `attributes_string`[{p22:String}] = {p21:String}) OR (mapContains(`attributes_number`, {p24:String}) AND `attributes_number`[{p24:String}] = {p23:Float64}))
  AND ((mapContains(`attributes_string`, {p26:String}) AND `attributes_string`[{p26:String}] = {p25:String}) OR (mapContains(`attributes_bool`, {p27:String}) AND `attributes_bool`[{p27:String}] = true))
ORDER BY `timestamp` DESC, `id` DESC
LIMIT {p28:UInt64}
--   p0 = 0x18999e51370ae000
--   p1 = 0x1899a19767c38000
--   p10 = "a1b2c3d4e5f6"
--   p11 = "%0b2f5a1e-9c1d-4b62-8f1e-0a1b2c3d4e5f%"
--   p12 = "9c1d"
--   p13 = "4b62"
--   p14 = "8f1e"
--   p15 = "0b2f5a1e-9c1d-4b62-8f1e-0a1b2c3d4e5f"
--   p16 = 0x11
--   p17 = []string{"error", "err", "fatal", "critical", "crit", "panic", "alert", "emergency"}
--   p18 = "/pay"
--   p19 = "a\"b"
--   p2 = 0x69a809a8
--   p20 = "it's"
--   p21 = "7"
--   p22 = "order"
--   p23 = 7
--   p24 = "order"
--   p25 = "true"
--   p26 = "retry"
--   p27 = "retry"
--   p28 = 0x65
--   p3 = 0x69a81ebf
--   p4 = "0af70af70af70af70af70af70af70af7"
--   p5 = "00f067aa0ba902b7"
--   p6 = "123456789"
--   p7 = "123456789"
--   p8 = 1.23456789e+08
--   p9 = "a1b2c3d4e5f6"
--   setting query_plan_max_limit_for_lazy_materialization = 10001

-- histogram
SELECT intDiv(intDiv(`timestamp`, 1000000000), {p6:UInt64}) * {p6:UInt64} AS x_start, count() AS x_count, countIf((`severity_number` >= {p4:UInt8} OR (`severity_number` = 0 AND lower(`severity_text`) IN {p5:Array(String)}))) AS x_errors
FROM `signoz_logs`.`distributed_logs_v2`
WHERE `timestamp` >= {p0:UInt64} AND `timestamp` < {p1:UInt64}
  AND `ts_bucket_start` >= {p2:UInt64} AND `ts_bucket_start` <= {p3:UInt64}
GROUP BY x_start
ORDER BY x_start
LIMIT {p7:UInt64}
--   p0 = 0x18999e51370ae000
--   p1 = 0x1899a19767c38000
--   p2 = 0x69a809a8
--   p3 = 0x69a81ebf
--   p4 = 0x11
--   p5 = []string{"error", "err", "fatal", "critical", "crit", "panic", "alert", "emergency"}
--   p6 = 0x3c
--   p7 = 0x5de

-- counts by group
SELECT [`resources_string`[{p4:String}], toString(`severity_text`), `attributes_string`[{p5:String}], `resources_string`[{p6:String}]] AS x_keys, count() AS x_count, min(intDiv(`timestamp`, 1000000000)) AS x_first, max(intDiv(`timestamp`, 1000000000)) AS x_last
FROM `signoz_logs`.`distributed_logs_v2`
WHERE `timestamp` >= {p0:UInt64} AND `timestamp` < {p1:UInt64}
  AND `ts_bucket_start` >= {p2:UInt64} AND `ts_bucket_start` <= {p3:UInt64}
GROUP BY x_keys
ORDER BY x_count DESC, x_keys
LIMIT {p7:UInt64}
--   p0 = 0x18999e51370ae000
--   p1 = 0x1899a19767c38000
--   p2 = 0x69a809a8
--   p3 = 0x69a81ebf
--   p4 = "service.name"
--   p5 = "order"
--   p6 = "k8s.pod.name"
--   p7 = 0x65

-- counts of all
SELECT CAST([], 'Array(String)') AS x_keys, count() AS x_count, min(intDiv(`timestamp`, 1000000000)) AS x_first, max(intDiv(`timestamp`, 1000000000)) AS x_last
FROM `signoz_logs`.`distributed_logs_v2`
WHERE `timestamp` >= {p0:UInt64} AND `timestamp` < {p1:UInt64}
  AND `ts_bucket_start` >= {p2:UInt64} AND `ts_bucket_start` <= {p3:UInt64}
ORDER BY x_count DESC, x_keys
LIMIT {p4:UInt64}
--   p0 = 0x18999e51370ae000
--   p1 = 0x1899a19767c38000
--   p2 = 0x69a809a8
--   p3 = 0x69a81ebf
--   p4 = 0x65

-- spans
SELECT toUnixTimestamp64Nano(timestamp) AS x_time, toString(trace_id) AS x_trace, span_id AS x_span, parent_span_id AS x_parent, toString(name) AS x_name, kind AS x_kind, duration_nano AS x_duration, has_error AS x_failed, status_message AS x_message, attributes_string AS x_strings, attributes_number AS x_numbers, attributes_bool AS x_bools, resources_string AS x_resources
FROM `signoz_traces`.`distributed_signoz_index_v3`
WHERE `resource_fingerprint` IN {p0:Array(String)}
  AND `timestamp` >= fromUnixTimestamp64Nano({p1:Int64}) AND `timestamp` < fromUnixTimestamp64Nano({p2:Int64})
  AND `ts_bucket_start` >= {p3:UInt64} AND `ts_bucket_start` <= {p4:UInt64}
  AND name = {p5:String}
  AND has_error = true
  AND duration_nano >= {p6:UInt64}
  AND duration_nano <= {p7:UInt64}
  AND (`attribute_string_http$$route` = {p8:String} AND `attribute_string_http$$route_exists`)
  AND ((mapContains(`attributes_string`, {p10:String}) AND `attributes_string`[{p10:String}] = {p9:String}) OR (mapContains(`attributes_number`, {p12:String}) AND `attributes_number`[{p12:String}] = {p11:Float64}))
ORDER BY `timestamp` DESC, `span_id` DESC
LIMIT {p13:UInt64}
--   p0 = []string{"service=cart;hash=1", "service=cart;hash=2"}
--   p1 = 1772622000000000000
--   p10 = "order"
--   p11 = 7
--   p12 = "order"
--   p13 = 0x65
--   p2 = 1772625600000000000
--   p3 = 0x69a809a8
--   p4 = 0x69a81ebf
--   p5 = "GET /cart"
--   p6 = 0xf4240
--   p7 = 0x3b9aca00
--   p8 = "/cart"
--   p9 = "7"

-- spans of a trace
SELECT toUnixTimestamp64Nano(timestamp) AS x_time, toString(trace_id) AS x_trace, span_id AS x_span, parent_span_id AS x_parent, toString(name) AS x_name, kind AS x_kind, duration_nano AS x_duration, has_error AS x_failed, status_message AS x_message, attributes_string AS x_strings, attributes_number AS x_numbers, attributes_bool AS x_bools, resources_string AS x_resources
FROM `signoz_traces`.`distributed_signoz_index_v3`
WHERE `timestamp` >= fromUnixTimestamp64Nano({p0:Int64}) AND `timestamp` < fromUnixTimestamp64Nano({p1:Int64})
  AND `ts_bucket_start` >= {p2:UInt64} AND `ts_bucket_start` <= {p3:UInt64}
  AND trace_id = {p4:String}
ORDER BY `timestamp` DESC, `span_id` DESC
LIMIT {p5:UInt64}
--   p0 = 1772622000000000000
--   p1 = 1772625600000000000
--   p2 = 0x69a809a8
--   p3 = 0x69a81ebf
--   p4 = "0af70af70af70af70af70af70af70af7"
--   p5 = 0x65

-- summary of a trace
SELECT toUnixTimestamp64Nano(min(`start`)) AS x_start, toUnixTimestamp64Nano(max(`end`)) AS x_end, toUInt64(sum(num_spans)) AS x_spans
FROM `signoz_traces`.`distributed_trace_summary`
WHERE trace_id = {p0:String}
GROUP BY trace_id
--   p0 = "0af70af70af70af70af70af70af70af7"

-- exceptions
SELECT toUnixTimestamp64Nano(timestamp) AS x_time, toString(errorID) AS x_id, toString(groupID) AS x_group, toString(traceID) AS x_trace, spanID AS x_span, toString(serviceName) AS x_service, toString(exceptionType) AS x_type, exceptionMessage AS x_message, exceptionStacktrace AS x_stack, exceptionEscaped AS x_escaped, resourceTagsMap AS x_resources
FROM `signoz_traces`.`distributed_signoz_error_index_v2`
WHERE `timestamp` >= fromUnixTimestamp64Nano({p0:Int64}) AND `timestamp` < fromUnixTimestamp64Nano({p1:Int64})
  AND `timestamp` <= fromUnixTimestamp64Nano({p2:Int64})
  AND (`timestamp`, `errorID`) < (fromUnixTimestamp64Nano({p2:Int64}), {p3:String})
  AND serviceName = {p4:String}
  AND exceptionType = {p5:String}
  AND groupID = {p6:String}
  AND traceID = {p7:String}
ORDER BY `timestamp` DESC, `errorID` DESC
LIMIT {p8:UInt64}
--   p0 = 1772622000000000000
--   p1 = 1772625600000000000
--   p2 = 1772625600000000000
--   p3 = "e1"
--   p4 = "cart"
--   p5 = "X"
--   p6 = "g"
--   p7 = "0af70af70af70af70af70af70af70af7"
--   p8 = 0xb

-- services
SELECT resources_string['service.name'] AS x_name, count() AS x_count, countIf(has_error = true) AS x_failed, quantiles(0.5, 0.99)(duration_nano) AS x_quantiles
FROM `signoz_traces`.`distributed_signoz_index_v3`
WHERE `timestamp` >= fromUnixTimestamp64Nano({p0:Int64}) AND `timestamp` < fromUnixTimestamp64Nano({p1:Int64})
  AND `ts_bucket_start` >= {p2:UInt64} AND `ts_bucket_start` <= {p3:UInt64}
GROUP BY x_name
ORDER BY x_name
LIMIT {p4:UInt64}
--   p0 = 1772622000000000000
--   p1 = 1772625600000000000
--   p2 = 0x69a809a8
--   p3 = 0x69a81ebf
--   p4 = 0x2711

-- dependencies
SELECT toString(src) AS x_name, toString(dest) AS x_other, toUInt64(sum(total_count)) AS x_count, toUInt64(sum(error_count)) AS x_failed, quantilesMerge(0.5, 0.75, 0.9, 0.95, 0.99)(duration_quantiles_state) AS x_quantiles
FROM `signoz_traces`.`distributed_dependency_graph_minutes_v2`
WHERE timestamp >= toDateTime({p0:Int64}) AND timestamp < toDateTime({p1:Int64})
GROUP BY x_name, x_other
ORDER BY x_count DESC, x_name, x_other
LIMIT {p2:UInt64}
--   p0 = 1772622000
--   p1 = 1772625600
--   p2 = 0x2711

-- operations
SELECT toString(name) AS x_name, count() AS x_count, countIf(has_error = true) AS x_failed, quantiles(0.5, 0.95, 0.99)(duration_nano) AS x_quantiles
FROM `signoz_traces`.`distributed_signoz_index_v3`
WHERE `resource_fingerprint` IN {p0:Array(String)}
  AND `timestamp` >= fromUnixTimestamp64Nano({p1:Int64}) AND `timestamp` < fromUnixTimestamp64Nano({p2:Int64})
  AND `ts_bucket_start` >= {p3:UInt64} AND `ts_bucket_start` <= {p4:UInt64}
GROUP BY x_name
ORDER BY sum(duration_nano) DESC, x_name
LIMIT {p5:UInt64}
--   p0 = []string{"service=cart;hash=1", "service=cart;hash=2"}
--   p1 = 1772622000000000000
--   p2 = 1772625600000000000
--   p3 = 0x69a809a8
--   p4 = 0x69a81ebf
--   p5 = 0x32

-- entries
SELECT toString(name) AS x_name
FROM `signoz_traces`.`distributed_top_level_operations`
WHERE serviceName = {p0:String}
GROUP BY x_name
LIMIT {p1:UInt64}
--   p0 = "cart"
--   p1 = 0x2711

-- field keys
SELECT field_name AS x_name, field_context AS x_context, field_data_type AS x_type
FROM `signoz_metadata`.`distributed_field_keys`
WHERE signal = {p0:String}
  AND lower(field_name) LIKE {p1:String}
GROUP BY x_name, x_context, x_type
ORDER BY x_name, x_context, x_type
LIMIT {p2:UInt64}
--   p0 = "logs"
--   p1 = "k8s\\_%"
--   p2 = 0x3e9

-- field values
SELECT string_value AS x_text, ifNull(number_value, 0) AS x_number, toString(tag_data_type) AS x_type
FROM `signoz_traces`.`distributed_tag_attributes_v2`
WHERE tag_key = {p0:String}
  AND lower(string_value) LIKE {p1:String}
GROUP BY x_text, x_number, x_type
ORDER BY x_text, x_number, x_type
LIMIT {p2:UInt64}
--   p0 = "http.route"
--   p1 = "/pay%"
--   p2 = 0x3e9

-- series
SELECT fingerprint AS x_fingerprint, toString(metric_name) AS x_metric, any(labels) AS x_labels
FROM `signoz_metrics`.`distributed_time_series_v4`
WHERE metric_name = {p0:String}
  AND unix_milli >= {p1:Int64} AND unix_milli < {p2:Int64}
  AND JSONExtractString(labels, {p3:String}) = {p4:String}
GROUP BY x_fingerprint, x_metric
LIMIT {p5:UInt64}
--   p0 = "cpu"
--   p1 = 1772618400000
--   p2 = 1772625600000
--   p3 = "k8s.pod.name"
--   p4 = "p"
--   p5 = 0x4e21

-- points
SELECT fingerprint AS x_fingerprint, unix_milli AS x_time, value AS x_value
FROM `signoz_metrics`.`distributed_samples_v4`
WHERE metric_name IN {p0:Array(String)}
  AND unix_milli >= {p1:Int64} AND unix_milli < {p2:Int64}
  AND fingerprint IN {p3:Array(UInt64)}
ORDER BY metric_name, fingerprint, unix_milli
LIMIT {p4:UInt64}
--   p0 = []string{"cpu", "memory"}
--   p1 = 1772622000000
--   p2 = 1772625600000
--   p3 = []uint64{0x7, 0xffffffffffffffff}
--   p4 = 0x65

-- metric names
SELECT toString(metric_name) AS x_name, any(toString(type)) AS x_type, any(toString(unit)) AS x_unit, uniqExact(fingerprint) AS x_series
FROM `signoz_metrics`.`distributed_time_series_v4`
WHERE unix_milli >= {p0:Int64} AND unix_milli < {p1:Int64}
  AND startsWith(metric_name, {p2:String})
GROUP BY x_name
ORDER BY x_name
LIMIT {p3:UInt64}
--   p0 = 1772618400000
--   p1 = 1772625600000
--   p2 = "cpu"
--   p3 = 0x2711

-- columns
SELECT table, name, type FROM system.columns WHERE (database = {p0:String} AND table = {p1:String}) OR (database = {p2:String} AND table = {p3:String}) ORDER BY table, position
--   p0 = "signoz_logs"
--   p1 = "distributed_logs_v2"
--   p2 = "signoz_traces"
--   p3 = "distributed_signoz_index_v3"

-- indexes
SELECT name FROM system.data_skipping_indices WHERE database = {p0:String} AND table IN {p1:Array(String)}
--   p0 = "signoz_logs"
--   p1 = []string{"distributed_logs_v2", "logs_v2"}

-- settings
SELECT name FROM system.settings WHERE name = {p0:String} AND readonly = 0
--   p0 = "query_plan_max_limit_for_lazy_materialization"

