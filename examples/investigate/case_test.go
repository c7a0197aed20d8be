package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
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
	for _, want := range []string{"# Investigation of ", "**`price` is at fault", "## What happened, and when", "## Evidence", "## Not seen", "## Score\n\n"} {
		if got.code != 0 || !strings.Contains(got.stdout, want) {
			t.Errorf("exit %d, no %q in\n%s", got.code, want, got.stdout)
		}
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
		"no folder":       {[]string{"-case", filepath.Join(good, "none")}, "none: there is no such folder"},
		"a short row":     {[]string{"-case", short}, "a_trace.csv.gz:2: 3 columns, the header has 8"},
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
