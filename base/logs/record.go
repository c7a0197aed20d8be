// Package logs is the vocabulary of log records that ClickHouse, Trino and Athena share: what a record is, how
// records are asked for, and what answers.
package logs

import (
	"context"
	"iter"
	"strings"
	"time"

	"github.com/fourkites/sources/base"
)

// Severity is the OpenTelemetry severity number, 1 to 24; zero means that the record carries none.
// See https://opentelemetry.io/docs/specs/otel/logs/data-model/#field-severitynumber.
type Severity uint8

// The lowest number of each OpenTelemetry severity range.
const (
	SeverityUnset Severity = 0
	SeverityTrace Severity = 1
	SeverityDebug Severity = 5
	SeverityInfo  Severity = 9
	SeverityWarn  Severity = 13
	SeverityError Severity = 17
	SeverityFatal Severity = 21
)

var severityNames = [...]string{"UNSET", "TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"}

// String is the short name of the range that the number lies in.
func (s Severity) String() string {
	if s == 0 || s > 24 {
		return severityNames[0]
	}
	return severityNames[1+(s-1)/4]
}

// ParseSeverity reads a severity word in any case, with the usual aliases (warning, err, critical, panic).
// An unknown word gives SeverityUnset.
func ParseSeverity(word string) Severity {
	switch strings.ToUpper(strings.TrimSpace(word)) {
	case "TRACE":
		return SeverityTrace
	case "DEBUG":
		return SeverityDebug
	case "INFO", "INFORMATION", "NOTICE":
		return SeverityInfo
	case "WARN", "WARNING":
		return SeverityWarn
	case "ERROR", "ERR":
		return SeverityError
	case "FATAL", "CRITICAL", "CRIT", "PANIC", "ALERT", "EMERGENCY":
		return SeverityFatal
	}
	return SeverityUnset
}

// Record is one log record. Its maps are nil when the record has no such fields; a caller may keep the record.
type Record struct {
	Time         time.Time         `json:"time"`
	ID           string            `json:"id,omitempty"`
	Service      string            `json:"service,omitempty"`
	Severity     Severity          `json:"severity,omitempty"`
	SeverityText string            `json:"severity_text,omitempty"`
	Body         string            `json:"body"`
	TraceID      string            `json:"trace_id,omitempty"`
	SpanID       string            `json:"span_id,omitempty"`
	Attributes   map[string]any    `json:"attributes,omitempty"` // string, float64 or bool
	Resources    map[string]string `json:"resources,omitempty"`
}

// Order is the direction of time in which records are handed out.
type Order uint8

// NewestFirst is the default, for the last lines before a failure are the ones that are looked for.
const (
	NewestFirst Order = iota
	OldestFirst
)

// Query says which records are wanted. Every condition that is set must hold; an empty one does not filter.
// Window is required.
type Query struct {
	Window      base.Window `json:"window"`
	Services    []string    `json:"services,omitempty"`
	MinSeverity Severity    `json:"min_severity,omitempty"`

	Contains    []string `json:"contains,omitempty"`     // every one of them, in any case
	NotContains []string `json:"not_contains,omitempty"` // none of them, in any case
	Regexp      string   `json:"regexp,omitempty"`       // RE2, over the lower-cased body

	Attributes map[string]string `json:"attributes,omitempty"`
	Resources  map[string]string `json:"resources,omitempty"`

	TraceID       string `json:"trace_id,omitempty"`
	SpanID        string `json:"span_id,omitempty"`
	TrackingID    string `json:"tracking_id,omitempty"`    // in the body or in an attribute
	CorrelationID string `json:"correlation_id,omitempty"` // in the body or in an attribute
	RecordUUID    string `json:"record_uuid,omitempty"`    // in the body or in an attribute

	Order Order `json:"order,omitempty"`
	Limit int   `json:"limit,omitempty"` // rows; 0 = the client's default, negative = none, never above the operator's cap
}

// Source answers log queries. The sequence ends without an error only when everything that matched was yielded;
// otherwise its last yield is an error that says what is missing.
type Source interface {
	Name() string
	Logs(ctx context.Context, q Query) iter.Seq2[Record, error]
}
