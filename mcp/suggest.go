package mcp

import (
	"context"
	"errors"
	"fmt"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/fourkites/sources/base/tool"
)

// suggest names the nearest tool to a caller that asked for one that is not here. Tools that ServerConfig.Configure added answer
// for themselves: only the SDK knows them, and says so by the words of its refusal.
func (e *endpoint) suggest(next sdk.MethodHandler) sdk.MethodHandler {
	return func(ctx context.Context, method string, r sdk.Request) (sdk.Result, error) {
		result, err := next(ctx, method, r)
		params, ok := r.GetParams().(*sdk.CallToolParamsRaw)
		if err == nil || !ok {
			return result, err
		}
		refused, ok := errors.AsType[*jsonrpc.Error](err)
		if !ok || refused.Message != fmt.Sprintf("unknown tool %q", params.Name) {
			return result, err
		}
		if _, unknown := tool.Set(e.tools).CallTool(ctx, params.Name, nil); unknown != nil {
			return nil, &jsonrpc.Error{Code: refused.Code, Message: unknown.Error()}
		}
		return result, err
	}
}
