package clickhouse

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/fourkites/sources/base/logs"
)

// logLayout is the table of logs as the operator and the server describe it.
type logLayout struct {
	signalTables
	columns LogColumns
	maps    attributeMaps
	words   bool
	lazy    bool
}

func (t Tables) logLayout(s *schema) logLayout {
	c := t.LogColumns
	return logLayout{
		signalTables: signalTables{
			table: t.Logs, resourceTable: t.LogResources, time: c.Time, bucket: c.Bucket, fingerprint: c.Fingerprint,
			resources: c.Resources, idName: c.ID, nanos: s.nanos,
		},
		columns: c, words: s.words, lazy: s.lazy,
		maps: attributeMaps{c.StringAttributes, c.NumberAttributes, c.BoolAttributes, s.materialized},
	}
}

// checkLogs makes a question fit to be asked, or says which field is wrong.
func checkLogs(q logs.Query) (logs.Query, error) {
	for i, service := range q.Services {
		if err := checkLabel(fmt.Sprintf("services[%d]", i), service); err != nil {
			return q, err
		}
	}
	if len(q.Services) > maxTerms {
		return q, fmt.Errorf("services: %d values, more than %d", len(q.Services), maxTerms)
	}
	if q.MinSeverity > 24 {
		return q, fmt.Errorf("min_severity: %d is not a severity number (1 to 24)", q.MinSeverity)
	}
	if q.Order > logs.OldestFirst {
		return q, fmt.Errorf("order: %d is not known", q.Order)
	}
	if err := checkLogTexts(q); err != nil {
		return q, err
	}
	return checkLogIDs(q)
}

func checkLogTexts(q logs.Query) error {
	if q.Regexp != "" {
		if _, err := lowerRegexp(q.Regexp); err != nil {
			return err
		}
	}
	return errors.Join(
		checkTexts("contains", q.Contains), checkTexts("not_contains", q.NotContains),
		checkLabels("attributes", q.Attributes), checkLabels("resources", q.Resources))
}

func checkLogIDs(q logs.Query) (_ logs.Query, err error) {
	if q.TraceID != "" {
		if q.TraceID, err = checkHex("trace_id", q.TraceID, 32); err != nil {
			return q, err
		}
	}
	if q.SpanID != "" {
		if q.SpanID, err = checkHex("span_id", q.SpanID, 16); err != nil {
			return q, err
		}
	}
	return q, errors.Join(checkID("tracking_id", q.TrackingID), checkID("correlation_id", q.CorrelationID),
		checkID("record_uuid", q.RecordUUID))
}

// filter adds every condition but those over time and over the resource.
func (l logLayout) filter(s *statement, q logs.Query) error {
	if err := l.filterIDs(s, q); err != nil {
		return err
	}
	if q.MinSeverity > 0 {
		if err := l.severity(s, q.MinSeverity); err != nil {
			return err
		}
	}
	body := quote(l.columns.Body)
	for _, needle := range q.Contains {
		s.and("%s", s.contains(body, needle, l.words))
	}
	for _, needle := range q.NotContains {
		s.and("NOT %s", s.contains(body, needle, false))
	}
	if q.Regexp != "" {
		pattern, err := lowerRegexp(q.Regexp)
		if err != nil {
			return err
		}
		s.and("match(lower(%s), %s)", body, s.text(pattern))
	}
	for _, key := range sortedKeys(q.Attributes) {
		condition, err := s.attribute(l.maps, key, q.Attributes[key])
		if err != nil {
			return err
		}
		s.and("%s", condition)
	}
	return nil
}

func (l logLayout) filterIDs(s *statement, q logs.Query) error {
	for _, id := range []struct{ field, column, value string }{
		{"trace_id", l.columns.TraceID, q.TraceID}, {"span_id", l.columns.SpanID, q.SpanID},
	} {
		switch {
		case id.value == "":
		case id.column == absent:
			return fmt.Errorf("%s: the table has no such column", id.field)
		default:
			s.and("%s = %s", quote(id.column), s.text(id.value))
		}
	}
	for _, id := range []string{q.TrackingID, q.CorrelationID, q.RecordUUID} {
		if id != "" {
			s.and("%s", l.anywhere(s, id))
		}
	}
	return nil
}

// anywhere finds an identifier in the body, as whole words, or as the value of any attribute.
func (l logLayout) anywhere(s *statement, id string) string {
	body := quote(l.columns.Body)
	all := []string{l.identifier(s, body, lowerASCII(id))}
	if m := l.maps.strings; m != absent {
		all = append(all, fmt.Sprintf("has(mapValues(%s), %s)", quote(m), s.text(id)))
	}
	if n, ok := asNumber(id); ok && l.maps.numbers != absent {
		all = append(all, fmt.Sprintf("has(mapValues(%s), %s)", quote(l.maps.numbers), s.bind("Float64", n)))
	}
	return either(all...)
}

// identifier is one word for the index of words; an identifier with separators is a text and the words within it.
func (l logLayout) identifier(s *statement, body, id string) string {
	if isToken(id) {
		return fmt.Sprintf("hasToken(lower(%s), %s)", body, s.text(id))
	}
	return s.contains(body, id, l.words)
}

// asNumber reads a number that a Float64 holds exactly.
func asNumber(text string) (float64, bool) {
	n, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsNaN(n) || math.IsInf(n, 0) || math.Abs(n) >= 1<<53 || strings.ContainsAny(text, "xX_") {
		return 0, false
	}
	return n, true
}

var severityWords = []string{
	"trace", "debug", "info", "information", "notice", "warn", "warning", "error", "err", "fatal", "critical", "crit",
	"panic", "alert", "emergency",
}

// severity is at least the number; a record without a number is judged by its word.
func (l logLayout) severity(s *statement, least logs.Severity) error {
	var all, words []string
	if l.columns.SeverityNumber != absent {
		all = append(all, fmt.Sprintf("%s >= %s", quote(l.columns.SeverityNumber), s.bind("UInt8", uint8(least))))
	}
	if l.columns.SeverityText != absent {
		for _, word := range severityWords {
			if logs.ParseSeverity(word)+3 >= least { // any number of the word's range
				words = append(words, word)
			}
		}
		condition := fmt.Sprintf("lower(%s) IN %s", quote(l.columns.SeverityText), s.texts(words))
		if l.columns.SeverityNumber != absent {
			condition = fmt.Sprintf("(%s = 0 AND %s)", quote(l.columns.SeverityNumber), condition)
		}
		all = append(all, condition)
	}
	if len(all) == 0 {
		return errors.New("min_severity: the table has no column of severity")
	}
	s.and("%s", either(all...))
	return nil
}

// logRow is a record as the server sends it.
type logRow struct {
	Nanos          uint64             `db:"x_time"`
	ID             string             `db:"x_id"`
	TraceID        string             `db:"x_trace"`
	SpanID         string             `db:"x_span"`
	SeverityText   string             `db:"x_severity"`
	SeverityNumber uint8              `db:"x_number"`
	Body           string             `db:"x_body"`
	Strings        map[string]string  `db:"x_strings"`
	Numbers        map[string]float64 `db:"x_numbers"`
	Bools          map[string]bool    `db:"x_bools"`
	Resources      map[string]string  `db:"x_resources"`
}

// projection selects what a logRow takes.
func (l logLayout) projection() string {
	at := quote(l.columns.Time)
	if !l.nanos {
		at = "toUInt64(toUnixTimestamp64Nano(" + at + "))"
	}
	column := func(name, otherwise string) string {
		if name == absent {
			return otherwise
		}
		return quote(name)
	}
	all := []string{at + " AS x_time"}
	for _, c := range []struct{ name, otherwise, as string }{
		{l.columns.ID, "", "x_id"},
		{l.columns.TraceID, "''", "x_trace"},
		{l.columns.SpanID, "''", "x_span"},
		{l.columns.SeverityText, "''", "x_severity"},
		{l.columns.SeverityNumber, "toUInt8(0)", "x_number"},
		{l.columns.Body, "", "x_body"},
		{l.columns.StringAttributes, noStrings, "x_strings"},
		{l.columns.NumberAttributes, noNumbers, "x_numbers"},
		{l.columns.BoolAttributes, noBools, "x_bools"},
		{l.columns.Resources, noStrings, "x_resources"},
	} {
		all = append(all, column(c.name, c.otherwise)+" AS "+c.as)
	}
	return strings.Join(all, ", ")
}

// What stands for a column of attributes that the table lacks.
const (
	noStrings = "CAST(map(), 'Map(String, String)')"
	noNumbers = "CAST(map(), 'Map(String, Float64)')"
	noBools   = "CAST(map(), 'Map(String, Bool)')"
)

func (r *logRow) record() logs.Record {
	out := logs.Record{
		Time: time.Unix(0, int64(r.Nanos)).UTC(), ID: r.ID, Service: r.Resources[serviceLabel],
		Severity: logs.Severity(r.SeverityNumber), SeverityText: r.SeverityText, Body: r.Body,
		TraceID: trimZero(r.TraceID), SpanID: trimZero(r.SpanID), Attributes: joinAttributes(r.Strings, r.Numbers, r.Bools),
	}
	if len(r.Resources) > 0 {
		out.Resources = r.Resources
	}
	if out.Severity == logs.SeverityUnset {
		out.Severity = logs.ParseSeverity(r.SeverityText)
	}
	return out
}

// trimZero takes off what a FixedString is filled up with.
func trimZero(text string) string { return strings.TrimRight(text, "\x00") }

// joinAttributes puts the attributes of all types into one map; nil when there are none.
func joinAttributes(text map[string]string, numbers map[string]float64, flags map[string]bool) map[string]any {
	if len(text)+len(numbers)+len(flags) == 0 {
		return nil
	}
	out := make(map[string]any, len(text)+len(numbers)+len(flags))
	for k, v := range text {
		out[k] = v
	}
	for k, v := range numbers {
		out[k] = v
	}
	for k, v := range flags {
		out[k] = v
	}
	return out
}
