package clickhouse

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/logs"
	"github.com/fourkites/sources/base/metrics"
	"github.com/fourkites/sources/base/traces"
)

var update = flag.Bool("update", false, "write the golden files anew")

var (
	noon    = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)
	hour    = base.Window{From: noon.Add(-time.Hour), To: noon}
	fresh   = &schema{lineage: LineageFresh, words: true, nanos: true, lazy: true, materialized: map[string]bool{"attribute_string_http$$route": true}}
	legacy  = &schema{lineage: LineageLegacy, nanos: true}
	traceID = strings.Repeat("0af7", 8)
)

// ofLogs is the list that a question compiles to, with the match that the table of resources gave.
func ofLogs(t *testing.T, known *schema, q logs.Query, m resourceMatch, after *position) Query {
	t.Helper()
	q, err := checkLogs(q)
	if err != nil {
		t.Fatal(err)
	}
	m.filter = resourceFilter{services: q.Services, labels: q.Resources, window: q.Window}
	scan := &logScan{query: q, layout: defaultTables.logLayout(known), match: m, window: q.Window, after: after}
	return scan.sql(q.Window, 101)
}

// statements are all that the golden file shows; a real server parses the same ones in the integration test.
func statements(t *testing.T) []struct {
	name  string
	query Query
} {
	t.Helper()
	some := resourceMatch{how: matchList, list: []string{"service=cart;hash=1", "service=cart;hash=2"}}
	spans := func(q traces.Query, m resourceMatch) Query {
		scan := &spanScan{
			query: q, tables: defaultTables.spanTables(), match: m, window: q.Window,
			maps: attributeMaps{"attributes_string", "attributes_number", "attributes_bool", map[string]bool{"attribute_string_http$$route": true}},
		}
		return scan.sql(q.Window, 101)
	}
	fingerprints := func(f resourceFilter) Query {
		s := newStatement()
		return Query{SQL: f.fingerprints(defaultTables.LogResources, s, maxFingerprints+1), Args: s.args}
	}
	scan := &logScan{query: logs.Query{Window: hour}, layout: defaultTables.logLayout(fresh), window: hour}
	counts, err := scan.countsSQL(101, []string{"service", "severity", "attribute.order", "resource.k8s.pod.name"})
	if err != nil {
		t.Fatal(err)
	}
	all, err := scan.countsSQL(101, nil)
	if err != nil {
		t.Fatal(err)
	}
	known := map[uint64]series{7: {metric: "cpu"}, 18446744073709551615: {metric: "memory"}}
	return []struct {
		name  string
		query Query
	}{
		{"fingerprints of one service", fingerprints(resourceFilter{services: []string{"cart"}, window: hour})},
		{"fingerprints of services and labels, with characters that JSON and LIKE escape", fingerprints(resourceFilter{
			services: []string{"r&d <x>", `100%_\`}, labels: map[string]string{"k8s.pod.name": "pod-1"}, window: hour,
		})},
		{"list of one service", ofLogs(t, fresh, logs.Query{Window: hour, Services: []string{"cart"}}, some, nil)},
		{"list of too many fingerprints", ofLogs(t, fresh, logs.Query{Window: hour, Services: []string{"cart"}}, resourceMatch{how: matchTable}, nil)},
		{"list of services that the table of resources lacks", ofLogs(t, fresh, logs.Query{
			Window: hour, Services: []string{"cart", "pay"}, Resources: map[string]string{"k8s.pod.name": "pod-1"},
		}, resourceMatch{how: matchMap}, nil)},
		{"next page, oldest first", ofLogs(t, fresh, logs.Query{Window: hour, Order: logs.OldestFirst}, resourceMatch{}, &position{Nanos: noon.UnixNano(), ID: "id7"})},
		{"next page, newest first", ofLogs(t, legacy, logs.Query{Window: hour}, resourceMatch{}, &position{Nanos: noon.UnixNano(), ID: "id7"})},
		{"texts on a fresh schema", ofLogs(t, fresh, logs.Query{
			Window: hour, Contains: []string{"NullPointerException", "oom", `"status": 500, "path"`, "50%_off", "a:b", "Größe 42 überschritten", "straße"},
			NotContains: []string{"health check passed", "ok"}, Regexp: `(?P<Name>Order\S+) \pL+ [A-Z]{2}`,
		}, resourceMatch{}, nil)},
		{"texts on a legacy schema", ofLogs(t, legacy, logs.Query{Window: hour, Contains: []string{"connection refused by peer", "oom"}}, resourceMatch{}, nil)},
		{"everything else", ofLogs(t, fresh, logs.Query{
			Window: hour, MinSeverity: logs.SeverityError, TraceID: strings.ToUpper(traceID), SpanID: "00f067aa0ba902b7",
			TrackingID: "123456789", CorrelationID: "a1b2c3d4e5f6", RecordUUID: "0b2f5a1e-9c1d-4b62-8f1e-0a1b2c3d4e5f",
			Attributes: map[string]string{"http.route": "/pay", "order": "7", "retry": "true", "it's": `a"b`},
		}, resourceMatch{}, nil)},
		{"histogram", scan.histogramSQL(60)},
		{"counts by group", counts},
		{"counts of all", all},
		{"spans", spans(traces.Query{
			Window: hour, Services: []string{"cart"}, Name: "GET /cart", Failed: true, MinDuration: time.Millisecond,
			MaxDuration: time.Second, Attributes: map[string]string{"http.route": "/cart", "order": "7"},
		}, some)},
		{"spans of a trace", spans(traces.Query{Window: hour, TraceID: traceID}, resourceMatch{})},
		{"summary of a trace", summarySQL(defaultTables, traceID)},
		{"exceptions", exceptionsSQL(defaultTables, ExceptionsOptions{Window: hour, Service: "cart", Type: "X", GroupID: "g", TraceID: traceID, Limit: 10}, &position{Nanos: noon.UnixNano(), ID: "e1"})},
		{"services", servicesSQL(defaultTables, hour)},
		{"dependencies", dependenciesSQL(defaultTables, hour)},
		{"operations", operationsSQL(defaultTables, some, hour, 50)},
		{"entries", entriesSQL(defaultTables, "cart")},
		{"field keys", fieldKeysSQL(defaultTables, SignalLogs, "K8s_")},
		{"field values", fieldValuesSQL(defaultTables, SignalTraces, "http.route", "/Pay")},
		{"series", seriesSQL(defaultTables, metrics.Query{Window: hour, Metric: "cpu", Labels: map[string]string{"k8s.pod.name": "p"}})},
		{"points", pointsSQL(defaultTables, metrics.Query{Window: hour}, known, 100)},
		{"metric names", metricNamesSQL(defaultTables, hour, "cpu")},
		{"columns", columnsSQL(defaultTables)},
		{"indexes", indexesSQL(defaultTables)},
		{"settings", settingsSQL()},
	}
}

func TestQuestionsCompileToTheSQLThatTheIndexesAnswer(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	for _, s := range statements(t) {
		fmt.Fprintf(&b, "-- %s\n%s\n", s.name, s.query.SQL)
		for _, name := range sortedKeys(s.query.Args) {
			fmt.Fprintf(&b, "--   %s = %#v\n", name, s.query.Args[name])
		}
		for _, name := range sortedKeys(s.query.hints) {
			fmt.Fprintf(&b, "--   setting %s = %s\n", name, s.query.hints[name])
		}
		b.WriteString("\n")
	}
	file := filepath.Join("testdata", "signoz.golden.sql")
	if *update {
		if err := os.WriteFile(file, []byte(b.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), b.String()); diff != "" {
		t.Errorf("run with -update after checking (-want +got):\n%s", diff)
	}
}

func TestNoValueBecomesTextOfTheSQL(t *testing.T) {
	t.Parallel()
	evil := "x'; DROP TABLE logs; --"
	for _, s := range []Query{
		ofLogs(t, fresh, logs.Query{
			Window: hour, Services: []string{evil}, Contains: []string{evil}, NotContains: []string{evil}, Regexp: evil,
			Attributes: map[string]string{evil: evil}, Resources: map[string]string{evil: evil},
		}, resourceMatch{how: matchTable}, &position{Nanos: 1, ID: evil}),
		exceptionsSQL(defaultTables, ExceptionsOptions{Window: hour, Service: evil, Type: evil}, nil),
		fieldValuesSQL(defaultTables, SignalLogs, evil, evil),
		seriesSQL(defaultTables, metrics.Query{Window: hour, Metric: evil, Labels: map[string]string{evil: evil}}),
	} {
		if strings.Contains(s.SQL, "DROP") || strings.Contains(s.SQL, ";") {
			t.Error(s.SQL)
		}
	}
}

func TestIdentifiersAreQuoted(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"body": "`body`", "attribute_string_a$$b": "`attribute_string_a$$b`", "a`b": "`a\\`b`", `a\b`: "`a\\\\b`",
	} {
		if got := quote(in); got != want {
			t.Errorf("%s: %s, want %s", in, got, want)
		}
	}
	if got := quoteTable("signoz_logs.logs.v2"); got != "`signoz_logs`.`logs.v2`" {
		t.Error(got)
	}
}
