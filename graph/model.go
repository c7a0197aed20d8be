package graph

import (
	"errors"
	"fmt"
	"slices"
)

// Model is how a graph names what it holds. The zero value of each field is its default. A graph may have less: only
// classes and methods that have names, HasMethod between them and Calls between methods are needed; what else is not
// there stays empty in the answers.
type Model struct {
	Class   string `json:"class,omitempty" yaml:"class"`     // label; empty = Class
	Method  string `json:"method,omitempty" yaml:"method"`   // label; empty = Method
	Service string `json:"service,omitempty" yaml:"service"` // label; empty = Service
	File    string `json:"file,omitempty" yaml:"file"`       // label; empty = File
	Repo    string `json:"repo,omitempty" yaml:"repo"`       // label; empty = Repo
	Log     string `json:"log,omitempty" yaml:"log"`         // label of a statement that logs; empty = Log

	HasMethod string `json:"has_method,omitempty" yaml:"has_method"` // from a class to its methods; empty = HAS_METHOD
	Calls     string `json:"calls,omitempty" yaml:"calls"`           // from a caller to what it calls; empty = CALLS
	Contains  string `json:"contains,omitempty" yaml:"contains"`     // repository to file, file to class, service to class; empty = CONTAINS
	HasLog    string `json:"has_log,omitempty" yaml:"has_log"`       // from a method to its log statements; empty = HAS_LOG

	Properties Properties `json:"properties,omitzero" yaml:"properties"`
}

// Properties are the names of properties. The zero value of each field is its default.
type Properties struct {
	Name    string `json:"name,omitempty" yaml:"name"`       // of every node; empty = name
	File    string `json:"file,omitempty" yaml:"file"`       // path of a class or method; empty = file
	Line    string `json:"line,omitempty" yaml:"line"`       // first line of a symbol, or the line of a call; empty = line
	End     string `json:"end,omitempty" yaml:"end"`         // last line; empty = end
	Service string `json:"service,omitempty" yaml:"service"` // empty = service
	Repo    string `json:"repo,omitempty" yaml:"repo"`       // empty = repo
}

func (m Model) withDefaults() Model {
	for _, f := range m.fields() {
		orDefault(f.value, f.standard)
	}
	return m
}

// Validate reports every name that cannot stand in a statement, and names that stand for two things.
func (m Model) Validate() error {
	var all []error
	for _, f := range m.fields() {
		if *f.value == "" {
			continue
		}
		if err := checkIdentifier(*f.value); err != nil {
			all = append(all, fmt.Errorf("model.%s: %w", f.name, err))
		}
	}
	m = m.withDefaults()
	for _, group := range [][]string{
		{m.Class, m.Method, m.Service, m.File, m.Repo, m.Log},
		{m.HasMethod, m.Calls, m.Contains, m.HasLog},
		{m.Properties.Name, m.Properties.File, m.Properties.Line, m.Properties.End, m.Properties.Service, m.Properties.Repo},
	} {
		if slices.Sort(group); len(slices.Compact(group)) < len(group) {
			all = append(all, errors.New("model: one name stands for two labels, types or properties; write different ones"))
		}
	}
	return errors.Join(all...)
}

type modelField struct {
	name     string
	value    *string
	standard string
}

func (m *Model) fields() []modelField {
	p := &m.Properties
	return []modelField{
		{"class", &m.Class, "Class"},
		{"method", &m.Method, "Method"},
		{"service", &m.Service, "Service"},
		{"file", &m.File, "File"},
		{"repo", &m.Repo, "Repo"},
		{"log", &m.Log, "Log"},
		{"has_method", &m.HasMethod, "HAS_METHOD"},
		{"calls", &m.Calls, "CALLS"},
		{"contains", &m.Contains, "CONTAINS"},
		{"has_log", &m.HasLog, "HAS_LOG"},
		{"properties.name", &p.Name, "name"},
		{"properties.file", &p.File, "file"},
		{"properties.line", &p.Line, "line"},
		{"properties.end", &p.End, "end"},
		{"properties.service", &p.Service, "service"},
		{"properties.repo", &p.Repo, "repo"},
	}
}

// maxIdentifier is what anybody writes, and far less than Neo4j takes.
const maxIdentifier = 128

// checkIdentifier allows letters, digits, underscores, and hyphens, spaces and dots within: names cannot be parameters,
// so nothing that could end one is let through.
func checkIdentifier(name string) error {
	if name == "" || len(name) > maxIdentifier {
		return fmt.Errorf("empty, or longer than %d bytes", maxIdentifier)
	}
	for i, r := range name {
		letter := r == '_' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
		inner := r >= '0' && r <= '9' || r == '-' || r == ' ' || r == '.'
		if !letter && (i == 0 || !inner) {
			return errors.New("it may hold letters, digits, underscores, hyphens, dots and spaces, and begins with a letter or an underscore")
		}
	}
	return nil
}

// quote is a checked name as it stands in a statement.
func quote(name string) string { return "`" + name + "`" }
