//lint:file-ignore SA1019 the suite wants sampling, roots and logging, which the protocol of 2026-07-28 deprecates

//nolint:staticcheck // the same, as golangci-lint reads it
package mcppeers_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	sdk "github.com/modelcontextprotocol/go-sdk/mcp"
)

// sessionFixtures talk back to the client while their call runs.
func sessionFixtures() []fixture {
	return []fixture{
		{name: "test_tool_with_logging", description: "Logs three times.", handle: logThrice},
		{name: "test_logging_tool", description: "Logs once.", handle: func(ctx context.Context, r *sdk.CallToolRequest) (*sdk.CallToolResult, error) {
			return told("logged for those who asked for it"), logTo(ctx, r, "test_logging_tool ran")
		}},
		{name: "test_tool_with_progress", description: "Tells how far it is.", handle: tellProgress},
		{name: "test_sampling", description: "Asks the client's model.", input: textArgument("prompt"), handle: askModel},
		{name: "test_elicitation", description: "Asks the user.", input: textArgument("message"), handle: elicit(userForm)},
		{name: "test_elicitation_sep1034_defaults", description: "Asks the user, with defaults.", handle: elicit(defaultsForm)},
		{name: "test_elicitation_sep1330_enums", description: "Asks the user to choose.", handle: elicit(choicesForm)},
		{name: "test_reconnection", description: "Ends its stream, and answers in the next one.", handle: dropStream},
		{
			name: "test_streaming_elicitation", description: "Sends nothing but its answer.",
			handle: saying(&sdk.TextContent{Text: "only this answer"}),
		},
		{name: "test_missing_capability", description: "Needs a client with a model.", handle: needModel},
	}
}

func textArgument(name string) string {
	return fmt.Sprintf(`{"type":"object","properties":{%q:{"type":"string"}},"required":[%[1]q]}`, name)
}

func logTo(ctx context.Context, r *sdk.CallToolRequest, text string) error {
	return r.Session.Log(ctx, &sdk.LoggingMessageParams{Level: "info", Data: text})
}

func logThrice(ctx context.Context, r *sdk.CallToolRequest) (*sdk.CallToolResult, error) {
	for _, text := range []string{"begins", "goes on", "ends"} {
		if err := errors.Join(logTo(ctx, r, text), pause(ctx, 50*time.Millisecond)); err != nil {
			return nil, err
		}
	}
	return told("logged three times"), nil
}

func tellProgress(ctx context.Context, r *sdk.CallToolRequest) (*sdk.CallToolResult, error) {
	for _, done := range []float64{0, 50, 100} {
		step := sdk.ProgressNotificationParams{ProgressToken: r.Params.GetProgressToken(), Progress: done, Total: 100, Message: "on the way"}
		if err := errors.Join(r.Session.NotifyProgress(ctx, &step), pause(ctx, 50*time.Millisecond)); err != nil {
			return nil, err
		}
	}
	return told("done"), nil
}

func askModel(ctx context.Context, r *sdk.CallToolRequest) (*sdk.CallToolResult, error) {
	var in struct{ Prompt string }
	if err := json.Unmarshal(r.Params.Arguments, &in); err != nil {
		return refused(err), nil
	}
	answer, err := r.Session.CreateMessage(ctx, &sdk.CreateMessageParams{
		MaxTokens: 100, Messages: []*sdk.SamplingMessage{{Role: "user", Content: &sdk.TextContent{Text: in.Prompt}}},
	})
	if err != nil {
		return refused(err), nil
	}
	text, ok := answer.Content.(*sdk.TextContent)
	if !ok {
		return refused(fmt.Errorf("the model answers %T", answer.Content)), nil
	}
	return told("LLM response: " + text.Text), nil
}

// elicit asks the user to fill in a form.
func elicit(form string) sdk.ToolHandler {
	return func(ctx context.Context, r *sdk.CallToolRequest) (*sdk.CallToolResult, error) {
		in := struct{ Message string }{"Please fill this in"}
		if err := json.Unmarshal(r.Params.Arguments, &in); err != nil {
			return refused(err), nil
		}
		answer, err := r.Session.Elicit(ctx, &sdk.ElicitParams{Message: in.Message, RequestedSchema: json.RawMessage(form)})
		if err != nil {
			return refused(err), nil
		}
		return told(fmt.Sprintf("the user's action is %s, the content %v", answer.Action, answer.Content)), nil
	}
}

// The forms that the suite wants to see.
const (
	userForm     = `{"type":"object","properties":{"username":{"type":"string"},"email":{"type":"string"}},"required":["username"]}`
	defaultsForm = `{"type":"object","properties":{
		"name":{"type":"string","default":"John Doe"},"age":{"type":"integer","default":30},
		"score":{"type":"number","default":95.5},"verified":{"type":"boolean","default":true},
		"status":{"type":"string","enum":["active","inactive","pending"],"default":"active"}}}`
	choicesForm = `{"type":"object","properties":{
		"untitledSingle":{"type":"string","enum":["option1","option2","option3"]},
		"titledSingle":{"type":"string","oneOf":[{"const":"value1","title":"First Option"},
			{"const":"value2","title":"Second Option"},{"const":"value3","title":"Third Option"}]},
		"legacyEnum":{"type":"string","enum":["opt1","opt2","opt3"],"enumNames":["Option One","Option Two","Option Three"]},
		"untitledMulti":{"type":"array","minItems":1,"maxItems":3,"items":{"type":"string","enum":["option1","option2","option3"]}},
		"titledMulti":{"type":"array","minItems":1,"maxItems":3,"items":{"anyOf":[{"const":"value1","title":"First Choice"},
			{"const":"value2","title":"Second Choice"},{"const":"value3","title":"Third Choice"}]}}}}`
)

func dropStream(ctx context.Context, r *sdk.CallToolRequest) (*sdk.CallToolResult, error) {
	if r.Extra != nil && r.Extra.CloseSSEStream != nil {
		r.Extra.CloseSSEStream(sdk.CloseSSEStreamArgs{RetryAfter: 10 * time.Millisecond})
	}
	return told("the answer after the stream had ended"), pause(ctx, 100*time.Millisecond)
}

func needModel(_ context.Context, r *sdk.CallToolRequest) (*sdk.CallToolResult, error) {
	if c := r.ClientCapabilities(); c != nil && c.Sampling != nil {
		return told("the client has a model"), nil
	}
	need := sdk.MissingRequiredClientCapabilityData{RequiredCapabilities: &sdk.ClientCapabilities{Sampling: &sdk.SamplingCapabilities{}}}
	data, err := json.Marshal(need)
	if err != nil {
		return nil, err
	}
	return nil, &jsonrpc.Error{Code: sdk.CodeMissingRequiredClientCapabilities, Message: "this tool needs sampling", Data: data}
}
