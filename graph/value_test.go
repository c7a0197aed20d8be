package graph

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/neo4j/neo4j-go-driver/v5/neo4j/dbtype"
)

func TestValuesThatCannotBeHadAreNamedAtAnyDepth(t *testing.T) {
	t.Parallel()
	bad := &dbtype.InvalidValue{Message: "a zone that nobody knows"}
	for name, v := range map[string]any{
		"by itself": bad, "in a list": []any{1, bad}, "in a map": map[string]any{"a": []any{bad}},
		"in a node": dbtype.Node{Props: map[string]any{"at": bad}}, "in a path": dbtype.Path{Nodes: []dbtype.Node{{Props: map[string]any{"at": bad}}}},
		"in a path's relationship": dbtype.Path{Relationships: []dbtype.Relationship{{Props: map[string]any{"at": bad}}}},
	} {
		if _, why := plain(v); why == "" {
			t.Errorf("%s: it passes", name)
		}
	}
	if _, why := plain(struct{}{}); why == "" {
		t.Error("a type that nobody knows passes")
	}
}

func TestLengthsOfTimeAreWrittenShort(t *testing.T) {
	t.Parallel()
	for want, d := range map[string]dbtype.Duration{
		"P0M0DT0S": {}, "P14M3DT14706.5S": {Months: 14, Days: 3, Seconds: 14706, Nanos: 5e8}, "P0M0DT10S": {Seconds: 10}, "P0M-1DT0.000000001S": {Days: -1, Nanos: 1},
	} {
		if got := span(d); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

func TestANodeWithoutPropertiesHasAnEmptyMap(t *testing.T) {
	t.Parallel()
	got, why := plain(dbtype.Node{ElementId: "4:x:1", Labels: []string{"Class"}})
	want := map[string]any{"id": "4:x:1", "labels": []any{"Class"}, "properties": map[string]any{}}
	if diff := cmp.Diff(want, got); why != "" || diff != "" {
		t.Errorf("%s %s", why, diff)
	}
}
