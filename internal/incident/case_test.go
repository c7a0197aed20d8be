package incident_test

import (
	"context"
	"errors"
	"fmt"
	"math"
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
	"github.com/fourkites/sources/internal/incident"
)

func TestReadGivesRecordsSpansAndPoints(t *testing.T) {
	t.Parallel()
	dir := folder(t, map[string]string{
		"22_13_log.csv.gz":     logHeader + logRow("500000000", "06:13:20.499 ERROR a.s.CartImpl#31 [add][no price]"),
		"22_13_trace.csv.gz":   traceHeader + traceRow(span, "root"),
		"pod_metrics.csv.gz":   podHeader + "2023-11-14 22:03:20 +0000 UTC m=+0.1,1699999400," + pod + ",2.5,NaN\n",
		"front_service.csv.gz": frontHeader + "2023-11-14 22:03:20 +0000 UTC,1699999460,Frontend,\n" + "x,1699999520,Frontend,99\n",
		"notes.csv":            "not a recording",
	})
	got, err := incident.Read(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	start := time.Unix(1_700_000_000, 0).UTC()
	of := map[string]string{"k8s.pod.name": pod, "k8s.node.name": "node-1", "k8s.container.name": "server"}
	labels := map[string]string{"service.name": "cart", "k8s.pod.name": pod, "k8s.node.name": "node-1"}
	want := incident.Case{
		Name: filepath.Base(dir),
		Logs: []logs.Record{{
			Time: start.Add(500 * time.Millisecond), Service: "cart", Severity: logs.SeverityError, SeverityText: "ERROR",
			Body: "06:13:20.499 ERROR a.s.CartImpl#31 [add][no price]", TraceID: trace, SpanID: span, Resources: of,
		}},
		Spans: []traces.Span{{
			TraceID: trace, SpanID: span, Service: "cart", Name: "GET /cart", Start: start, Duration: 250 * time.Millisecond,
			Resources: map[string]string{"k8s.pod.name": pod},
		}},
		Metrics: []metrics.Point{
			{Time: start.Add(-10 * time.Minute), Metric: "CpuUsage(m)", Labels: labels, Value: 2.5},
			{Time: start.Add(-10 * time.Minute), Metric: "PodServerLatencyP90(s)", Labels: labels, Value: math.NaN()},
			{Time: start.Add(-8 * time.Minute), Metric: "SuccessRate(%)", Labels: map[string]string{"service.name": "Frontend"}, Value: 99},
		},
		Window:   base.Window{From: start, To: start.Add(500*time.Millisecond + 1)},
		Measured: base.Window{From: start.Add(-10 * time.Minute), To: start.Add(-8*time.Minute + 1)},
		Files: []incident.File{
			{Name: "22_13_log.csv.gz", Kind: incident.LogFile, Rows: 1},
			{Name: "22_13_trace.csv.gz", Kind: incident.TraceFile, Rows: 1},
			{Name: "pod_metrics.csv.gz", Kind: incident.MetricFile, Rows: 1},
			{Name: "front_service.csv.gz", Kind: incident.FrontFile, Rows: 2},
		},
		Ignored: []string{"notes.csv"},
	}
	sameNaN := cmp.Comparer(func(a, b float64) bool { return a == b || math.IsNaN(a) && math.IsNaN(b) })
	if diff := cmp.Diff(want, got, sameNaN); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"notes.csv: not read, its name is none of a case's files"}, got.NotSeen()); diff != "" {
		t.Error(diff)
	}
}

// The names of optional columns that a file lacks are no columns of it.
func TestAFileOfTheRequiredColumnsAloneIsRead(t *testing.T) {
	t.Parallel()
	const at = "1700000000000000000"
	c, err := incident.Read(t.Context(), folder(t, map[string]string{
		"a_log.csv.gz":         "TimeUnixNano,PodName,TraceID,SpanID,Log\n" + at + "," + pod + "," + trace + "," + span + ",hello\n",
		"a_trace.csv.gz":       "TraceID,SpanID,ParentID,PodName,OperationName,StartTimeUnixNano,EndTimeUnixNano\n" + trace + "," + span + ",root," + pod + ",GET /cart," + at + "," + at + "\n",
		"pod_metrics.csv.gz":   "TimeStamp,PodName,CpuUsage(m)\n1700000000," + pod + ",2.5\n",
		"front_service.csv.gz": "TimeStamp,ServiceName,SuccessRate(%)\n1700000000,Frontend,99\n",
	}))
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Logs) != 1 || c.Logs[0].Body != "hello" || len(c.Spans) != 1 || len(c.Metrics) != 2 {
		t.Errorf("%+v", c)
	}
}

func TestACaseSaysWhatItLacks(t *testing.T) {
	t.Parallel()
	dir := folder(t, map[string]string{"pod_metrics.csv.gz": podHeader + "t,1699999400," + pod + ",1,1\n", "a_log.csv.gz": logHeader})
	c, err := incident.Read(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"traces: the case " + c.Name + " has no *_trace.csv.gz",
		"front service: the case " + c.Name + " has no front_service.csv.gz",
		"logs: the file a_log.csv.gz has no rows",
	}
	if diff := cmp.Diff(want, c.NotSeen()); diff != "" {
		t.Error(diff)
	}
	if c.Window != c.Measured || c.Window.IsZero() {
		t.Errorf("window %v, measured %v: without logs and spans they are the same", c.Window, c.Measured)
	}
}

func TestABadRowAmongManyIsSkippedAndNamed(t *testing.T) {
	t.Parallel()
	good := manyRows(150)
	cut := strings.Index(good, "\n") + 1
	interleaved := strings.TrimSuffix(logRow("700000000", "one writer"), "\n") + `ulate][time"",""stream"":""stdout""}"` + "\n"
	dir := folder(t, map[string]string{"a_log.csv.gz": logHeader + good[:cut] + interleaved + good[cut:]})
	c, err := incident.Read(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	want := incident.File{
		Name: "a_log.csv.gz", Kind: incident.LogFile, Rows: 150, Bad: 1, BadLines: []int{3},
		Problem: "a quote stands in the middle of a cell",
	}
	if diff := cmp.Diff(want, c.Files[0]); diff != "" {
		t.Error(diff)
	}
	if !strings.Contains(strings.Join(c.NotSeen(), "\n"), "a_log.csv.gz: 1 of 151 rows were skipped (lines 3): a quote stands") {
		t.Errorf("%q", c.NotSeen())
	}
	if len(c.Logs) != 150 {
		t.Errorf("%d records", len(c.Logs))
	}
}

func TestABadRowOfMeasurementsLeavesNoneOfThem(t *testing.T) {
	t.Parallel()
	rows := podHeader + "t,1700000000," + pod + ",1,much\n"
	for i := range 150 {
		rows += fmt.Sprintf("t,%d,%s,2,2\n", 1_700_000_001+i, pod)
	}
	c, err := incident.Read(t.Context(), folder(t, map[string]string{"pod_metrics.csv.gz": rows}))
	if err != nil || len(c.Metrics) != 300 || c.Files[0].Bad != 1 || c.Metrics[0].Value != 2 {
		t.Errorf("%d points, %+v, %v", len(c.Metrics), c.Files, err)
	}
}

func TestRowsThatTwoFilesShareCountOnce(t *testing.T) {
	t.Parallel()
	dir := folder(t, map[string]string{
		"1_log.csv.gz": logHeader + logRow("100000000", "a") + logRow("200000000", "b"), "2_log.csv.gz": logHeader + logRow("200000000", "b"),
		"1_trace.csv.gz": traceHeader + traceRow(span, "root"), "2_trace.csv.gz": traceHeader + traceRow(span, "root") + traceRow("00f067aa0ba902b8", span),
	})
	c, err := incident.Read(t.Context(), dir)
	if err != nil || len(c.Logs) != 2 || len(c.Spans) != 2 || c.Files[1].Repeated != 1 || c.Files[3].Repeated != 1 {
		t.Errorf("%d records, %d spans, %+v, %v", len(c.Logs), len(c.Spans), c.Files, err)
	}
}

func TestBadCasesAreRefused(t *testing.T) {
	t.Parallel()
	whole := pack(t, logHeader+manyRows(50))
	for name, test := range map[string]struct {
		files map[string]string // packed
		raw   []byte            // of a_log.csv.gz, as it is
		want  string
	}{
		"an empty folder":       {want: "the folder is empty; a case has *_log.csv.gz"},
		"no file of a case":     {files: map[string]string{"data.csv.gz": ""}, want: "none of its 1 files is of a case, the first is data.csv.gz"},
		"not gzip":              {raw: []byte(logHeader), want: "a_log.csv.gz: this is not gzip"},
		"an empty file":         {raw: []byte{}, want: "a_log.csv.gz: the file is empty"},
		"half a gzip":           {raw: whole[:len(whole)/2], want: "the gzip ends in the middle"},
		"a gzip without end":    {raw: whole[:len(whole)-4], want: "a_log.csv.gz:51: the gzip ends in the middle, after this line"},
		"a damaged gzip":        {raw: append(whole[:len(whole)-8:len(whole)-8], 0, 0, 0, 0, 0, 0, 0, 0), want: "a_log.csv.gz:51: the gzip is damaged after this line"},
		"no header":             {files: map[string]string{"a_log.csv.gz": ""}, want: "a_log.csv.gz:1: the file has no header; its first line must name TimeUnixNano"},
		"a column missing":      {files: map[string]string{"a_log.csv.gz": strings.Replace(logHeader, "TraceID,", "", 1)}, want: "a_log.csv.gz:1: the header lacks the column TraceID; it has Timestamp,"},
		"a column twice":        {files: map[string]string{"a_log.csv.gz": strings.Replace(logHeader, "SpanID", "TraceID", 1)}, want: `a_log.csv.gz:1: the header names the column "TraceID" twice`},
		"a header of traces":    {files: map[string]string{"a_log.csv.gz": traceHeader}, want: "lacks the column TimeUnixNano, Log"},
		"an open quote":         {files: map[string]string{"a_log.csv.gz": `"` + logHeader}, want: "a_log.csv.gz:1: the header: a quote is never closed"},
		"a row a column short":  {files: map[string]string{"a_trace.csv.gz": traceHeader + traceRow(span, "root") + "1,2,3,4,5,6,7\n"}, want: "a_trace.csv.gz:3: 7 columns, the header has 8; 1 of 2 rows are bad"},
		"no JSON in the cell":   {files: map[string]string{"a_log.csv.gz": logHeader + "t,1700000000000000000,n,p,c,t,s,\"{\"\"log\"\":1}\"\n"}, want: "a_log.csv.gz:2: the cell Log begins like JSON and is none"},
		"a time in words":       {files: map[string]string{"a_log.csv.gz": logHeader + "t,yesterday,n,p,c,t,s,x\n"}, want: `a_log.csv.gz:2: TimeUnixNano: "yesterday" is not a time of this century`},
		"seconds for nanos":     {files: map[string]string{"a_log.csv.gz": logHeader + "t,1700000000,n,p,c,t,s,x\n"}, want: "is not a time of this century in units of 1ns"},
		"two times":             {files: map[string]string{"a_log.csv.gz": logHeader + "2023-11-14T21:13:20Z,1700000000000000000,n,p,c,t,s,x\n"}, want: "the columns Timestamp (2023-11-14T21:13:20Z) and TimeUnixNano (1700000000000000000) do not agree"},
		"no pod":                {files: map[string]string{"a_log.csv.gz": logHeader + "t,1700000000000000000,n,,c,t,s,x\n"}, want: "a_log.csv.gz:2: PodName is empty"},
		"an end before a start": {files: map[string]string{"a_trace.csv.gz": traceHeader + "t,s,root,p,o,1700000000000000001,1700000000000000000,0\n"}, want: "EndTimeUnixNano is before StartTimeUnixNano"},
		"a wrong duration":      {files: map[string]string{"a_trace.csv.gz": traceHeader + "t,s,root,p,o,1700000000000000000,1700000001000000000,7\n"}, want: "the column Duration (7 microseconds) and the times of start and end do not agree"},
		"a word for a number":   {files: map[string]string{"pod_metrics.csv.gz": podHeader + "t,1700000000,p,1,much\n"}, want: `pod_metrics.csv.gz:2: PodServerLatencyP90(s): "much" is not a number`},
		"a line without end":    {files: map[string]string{"a_log.csv.gz": logHeader + strings.Repeat("x", 2<<20)}, want: "a_log.csv.gz:1: the line after this one is longer than 1048576 bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := folder(t, test.files)
			if test.raw != nil {
				write(t, filepath.Join(dir, "a_log.csv.gz"), test.raw)
			}
			c, err := incident.Read(t.Context(), dir)
			if !errors.Is(err, base.ErrInvalid) || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), dir) {
				t.Errorf("%v\nwant %q", err, test.want)
			}
			if diff := cmp.Diff(incident.Case{}, c); diff != "" {
				t.Errorf("something half read was returned:\n%s", diff)
			}
		})
	}
}

func TestAFolderThatIsNotThereIsNamed(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "file"), nil)
	for path, want := range map[string]string{
		filepath.Join(dir, "none"): "there is no such folder",
		filepath.Join(dir, "file"): "this is a file; name the folder that holds it",
		"":                         "the name of the folder is empty",
	} {
		if _, err := incident.Read(t.Context(), path); !errors.Is(err, base.ErrInvalid) || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", path, err)
		}
	}
	if _, err := incident.Read(t.Context(), filepath.Join(dir, "none")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the cause is lost: %v", err)
	}
}

func TestReadStopsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	c, err := incident.Read(ctx, folder(t, map[string]string{"a_log.csv.gz": logHeader + manyRows(1)}))
	if !errors.Is(err, base.ErrCanceled) || !errors.Is(err, context.Canceled) || len(c.Logs) > 0 {
		t.Errorf("%v, %v", c, err)
	}
}
