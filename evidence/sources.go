package evidence

import (
	"github.com/fourkites/sources/base/logs"
	"github.com/fourkites/sources/base/metrics"
	"github.com/fourkites/sources/base/traces"
)

// Sources are the clients that a question may ask. A field that is nil or empty is not asked, and the report says so.
// One client may stand in several fields, as ClickHouse does for logs, traces and metrics: clients are told apart by
// their names, and each has one row in the report. The caller closes them.
type Sources struct {
	Logs     logs.Source
	Traces   traces.Source
	Metrics  metrics.Source
	Loads    []LoadSource    // in the order in which they are asked, the best first
	Networks []NetworkSource // likewise
}

// Progress is told how each client is doing while a question runs: with the outcome "pending" when it is first asked,
// and after each of its questions with the row as it then stands. Calls come one at a time, from any goroutine. It must
// return soon, for the question waits for it, and must not panic. Nil is not called.
type Progress func(SourceReport)
