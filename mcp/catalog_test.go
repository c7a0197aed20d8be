package mcp_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/jsonschema-go/jsonschema"

	"github.com/fourkites/sources/base/tool"
	"github.com/fourkites/sources/mcp"
)

var update = flag.Bool("update", false, "write the catalog of tools in testdata anew")

const catalog = "testdata/catalog"

// entry is a tool as the catalog keeps it, one on a line: what a model is told, and what a program relies on. The input of an
// older tool is its own; its output is that of the tool that it stands for, whose name it has instead.
type entry struct {
	Name        string             `json:"name"`
	Older       string             `json:"older_name_of,omitempty"`
	ReadOnly    bool               `json:"read_only"`
	Description string             `json:"description"`
	Input       *jsonschema.Schema `json:"input"`
	Output      *jsonschema.Schema `json:"output,omitempty"`
}

// catalogOf is the file of an endpoint.
func catalogOf(t *testing.T, box mcp.Toolbox) []byte {
	t.Helper()
	var b bytes.Buffer
	lines := json.NewEncoder(&b)
	lines.SetEscapeHTML(false)
	add := func(e entry, one tool.Tool) {
		e.Name, e.ReadOnly, e.Description, e.Input = one.Name(), one.ReadOnly(), one.Description(), one.InputSchema()
		if err := lines.Encode(e); err != nil {
			t.Fatal(err)
		}
	}
	for _, one := range box.Tools() {
		add(entry{Output: one.OutputSchema()}, one)
	}
	for _, one := range olderOf(box) {
		add(entry{Older: standsFor(box.Name(), one.Name())}, one)
	}
	return b.Bytes()
}

func TestTheCatalogOfToolsIsTheOneThatIsKept(t *testing.T) {
	t.Parallel()
	var known []string
	for _, box := range newHouse(t).boxes {
		path := filepath.Join(catalog, box.Name()+".jsonl")
		known = append(known, path)
		now := catalogOf(t, box)
		if *update {
			keep(t, path, now)
		}
		kept, err := os.ReadFile(path)
		if err != nil {
			t.Errorf("%v; go test ./mcp -run Catalog -update writes it", err)
			continue
		}
		if diff := cmp.Diff(lines(kept), lines(now)); diff != "" {
			t.Errorf("%s: the tools are others than those that programs and models know; if that is meant, write the catalog with go test ./mcp -run Catalog -update:\n%s", path, diff)
		}
	}
	found, err := filepath.Glob(filepath.Join(catalog, "*.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range found {
		if !slices.Contains(known, path) {
			t.Errorf("%s belongs to no endpoint: remove it", path)
		}
	}
	if len(known) != 12 {
		t.Errorf("%d endpoints, want those of eleven clients and evidence", len(known))
	}
}

func keep(t *testing.T, path string, text []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, text, 0o644); err != nil {
		t.Fatal(err)
	}
}

func lines(text []byte) []string { return strings.Split(string(text), "\n") }

// writers are all tools that change something; every other one is declared to read only.
var writers = []string{
	"redshift_cancel_query", "trino_cancel_query", "athena_stop_query", "athena_start_query", "jira_add_comment", "add_comment",
}

func TestTheCatalogDeclaresTheToolsThatWriteAndNoOther(t *testing.T) {
	t.Parallel()
	var found []string
	for _, box := range newHouse(t).boxes {
		for _, one := range slices.Concat(box.Tools(), olderOf(box)) {
			if !one.ReadOnly() {
				found = append(found, one.Name())
			}
		}
	}
	slices.Sort(found)
	if diff := cmp.Diff(slices.Sorted(slices.Values(writers)), found); diff != "" {
		t.Errorf("tools that write:\n%s", diff)
	}
}

var nameForm = regexp.MustCompile(`^[a-z][a-z0-9]*(_[a-z0-9]+)+$`)

func TestNamesOfTheCatalogAreUniqueAndBeginWithTheirEndpoint(t *testing.T) {
	t.Parallel()
	house, owner := newHouse(t), map[string]string{}
	for _, box := range house.boxes {
		for _, one := range box.Tools() {
			name := one.Name()
			if !nameForm.MatchString(name) || len(name) > tool.MaxName || !strings.HasPrefix(name, box.Name()+"_") {
				t.Errorf("%s: %s is no name of a tool of this endpoint", box.Name(), name)
			}
			if other, twice := owner[name]; twice {
				t.Errorf("%s is a tool of %s and of %s", name, other, box.Name())
			}
			owner[name] = box.Name()
		}
	}
	for _, box := range house.boxes {
		for _, one := range olderOf(box) {
			if of, known := owner[one.Name()]; known {
				t.Errorf("the older name %s of %s is a tool of %s", one.Name(), box.Name(), of)
			}
		}
	}
}

func TestEveryToolOfTheCatalogIsOneThatEveryHostTakes(t *testing.T) {
	t.Parallel()
	for _, box := range newHouse(t).boxes {
		for _, one := range slices.Concat(box.Tools(), olderOf(box)) {
			where := box.Name() + " " + one.Name()
			if len(one.Name()) > 48 || one.Description() == "" || len(one.Description()) > 1024 || len(one.InputSchema().Properties) > 15 {
				t.Errorf("%s: %d bytes of description, %d properties", where, len(one.Description()), len(one.InputSchema().Properties))
			}
			if err := one.Check(); err != nil {
				t.Error(err)
			}
			for _, problem := range slices.Concat(unportable(t, one.InputSchema()), undescribed("", one.InputSchema())) {
				t.Errorf("%s: input%s", where, problem)
			}
			for _, problem := range unportable(t, one.OutputSchema()) {
				t.Errorf("%s: output%s", where, problem)
			}
		}
	}
}

// unportable are the places of a schema that some hosts or models refuse. It looks at the JSON that they get: keywords that
// nobody here knows yet cannot hide in it.
func unportable(t *testing.T, s *jsonschema.Schema) []string {
	t.Helper()
	text, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	var parsed any
	if err := json.Unmarshal(text, &parsed); err != nil {
		t.Fatal(err)
	}
	if top, ok := parsed.(map[string]any); !ok || top["type"] != "object" {
		return []string{": it is no object"}
	}
	return schemaProblems("", parsed)
}

// plain are the keywords of the portable subset that hold no schema; others are refused.
var plain = []string{"type", "description", "format", "required", "enum", "minItems", "maxItems", "minimum", "maximum"}

func schemaProblems(path string, schema any) []string {
	s, ok := schema.(map[string]any)
	if !ok {
		return []string{fmt.Sprintf("%s: the schema is %v", path, schema)}
	}
	if len(s) == 0 {
		return []string{path + ": the schema says nothing"}
	}
	var all []string
	for _, key := range slices.Sorted(maps.Keys(s)) {
		switch value := s[key]; {
		case key == "type":
			if name, ok := value.(string); !ok || name == "null" {
				all = append(all, fmt.Sprintf("%s: the type is %v", path, value))
			}
		case key == "properties":
			all = append(all, propertyProblems(path, value)...)
		case key == "items":
			all = append(all, schemaProblems(path+"[]", value)...)
		case key == "anyOf":
			all = append(all, alternativeProblems(path, value)...)
		case key == "additionalProperties" && value != false:
			all = append(all, schemaProblems(path+"{}", value)...)
		case key != "additionalProperties" && !slices.Contains(plain, key):
			all = append(all, fmt.Sprintf("%s: the keyword %s", path, key))
		}
	}
	return all
}

// alternativeProblems are those of an anyOf: hosts take one of plain types.
func alternativeProblems(path string, alternatives any) []string {
	all, _ := alternatives.([]any)
	for _, one := range all {
		s, _ := one.(map[string]any)
		if name, _ := s["type"].(string); len(s) != 1 || !slices.Contains([]string{"string", "number", "integer", "boolean"}, name) {
			return []string{fmt.Sprintf("%s: the alternative %v", path, one)}
		}
	}
	return nil
}

func propertyProblems(path string, properties any) []string {
	all, ok := properties.(map[string]any)
	if !ok {
		return []string{path + ": properties that are no object"}
	}
	var problems []string
	for _, name := range slices.Sorted(maps.Keys(all)) {
		problems = append(problems, schemaProblems(path+"."+name, all[name])...)
	}
	return problems
}

// undescribed are the properties without a word on them. The two ends of a window need none: the window has it.
func undescribed(path string, s *jsonschema.Schema) []string {
	var all []string
	for name, p := range s.Properties {
		at := path + "." + name
		end := path != "" && s.Description != "" && (name == "from" || name == "to")
		if p.Description == "" && !end {
			all = append(all, at+": no description")
		}
		all = append(all, undescribed(at, p)...)
	}
	if s.Items != nil {
		all = append(all, undescribed(path+"[]", s.Items)...)
	}
	return all
}

func TestSchemasThatSomeHostsRefuseAreFound(t *testing.T) {
	t.Parallel()
	for schema, want := range map[string]string{
		`{"type":"object","properties":{"a":true}}`:                              ".a: the schema is true",
		`{"type":"object","properties":{"a":{}}}`:                                ".a: the schema says nothing",
		`{"type":"object","properties":{"a":{"type":["string","null"]}}}`:        ".a: the type is [string null]",
		`{"type":"object","properties":{"a":{"type":"null"}}}`:                   ".a: the type is null",
		`{"type":"object","properties":{"a":{"type":"array","items":true}}}`:     ".a[]: the schema is true",
		`{"type":"object","properties":{"a":{"$ref":"#"}}}`:                      ".a: the keyword $ref",
		`{"type":"object","additionalProperties":{"anyOf":[{"type":"null"}]}}`:   "{}: the alternative map[type:null]",
		`{"type":"object","additionalProperties":{"anyOf":[true]}}`:              "{}: the alternative true",
		`{"type":"object","additionalProperties":{"anyOf":[{"type":"string"}]}}`: "",
		`{"type":"object","additionalProperties":true}`:                          "{}: the schema is true",
		`{"type":"object","properties":{"a":{"type":"string","format":"date"}}}`: "",
	} {
		var parsed any
		if err := json.Unmarshal([]byte(schema), &parsed); err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(schemaProblems("", parsed), "; "); got != want {
			t.Errorf("%s: %q, want %q", schema, got, want)
		}
	}
	text := &jsonschema.Schema{Type: "string"}
	inner := &jsonschema.Schema{Type: "object", Properties: map[string]*jsonschema.Schema{"from": text, "for": text}}
	got := undescribed("", &jsonschema.Schema{Properties: map[string]*jsonschema.Schema{"list": {Description: "x", Items: inner}}})
	slices.Sort(got)
	if diff := cmp.Diff([]string{".list[].for: no description", ".list[].from: no description"}, got); diff != "" {
		t.Error(diff)
	}
}

// The whole house on one server: it takes all the tools, and serves what the catalog says.
func TestTheHouseOfTheCatalogIsServed(t *testing.T) {
	t.Parallel()
	house := newHouse(t)
	_, url := serving(t, mcp.ServerConfig{Writes: true}, house.boxes...)
	want := map[string]bool{}
	for _, box := range house.boxes {
		for _, one := range box.Tools() {
			want[one.Name()] = one.ReadOnly()
		}
	}
	got := map[string]bool{}
	for one, err := range connected(t, url).Tools(t.Context(), nil) {
		if err != nil {
			t.Fatal(err)
		}
		got[one.Name] = one.Annotations.ReadOnlyHint
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for _, older := range []string{"search_code", "query_jira_issue", "trace_correlation_id", "analyze_logs_with_drain"} {
		if names := strings.Fields(namesAt(t, url+"/graph")); !slices.Contains(names, older) {
			t.Errorf("/mcp/graph has no %s: %s", older, names)
		}
	}
	if n := house.reached(); n != 0 {
		t.Errorf("to serve the tools reached the sources %d times", n)
	}
}
