package evidence

import (
	"fmt"
	"reflect"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/code"
	"github.com/fourkites/sources/base/logs"
	"github.com/fourkites/sources/base/metrics"
	"github.com/fourkites/sources/base/traces"
)

// Sources are the clients that a question may ask. A field that is nil or empty is not asked, and the report says so.
// One client may stand in several fields, as ClickHouse does for logs, traces and metrics: clients are told apart by
// their names, and each has one row in the report. The caller closes them. A field that holds a nil pointer of a client
// is refused by StuckLoad as base.ErrInvalid.
type Sources struct {
	Logs     logs.Source // of one store, or LogTiers for logs of any age
	Traces   traces.Source
	Metrics  metrics.Source
	Loads    []LoadSource    // in the order in which they are asked, the best first
	Networks []NetworkSource // likewise
	Code     code.Source     // knows the method behind a place in the code, and what calls it
	Tickets  TicketSource    // such as a *jira.Client
}

// Progress is told how each client is doing while a question runs: with the outcome "pending" when it is first asked,
// and after each of its questions with the row as it then stands. Calls come one at a time, from any goroutine. It must
// return soon, for the question waits for it, and must not panic. Nil is not called.
type Progress func(SourceReport)

// check refuses a field that is set and holds nothing: a nil pointer of a client, such as one whose making failed. To
// ask it for its name would panic.
func (s Sources) check(op string) error {
	type field struct {
		name   string
		client any
	}
	fields := []field{{"logs", s.Logs}, {"traces", s.Traces}, {"metrics", s.Metrics}, {"code", s.Code}, {"tickets", s.Tickets}}
	for _, f := range fields {
		if f.client != nil && holdsNil(f.client) {
			return nilClient(op, f.name, f.client)
		}
	}
	fields = fields[:0]
	for i, l := range s.Loads {
		fields = append(fields, field{fmt.Sprintf("loads[%d]", i), l})
	}
	for i, n := range s.Networks {
		fields = append(fields, field{fmt.Sprintf("networks[%d]", i), n})
	}
	for _, f := range fields {
		if f.client == nil || holdsNil(f.client) {
			return nilClient(op, f.name, f.client)
		}
	}
	return nil
}

func nilClient(op, field string, client any) error {
	return base.Invalid("evidence", op, "sources.%s: holds a nil client (%T); leave the field out, or pass a client that was made", field, client)
}

// checkSources refuses a source that is nil, in a list of them that is called field.
func checkSources[T any](op, field string, sources []T) error {
	for i, s := range sources {
		switch client := any(s); {
		case client == nil:
			return base.Invalid("evidence", op, "%s[%d]: is nil; leave it out, or pass a client that was made", field, i)
		case holdsNil(client):
			return base.Invalid("evidence", op, "%s[%d]: is a nil %T; leave it out, or pass a client that was made", field, i, client)
		}
	}
	return nil
}

func holdsNil(client any) bool {
	v := reflect.ValueOf(client)
	switch v.Kind() {
	case reflect.Pointer, reflect.Map, reflect.Slice, reflect.Func, reflect.Chan:
		return v.IsNil()
	}
	return false
}
