package graph

import "github.com/fourkites/sources/base"

// The inputs of the tools that are no question of a method, and the outputs that are no answer of one.

// ImpactOutput is an [Impact], and whether it is all.
type ImpactOutput struct {
	Impact
	Outcome base.Outcome `json:"outcome"`
	Stats   base.Stats   `json:"stats,omitzero"`
}

// FlowOutput is a [Flow], and whether it is all.
type FlowOutput struct {
	Flow
	Outcome base.Outcome `json:"outcome"`
	Stats   base.Stats   `json:"stats,omitzero"`
}

// FlowVerdictOutput is a [FlowVerdict], and what it cost.
type FlowVerdictOutput struct {
	FlowVerdict
	Stats base.Stats `json:"stats,omitzero"`
}

// SchemaInput is the question of graph_describe_schema: none.
type SchemaInput struct{}

// SchemaOutput is a [Schema], and what it cost.
type SchemaOutput struct {
	Schema
	Stats base.Stats `json:"stats,omitzero"`
}

// QueryInput is the question of graph_query_cypher; see [Query].
type QueryInput struct {
	Cypher string         `json:"cypher" jsonschema:"one statement that reads; values as $name"`
	Args   map[string]any `json:"args,omitempty" jsonschema:"the values of $name"`
	Limit  int            `json:"limit,omitempty" jsonschema:"rows; default 100, at most 10000"`
}

// QueryOutput is the answer to a statement. NaN and infinities are the texts NaN, +Inf and -Inf.
type QueryOutput struct {
	Columns []string         `json:"columns"`
	Items   []map[string]any `json:"items"`
	Outcome base.Outcome     `json:"outcome"`
	Stats   base.Stats       `json:"stats,omitzero"`
}
