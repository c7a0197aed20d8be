package graph

import (
	"fmt"
	"strings"
	"time"

	"github.com/neo4j/neo4j-go-driver/v5/neo4j/dbtype"
)

// plain is a value of the driver as one that needs no driver; why it cannot be had, where it cannot.
func plain(v any) (_ any, why string) {
	switch v := v.(type) {
	case nil, bool, int64, float64, string, []byte, time.Time:
		return v, ""
	case []any:
		for i := range v {
			if v[i], why = plain(v[i]); why != "" {
				return nil, why
			}
		}
		return v, ""
	case map[string]any:
		return properties(v)
	}
	return special(v)
}

// properties are made plain where they are: nobody else has the map.
func properties(m map[string]any) (_ any, why string) {
	for key, value := range m {
		p, why := plain(value)
		if why != "" {
			return nil, why
		}
		m[key] = p
	}
	return m, ""
}

func special(v any) (_ any, why string) {
	switch v := v.(type) {
	case dbtype.Node:
		return node(v)
	case dbtype.Relationship:
		return relationship(v)
	case dbtype.Path:
		return path(v)
	case dbtype.Point2D:
		return map[string]any{"srid": int64(v.SpatialRefId), "x": v.X, "y": v.Y}, ""
	case dbtype.Point3D:
		return map[string]any{"srid": int64(v.SpatialRefId), "x": v.X, "y": v.Y, "z": v.Z}, ""
	case dbtype.Date:
		return calendar(v.Time()), ""
	case dbtype.LocalDateTime:
		return calendar(v.Time()), ""
	case dbtype.LocalTime:
		return v.Time().Format("15:04:05.999999999"), ""
	case dbtype.Time:
		return v.Time().Format("15:04:05.999999999Z07:00"), ""
	case dbtype.Duration:
		return span(v), ""
	case *dbtype.InvalidValue:
		return nil, v.Message
	}
	return nil, fmt.Sprintf("a value of the type %T, which is not known", v)
}

// calendar is what stands on a calendar and a clock, as UTC.
func calendar(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), time.UTC)
}

// span is a duration as ISO 8601 writes it, in months, days and seconds, which is what Neo4j keeps apart.
func span(d dbtype.Duration) string {
	text := strings.TrimSuffix(d.String(), "S")
	if strings.Contains(text, ".") {
		text = strings.TrimRight(strings.TrimRight(text, "0"), ".")
	}
	return text + "S"
}

// node is a node as a map with id, labels and properties.
func node(n dbtype.Node) (_ any, why string) {
	p, why := properties(orEmpty(n.Props))
	return map[string]any{"id": n.ElementId, "labels": texts(n.Labels), "properties": p}, why
}

// relationship is one as a map with id, type, from, to and properties.
func relationship(r dbtype.Relationship) (_ any, why string) {
	p, why := properties(orEmpty(r.Props))
	return map[string]any{
		"id": r.ElementId, "type": r.Type, "from": r.StartElementId, "to": r.EndElementId, "properties": p,
	}, why
}

// path is one as a map with nodes and relationships, in their order.
func path(p dbtype.Path) (_ any, why string) {
	nodes, edges := make([]any, len(p.Nodes)), make([]any, len(p.Relationships))
	for i, n := range p.Nodes {
		if nodes[i], why = node(n); why != "" {
			return nil, why
		}
	}
	for i, r := range p.Relationships {
		if edges[i], why = relationship(r); why != "" {
			return nil, why
		}
	}
	return map[string]any{"nodes": nodes, "relationships": edges}, ""
}

func orEmpty(m map[string]any) map[string]any {
	if m == nil {
		return map[string]any{}
	}
	return m
}

func texts(all []string) []any {
	out := make([]any, len(all))
	for i, s := range all {
		out[i] = s
	}
	return out
}
