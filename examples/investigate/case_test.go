package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/fourkites/sources/internal/markdown"
)

func TestACaseIsInvestigated(t *testing.T) {
	t.Parallel()
	healthy, ill := caseFolder(t, -3600, 120, -1), caseFolder(t, 0, 120, 60)
	truth := filepath.Join(t.TempDir(), "truth.json")
	text := `{"root_cause_service":"price","inject_type":"return","inject_time_utc":"2024-05-06 07:01:00","code_region_or_metric":"a.p.PriceService#31_a.p.PriceService#33"}`
	if err := os.WriteFile(truth, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	args := []string{"-case", ill, "-baseline", healthy, "-truth", truth}

	got := try(t, t.Context(), append(args, "-format", "json")...)
	if got.code != 0 || !strings.Contains(got.stderr, "score: ") {
		t.Fatalf("exit %d\n%s", got.code, got.stderr)
	}
	r := decode(t, got.stdout)
	if r.Verdict != "fault" || len(r.Causes) == 0 || r.Causes[0].Service != "price" {
		t.Errorf("%s, %+v", r.Verdict, r.Causes)
	}
	got = try(t, t.Context(), args...)
	for _, want := range []string{"# Investigation of ", "**`price` is at fault", "which was named as healthy", "## What happened, and when", "### Evidence", "### Not seen", "## Score\n\n"} {
		if got.code != 0 || !strings.Contains(got.stdout, want) {
			t.Errorf("exit %d, no %q in\n%s", got.code, want, got.stdout)
		}
	}
}

func TestACaseIsInvestigatedWithTheCodeGraphBesideIt(t *testing.T) {
	t.Parallel()
	ill := caseFolder(t, 0, 120, 60)
	if got := try(t, t.Context(), "-case", ill); got.code != 0 || !strings.Contains(got.stderr, "there is no code_graph.json beside the case") ||
		!strings.Contains(got.stdout, "code: the method that a place in the code belongs to") {
		t.Errorf("exit %d: %s\n%s", got.code, got.stderr, got.stdout)
	}
	beside := filepath.Join(filepath.Dir(ill), "code_graph.json")
	text := `{"repo": "acme/shop", "services": {"web": 1, "price": 1}, "classes": [{"service": "price", "path": "price/PriceService.java", "class": "PriceService",
		"methods": [{"name": "ask", "line": 30, "end": 50}]}], "edges": [{"from": "web", "to": "price", "call_sites": 1}]}`
	if err := os.WriteFile(beside, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	got := try(t, t.Context(), "-case", ill+"/")
	for _, want := range []string{"`PriceService#ask` of `price`; price is called by web", "graph (data)"} {
		if got.code != 0 || !strings.Contains(got.stdout, want) {
			t.Errorf("exit %d, no %q in\n%s", got.code, want, got.stdout)
		}
	}
	if err := os.WriteFile(beside, []byte("[]"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := try(t, t.Context(), "-case", ill); got.code != 1 || got.stdout != "" || !strings.Contains(got.stderr, beside+": this is no code graph") {
		t.Errorf("exit %d: %s\n%s", got.code, got.stderr, got.stdout)
	}
}

func TestAQuietCaseHasNoFault(t *testing.T) {
	t.Parallel()
	got := try(t, t.Context(), "-case", caseFolder(t, 0, 120, -1), "-format", "json")
	if r := decode(t, got.stdout); got.code != 0 || r.Verdict != "no_fault" || len(r.NotSeen) == 0 {
		t.Errorf("exit %d, %s, not seen: %q", got.code, r.Verdict, r.NotSeen)
	}
}

func TestACaseThatCannotBeReadPrintsNothing(t *testing.T) {
	t.Parallel()
	short := t.TempDir()
	packInto(t, filepath.Join(short, "a_trace.csv.gz"),
		"TraceID,SpanID,ParentID,PodName,OperationName,StartTimeUnixNano,EndTimeUnixNano,Duration\n1,2,3\n")
	good := caseFolder(t, 0, 10, -1)
	for name, test := range map[string]struct {
		args []string
		want string
	}{
		"a short row":     {[]string{"-case", short}, "investigate: " + short + "/a_trace.csv.gz:2: 3 columns, the header has 8"},
		"a bad baseline":  {[]string{"-case", good, "-baseline", short}, "a_trace.csv.gz:2: 3 columns"},
		"no truth":        {[]string{"-case", good, "-truth", filepath.Join(good, "truth.json")}, "truth.json: the truth cannot be read"},
		"nobody listens":  {[]string{"-case", good, "-clickhouse", "127.0.0.1:1"}, "-clickhouse 127.0.0.1:1: "},
		"too little time": {[]string{"-case", good, "-timeout", "1ns"}, "not done within 1ns; give more time with -timeout"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := try(t, t.Context(), test.args...)
			if got.code != 1 || got.stdout != "" || !strings.Contains(got.stderr, test.want) {
				t.Errorf("exit %d, stdout %q, stderr %q", got.code, got.stdout, got.stderr)
			}
		})
	}
}

func TestAFolderThatIsNotThereIsAWrongFlag(t *testing.T) {
	t.Parallel()
	good := caseFolder(t, 0, 2, -1)
	none := filepath.Join(good, "none")
	for want, args := range map[string][]string{
		"investigate: -case " + none + ": there is no such folder":     {"-case", none},
		"investigate: -baseline " + none + ": there is no such folder": {"-case", good, "-baseline", none},
		"a_log.csv.gz: this is a file; name the folder":                {"-case", filepath.Join(good, "a_log.csv.gz")},
	} {
		if got := try(t, t.Context(), args...); got.code != 2 || got.stdout != "" || !strings.Contains(got.stderr, want) {
			t.Errorf("exit %d, stderr %q, want %q", got.code, got.stderr, want)
		}
	}
}

func TestVariablesAreCheckedBeforeTheRecordingIsRead(t *testing.T) {
	t.Parallel()
	env := map[string]string{"CLICKHOUSE_SECURE": "perhaps"}
	got := tryWith(t, t.Context(), env, "-case", caseFolder(t, 0, 2, -1), "-clickhouse", "127.0.0.1:1")
	if got.code != 2 || !strings.Contains(got.stderr, "CLICKHOUSE_SECURE") || strings.Contains(got.stderr, "log records") {
		t.Errorf("exit %d, %s", got.code, got.stderr)
	}
}

func TestAReportSaysWhatItsVerdictLacks(t *testing.T) {
	t.Parallel()
	for failsAt, want := range map[int]string{
		60: "The confidence counts what was seen alone",
		-1: "So this does not prove that there was no fault",
	} {
		dir := caseFolder(t, 0, 120, failsAt)
		if err := os.Remove(filepath.Join(dir, "pod_metrics.csv.gz")); err != nil {
			t.Fatal(err)
		}
		got := markdown.Unwrapped(try(t, t.Context(), "-case", dir).stdout)
		if !strings.Contains(got, "**Not everything was looked at**: metrics (skipped). "+want) {
			t.Errorf("no %q in\n%s", want, got)
		}
		if failsAt > 0 && !strings.Contains(got, "the quiet part of the same recording before the onset: it shows what is usual") {
			t.Errorf("the window of comparison is not explained in\n%s", got)
		}
	}
}

// What a recording holds is not trusted: whatever stands in it, the report keeps its form.
func TestHostileLogTextCannotBreakTheReport(t *testing.T) {
	t.Parallel()
	var logs strings.Builder
	logs.WriteString("TimeUnixNano,PodName,TraceID,SpanID,Log\n")
	const evil = "ERROR a.p.Price#33 | x || `a` ``` <script>alert(1)</script> [l](http://h) \x1b[2J\x1b]0;t\a \u202e\u200b\u2066 \u0085 <num> **b**"
	for n := range 240 {
		at := began.Add(time.Duration(n) * 500 * time.Millisecond)
		text := "INFO a.p.Price#44 price found"
		if n >= 120 {
			text = evil
		}
		if n == 130 {
			text += strings.Repeat(" long", 150_000)
		}
		quoted, err := json.Marshal(map[string]string{"log": text + "\n# heading\n\n| a | b |\n"})
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&logs, "%d,price-5b67c48447-mv5hb,%032x,%016x,\"%s\"\n", at.UnixNano(), n+1, n+1, strings.ReplaceAll(string(quoted), `"`, `""`))
	}
	dir := t.TempDir()
	packInto(t, filepath.Join(dir, "a_log.csv.gz"), logs.String())
	got := try(t, t.Context(), "-case", dir)
	if got.code != 0 || strings.Count(got.stdout, "<script>alert(1)</script>") < 3 {
		t.Fatalf("exit %d, %s\n%s", got.code, got.stderr, got.stdout)
	}
	wellFormed(t, got.stdout)
}

func TestAnInterruptEndsTheRun(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, args := range [][]string{{"-case", caseFolder(t, 0, 10, -1)}, {}} {
		got := try(t, ctx, args...)
		if got.code != 1 || got.stdout != "" || !strings.Contains(got.stderr, "interrupted: ") {
			t.Errorf("exit %d, stdout %q, stderr %q", got.code, got.stdout, got.stderr)
		}
	}
}
