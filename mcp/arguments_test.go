package mcp_test

import (
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/jsonschema-go/jsonschema"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/tool"
)

// example is a value that a schema takes.
func example(s *jsonschema.Schema) any {
	switch s.Type {
	case "object":
		one := map[string]any{}
		for _, name := range s.Required {
			one[name] = example(s.Properties[name])
		}
		if from := s.Properties["from"]; from != nil && from.Format == "date-time" {
			now := time.Now().UTC()
			one["from"], one["to"] = now.Add(-time.Hour).Format(time.RFC3339), now.Format(time.RFC3339)
		}
		return one
	case "array":
		return []any{example(s.Items)}
	case "integer", "number":
		return 1
	case "boolean":
		return true
	}
	if s.Format == "date-time" {
		return time.Now().UTC().Format(time.RFC3339)
	}
	return "1"
}

// refused calls a tool with an argument that it has not; the others are such as it takes.
func refused(t *testing.T, one tool.Tool, args map[string]any) string {
	t.Helper()
	text, err := json.Marshal(args)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := one.Call(t.Context(), text)
	if !errors.Is(err, base.ErrInvalid) {
		t.Errorf("%s %s: %s, %v", one.Name(), text, answer, err)
		return ""
	}
	return err.Error()
}

func with(args map[string]any, name string, value any) map[string]any {
	args = maps.Clone(args)
	args[name] = value
	return args
}

func TestEveryToolOfTheCatalogRefusesArgumentsThatItHasNot(t *testing.T) {
	t.Parallel()
	house := newHouse(t)
	for _, box := range house.boxes {
		for _, one := range slices.Concat(box.Tools(), olderOf(box)) {
			schema := one.InputSchema()
			args, ok := example(schema).(map[string]any)
			if !ok {
				t.Fatalf("%s takes no object", one.Name())
			}
			if said := refused(t, one, with(args, "xyzzy", 1)); !strings.Contains(said, "xyzzy: there is no such argument") {
				t.Errorf("%s %s: xyzzy: %q", box.Name(), one.Name(), said)
			}
			for _, name := range slices.Sorted(maps.Keys(schema.Properties)) {
				misspelt := name[:len(name)-1] + "q"
				said := refused(t, one, with(args, misspelt, example(schema.Properties[name])))
				if !strings.Contains(said, misspelt+": there is no such argument; did you mean ") {
					t.Errorf("%s %s: %s: %q", box.Name(), one.Name(), misspelt, said)
				}
				if !strings.Contains(said, "did you mean "+name+"?") && !nearby(schema, misspelt) {
					t.Errorf("%s %s: %s: %q does not name %s", box.Name(), one.Name(), misspelt, said, name)
				}
			}
		}
	}
	if n := house.reached(); n != 0 {
		t.Errorf("calls that were refused reached the sources %d times", n)
	}
}

// nearby reports whether two arguments are equally like a word, so that either may be meant.
func nearby(s *jsonschema.Schema, word string) bool {
	n := 0
	for name := range s.Properties {
		if len(name) == len(word) && name[:len(name)-1] == word[:len(word)-1] {
			n++
		}
	}
	return n > 1
}

// The same argument that is refused above would be sent if it were known: the fakes count what reaches them.
func TestACallThatIsTakenReachesItsFake(t *testing.T) {
	t.Parallel()
	house := newHouse(t)
	for _, box := range house.boxes {
		count, ok := house.fakes[box.Name()]
		if !ok {
			continue // evidence asks the others
		}
		before := count()
		for _, one := range box.Tools() {
			args, err := json.Marshal(example(one.InputSchema()))
			if err != nil {
				t.Fatal(err)
			}
			_, _ = one.Call(t.Context(), args) // what the fake answers is not asked here
			if count() > before {
				break
			}
		}
		if count() == before {
			t.Errorf("no tool of %s reaches its fake: what is counted there proves nothing", box.Name())
		}
	}
}
