package tool

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/google/jsonschema-go/jsonschema"

	"github.com/fourkites/sources/base"
)

// decode reads the arguments of a call and refuses what the tool does not have.
func decode(name string, s *jsonschema.Schema, args json.RawMessage, into any) error {
	if len(bytes.TrimSpace(args)) == 0 || string(bytes.TrimSpace(args)) == "null" {
		args = json.RawMessage("{}")
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(args, &fields); err != nil {
		return base.Invalid("", name, "the arguments are not a JSON object; send one, such as {}")
	}
	if err := unknown(name, "", s, fields); err != nil {
		return err
	}
	for _, required := range s.Required {
		if _, ok := fields[required]; !ok {
			return base.Invalid("", name, "%s: missing", required)
		}
	}
	d := json.NewDecoder(bytes.NewReader(args))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return mistake(name, s, fields, err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return base.Invalid("", name, "something follows the arguments; send one JSON object")
	}
	return nil
}

// unknown looks for arguments that the schema lacks, in objects within objects too.
func unknown(name, path string, s *jsonschema.Schema, fields map[string]json.RawMessage) error {
	if len(s.Properties) == 0 && !closed(s) {
		return nil // a map
	}
	names := slices.Sorted(maps.Keys(s.Properties))
	for _, field := range slices.Sorted(maps.Keys(fields)) {
		p, ok := s.Properties[field]
		if !ok {
			return base.Invalid("", name, "%s: there is no such argument%s", path+field, suggestion(field, names))
		}
		var inner map[string]json.RawMessage
		if p.Type == "object" && json.Unmarshal(fields[field], &inner) == nil {
			if err := unknown(name, path+field+".", p, inner); err != nil {
				return err
			}
		}
	}
	return nil
}

// closed reports whether an object takes no properties but those that are named.
func closed(s *jsonschema.Schema) bool {
	return s.AdditionalProperties != nil && s.AdditionalProperties.Not != nil
}

func mistake(name string, s *jsonschema.Schema, fields map[string]json.RawMessage, err error) error {
	if e, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return base.Invalid("", name, "%s: a JSON %s was sent; %s", e.Field, e.Value, wanted(e.Type))
	}
	if _, ok := errors.AsType[*time.ParseError](err); ok {
		return base.Invalid("", name, "%s: not a time; write it as RFC 3339, such as \"2026-03-04T12:00:00Z\"", cmp.Or(notTime("", s, fields), "an argument"))
	}
	return base.Invalid("", name, "the arguments cannot be read: %s", err)
}

// wanted says what an argument of the type is written as.
func wanted(t reflect.Type) string {
	switch t.Kind() {
	case reflect.String:
		return `send a string, such as "4242"`
	case reflect.Bool:
		return "send true or false"
	case reflect.Slice, reflect.Array:
		return `send a list, such as ["4242"]`
	case reflect.Struct, reflect.Map:
		return "send an object"
	case reflect.Float32, reflect.Float64:
		return "send a number"
	}
	return "send a whole number that is not too large, such as 42"
}

// notTime is the argument that holds a text where a time is due, in objects within objects too; empty if there is none.
func notTime(path string, s *jsonschema.Schema, fields map[string]json.RawMessage) string {
	for _, field := range slices.Sorted(maps.Keys(fields)) {
		p := s.Properties[field]
		if p == nil {
			continue
		}
		var inner map[string]json.RawMessage
		switch {
		case p.Format == "date-time" && new(time.Time).UnmarshalJSON(fields[field]) != nil:
			return path + field
		case p.Type == "object" && json.Unmarshal(fields[field], &inner) == nil:
			if found := notTime(path+field+".", p, inner); found != "" {
				return found
			}
		}
	}
	return ""
}

// suggestion names the nearest of the names, or all of them when none is near and they are few.
func suggestion(word string, names []string) string {
	best, least := "", len(word)/2+1
	for _, n := range names {
		if d := distance(strings.ToLower(word), n); d < least || strings.Contains(n, strings.ToLower(word)) && best == "" {
			best, least = n, min(d, least)
		}
	}
	switch {
	case best != "":
		return "; did you mean " + best + "?"
	case len(names) == 0:
		return "; there are none"
	case len(names) <= 2*MaxProperties:
		return "; known are " + strings.Join(names, ", ")
	}
	return ""
}

// distance is the number of letters to insert, remove or replace; words longer than a name count as far.
func distance(a, b string) int {
	if len(a) > 2*MaxName || len(b) > 2*MaxName {
		return len(a) + len(b)
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
