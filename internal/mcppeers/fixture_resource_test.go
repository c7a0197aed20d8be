package mcppeers_test

import (
	"context"
	"encoding/json"
	"strings"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"
)

func addResources(s *sdk.Server) {
	for _, r := range []sdk.ResourceContents{
		{URI: "test://static-text", MIMEType: "text/plain", Text: "the text of a resource"},
		{URI: "test://static-binary", MIMEType: "image/png", Blob: redDot()},
		{URI: "test://watched-resource", MIMEType: "text/plain", Text: "may be watched"},
	} {
		about := &sdk.Resource{Name: strings.TrimPrefix(r.URI, "test://"), URI: r.URI, MIMEType: r.MIMEType, Description: "For the suite."}
		s.AddResource(about, func(context.Context, *sdk.ReadResourceRequest) (*sdk.ReadResourceResult, error) {
			return &sdk.ReadResourceResult{Contents: []*sdk.ResourceContents{&r}}, nil
		})
	}
	s.AddResourceTemplate(&sdk.ResourceTemplate{
		Name: "template", URITemplate: "test://template/{id}/data", MIMEType: "application/json", Description: "Data of an id.",
	}, readTemplate)
}

func readTemplate(_ context.Context, r *sdk.ReadResourceRequest) (*sdk.ReadResourceResult, error) {
	id := strings.TrimSuffix(strings.TrimPrefix(r.Params.URI, "test://template/"), "/data")
	text, err := json.Marshal(map[string]any{"id": id, "templateTest": true, "data": "of " + id})
	if err != nil {
		return nil, err
	}
	return &sdk.ReadResourceResult{Contents: []*sdk.ResourceContents{{URI: r.Params.URI, MIMEType: "application/json", Text: string(text)}}}, nil
}

func addPrompts(s *sdk.Server) {
	argument := func(name string) *sdk.PromptArgument {
		return &sdk.PromptArgument{Name: name, Description: "a text", Required: true}
	}
	s.AddPrompt(&sdk.Prompt{Name: "test_simple_prompt", Description: "A text."}, prompting(func(map[string]string) []sdk.Content {
		return []sdk.Content{&sdk.TextContent{Text: "a prompt for the suite"}}
	}))
	s.AddPrompt(&sdk.Prompt{
		Name: "test_prompt_with_arguments", Description: "A text with two values.", Arguments: []*sdk.PromptArgument{argument("arg1"), argument("arg2")},
	}, prompting(func(args map[string]string) []sdk.Content {
		return []sdk.Content{&sdk.TextContent{Text: "arg1 is " + args["arg1"] + ", arg2 is " + args["arg2"]}}
	}))
	s.AddPrompt(&sdk.Prompt{
		Name: "test_prompt_with_embedded_resource", Description: "A resource.", Arguments: []*sdk.PromptArgument{argument("resourceUri")},
	}, prompting(func(args map[string]string) []sdk.Content {
		note := &sdk.ResourceContents{URI: args["resourceUri"], MIMEType: "text/plain", Text: "a note within a prompt"}
		return []sdk.Content{&sdk.EmbeddedResource{Resource: note}, &sdk.TextContent{Text: "read the note"}}
	}))
	s.AddPrompt(&sdk.Prompt{Name: "test_prompt_with_image", Description: "A picture."}, prompting(func(map[string]string) []sdk.Content {
		return []sdk.Content{&sdk.ImageContent{Data: redDot(), MIMEType: "image/png"}, &sdk.TextContent{Text: "look at the picture"}}
	}))
	s.AddPrompt(&sdk.Prompt{Name: "test_input_required_result_prompt", Description: "Needs an answer of the user."}, promptInRounds)
}

func prompting(content func(map[string]string) []sdk.Content) sdk.PromptHandler {
	return func(_ context.Context, r *sdk.GetPromptRequest) (*sdk.GetPromptResult, error) {
		out := &sdk.GetPromptResult{Description: "For the suite."}
		for _, c := range content(r.Params.Arguments) {
			out.Messages = append(out.Messages, &sdk.PromptMessage{Role: "user", Content: c})
		}
		return out, nil
	}
}

func promptInRounds(ctx context.Context, r *sdk.GetPromptRequest) (*sdk.GetPromptResult, error) {
	topic, _ := inputs{r.Params.InputResponses, ""}.given("user_context", "context").(string)
	if topic == "" {
		return &sdk.GetPromptResult{InputRequests: sdk.InputRequestMap{"user_context": form("What is it about?", "context", "string")}}, nil
	}
	return prompting(func(map[string]string) []sdk.Content { return []sdk.Content{&sdk.TextContent{Text: "about " + topic}} })(ctx, r)
}

// changeFixtures change what the server offers, so that it tells its clients.
func changeFixtures(s *sdk.Server) []fixture {
	return []fixture{
		{name: "test_trigger_tool_change", description: "Adds a tool.", handle: func(context.Context, *sdk.CallToolRequest) (*sdk.CallToolResult, error) {
			s.AddTool(&sdk.Tool{Name: "test_added_tool", Description: "Was added.", InputSchema: json.RawMessage(`{"type":"object"}`)}, saying())
			return told("a tool was added"), nil
		}},
		{name: "test_trigger_prompt_change", description: "Adds a prompt.", handle: func(context.Context, *sdk.CallToolRequest) (*sdk.CallToolResult, error) {
			s.AddPrompt(&sdk.Prompt{Name: "test_added_prompt", Description: "Was added."}, prompting(func(map[string]string) []sdk.Content { return nil }))
			return told("a prompt was added"), nil
		}},
	}
}
