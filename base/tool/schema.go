package tool

import (
	"encoding"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"time"

	"github.com/google/jsonschema-go/jsonschema"
)

// Schema is the schema of a struct in the portable subset: no type "null", texts for what marshals to text, lists of any as lists
// of texts, numbers and booleans. A type that is not a struct, or has no JSON form, is an error.
func Schema[T any]() (*jsonschema.Schema, error) {
	t := reflect.TypeFor[T]()
	if t.Kind() != reflect.Struct {
		return nil, fmt.Errorf("%s is not a struct", t)
	}
	known := map[reflect.Type]*jsonschema.Schema{
		reflect.TypeFor[json.RawMessage](): {},
		reflect.TypeFor[time.Time]():       {Type: "string", Format: "date-time"},
		reflect.TypeFor[time.Duration]():   {Type: "integer", Description: "nanoseconds"},
	}
	texts(t, known, map[reflect.Type]bool{})
	s, err := jsonschema.ForType(t, &jsonschema.ForOptions{TypeSchemas: known})
	if err != nil {
		return nil, err
	}
	portable(s)
	return s, nil
}

// texts finds the types that marshal to text.
func texts(t reflect.Type, known map[reflect.Type]*jsonschema.Schema, seen map[reflect.Type]bool) {
	if seen[t] || known[t] != nil {
		return
	}
	seen[t] = true
	if t.Kind() != reflect.Pointer && t.Implements(reflect.TypeFor[encoding.TextMarshaler]()) {
		known[t] = &jsonschema.Schema{Type: "string"}
		return
	}
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Array:
		texts(t.Elem(), known, seen)
	case reflect.Map:
		texts(t.Elem(), known, seen)
	case reflect.Struct:
		for f := range t.Fields() {
			if f.IsExported() {
				texts(f.Type, known, seen)
			}
		}
	}
}

// portable takes "null" out of every list of types: not all models take such a list, and nothing here is null. What takes any
// value says so, for without a word its schema is written as true, which not all hosts take.
func portable(s *jsonschema.Schema) {
	if s == nil {
		return
	}
	if reflect.ValueOf(*s).IsZero() {
		s.Description = "any JSON value"
	}
	if slices.Contains(s.Types, "null") {
		s.Types = slices.DeleteFunc(s.Types, func(name string) bool { return name == "null" })
	}
	if len(s.Types) == 1 {
		s.Type, s.Types = s.Types[0], nil
	}
	if s.Items != nil && reflect.DeepEqual(*s.Items, jsonschema.Schema{}) {
		s.Items = scalar()
	}
	portable(s.Items)
	portable(s.AdditionalProperties)
	for _, p := range s.Properties {
		portable(p)
	}
}

// scalar stands for the elements of a list of any, which are the values of a statement. The schema of any is written as true,
// which some hosts refuse, and so they do lists of types.
func scalar() *jsonschema.Schema {
	return &jsonschema.Schema{AnyOf: []*jsonschema.Schema{{Type: "string"}, {Type: "number"}, {Type: "boolean"}}}
}
