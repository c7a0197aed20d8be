package partition

import (
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/fourkites/sources/base/history"
	"github.com/fourkites/sources/base/logs"
	"github.com/fourkites/sources/internal/sqlguard"
)

const maxTerms = 100

// checkLogs reports every field of a question that cannot be asked.
func checkLogs(t history.Tables, q logs.Query) error {
	all := []error{t.CheckWindow(q.Window), checkHex("trace_id", q.TraceID, 32), checkHex("span_id", q.SpanID, 16)}
	if q.MinSeverity > 24 {
		all = append(all, fmt.Errorf("min_severity: %d is not a severity number (1 to 24)", q.MinSeverity))
	}
	if q.Order > logs.OldestFirst {
		all = append(all, fmt.Errorf("order: %d is not known", q.Order))
	}
	if q.Regexp != "" {
		if _, err := regexp.Compile(q.Regexp); err != nil {
			all = append(all, fmt.Errorf("regexp: %w", err))
		}
	}
	for _, list := range []struct {
		field  string
		values []string
	}{
		{"services", q.Services},
		{"contains", q.Contains},
		{"not_contains", q.NotContains},
		{"regexp", []string{q.Regexp}},
		{"attributes", pairs(q.Attributes)},
		{"resources", pairs(q.Resources)},
		{"trace_id", []string{q.TraceID}},
		{"span_id", []string{q.SpanID}},
		{"tracking_id", []string{q.TrackingID}},
		{"correlation_id", []string{q.CorrelationID}},
		{"record_uuid", []string{q.RecordUUID}},
	} {
		if len(list.values) > 2*maxTerms {
			all = append(all, fmt.Errorf("%s: more than %d values", list.field, maxTerms))
		}
		for _, v := range list.values {
			all = append(all, checkText(list.field, v))
		}
	}
	return errors.Join(all...)
}

// checkHex refuses what is no identifier of OpenTelemetry; none at all is no condition.
func checkHex(field, id string, digits int) error {
	if _, err := hex.DecodeString(id); id != "" && (err != nil || len(id) != digits) {
		return fmt.Errorf("%s: must be %d hexadecimal digits, got %d characters", field, digits, len(id))
	}
	return nil
}

func pairs(m map[string]string) []string {
	var all []string
	for _, k := range slices.Sorted(maps.Keys(m)) {
		all = append(all, k, m[k])
	}
	return all
}

// filter adds every condition but those over time.
func (l logLayout) filter(s *statement, q logs.Query) error {
	if len(q.Services) > 0 {
		if err := l.needs("services", l.names.Resources); err != nil {
			return err
		}
		s.and("element_at("+sqlguard.Quote(l.names.Resources)+", ?) IN "+marks(len(q.Services)), append([]any{serviceLabel}, anys(q.Services)...)...)
	}
	for _, key := range slices.Sorted(maps.Keys(q.Resources)) {
		if err := l.needs("resources", l.names.Resources); err != nil {
			return err
		}
		s.and("element_at("+sqlguard.Quote(l.names.Resources)+", ?) = ?", key, q.Resources[key])
	}
	if q.MinSeverity > 0 {
		if err := l.severity(s, q.MinSeverity); err != nil {
			return err
		}
	}
	for _, key := range slices.Sorted(maps.Keys(q.Attributes)) {
		if err := l.attribute(s, key, q.Attributes[key]); err != nil {
			return err
		}
	}
	if err := l.filterBody(s, q); err != nil {
		return err
	}
	return l.filterIDs(s, q)
}

// needs refuses a condition over a column that the table lacks.
func (l logLayout) needs(field, column string) error {
	if l.known.has(column) {
		return nil
	}
	return fmt.Errorf("%s: the table has no column %s", field, column)
}

func (l logLayout) filterBody(s *statement, q logs.Query) error {
	if len(q.Contains)+len(q.NotContains) == 0 && q.Regexp == "" {
		return nil
	}
	if err := l.needs("contains", l.names.Body); err != nil {
		return err
	}
	body := "lower(COALESCE(" + sqlguard.Quote(l.names.Body) + ", ''))"
	for _, needle := range q.Contains {
		s.and("strpos("+body+", ?) > 0", strings.ToLower(needle))
	}
	for _, needle := range q.NotContains {
		s.and("strpos("+body+", ?) = 0", strings.ToLower(needle))
	}
	if q.Regexp != "" {
		s.and("regexp_like("+body+", ?)", q.Regexp)
	}
	return nil
}

func (l logLayout) filterIDs(s *statement, q logs.Query) error {
	for _, id := range []struct{ field, column, value string }{
		{"trace_id", l.names.TraceID, q.TraceID}, {"span_id", l.names.SpanID, q.SpanID},
	} {
		if id.value == "" {
			continue
		}
		if err := l.needs(id.field, id.column); err != nil {
			return err
		}
		s.and(l.known.text(id.column)+" = ?", id.value)
	}
	for _, id := range []string{q.TrackingID, q.CorrelationID, q.RecordUUID} {
		if id == "" {
			continue
		}
		if err := l.needs("tracking_id", l.names.Body); err != nil {
			return err
		}
		l.anywhere(s, id)
	}
	return nil
}

// anywhere finds an identifier in the body, as a whole word, or as the value of any attribute.
func (l logLayout) anywhere(s *statement, id string) {
	body := "lower(COALESCE(" + sqlguard.Quote(l.names.Body) + ", ''))"
	lower := strings.ToLower(id)
	all := []string{"(strpos(" + body + ", ?) > 0 AND regexp_like(" + body + ", ?))"}
	args := []any{lower, `(^|[^0-9a-z])` + regexp.QuoteMeta(lower) + `($|[^0-9a-z])`}
	if l.known.base(l.names.StringAttributes) == "map" {
		all = append(all, "COALESCE(contains(map_values("+sqlguard.Quote(l.names.StringAttributes)+"), ?), FALSE)")
		args = append(args, id)
	}
	if n, err := strconv.ParseFloat(id, 64); err == nil && n < 1<<53 && l.known.base(l.names.NumberAttributes) == "map" {
		all = append(all, "COALESCE(contains(map_values("+sqlguard.Quote(l.names.NumberAttributes)+"), ?), FALSE)")
		args = append(args, n)
	}
	s.and(either(all...), args...)
}

// attribute finds a value in whichever map its type belongs to.
func (l logLayout) attribute(s *statement, key, value string) error {
	var all []string
	var args []any
	if l.known.base(l.names.StringAttributes) == "map" {
		all, args = append(all, "element_at("+sqlguard.Quote(l.names.StringAttributes)+", ?) = ?"), append(args, key, value)
	}
	if n, err := strconv.ParseFloat(value, 64); err == nil && l.known.base(l.names.NumberAttributes) == "map" {
		all, args = append(all, "element_at("+sqlguard.Quote(l.names.NumberAttributes)+", ?) = ?"), append(args, key, n)
	}
	if (value == "true" || value == "false") && l.known.base(l.names.BoolAttributes) == "map" {
		all, args = append(all, "element_at("+sqlguard.Quote(l.names.BoolAttributes)+", ?) = ?"), append(args, key, value == "true")
	}
	if len(all) == 0 {
		return errors.New("attributes: the table has no column of attributes")
	}
	s.and(either(all...), args...)
	return nil
}

var severityWords = []string{
	"trace", "debug", "info", "information", "notice", "warn", "warning", "error", "err", "fatal", "critical", "crit",
	"panic", "alert", "emergency",
}

// severity is at least the number; a record without a number is judged by its word.
func (l logLayout) severity(s *statement, least logs.Severity) error {
	var all []string
	var args []any
	number := ""
	if l.known.has(l.names.SeverityNumber) {
		number = "COALESCE(TRY_CAST(" + sqlguard.Quote(l.names.SeverityNumber) + " AS integer), 0)"
		all, args = append(all, number+" >= ?"), append(args, int64(least))
	}
	if l.known.has(l.names.SeverityText) {
		var words []any
		for _, word := range severityWords {
			if logs.ParseSeverity(word)+3 >= least { // any number of the word's range
				words = append(words, word)
			}
		}
		condition := "lower(COALESCE(" + sqlguard.Quote(l.names.SeverityText) + ", '')) IN " + marks(len(words))
		if number != "" {
			condition = "(" + number + " = 0 AND " + condition + ")"
		}
		all, args = append(all, condition), append(args, words...)
	}
	if len(all) == 0 {
		return errors.New("min_severity: the table has no column of severity")
	}
	s.and(either(all...), args...)
	return nil
}
