package trinotest

import "strings"

// Error is an error of the server, in its own words.
type Error struct {
	Code    int
	Name    string
	Type    string
	Message string
}

// Errorf of the fake's own engine are user errors.
func userError(name, message string) *Error { return NewError(codeOf(name), message) }

// codes are those of https://github.com/trinodb/trino/blob/476/core/trino-spi/src/main/java/io/trino/spi/StandardErrorCode.java
// that a test may want.
var codes = map[int]string{
	0: "GENERIC_USER_ERROR", 1: "SYNTAX_ERROR", 2: "ABANDONED_QUERY", 3: "USER_CANCELED", 4: "PERMISSION_DENIED",
	5: "NOT_FOUND", 6: "FUNCTION_NOT_FOUND", 7: "INVALID_FUNCTION_ARGUMENT", 8: "DIVISION_BY_ZERO",
	9: "INVALID_CAST_ARGUMENT", 13: "NOT_SUPPORTED", 14: "INVALID_SESSION_PROPERTY", 23: "READ_ONLY_VIOLATION",
	35: "QUERY_TEXT_TOO_LARGE", 38: "ADMINISTRATIVELY_KILLED", 44: "CATALOG_NOT_FOUND", 45: "SCHEMA_NOT_FOUND",
	46: "TABLE_NOT_FOUND", 47: "COLUMN_NOT_FOUND", 58: "TYPE_MISMATCH",
	65536: "GENERIC_INTERNAL_ERROR", 65537: "TOO_MANY_REQUESTS_FAILED", 65539: "PAGE_TRANSPORT_ERROR",
	65540: "PAGE_TRANSPORT_TIMEOUT", 65541: "NO_NODES_AVAILABLE", 65542: "REMOTE_TASK_ERROR", 65544: "REMOTE_TASK_MISMATCH",
	65545: "SERVER_SHUTTING_DOWN", 65549: "SERVER_STARTING_UP", 65556: "REMOTE_HOST_GONE",
	131072: "GENERIC_INSUFFICIENT_RESOURCES", 131073: "EXCEEDED_GLOBAL_MEMORY_LIMIT", 131074: "QUERY_QUEUE_FULL",
	131075: "EXCEEDED_TIME_LIMIT", 131076: "CLUSTER_OUT_OF_MEMORY", 131077: "EXCEEDED_CPU_LIMIT",
	131078: "EXCEEDED_SPILL_LIMIT", 131079: "EXCEEDED_LOCAL_MEMORY_LIMIT", 131080: "ADMINISTRATIVELY_PREEMPTED",
	131081: "EXCEEDED_SCAN_LIMIT",
}

func codeOf(name string) int {
	for code, known := range codes {
		if known == name {
			return code
		}
	}
	return 0
}

// NewError is the error with that code: 46 is TABLE_NOT_FOUND. The type follows from the code, as it does at the server.
func NewError(code int, message string) *Error {
	e := &Error{Code: code, Name: codes[code], Message: strings.TrimSpace(message)}
	switch {
	case code < 1<<16:
		e.Type = "USER_ERROR"
	case code < 2<<16:
		e.Type = "INTERNAL_ERROR"
	case code < 3<<16:
		e.Type = "INSUFFICIENT_RESOURCES"
	default:
		e.Type = "EXTERNAL"
	}
	if e.Name == "" {
		e.Name = "GENERIC_" + strings.TrimSuffix(e.Type, "_ERROR") + "_ERROR"
	}
	return e
}
