package clickhouse

import (
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/fourkites/sources/base"
)

// bucketSeconds is the length of the buckets that SigNoz puts rows into. A row can lie in the bucket before the one
// of its time, so every bound begins one bucket early.
const bucketSeconds = 1800

// statement is SQL in the making: its conditions and the values that are bound to them. A value never becomes text of
// the SQL.
type statement struct {
	args  map[string]any
	where []string
}

func newStatement() *statement { return &statement{args: map[string]any{}} }

// bind gives the place of a value: {p0:String}.
func (s *statement) bind(typ string, value any) string {
	name := "p" + strconv.Itoa(len(s.args))
	s.args[name] = value
	return "{" + name + ":" + typ + "}"
}

func (s *statement) text(value string) string     { return s.bind("String", value) }
func (s *statement) texts(values []string) string { return s.bind("Array(String)", values) }

// and adds a condition that must hold. Its arguments are SQL, not values.
func (s *statement) and(format string, args ...any) {
	s.where = append(s.where, fmt.Sprintf(format, args...))
}

// clause is the conditions as a WHERE clause.
func (s *statement) clause() string {
	if len(s.where) == 0 {
		return ""
	}
	return "\nWHERE " + strings.Join(s.where, "\n  AND ")
}

// buckets bounds the column of buckets to those that rows of the window can lie in.
func (s *statement) buckets(column, typ string, w base.Window) {
	s.and("%s >= %s AND %s <= %s", column, s.bind(typ, number(typ, w.From.Unix()-bucketSeconds)),
		column, s.bind(typ, number(typ, lastSecond(w))))
}

// number is the value in the Go type of the parameter.
func number(typ string, v int64) any {
	if typ == "UInt64" {
		return uint64(max(v, 0))
	}
	return v
}

// lastSecond is the second that the end of the window lies in; the end itself is excluded.
func lastSecond(w base.Window) int64 { return w.To.Add(-time.Nanosecond).Unix() }

// either joins conditions of which one must hold.
func either(conditions ...string) string {
	if len(conditions) == 1 {
		return conditions[0]
	}
	return "(" + strings.Join(conditions, " OR ") + ")"
}

// The bounds of what can be asked: identifiers and texts come from tickets and models.
const (
	maxID     = 256
	maxNeedle = 4096
	maxTerms  = 200
)

var (
	earliest = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
	latest   = time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC)
)

// checkWindow reports a window that cannot have an answer.
func checkWindow(w base.Window, retention time.Duration, now time.Time) error {
	if err := w.Validate(); err != nil {
		return err
	}
	switch {
	case w.From.Before(earliest):
		return fmt.Errorf("window.from: %s is too old; nothing is kept from before %s", stamp(w.From), stamp(earliest))
	case w.From.After(now.Add(24 * time.Hour)):
		return fmt.Errorf("window.from: %s lies in the future; it is %s now", stamp(w.From), stamp(now))
	case w.To.After(latest):
		return fmt.Errorf("window.to: %s is not a time that records can have", stamp(w.To))
	case retention > 0 && w.To.Before(now.Add(-retention)):
		return fmt.Errorf("window.to: %s is too old; records are kept for %s, ask the source that holds the history",
			stamp(w.To), retention)
	}
	return nil
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// checkID allows what identifiers are made of; a slash, a control character or great length means that something else
// was put in the field.
func checkID(field, id string) error {
	if len(id) > maxID {
		return fmt.Errorf("%s: %d bytes, longer than an identifier (%d)", field, len(id), maxID)
	}
	for _, r := range id {
		if r < '!' || r > '~' || strings.ContainsRune("/\\'\"`;(){}<>", r) {
			return fmt.Errorf("%s: the character %q is not part of an identifier", field, r)
		}
	}
	return nil
}

// checkHex is for the identifiers of OpenTelemetry: an even number of hexadecimal digits, not all zero.
func checkHex(field, id string, digits int) (string, error) {
	raw, err := hex.DecodeString(id)
	if err != nil || len(id) != digits {
		return "", fmt.Errorf("%s: must be %d hexadecimal digits, got %d characters", field, digits, len(id))
	}
	if strings.Trim(string(raw), "\x00") == "" {
		return "", fmt.Errorf("%s: is all zero, which no trace has", field)
	}
	return strings.ToLower(id), nil
}

// checkTexts is for free text: every value set, bounded, and not too many.
func checkTexts(field string, values []string) error {
	if len(values) > maxTerms {
		return fmt.Errorf("%s: %d values, more than %d", field, len(values), maxTerms)
	}
	for i, v := range values {
		if err := checkText(fmt.Sprintf("%s[%d]", field, i), v); err != nil {
			return err
		}
	}
	return nil
}

func checkText(field, v string) error {
	switch {
	case v == "":
		return fmt.Errorf("%s: is empty", field)
	case len(v) > maxNeedle:
		return fmt.Errorf("%s: %d bytes, more than %d", field, len(v), maxNeedle)
	case strings.ToValidUTF8(v, "") != v || strings.ContainsRune(v, 0):
		return fmt.Errorf("%s: is not text in UTF-8", field)
	}
	return nil
}

// checkLabel is for the name of a service, a label or an attribute: text on one line.
func checkLabel(field, v string) error {
	if err := checkText(field, v); err != nil {
		return err
	}
	for _, r := range v {
		if r < ' ' || r == 0x7f {
			return fmt.Errorf("%s: the character %q is not part of a name", field, r)
		}
	}
	return nil
}

func checkLabels(field string, labels map[string]string) error {
	if len(labels) > maxTerms {
		return fmt.Errorf("%s: %d entries, more than %d", field, len(labels), maxTerms)
	}
	for _, k := range sortedKeys(labels) {
		if err := checkLabel(field, k); err != nil {
			return err
		}
		if v := labels[k]; v != "" {
			if err := checkText(field+"."+k, v); err != nil {
				return err
			}
		}
	}
	return nil
}
