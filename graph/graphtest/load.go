package graphtest

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

//go:embed example.json
var example []byte

// Example is the code graph that a new server holds, as [Server.Load] reads it: three services of a yard for trucks, which
// call one another. None of it exists.
func Example() []byte { return bytes.Clone(example) }

// document is a code graph as JSON.
type document struct {
	App      string         `json:"app"`
	Repo     string         `json:"repo"`
	Services map[string]int `json:"services"`
	Classes  []struct {
		Service string `json:"service"`
		Path    string `json:"path"`
		Class   string `json:"class"`
		Methods []struct {
			Name  string `json:"name"`
			Line  int64  `json:"line"`
			End   int64  `json:"end"`
			Route string `json:"route"`
		} `json:"methods"`
		Logs []struct {
			Line     int64  `json:"line"`
			Level    string `json:"level"`
			Method   string `json:"method"`
			Template string `json:"template"`
		} `json:"logs"`
		Calls []struct {
			Line   int64  `json:"line"`
			Method string `json:"method"`
			To     string `json:"to"` // a service, or Class#method of the same document
		} `json:"calls"`
	} `json:"classes"`
	Edges []struct {
		From      string `json:"from"`
		To        string `json:"to"`
		CallSites int64  `json:"call_sites"`
	} `json:"edges"`
}

// Load puts a code graph in place of the one that is there: {"services": {...}, "classes": [{"service", "path", "class",
// "methods": [{"name", "line", "end", "route"}], "logs": [{"line", "level", "method", "template"}], "calls": [{"line",
// "method", "to"}]}], "edges": [{"from", "to", "call_sites"}]}. A call goes to a service, or to a Class#method of the same
// document. It becomes nodes Repo, Service, File, Class, Method and Log, and relationships CONTAINS, HAS_METHOD, HAS_LOG and
// CALLS, with the properties that graph.Model names by default. A document that does not fit changes nothing.
func (s *Server) Load(text []byte) error {
	var d document
	if err := json.Unmarshal(text, &d); err != nil {
		return fmt.Errorf("graphtest: %w", err)
	}
	g, err := d.graph()
	if err != nil {
		return err
	}
	s.store.replace(g)
	return nil
}

// Clear empties the graph.
func (s *Server) Clear() { s.store.replace(newState()) }

// loader builds a graph from a document.
type loader struct {
	*state
	repo     *node
	services map[string]*node
	methods  map[string]*node // by Class#method
}

func (d document) graph() (*state, error) {
	l := loader{state: newState(), services: map[string]*node{}, methods: map[string]*node{}}
	if d.Repo != "" {
		l.repo = l.addNode([]string{"Repo"}, map[string]any{"name": d.Repo})
	}
	for _, name := range slices.Sorted(maps.Keys(d.Services)) {
		l.service(name)
	}
	methods := make([]members, len(d.Classes))
	for i := range d.Classes {
		if d.Classes[i].Class == "" {
			return nil, fmt.Errorf("graphtest: classes[%d].class: empty", i)
		}
		methods[i] = l.class(d, i)
	}
	for i, c := range d.Classes {
		for j, call := range c.Calls {
			from, to := methods[i].find(call.Method, call.Line), l.callee(call.To)
			if from == nil || to == nil {
				return nil, fmt.Errorf("graphtest: classes[%d].calls[%d]: no method %q, or nothing %q to call", i, j, call.Method, call.To)
			}
			l.addRelationship("CALLS", from.id, to.id, map[string]any{"line": call.Line})
		}
	}
	for _, e := range d.Edges {
		l.addRelationship("CALLS", l.service(e.From).id, l.service(e.To).id, map[string]any{"call_sites": e.CallSites})
	}
	return l.state, nil
}

func (l *loader) service(name string) *node {
	if n := l.services[name]; n != nil {
		return n
	}
	n := l.addNode([]string{"Service"}, map[string]any{"name": name})
	l.services[name] = n
	return n
}

func (l *loader) callee(to string) *node {
	if n := l.methods[to]; n != nil {
		return n
	}
	return l.services[to]
}

// members are the methods of a class. Several may have one name.
type members []*node

// find is the method of that name that covers the line, or else the first of that name; nil if there is none.
func (m members) find(name string, line int64) *node {
	var first *node
	for _, n := range m {
		if n.props["name"] != name {
			continue
		}
		if n.props["line"].(int64) <= line && line <= n.props["end"].(int64) { //nolint:forcetypeassert // class sets both
			return n
		}
		if first == nil {
			first = n
		}
	}
	return first
}

// class adds a class, its file, methods and log statements, and returns the methods.
func (l *loader) class(d document, i int) members {
	c := d.Classes[i]
	common := func(name string, more map[string]any) map[string]any {
		props := map[string]any{"name": name, "file": c.Path, "service": c.Service}
		if d.Repo != "" {
			props["repo"] = d.Repo
		}
		maps.Copy(props, more)
		return props
	}
	class := l.addNode([]string{"Class"}, common(c.Class, nil))
	if c.Service != "" {
		l.addRelationship("CONTAINS", l.service(c.Service).id, class.id, nil)
	}
	if c.Path != "" {
		file := l.addNode([]string{"File"}, common(c.Path, nil))
		l.addRelationship("CONTAINS", file.id, class.id, nil)
		if l.repo != nil {
			l.addRelationship("CONTAINS", l.repo.id, file.id, nil)
		}
	}
	var methods members
	for _, m := range c.Methods {
		more := map[string]any{"line": m.Line, "end": m.End}
		if m.Route != "" {
			more["route"] = m.Route
		}
		n := l.addNode([]string{"Method"}, common(m.Name, more))
		l.addRelationship("HAS_METHOD", class.id, n.id, nil)
		methods, l.methods[c.Class+"#"+m.Name] = append(methods, n), n
	}
	for _, log := range c.Logs {
		n := l.addNode([]string{"Log"}, common(log.Template, map[string]any{"level": log.Level, "line": log.Line}))
		if m := methods.find(log.Method, log.Line); m != nil {
			l.addRelationship("HAS_LOG", m.id, n.id, nil)
		}
	}
	return methods
}
