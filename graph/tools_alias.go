package graph

import (
	"strings"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/code"
	"github.com/fourkites/sources/base/tool"
	"github.com/fourkites/sources/internal/output"
)

// SearchCodeInput has the parameters of the older tool search_code.
type SearchCodeInput struct {
	ClassName  string `json:"class_name,omitempty" jsonschema:"without its package"`
	MethodName string `json:"method_name,omitempty" jsonschema:"alone, or with class_name"`
	Service    string `json:"service,omitempty" jsonschema:"that it belongs to; empty: all"`
}

// CodeFlowInput has the parameters of the older tool get_code_flow.
type CodeFlowInput struct {
	EntryPoint string `json:"entry_point" jsonschema:"a method, Class#method, or a class"`
	Depth      int    `json:"depth,omitempty" jsonschema:"default 4"`
}

// ExecutionFlowInput has the parameters of the older tool validate_execution_flow.
type ExecutionFlowInput struct {
	Logs         []string `json:"logs" jsonschema:"lines, in their order"`
	ExpectedFlow []string `json:"expected_flow" jsonschema:"Class#method or service, in order"`
}

// The names and parameters that an older server of these tools had. They belong on an endpoint of this source alone.
var (
	SearchCode = tool.Alias(FindSymbols, "search_code", "Finds a class or a method.", SearchCodeInput.convert)
	CodeFlow   = tool.Alias(TraceFlow, "get_code_flow", "Tells what an entry point is expected to call.",
		func(in CodeFlowInput) (FlowQuery, error) {
			return FlowQuery{Entry: in.EntryPoint, Depth: in.Depth}, nil
		})
	ExecutionFlow = tool.Alias(ValidateFlow, "validate_execution_flow", "Compares logs with an expected flow.",
		func(in ExecutionFlowInput) (FlowCheck, error) {
			return FlowCheck{Logs: in.Logs, Expected: in.ExpectedFlow}, nil
		})
)

func (in SearchCodeInput) convert() (code.SymbolsQuery, error) {
	q := code.SymbolsQuery{Name: in.ClassName, Service: in.Service}
	switch {
	case strings.ContainsAny(in.ClassName+in.MethodName, "#"):
		return q, base.Invalid(defaultName, "search_code", "class_name, method_name: one holds a #; write the names alone")
	case in.ClassName == "":
		q.Name, q.Kind = in.MethodName, code.KindMethod
	case in.MethodName == "":
		q.Kind = code.KindClass
	default:
		q.Name = in.ClassName + "#" + in.MethodName
	}
	return q, nil
}

// Aliases binds the same methods under the names and parameters that an older server had.
func (c *Client) Aliases() []tool.Tool {
	return []tool.Tool{
		SearchCode.Bind(output.PagedMore(c.FindSymbols)), CodeFlow.Bind(c.flowTool), ExecutionFlow.Bind(c.verdictTool),
	}
}
