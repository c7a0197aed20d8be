//lint:file-ignore SA1019 the suite wants sampling, roots and logging, which the protocol of 2026-07-28 deprecates

//nolint:staticcheck // the same, as golangci-lint reads it
package mcppeers_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	sdk "github.com/modelcontextprotocol/go-sdk/mcp"
)

// roundFixtures need answers of the client, and ask for them in their results: the call is made anew with the answers.
func roundFixtures() []fixture {
	const name = "test_input_required_result_"
	return []fixture{
		{name: name + "elicitation", description: "Needs a name.", handle: rounds(needName)},
		{name: name + "sampling", description: "Needs the client's model.", handle: rounds(needSample)},
		{name: name + "list_roots", description: "Needs the client's roots.", handle: rounds(needRoots)},
		{name: name + "request_state", description: "Needs a yes, and its state back.", handle: rounds(needYes)},
		{name: name + "tampered_state", description: "Refuses a state that it did not give.", handle: rounds(needYes)},
		{name: name + "multiple_inputs", description: "Needs three things at once.", handle: rounds(needAll)},
		{name: name + "multi_round", description: "Needs one thing, then another.", handle: rounds(needTwice)},
		{name: name + "capabilities", description: "Needs what the client has.", handle: needWhatThereIs},
	}
}

// inputs are the answers of the client, and the state that came back with them.
type inputs struct {
	sdk.InputResponseMap
	state string
}

// given is what the user filled in under that key; nothing where he did not, or would not.
func (in inputs) given(key, field string) any {
	form, ok := in.InputResponseMap[key].(*sdk.ElicitResult)
	if !ok || form.Action != "accept" {
		return nil
	}
	return form.Content[field]
}

func (in inputs) sample(key string) string {
	answer, ok := in.InputResponseMap[key].(*sdk.CreateMessageWithToolsResult)
	if !ok || len(answer.Content) == 0 {
		return ""
	}
	text, ok := answer.Content[0].(*sdk.TextContent)
	if !ok {
		return ""
	}
	return text.Text
}

// step is one round: a text that ends the call, or what is still needed and the state to come back with.
type step struct {
	text  string
	need  sdk.InputRequestMap
	state string
}

// rounds makes a handler of a function of what came back. It signs the states, and refuses those that it did not sign.
func rounds(next func(inputs) step) sdk.ToolHandler {
	return func(_ context.Context, r *sdk.CallToolRequest) (*sdk.CallToolResult, error) {
		state, ok := unsign(r.Params.RequestState)
		if !ok {
			return nil, &jsonrpc.Error{Code: jsonrpc.CodeInvalidParams, Message: "this is no state of ours"}
		}
		s := next(inputs{r.Params.InputResponses, state})
		if s.text != "" {
			return told(s.text), nil
		}
		return &sdk.CallToolResult{InputRequests: s.need, RequestState: sign(s.state)}, nil
	}
}

const stateKey = "of the fixtures"

func sign(state string) string {
	if state == "" {
		return ""
	}
	return state + "." + seal(state)
}

// unsign takes no state for the first round's.
func unsign(signed string) (string, bool) {
	if signed == "" {
		return "", true
	}
	at := strings.LastIndexByte(signed, '.')
	if at < 0 {
		return "", false
	}
	return signed[:at], hmac.Equal([]byte(signed[at+1:]), []byte(seal(signed[:at])))
}

func seal(state string) string {
	mac := hmac.New(sha256.New, []byte(stateKey))
	mac.Write([]byte(state))
	return hex.EncodeToString(mac.Sum(nil))
}

func form(message, field, kind string) *sdk.ElicitParams {
	schema := fmt.Sprintf(`{"type":"object","properties":{%q:{"type":%q}},"required":[%[1]q]}`, field, kind)
	return &sdk.ElicitParams{Message: message, RequestedSchema: json.RawMessage(schema)}
}

func nameForm() *sdk.ElicitParams { return form("What is your name?", "name", "string") }

func question(text string) *sdk.CreateMessageParams {
	return &sdk.CreateMessageParams{
		MaxTokens: 100, Messages: []*sdk.SamplingMessage{{Role: "user", Content: &sdk.TextContent{Text: text}}},
	}
}

func needName(in inputs) step {
	if name, _ := in.given("user_name", "name").(string); name != "" {
		return step{text: "Hello, " + name + "!"}
	}
	return step{need: sdk.InputRequestMap{"user_name": nameForm()}}
}

func needSample(in inputs) step {
	if text := in.sample("capital_question"); text != "" {
		return step{text: "the model says " + text}
	}
	return step{need: sdk.InputRequestMap{"capital_question": question("What is the capital of France?")}}
}

func needRoots(in inputs) step {
	if roots, ok := in.InputResponseMap["client_roots"].(*sdk.ListRootsResult); ok {
		text := fmt.Sprintf("%d roots:", len(roots.Roots))
		for _, root := range roots.Roots {
			text += " " + root.URI
		}
		return step{text: text}
	}
	return step{need: sdk.InputRequestMap{"client_roots": &sdk.ListRootsParams{}}}
}

func needYes(in inputs) step {
	if yes, _ := in.given("confirm", "ok").(bool); yes && in.state == "asked" {
		return step{text: "state-ok: the state came back, and the user agrees"}
	}
	return step{need: sdk.InputRequestMap{"confirm": form("Please confirm", "ok", "boolean")}, state: "asked"}
}

func needAll(in inputs) step {
	name, _ := in.given("user_name", "name").(string)
	roots, hasRoots := in.InputResponseMap["client_roots"].(*sdk.ListRootsResult)
	if greeting := in.sample("greeting"); name != "" && greeting != "" && hasRoots {
		return step{text: fmt.Sprintf("%s %s, %d roots", greeting, name, len(roots.Roots))}
	}
	return step{state: "asked", need: sdk.InputRequestMap{
		"user_name": nameForm(), "greeting": question("Write a greeting"), "client_roots": &sdk.ListRootsParams{},
	}}
}

func needTwice(in inputs) step {
	name, second := strings.CutPrefix(in.state, "name=")
	if color, _ := in.given("step2", "color").(string); second && color != "" {
		return step{text: name + " likes " + color}
	}
	if answer, _ := in.given("step1", "name").(string); in.state == "first" && answer != "" {
		name, second = answer, true
	}
	if second {
		return step{need: sdk.InputRequestMap{"step2": form("Which color do you like?", "color", "string")}, state: "name=" + name}
	}
	return step{need: sdk.InputRequestMap{"step1": nameForm()}, state: "first"}
}

func needWhatThereIs(_ context.Context, r *sdk.CallToolRequest) (*sdk.CallToolResult, error) {
	if len(r.Params.InputResponses) > 0 {
		return told("the client gave what it has"), nil
	}
	need := sdk.InputRequestMap{}
	if c := r.ClientCapabilities(); c != nil {
		if c.Elicitation != nil {
			need["user_name"] = nameForm()
		}
		if c.Sampling != nil {
			need["greeting"] = question("Write a greeting")
		}
		if c.RootsV2 != nil || c.Roots.ListChanged {
			need["client_roots"] = &sdk.ListRootsParams{}
		}
	}
	if len(need) == 0 {
		return told("the client has nothing to ask for"), nil
	}
	return &sdk.CallToolResult{InputRequests: need}, nil
}
