package graph

import (
	"context"
	"encoding/base64"
	"errors"
	"unicode/utf8"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/code"
	"github.com/fourkites/sources/base/rows"
	"github.com/fourkites/sources/base/tool"
	"github.com/fourkites/sources/internal/output"
)

// The tools of a client. [Client.Tools] binds them; each can be called wherever it is served.
var (
	FindSymbols = tool.Declare[code.SymbolsQuery, base.Page[code.Symbol]]("graph_find_symbols",
		"Finds classes, methods, services and files by name, by Class#method, by Class#line as logs write it, or by file and line.")
	ListCallers = tool.Declare[code.CallsQuery, base.Page[code.Call]]("graph_list_callers",
		"Lists what calls a class or method, directly and through others, the nearest first.")
	ListCallees = tool.Declare[code.CallsQuery, base.Page[code.Call]]("graph_list_callees",
		"Lists what a class or method calls, directly and through others, the nearest first.")
	FindCallPath = tool.Declare[PathQuery, base.Page[code.Call]]("graph_find_call_path",
		"Finds a shortest chain of calls from one symbol to another. None means that the graph has none within the depth.")
	AssessImpact = tool.Declare[ImpactQuery, ImpactOutput]("graph_assess_impact",
		"Tells what a change of a symbol or a file can break: what calls it, where it is met first, and in which services.")
	TraceFlow = tool.Declare[FlowQuery, FlowOutput]("graph_trace_flow",
		"Tells what an entry point is expected to call, in the order of the code.")
	ValidateFlow = tool.Declare[FlowCheck, FlowVerdictOutput]("graph_validate_flow",
		"Compares the steps that logs name with those that are expected, or with the flow of an entry point: missing, unexpected, and how well the two fit.")
	ResolveFrames = tool.Declare[FramesQuery, base.Page[code.ResolvedFrame]]("graph_resolve_frames",
		"Finds the symbols of the frames of stack traces (Java, Go, Python, Ruby, Node, .NET), with file and lines.")
	DescribeSchema = tool.Declare[SchemaInput, SchemaOutput]("graph_describe_schema",
		"Lists labels, types of relationships, properties and indexes of the graph; look here before writing a statement.")
	QueryCypher = tool.Declare[QueryInput, QueryOutput]("graph_query_cypher",
		"Runs one Cypher statement that reads. Prefer the tools for symbols, calls and flows. Bound every path of variable length. "+
			"The outcome truncated says that there are more rows than the limit.")
)

// Tools binds the client's methods, under their canonical names.
func (c *Client) Tools() []tool.Tool {
	return []tool.Tool{
		FindSymbols.Bind(output.PagedMore(c.FindSymbols)), ListCallers.Bind(output.PagedMore(c.Callers)),
		ListCallees.Bind(output.PagedMore(c.Callees)), FindCallPath.Bind(output.PagedMore(c.CallPath)),
		AssessImpact.Bind(c.impactTool), TraceFlow.Bind(c.flowTool), ValidateFlow.Bind(c.verdictTool),
		ResolveFrames.Bind(output.PagedMore(c.ResolveFrames)), DescribeSchema.Bind(c.schemaTool), QueryCypher.Bind(c.queryTool),
	}
}

// told says in the stats of an answer what of it is missing; the error stays where it is none of that.
func told(n int, err error, stats *base.Stats) (base.Outcome, error) {
	if e, cut := errors.AsType[*base.IncompleteError](err); cut {
		stats.Notes = append(stats.Notes, e.Error())
		return e.Outcome, nil
	}
	return base.OutcomeOf(n, err), err
}

func (c *Client) impactTool(ctx context.Context, in ImpactQuery) (out ImpactOutput, err error) {
	out.Impact, err = c.Impact(base.WithStats(ctx, &out.Stats), in)
	out.Outcome, err = told(len(out.Symbols), err, &out.Stats)
	return out, err
}

func (c *Client) flowTool(ctx context.Context, in FlowQuery) (out FlowOutput, err error) {
	out.Flow, err = c.Flow(base.WithStats(ctx, &out.Stats), in)
	out.Outcome, err = told(1, err, &out.Stats)
	return out, err
}

func (c *Client) verdictTool(ctx context.Context, in FlowCheck) (out FlowVerdictOutput, err error) {
	out.FlowVerdict, err = c.ValidateFlow(base.WithStats(ctx, &out.Stats), in)
	return out, err
}

func (c *Client) schemaTool(ctx context.Context, _ SchemaInput) (out SchemaOutput, err error) {
	out.Schema, err = c.Schema(base.WithStats(ctx, &out.Stats))
	return out, err
}

func (c *Client) queryTool(ctx context.Context, in QueryInput) (QueryOutput, error) {
	args := map[string]any{}
	for name, value := range in.Args {
		args[name] = whole(value)
	}
	out, err := output.Read(ctx, func(ctx context.Context) (*rows.Rows, error) {
		return c.Query(ctx, Query{Cypher: in.Cypher, Args: args, MaxRows: int64(output.PageSize(in.Limit))})
	}, func(_ int, row map[string]any) error {
		for name, v := range row {
			row[name] = output.Value(v, text)
		}
		return nil
	})
	return QueryOutput(out), err
}

// whole gives back what JSON made floats of, at any depth.
func whole(v any) any {
	switch v := v.(type) {
	case []any:
		for i := range v {
			v[i] = whole(v[i])
		}
		return v
	case map[string]any:
		for key := range v {
			v[key] = whole(v[key])
		}
		return v
	}
	return output.WholeNumbers([]any{v})[0]
}

// text is what bytes are written as: the text that they are, else base64.
func text(b []byte) any {
	if utf8.Valid(b) {
		return string(b)
	}
	return base64.StdEncoding.EncodeToString(b)
}
