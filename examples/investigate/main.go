// Command investigate goes from a ticket, a load, or a recorded incident to the root cause.
//
// Without arguments it is a demo and needs nothing but Go: it starts the services in process, loads an embedded scenario
// that is made up, reads the ticket in it, and prints a report in Markdown. With -load it asks the real services about a
// load. With -case it investigates a recorded incident. See -h.
//
// # A recorded incident
//
// A case is a folder of CSV files, each packed with gzip. At least one of them must be there; what is absent is named in
// the report. A first line names the columns, in any order; columns of other names are ignored in logs and traces.
//
//	*_log.csv.gz          TimeUnixNano  required  time of the record, nanoseconds since 1970, UTC
//	                      PodName       required  the service is its name without generated hashes
//	                      TraceID       required  may be empty in a row
//	                      SpanID        required  may be empty in a row
//	                      Log           required  the message, or {"log": "the message"}
//	                      Node          optional  on which the pod ran
//	                      Container     optional
//	                      Timestamp     optional  RFC 3339; checked against TimeUnixNano, to a minute
//	*_trace.csv.gz        TraceID, SpanID, PodName, OperationName                           required
//	                      ParentID           required  of the parent span; "root" or empty where there is none
//	                      StartTimeUnixNano  required  nanoseconds since 1970, UTC
//	                      EndTimeUnixNano    required  nanoseconds since 1970, UTC
//	                      Duration           optional  microseconds; checked against start and end, to a millisecond
//	pod_metrics.csv.gz    TimeStamp  required  seconds since 1970, UTC (any *_metrics.csv.gz is read)
//	                      PodName    required
//	                      Time       optional  is not read
//	                      others     each is a metric with the unit in its name, such as CpuUsage(m) in millicores or
//	                                 PodServerLatencyP90(s); an empty cell was not measured, NaN is kept
//	front_service.csv.gz  as pod_metrics.csv.gz, with ServiceName in place of PodName
//
// At most one row in a hundred may be bad; it is skipped and named in the report. Five lines of a log file:
//
//	TimeUnixNano,PodName,TraceID,SpanID,Log
//	1714978800005000000,web-7d8f9b6c54-x2k9q,4bf92f3577b34da6a3ce929d0e0e4736,00f067aa0ba902b7,INFO a.w.Cart#21 cart asked for
//	1714978800022000000,price-5b67c48447-mv5hb,4bf92f3577b34da6a3ce929d0e0e4736,00f067aa0ba902b8,INFO a.p.Price#31 asked for
//	1714978800030000000,price-5b67c48447-mv5hb,4bf92f3577b34da6a3ce929d0e0e4736,00f067aa0ba902b8,ERROR a.p.Price#33 no price list
//	1714978800041000000,web-7d8f9b6c54-x2k9q,4bf92f3577b34da6a3ce929d0e0e4736,00f067aa0ba902b7,"WARN a.w.Cart#40 cart, without a price"
//
// Beside the folder may lie code_graph.json, the code graph of the application. Then a place in the code that a cause names
// comes with its method and with what calls it. What else stands in the file is ignored:
//
//	{"repo": "acme/shop", "services": {"web": 1, "price": 1},
//	 "classes": [{"service": "price", "path": "price/src/Price.java", "class": "Price",
//	              "methods": [{"name": "ask", "line": 30, "end": 50}],
//	              "calls": [{"line": 42, "method": "ask", "to": "web"}]}],
//	 "edges": [{"from": "web", "to": "price", "call_sites": 1}]}
//
// # Databases that were left behind
//
// With -clickhouse the recording goes into databases of its own, investigate_case_... and investigate_baseline_..., that
// are dropped at the end, also after an interrupt. A program that is killed (SIGKILL, a crash, no memory) drops nothing.
// When no other run is under way, find what is left and drop each:
//
//	SELECT name FROM system.databases WHERE name LIKE 'investigate\_%'
//	DROP DATABASE IF EXISTS investigate_case_...
package main

import (
	"os"
	"runtime/debug"

	"github.com/fourkites/sources/internal/command"
)

func main() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(300) // a run is short and holds a recording several times over: memory for time
	}
	os.Exit(run(command.Interrupted(), os.Args[1:], command.Environment(), os.Stdout, os.Stderr))
}
