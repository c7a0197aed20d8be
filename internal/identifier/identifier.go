// Package identifier is how settings hold the names of tables and columns: which characters they may have, how defaults are
// filled in, and a walk over those that are set. It imports nothing of the house.
package identifier

import (
	"fmt"
	"reflect"
	"strings"
)

// Check allows what tables and columns are named in practice: no quotes, no control characters, no more bytes than longest.
// How many parts a name has is for the source to judge.
func Check(name string, longest int) error {
	if len(name) > longest {
		return fmt.Errorf("the name is longer than %d bytes", longest)
	}
	for _, r := range name {
		if r < ' ' || strings.ContainsRune("`'\"\\;(){}", r) || r == 0x7f {
			return fmt.Errorf("the name has the character %q, which names of tables and columns cannot have", r)
		}
	}
	return nil
}

// Fill sets the zero fields of a struct to those of another, and of the structs within it. Maps and slices are shared.
func Fill[T any](into *T, from T) { fill(reflect.ValueOf(into).Elem(), reflect.ValueOf(from)) }

func fill(into, from reflect.Value) {
	for i := range into.NumField() {
		field := into.Field(i)
		switch {
		case field.Kind() == reflect.Struct:
			fill(field, from.Field(i))
		case field.IsZero():
			field.Set(from.Field(i))
		}
	}
}

// Each visits the texts of a struct that are set, and of the structs within it, by their names in JSON behind the path.
func Each(v any, path string, visit func(field, name string)) { each(reflect.ValueOf(v), path, visit) }

func each(v reflect.Value, path string, visit func(field, name string)) {
	for i := range v.NumField() {
		field := v.Type().Field(i)
		tag, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		switch {
		case field.Type.Kind() == reflect.Struct:
			each(v.Field(i), path+tag+".", visit)
		case field.Type == reflect.TypeFor[string]() && v.Field(i).String() != "":
			visit(path+tag, v.Field(i).String())
		}
	}
}
