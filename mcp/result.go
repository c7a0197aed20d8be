package mcp

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/prompt"
	"github.com/fourkites/sources/base/tool"
)

// errorKey is where a result that is an error carries it as JSON, in its metadata, so that the other side has it whole.
const errorKey = "fourkites.com/error"

// result makes of an answer what is sent: the JSON, and its text for models. The error is what the caller gets as one.
func (s *Server) result(answer json.RawMessage, err error) (*sdk.CallToolResult, error) {
	if err == nil {
		answer, err = fit(answer, s.config.MaxResultBytes)
	}
	if err != nil {
		return failure(err, s.config.MaxResultBytes), err
	}
	return &sdk.CallToolResult{StructuredContent: answer, Content: []sdk.Content{&sdk.TextContent{Text: readable(answer)}}}, nil
}

// wire is how many times the bytes of a result an event may have: the JSON twice, and what quoting adds to its text.
const wire = 2.5

// fit cuts an answer to its budget, and further where quoting would have the event grow too long.
func fit(answer json.RawMessage, most int) (json.RawMessage, error) {
	for budget := most; ; {
		fitted, _, err := tool.Fit(answer, budget)
		if err != nil {
			return nil, err
		}
		sent := onWire(fitted)
		if sent <= int(wire*float64(most)) {
			return fitted, nil
		}
		budget = min(budget-1, len(fitted)*int(wire*float64(most))/sent*95/100)
	}
}

// onWire is the length of an answer as JSON and as text, at most.
func onWire(answer json.RawMessage) int {
	structured, err1 := json.Marshal(answer)
	text, err2 := json.Marshal(readable(answer))
	if errors.Join(err1, err2) != nil {
		return 0 // it is not JSON, which Fit or the tool would have said
	}
	return len(structured) + len(text)
}

// readable is the text that a model reads: without characters that hide or disguise.
func readable(answer json.RawMessage) string { return prompt.Clean(string(answer)) }

// failure is an error as a result: words for a model, and the whole of it for a program.
func failure(err error, most int) *sdk.CallToolResult {
	text := readable([]byte(err.Error()))
	if len(text) > most/2 {
		text = strings.ToValidUTF8(text[:most/2], "") + "…"
	}
	r := &sdk.CallToolResult{IsError: true, Content: []sdk.Content{&sdk.TextContent{Text: text}}}
	e, ok := errors.AsType[*base.Error](err)
	if !ok {
		return r
	}
	if whole, problem := json.Marshal(e); problem == nil && len(whole) <= most {
		r.Meta = sdk.Meta{errorKey: json.RawMessage(whole)}
	}
	return r
}

// errorOf reads what failure wrote; another server's words make an error of the Kind internal. clean takes this side's secrets
// out of either, and bounds each text.
func errorOf(r *sdk.CallToolResult, text string, clean func(string) string) *base.Error {
	if whole, ok := r.Meta[errorKey]; ok {
		data, err := json.Marshal(whole)
		e := new(base.Error)
		var said struct {
			Message string `json:"message"`
		}
		if err == nil && e.UnmarshalJSON(data) == nil && json.Unmarshal(data, &said) == nil {
			for _, field := range []*string{&e.Source, &e.Op, &e.Code, &e.QueryID, &e.RequestID, &e.Hint} {
				*field = clean(*field)
			}
			return e.WithText(clean(said.Message))
		}
	}
	e := base.NewError(base.KindInternal, nil).WithText("the tool answered with an error: " + clean(abridged(prompt.Clean(text))))
	e.Sent = base.Answered
	return e
}

// abridged is the beginning of a text of another server, for an error.
func abridged(text string) string {
	const most = 500
	if letters := []rune(text); len(letters) > most {
		return string(slices.Concat(letters[:most], []rune("…")))
	}
	return text
}
