package canarysweep_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/jsonschema-go/jsonschema"
)

// examples are arguments by the name of the property, or a part of it; the first that fits wins.
var examples = []struct {
	part  string
	value any
}{
	{"sql", "SELECT id FROM demo"},
	{"query", "SELECT id FROM demo"},
	{"cypher", "MATCH (n) RETURN n LIMIT 1"},
	{"statement", "SELECT 1"},
	{"jql", "project = OPS ORDER BY key"},
	{"cql", "type = page"},
	{"repo", "acme/demo"},
	{"sha", "0123456789abcdef0123456789abcdef01234567"},
	{"issue_key", "OPS-1"},
	{"ticket", "OPS-1"},
	{"key", "OPS-1"},
	{"project", "OPS"},
	{"space", "OPS"},
	{"trace_id", "4bf92f3577b34da6a3ce929d0e0e4736"},
	{"window", nil},
	{"start", "2026-01-01T00:00:00Z"},
	{"end", "2026-01-01T01:00:00Z"},
	{"since", "2026-01-01T00:00:00Z"},
	{"until", "2026-01-01T01:00:00Z"},
	{"from", "2026-01-01T00:00:00Z"},
	{"to", "2026-01-01T01:00:00Z"},
	{"date", "2026-01-01"},
	{"day", "2026-01-01"},
	{"cursor", ""},
	{"severity", "ERROR"},
	{"schema", "public"},
	{"table", "demo"},
	{"database", "demo"},
	{"path", "src/Demo.java"},
	{"file", "src/Demo.java"},
	{"url", "https://example.com/"},
	{"load", "482913377"},
	{"id", "482913377"},
	{"step", 60},
}

// arguments are plausible ones for a schema: those that are required, or all.
func arguments(s *jsonschema.Schema, all bool) json.RawMessage {
	text, _ := json.Marshal(object(s, all)) // of maps and texts
	return text
}

func object(s *jsonschema.Schema, all bool) map[string]any {
	args := map[string]any{}
	for name, p := range s.Properties {
		if all || slices.Contains(s.Required, name) {
			if v := argument(name, p, all); v != nil && v != "" {
				args[name] = v
			}
		}
	}
	return args
}

func argument(name string, s *jsonschema.Schema, all bool) any {
	kind := s.Type
	if kind == "" && len(s.Types) > 0 {
		kind = s.Types[len(s.Types)-1]
	}
	switch {
	case len(s.Enum) > 0:
		return s.Enum[0]
	case len(s.Examples) > 0:
		return s.Examples[0]
	case kind == "object":
		return object(s, all)
	case kind == "array" && s.Items != nil:
		return []any{argument(strings.TrimSuffix(name, "s"), s.Items, all)}
	case kind == "integer" || kind == "number":
		return 1
	case kind == "boolean":
		return true
	}
	for _, e := range examples {
		if strings.Contains(name, e.part) {
			return e.value
		}
	}
	return "demo"
}

func TestArgumentsFillASchema(t *testing.T) {
	t.Parallel()
	s := &jsonschema.Schema{
		Properties: map[string]*jsonschema.Schema{"repo": {Type: "string"}, "limit": {Type: "integer"}, "keys": {Type: "array", Items: &jsonschema.Schema{Type: "string"}}},
		Required:   []string{"repo"},
	}
	if got := string(arguments(s, false)); got != `{"repo":"acme/demo"}` {
		t.Error(got)
	}
	if got := string(arguments(s, true)); got != `{"keys":["OPS-1"],"limit":1,"repo":"acme/demo"}` {
		t.Error(got)
	}
}
