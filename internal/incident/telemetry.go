package incident

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/fourkites/sources/base/logs"
	"github.com/fourkites/sources/base/metrics"
	"github.com/fourkites/sources/base/traces"
)

// The columns of each kind of file. TimeUnixNano is the time of a record: the one within its message is local time.
var (
	logColumns = columns{
		required: []string{"TimeUnixNano", "PodName", "TraceID", "SpanID", "Log"},
		optional: []string{"Node", "Container", "Timestamp"},
	}
	spanColumns = columns{
		required: []string{"TraceID", "SpanID", "ParentID", "PodName", "OperationName", "StartTimeUnixNano", "EndTimeUnixNano"},
		optional: []string{"Duration"},
	}
	podColumns   = columns{required: []string{"TimeStamp", "PodName"}, optional: []string{"Time"}}
	frontColumns = columns{required: []string{"TimeStamp", "ServiceName"}, optional: []string{"Time"}}
)

// keyOfPoints is how many cells of a row of points are not measurements.
const keyOfPoints = 3

type (
	lineKey struct {
		pod, trace, span string
		at               int64
		body             string
	}
	spanKey struct {
		trace, span string
		start       int64
	}
)

func (r *reader) log(row row) (repeated bool, err error) {
	nano, podName, trace, span, cell := row.cells[0], row.cells[1], row.cells[2], row.cells[3], row.cells[4]
	node, container, stamp := row.cells[5], row.cells[6], row.cells[7]
	at, err := instant("TimeUnixNano", nano, time.Nanosecond)
	if err != nil {
		return false, err
	}
	if other, err := time.Parse(time.RFC3339Nano, stamp); err == nil && other.Sub(at).Abs() > time.Minute {
		return false, fmt.Errorf("the columns Timestamp (%s) and TimeUnixNano (%s) do not agree", stamp, nano)
	}
	if podName == "" {
		return false, errors.New("PodName is empty")
	}
	body, err := bodyOf(cell)
	if err != nil {
		return false, err
	}
	p := r.pod(podName)
	key := lineKey{p.name, trace, span, at.UnixNano(), body}
	if r.lines[key] {
		return true, nil
	}
	r.lines[key] = true
	severity, word := severityOf(body)
	r.c.Logs = append(r.c.Logs, logs.Record{
		Time: at, Service: p.service, Severity: severity, SeverityText: word, Body: body, TraceID: trace, SpanID: span,
		Resources: r.place(p, node, container),
	})
	return false, nil
}

// place is the resources of a container, made once.
func (r *reader) place(p pod, node, container string) map[string]string {
	if p.node == "" && node != "" {
		p.node = strings.Clone(node)
		r.pods[p.name] = p
	}
	key := strings.Join([]string{p.name, node, container}, "\x00")
	if known, ok := r.places[key]; ok {
		return known
	}
	resources := map[string]string{PodKey: p.name}
	if node != "" {
		resources[NodeKey] = strings.Clone(node)
	}
	if container != "" {
		resources[ContainerKey] = strings.Clone(container)
	}
	r.places[key] = resources
	return resources
}

// bodyOf is the message within the cell: the container runtime wraps each line into JSON. A cell that is no JSON object
// is the message itself.
func bodyOf(cell string) (string, error) {
	cell = strings.TrimSpace(cell)
	if !strings.HasPrefix(cell, "{") {
		return strings.Clone(cell), nil
	}
	var wrapped struct {
		Log *string `json:"log"`
	}
	if err := json.Unmarshal([]byte(cell), &wrapped); err != nil {
		return "", fmt.Errorf("the cell Log begins like JSON and is none: %w", err)
	}
	if wrapped.Log == nil {
		return strings.Clone(cell), nil
	}
	return strings.TrimRight(*wrapped.Log, "\r\n"), nil
}

// maxLevelWords is within how many words of a message its level stands, if it has one.
const maxLevelWords = 5

// severityOf reads the level word at the beginning of a message. Only one in capitals, or alone in brackets, is a level:
// "no error" is not.
func severityOf(body string) (logs.Severity, string) {
	n := 0
	for word := range strings.FieldsSeq(body[:min(len(body), 200)]) {
		if n++; n > maxLevelWords {
			break
		}
		bare := strings.Trim(word, "[]()|:;,")
		if bare != strings.ToUpper(bare) && bare == word {
			continue
		}
		if s := logs.ParseSeverity(bare); s != logs.SeverityUnset {
			return s, s.String()
		}
	}
	return logs.SeverityUnset, ""
}

func (r *reader) span(row row) (repeated bool, err error) {
	trace, span, parent, podName, name := row.cells[0], row.cells[1], row.cells[2], row.cells[3], row.cells[4]
	start, err := instant("StartTimeUnixNano", row.cells[5], time.Nanosecond)
	if err != nil {
		return false, err
	}
	end, err := instant("EndTimeUnixNano", row.cells[6], time.Nanosecond)
	if err != nil {
		return false, err
	}
	duration := end.Sub(start)
	switch {
	case trace == "" || span == "" || podName == "":
		return false, errors.New("TraceID, SpanID or PodName is empty")
	case duration < 0:
		return false, errors.New("EndTimeUnixNano is before StartTimeUnixNano")
	case !agrees(row.cells[7], duration):
		return false, fmt.Errorf("the column Duration (%s microseconds) and the times of start and end do not agree", row.cells[7])
	}
	if parent == rootParent {
		parent = ""
	}
	key := spanKey{trace, span, start.UnixNano()}
	if r.spans[key] {
		return true, nil
	}
	r.spans[key] = true
	p := r.pod(podName)
	r.c.Spans = append(r.c.Spans, traces.Span{
		TraceID: trace, SpanID: span, ParentID: parent, Service: p.service, Name: name, Start: start, Duration: duration,
		Resources: r.place(p, "", ""),
	})
	return false, nil
}

// rootParent is what stands in place of the parent of a span that has none.
const rootParent = "root"

// agrees says whether a column of microseconds, where it can be read, fits the duration.
func agrees(text string, d time.Duration) bool {
	micros, err := strconv.ParseInt(text, 10, 64)
	return err != nil || math.Abs(float64(d.Microseconds()-micros)) <= 1000
}

// points makes one point of each measured cell of a row. An empty cell was not measured; NaN is kept.
func (r *reader) points(row row) (repeated bool, err error) {
	at, err := instant("TimeStamp", row.cells[0], time.Second)
	if err != nil {
		return false, err
	}
	name := row.cells[1]
	if name == "" {
		return false, fmt.Errorf("%s is empty", row.header[1])
	}
	p := r.pod
	if row.header[1] == frontColumns.required[1] {
		p = r.front
	}
	before := len(r.c.Metrics)
	for i := keyOfPoints; i < len(row.cells); i++ {
		cell := strings.TrimSpace(row.cells[i])
		if cell == "" {
			continue
		}
		value, err := strconv.ParseFloat(cell, 64)
		if err != nil {
			r.c.Metrics = r.c.Metrics[:before]
			return false, fmt.Errorf("%s: %.40q is not a number", row.header[i], cell)
		}
		r.c.Metrics = append(r.c.Metrics, metrics.Point{Time: at, Metric: row.header[i], Labels: p(name).labels, Value: value})
	}
	return false, nil
}

// The years that a recording can be of: anything else is a cell that was cut.
const (
	firstSecond = 946_684_800   // 2000
	lastSecond  = 4_102_444_800 // 2100
)

func instant(column, text string, unit time.Duration) (time.Time, error) {
	n, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64)
	perSecond := int64(time.Second / unit)
	if err != nil || n < firstSecond*perSecond || n > lastSecond*perSecond {
		return time.Time{}, fmt.Errorf("%s: %.40q is not a time of this century in units of %s", column, text, unit)
	}
	return time.Unix(n/perSecond, n%perSecond*int64(unit)).UTC(), nil
}
