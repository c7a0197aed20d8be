package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m)
}

// outcome is what a run printed and its exit code.
type outcome struct {
	stdout, stderr string
	code           int
}

func try(t *testing.T, ctx context.Context, args ...string) outcome {
	t.Helper()
	return tryWith(t, ctx, nil, args...)
}

func tryWith(t *testing.T, ctx context.Context, env map[string]string, args ...string) outcome {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code := run(ctx, args, env, &stdout, &stderr)
	return outcome{stdout.String(), stderr.String(), code}
}

// began is when the hand-written case begins.
var began = time.Date(2024, 5, 6, 7, 0, 0, 0, time.UTC)

// caseFolder writes a small case: a service that is called twice a second, and that from the given second on fails with
// a line of its own.
func caseFolder(t testing.TB, from, seconds, failsAt int) string {
	t.Helper()
	dir := t.TempDir()
	var logs, traces, points strings.Builder
	logs.WriteString("Timestamp,TimeUnixNano,Node,PodName,Container,TraceID,SpanID,Log\n")
	traces.WriteString("TraceID,SpanID,ParentID,PodName,OperationName,StartTimeUnixNano,EndTimeUnixNano,Duration\n")
	points.WriteString("Time,TimeStamp,PodName,CpuUsage(m),PodServerLatencyP90(s)\n")
	const web, price = "web-7d8f9b6c54-x2k9q", "price-5b67c48447-mv5hb"
	for n := range 2 * seconds {
		at := began.Add(time.Duration(from)*time.Second + time.Duration(n)*500*time.Millisecond)
		trace, outer, inner := fmt.Sprintf("%032x", 1000*from+n+1), fmt.Sprintf("%016x", 2*(1000*from+n)+1), fmt.Sprintf("%016x", 2*(1000*from+n)+2)
		line := func(after time.Duration, pod, span, level, text string) {
			when := at.Add(after)
			fmt.Fprintf(&logs, "%s,%d,node-1,%s,server,%s,%s,\"{\"\"log\"\":\"\"%s %-5s %s\\n\"\"}\"\n", when.Format(time.RFC3339Nano),
				when.UnixNano(), pod, trace, span, when.Format("15:04:05.000"), level, text)
		}
		fmt.Fprintf(&traces, "%s,%s,root,%s,GET /cart,%d,%d,80000\n", trace, outer, web, at.UnixNano(), at.Add(80*time.Millisecond).UnixNano())
		fmt.Fprintf(&traces, "%s,%s,%s,%s,GET /price,%d,%d,40000\n", trace, inner, outer, price,
			at.Add(20*time.Millisecond).UnixNano(), at.Add(60*time.Millisecond).UnixNano())
		line(5*time.Millisecond, web, outer, "INFO", "a.w.CartController#21 cart asked for")
		line(22*time.Millisecond, price, inner, "INFO", "a.p.PriceService#31 price asked for")
		if failsAt >= 0 && n >= 2*failsAt {
			line(30*time.Millisecond, price, inner, "ERROR", "a.p.PriceService#33 no price list")
			continue
		}
		line(40*time.Millisecond, price, inner, "INFO", "a.p.PriceService#44 price found")
		line(70*time.Millisecond, web, outer, "INFO", "a.w.CartController#35 cart priced")
	}
	for n := range seconds / 10 {
		at := began.Add(time.Duration(from+10*n) * time.Second)
		for _, pod := range []string{web, price} {
			fmt.Fprintf(&points, "%s,%d,%s,%d,NaN\n", at, at.Unix(), pod, 3+n%2)
		}
	}
	for name, text := range map[string]string{"a_log.csv.gz": logs.String(), "a_trace.csv.gz": traces.String(), "pod_metrics.csv.gz": points.String()} {
		packInto(t, filepath.Join(dir, name), text)
	}
	return dir
}

func packInto(t testing.TB, path, text string) {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
}

// report is the JSON form as another program reads it.
type report struct {
	Verdict string
	Window  struct{ From, To time.Time }
	Causes  []struct {
		Rank          int
		Service, Kind string
		Onset         time.Time
		Confidence    float64
		Code          []struct {
			Symbol string
			Lines  [2]int
		}
		Evidence []string
		Why      string
	}
	Evidence []struct {
		ID, Source, Type, Service, Summary string
		Time                               time.Time
		Ref                                map[string]any
	}
	Sources []struct {
		Name, Outcome string
		ElapsedMS     *int64 `json:"elapsed_ms"`
		Attempts      *int
		Calls         *int
	}
	NotSeen []string `json:"not_seen"`
	Demo    string
}

func decode(t *testing.T, text string) report {
	t.Helper()
	decoder := json.NewDecoder(strings.NewReader(text))
	var r report
	if err := decoder.Decode(&r); err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	if decoder.More() {
		t.Fatalf("more than one JSON object in\n%s", text)
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal([]byte(text), &fields); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"verdict", "window", "causes", "evidence", "sources", "not_seen"} {
		if v := string(fields[name]); v == "" || v == "null" {
			t.Errorf("%s is %q", name, v)
		}
	}
	return r
}
