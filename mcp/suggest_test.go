package mcp_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/fourkites/sources/mcp"
)

func TestAnErrorOfAToolThatTheProgramAddedStaysAsItIs(t *testing.T) {
	t.Parallel()
	refusal := &jsonrpc.Error{Code: -32021, Message: "this needs sampling", Data: json.RawMessage(`{"requiredCapabilities":{"sampling":{}}}`)}
	c := mcp.ServerConfig{Configure: func(_ string, s *sdk.Server) {
		s.AddTool(&sdk.Tool{Name: "added", InputSchema: json.RawMessage(`{"type":"object"}`)},
			func(context.Context, *sdk.CallToolRequest) (*sdk.CallToolResult, error) { return nil, refusal })
	}}
	_, url := serving(t, c, newDemo())
	session := connected(t, url)
	_, err := session.CallTool(t.Context(), &sdk.CallToolParams{Name: "added"})
	if got, ok := errors.AsType[*jsonrpc.Error](err); !ok || got.Code != refusal.Code || got.Message != refusal.Message || string(got.Data) != string(refusal.Data) {
		t.Errorf("%#v, want %#v", err, refusal)
	}
	if _, err = session.CallTool(t.Context(), &sdk.CallToolParams{Name: "demo_get_ecko"}); err == nil || !strings.Contains(err.Error(), "demo_get_echo") {
		t.Errorf("%v does not name the nearest tool", err)
	}
}
