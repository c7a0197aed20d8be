package graph

import (
	"context"
	"slices"

	"github.com/fourkites/sources/base"
)

// Schema is what the database has names for, and how it fits the model of the client.
type Schema struct {
	Labels     []string         `json:"labels"`
	Types      []string         `json:"types"` // of relationships
	Properties []string         `json:"properties"`
	Indexes    []Index          `json:"indexes"`
	Counts     map[string]int64 `json:"counts"`  // nodes by the labels of the model that are there
	Missing    []string         `json:"missing"` // names of the model that the graph does not have: questions about them find nothing
}

// Index is one index of the database.
type Index struct {
	Name       string   `json:"name"`
	Type       string   `json:"type"`   // RANGE, TEXT, FULLTEXT ...
	Entity     string   `json:"entity"` // NODE or RELATIONSHIP
	Labels     []string `json:"labels"` // or types of relationships; empty: all
	Properties []string `json:"properties"`
}

var opSchema = &base.Op{Name: "Schema", System: base.SystemDB}

// Schema lists the labels, types, properties and indexes of the database, in order, counts the nodes of the model, and
// names what of the model is missing. A name stays known to Neo4j when the last node with it has gone.
func (c *Client) Schema(ctx context.Context) (Schema, error) {
	s := Schema{Counts: map[string]int64{}, Indexes: []Index{}, Missing: []string{}}
	for _, list := range []struct {
		cypher string
		into   *[]string
	}{
		{"CALL db.labels() YIELD label RETURN label ORDER BY label", &s.Labels},
		{"CALL db.relationshipTypes() YIELD relationshipType AS t RETURN t ORDER BY t", &s.Types},
		{"CALL db.propertyKeys() YIELD propertyKey AS p RETURN p ORDER BY p", &s.Properties},
	} {
		*list.into = []string{}
		if err := c.each(ctx, opSchema, list.cypher, nil, func(row []any) error {
			name, ok := row[0].(string)
			if !ok {
				return &malformedError{"a name that is no text"}
			}
			*list.into = append(*list.into, name)
			return nil
		}); err != nil {
			return Schema{}, err
		}
	}
	if err := c.indexes(ctx, &s); err != nil {
		return Schema{}, err
	}
	return s, c.fits(ctx, &s)
}

func (c *Client) indexes(ctx context.Context, s *Schema) error {
	return c.each(ctx, opSchema, "SHOW INDEXES YIELD name, type, entityType, labelsOrTypes, properties", nil, func(row []any) error {
		i := Index{Labels: namesOf(row[3]), Properties: namesOf(row[4])}
		i.Name, _ = row[0].(string)
		i.Type, _ = row[1].(string)
		i.Entity, _ = row[2].(string)
		s.Indexes = append(s.Indexes, i)
		return nil
	})
}

// namesOf is a list of texts.
func namesOf(v any) []string {
	all := []string{}
	list, _ := v.([]any)
	for _, one := range list {
		if text, ok := one.(string); ok {
			all = append(all, text)
		}
	}
	return all
}

// fits counts what there is of the model, and names what there is not.
func (c *Client) fits(ctx context.Context, s *Schema) error {
	m := c.config.Model
	for _, label := range []string{m.Class, m.Method, m.Service, m.File, m.Repo, m.Log} {
		if !slices.Contains(s.Labels, label) {
			s.Missing = append(s.Missing, label)
			continue
		}
		if err := c.each(ctx, opSchema, "MATCH (n:"+quote(label)+") RETURN count(n)", nil, func(row []any) error {
			s.Counts[label], _ = row[0].(int64)
			return nil
		}); err != nil {
			return err
		}
	}
	for _, name := range []string{m.HasMethod, m.Calls, m.Contains, m.HasLog} {
		if !slices.Contains(s.Types, name) {
			s.Missing = append(s.Missing, name)
		}
	}
	p := m.Properties
	for _, name := range []string{p.Name, p.File, p.Line, p.End, p.Service, p.Repo} {
		if !slices.Contains(s.Properties, name) {
			s.Missing = append(s.Missing, name)
		}
	}
	return nil
}
