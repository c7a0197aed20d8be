// Package logquery is the form in which tools take a search of logs: words for severities, one list of fields, a cursor.
// Each source has an input of its own for its schema, with the fields of Form, and converts it.
package logquery

import (
	"fmt"
	"maps"
	"strings"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/logs"
)

// Form is [logs.Query] as a tool takes it.
type Form struct {
	Window        base.Window
	Services      []string
	MinSeverity   string // TRACE, DEBUG, INFO, WARN, ERROR or FATAL; empty: all
	Contains      []string
	NotContains   []string
	Regexp        string
	Fields        map[string]string // attributes by name; resource attributes as resource.<name>
	TraceID       string
	SpanID        string
	TrackingID    string
	CorrelationID string
	RecordUUID    string
	OldestFirst   bool
	Limit         int
	Cursor        string
}

const resourcePrefix = "resource."

// Query is the question in the terms of a client. Only a severity can be wrong; the error names the field.
func (f Form) Query() (logs.Query, error) {
	q := logs.Query{
		Window: f.Window, Services: f.Services, Contains: f.Contains, NotContains: f.NotContains, Regexp: f.Regexp,
		TraceID: f.TraceID, SpanID: f.SpanID, TrackingID: f.TrackingID, CorrelationID: f.CorrelationID,
		RecordUUID: f.RecordUUID, Limit: f.Limit,
	}
	if f.OldestFirst {
		q.Order = logs.OldestFirst
	}
	if f.MinSeverity != "" {
		if q.MinSeverity = logs.ParseSeverity(f.MinSeverity); q.MinSeverity == logs.SeverityUnset {
			return q, fmt.Errorf("min_severity: %q is not known; write TRACE, DEBUG, INFO, WARN, ERROR or FATAL", f.MinSeverity)
		}
	}
	for name, value := range f.Fields {
		into := &q.Attributes
		if short, ok := strings.CutPrefix(name, resourcePrefix); ok {
			into, name = &q.Resources, short
		}
		if *into == nil {
			*into = map[string]string{}
		}
		(*into)[name] = value
	}
	return q, nil
}

// FormOf is the inverse of Query. A severity between two words becomes the lower of them.
func FormOf(q logs.Query, cursor string) Form {
	f := Form{
		Window: q.Window, Services: q.Services, Contains: q.Contains, NotContains: q.NotContains, Regexp: q.Regexp,
		TraceID: q.TraceID, SpanID: q.SpanID, TrackingID: q.TrackingID, CorrelationID: q.CorrelationID,
		RecordUUID: q.RecordUUID, OldestFirst: q.Order == logs.OldestFirst, Limit: q.Limit, Cursor: cursor,
	}
	if q.MinSeverity > 0 {
		f.MinSeverity = q.MinSeverity.String()
	}
	if len(q.Attributes)+len(q.Resources) > 0 {
		f.Fields = map[string]string{}
	}
	maps.Copy(f.Fields, q.Attributes)
	for name, value := range q.Resources {
		f.Fields[resourcePrefix+name] = value
	}
	return f
}
