package clickhouse

import (
	"context"
	"errors"
	"fmt"

	"github.com/fourkites/sources/base"
)

var (
	opFieldKeys   = &base.Op{Name: "FieldKeys", System: base.SystemDB}
	opFieldValues = &base.Op{Name: "FieldValues", System: base.SystemDB}
)

// Signal is a kind of telemetry.
type Signal string

// The signals whose fields can be listed.
const (
	SignalLogs    Signal = "logs"
	SignalTraces  Signal = "traces"
	SignalMetrics Signal = "metrics"
)

// FieldKey is a field that some records have.
type FieldKey struct {
	Name    string `json:"name"`
	Context string `json:"context"` // attribute, resource, scope, ...
	Type    string `json:"type"`    // string, number, bool
}

// FieldValue is a value that a field was seen with.
type FieldValue struct {
	Value string `json:"value"`
	Type  string `json:"type"`
}

// maxFields is how many fields or values are handed out.
const maxFields = 1000

type fieldRow struct {
	Name    string `db:"x_name"`
	Context string `db:"x_context"`
	Type    string `db:"x_type"`
}

func (s Signal) check() error {
	switch s {
	case SignalLogs, SignalTraces, SignalMetrics:
		return nil
	}
	return fmt.Errorf("signal: %q is not known; write logs, traces or metrics", string(s))
}

// FieldKeys lists the fields whose name begins with the prefix, in any case, by name; an empty prefix lists all. At most
// 1,000 are handed out; when there are more, an *[base.IncompleteError] comes with them.
func (c *Client) FieldKeys(ctx context.Context, signal Signal, prefix string) ([]FieldKey, error) {
	err := signal.check()
	if err == nil && prefix != "" {
		err = checkLabel("prefix", prefix)
	}
	if err != nil {
		return nil, c.invalid(opFieldKeys, err)
	}
	found, err := read[fieldRow](ctx, c, opFieldKeys, fieldKeysSQL(c.tables, signal, prefix))
	if err != nil {
		return nil, err
	}
	out := make([]FieldKey, 0, len(found))
	for _, row := range found[:min(len(found), maxFields)] {
		out = append(out, FieldKey(row))
	}
	return out, incomplete(c.Name(), opFieldKeys.Name, len(out), len(found) > maxFields, nil, nil)
}

func fieldKeysSQL(t Tables, signal Signal, prefix string) Query {
	s := newStatement()
	s.and("signal = %s", s.text(string(signal)))
	if prefix != "" {
		s.and("lower(field_name) LIKE %s", s.text(escapeLike(lowerASCII(prefix))+"%"))
	}
	return Query{
		SQL: "SELECT field_name AS x_name, field_context AS x_context, field_data_type AS x_type\nFROM " +
			quoteTable(t.FieldKeys) + s.clause() + "\nGROUP BY x_name, x_context, x_type\nORDER BY x_name, x_context, x_type\nLIMIT " +
			s.bind("UInt64", uint64(maxFields+1)),
		Args: s.args,
	}
}

type valueRow struct {
	Text   string  `db:"x_text"`
	Number float64 `db:"x_number"`
	Type   string  `db:"x_type"`
}

// FieldValues lists the values of a field that begin with the prefix, in any case, in order. Values of metrics are not
// listed by SigNoz: that signal is refused. At most 1,000 are handed out; when there are more, an
// *[base.IncompleteError] comes with them.
func (c *Client) FieldValues(ctx context.Context, signal Signal, key, prefix string) ([]FieldValue, error) {
	err := signal.check()
	if err == nil && signal == SignalMetrics {
		err = errors.New("signal: the values of metrics' labels are not listed; ask Metrics and read the labels")
	}
	if err == nil {
		err = checkLabel("key", key)
	}
	if err == nil && prefix != "" {
		err = checkLabel("prefix", prefix)
	}
	if err != nil {
		return nil, c.invalid(opFieldValues, err)
	}
	found, err := read[valueRow](ctx, c, opFieldValues, fieldValuesSQL(c.tables, signal, key, prefix))
	if err != nil {
		return nil, err
	}
	out := make([]FieldValue, 0, len(found))
	for _, row := range found[:min(len(found), maxFields)] {
		value := FieldValue{Value: row.Text, Type: row.Type}
		if row.Type == "float64" || row.Type == "int64" || row.Type == "number" {
			value.Value = fmt.Sprintf("%v", row.Number)
		}
		out = append(out, value)
	}
	return out, incomplete(c.Name(), opFieldValues.Name, len(out), len(found) > maxFields, nil, nil)
}

func fieldValuesSQL(t Tables, signal Signal, key, prefix string) Query {
	table := t.LogValues
	if signal == SignalTraces {
		table = t.SpanValues
	}
	s := newStatement()
	s.and("tag_key = %s", s.text(key))
	if prefix != "" {
		s.and("lower(string_value) LIKE %s", s.text(escapeLike(lowerASCII(prefix))+"%"))
	}
	return Query{
		SQL: "SELECT string_value AS x_text, ifNull(number_value, 0) AS x_number, toString(tag_data_type) AS x_type\nFROM " +
			quoteTable(table) + s.clause() + "\nGROUP BY x_text, x_number, x_type\nORDER BY x_text, x_number, x_type\nLIMIT " +
			s.bind("UInt64", uint64(maxFields+1)),
		Args: s.args,
	}
}
