//lint:file-ignore SA1019 the suite wants logging, which the protocol of 2026-07-28 deprecates

//nolint:staticcheck // the same, as golangci-lint reads it
package mcppeers_test

import (
	"context"
	"encoding/json"
	"time"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"
)

// fixture is one tool that the conformance suite calls by name.
type fixture struct {
	name, description string
	input             string // its JSON schema; empty for a tool that takes anything
	handle            sdk.ToolHandler
}

// addFixtures has an endpoint serve everything that the conformance suite asks a server for. It is what ServerConfig.Configure
// wants.
func addFixtures(_ string, s *sdk.Server) {
	for _, some := range [][]fixture{contentFixtures(), sessionFixtures(), roundFixtures(), changeFixtures(s)} {
		for _, f := range some {
			if f.input == "" {
				f.input = `{"type":"object"}`
			}
			s.AddTool(&sdk.Tool{Name: f.name, Description: f.description, InputSchema: json.RawMessage(f.input)}, f.handle)
		}
	}
	addResources(s)
	addPrompts(s)
}

// fixtureOptions is what ServerConfig.ServerOptions wants: completion, subscriptions, and the logging of older protocols.
func fixtureOptions(_ string, o *sdk.ServerOptions) {
	o.Capabilities = &sdk.ServerCapabilities{Logging: &sdk.LoggingCapabilities{}}
	o.CompletionHandler = func(context.Context, *sdk.CompleteRequest) (*sdk.CompleteResult, error) {
		return &sdk.CompleteResult{Completion: sdk.CompletionResultDetails{Values: []string{}}}, nil
	}
	o.SubscribeHandler = func(context.Context, *sdk.SubscribeRequest) error { return nil }
	o.UnsubscribeHandler = func(context.Context, *sdk.UnsubscribeRequest) error { return nil }
}

// saying is the handler that always answers the same.
func saying(content ...sdk.Content) sdk.ToolHandler {
	return func(context.Context, *sdk.CallToolRequest) (*sdk.CallToolResult, error) {
		return &sdk.CallToolResult{Content: content}, nil
	}
}

func told(text string) *sdk.CallToolResult {
	return &sdk.CallToolResult{Content: []sdk.Content{&sdk.TextContent{Text: text}}}
}

// refused is the answer of a tool that failed.
func refused(err error) *sdk.CallToolResult {
	answer := told(err.Error())
	answer.IsError = true
	return answer
}

// pause waits, or less where the call ends before.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
