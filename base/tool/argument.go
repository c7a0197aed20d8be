package tool

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"slices"
	"strings"

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
		return base.Invalid("", name, "the arguments are not a JSON object: %s", err)
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
		return mistake(name, err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return base.Invalid("", name, "something follows the arguments; send one JSON object")
	}
	return nil
}

// unknown looks for arguments that the schema lacks, in objects within objects too.
func unknown(name, path string, s *jsonschema.Schema, fields map[string]json.RawMessage) error {
	if len(s.Properties) == 0 {
		return nil
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

func mistake(name string, err error) error {
	if e, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return base.Invalid("", name, "%s: a JSON %s was sent, which does not fit", e.Field, e.Value)
	}
	return base.Invalid("", name, "the arguments cannot be read: %s", err)
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
	case len(names) > 0 && len(names) <= 2*MaxProperties:
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
