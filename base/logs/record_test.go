package logs_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/logs"
)

func TestSeveritiesAreReadInEverySpelling(t *testing.T) {
	t.Parallel()
	for word, want := range map[string]logs.Severity{
		"trace": logs.SeverityTrace, "DEBUG": logs.SeverityDebug, " Info ": logs.SeverityInfo, "notice": logs.SeverityInfo,
		"Information": logs.SeverityInfo, "warning": logs.SeverityWarn, "WARN": logs.SeverityWarn, "err": logs.SeverityError,
		"Error": logs.SeverityError, "critical": logs.SeverityFatal, "panic": logs.SeverityFatal, "emergency": logs.SeverityFatal,
		"": logs.SeverityUnset, "loud": logs.SeverityUnset, "17": logs.SeverityUnset,
	} {
		if got := logs.ParseSeverity(word); got != want {
			t.Errorf("%q is %s, want %s", word, got, want)
		}
	}
}

func TestASeverityHasTheNameOfItsRange(t *testing.T) {
	t.Parallel()
	var names []string
	for s := range logs.Severity(26) {
		names = append(names, s.String())
	}
	want := []string{"UNSET"}
	for _, name := range []string{"TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"} {
		want = append(want, name, name, name, name)
	}
	if diff := cmp.Diff(append(want, "UNSET"), names); diff != "" {
		t.Error(diff)
	}
	for _, name := range want[1:] {
		if logs.ParseSeverity(name).String() != name {
			t.Errorf("%s does not read back", name)
		}
	}
}

func TestRecordsAndQueriesLeaveOutWhatTheyDoNotHold(t *testing.T) {
	t.Parallel()
	at := time.Date(2025, 3, 4, 12, 0, 0, 5, time.UTC)
	for want, v := range map[string]any{
		`{"time":"2025-03-04T12:00:00.000000005Z","body":"started"}`: logs.Record{Time: at, Body: "started"},
		`{"window":{"from":"2025-03-04T11:59:00.000000005Z","to":"2025-03-04T12:00:00.000000005Z"}}`: logs.Query{
			Window: base.Around(at, time.Minute, 0),
		},
	} {
		if got, err := json.Marshal(v); err != nil || string(got) != want {
			t.Errorf("%s, %v", got, err)
		}
	}
}

func Example() {
	noon := time.Date(2025, 3, 4, 12, 0, 0, 0, time.UTC)
	q := logs.Query{
		Window: base.Around(noon, 10*time.Minute, time.Minute), Services: []string{"billing"},
		MinSeverity: logs.SeverityWarn, NotContains: []string{"health check"},
	}
	fmt.Println(q.Window.Duration(), q.MinSeverity, logs.ParseSeverity("warning") >= q.MinSeverity)
	// Output: 11m0s WARN true
}
