package incident_test

import (
	"bytes"
	"compress/gzip"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const (
	logHeader   = "Timestamp,TimeUnixNano,Node,PodName,Container,TraceID,SpanID,Log\n"
	traceHeader = "TraceID,SpanID,ParentID,PodName,OperationName,StartTimeUnixNano,EndTimeUnixNano,Duration\n"
	podHeader   = "Time,TimeStamp,PodName,CpuUsage(m),PodServerLatencyP90(s)\n"
	frontHeader = "Time,TimeStamp,ServiceName,SuccessRate(%)\n"

	trace = "4bf92f3577b34da6a3ce929d0e0e4736"
	span  = "00f067aa0ba902b7"
	pod   = "cart-7d8f9b6c54-x2k9q"
)

// logRow is a row at so many nanoseconds after 2023-11-14T22:13:20Z.
func logRow(at, message string) string {
	return "2023-11-14T22:13:20." + at + "Z,1700000000" + at + ",node-1," + pod + ",server," + trace + "," + span +
		`,"{""log"":""` + message + `\n"",""stream"":""stdout""}"` + "\n"
}

func traceRow(spanID, parent string) string {
	return trace + "," + spanID + "," + parent + "," + pod + ",GET /cart,1700000000000000000,1700000000250000000,250000\n"
}

// folder makes a case folder of texts, which are packed.
func folder(t testing.TB, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		write(t, filepath.Join(dir, name), pack(t, text))
	}
	return dir
}

func pack(t testing.TB, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func write(t testing.TB, path string, content []byte) {
	t.Helper()
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

// manyRows are so many good rows of a log file.
func manyRows(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(logRow(strings.Repeat("0", 3)+strings.Repeat(string(rune('1'+i%9)), 6), "10:00:00.000 INFO  a.Cart#1 hello "+strings.Repeat("x", i)))
	}
	return b.String()
}
