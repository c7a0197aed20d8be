package llm

import (
	"context"
	"errors"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/tool"
)

// The tools of the client. Declaration.Call calls one wherever it is served.
var (
	GenerateText = tool.Declare[PromptArguments, Answer]("llm_generate_text",
		"Asks a language model one question and gives its whole answer, with what it cost in tokens and dollars.")
	CountTokens = tool.Declare[PromptArguments, Count]("llm_count_tokens",
		"Counts the tokens that a question would cost a language model, without asking it.")
)

// PromptArguments is a question as a tool takes it.
type PromptArguments struct {
	Prompt    string `json:"prompt" jsonschema:"the question, with all that the model must know"`
	System    string `json:"system,omitempty" jsonschema:"what the model is told before, such as how to answer"`
	MaxTokens int    `json:"max_tokens,omitempty" jsonschema:"most tokens of the answer; the configured number if not given"`
}

// Answer is an answer as a tool gives it.
type Answer struct {
	Text     string       `json:"text"`
	Provider string       `json:"provider"`
	Model    string       `json:"model,omitempty"`
	Stop     StopReason   `json:"stop,omitempty"`
	Usage    Usage        `json:"usage"`
	Outcome  base.Outcome `json:"outcome"`
	Stats    base.Stats   `json:"stats,omitzero"`
}

func (a PromptArguments) request() Request {
	r := Request{System: a.System, MaxTokens: a.MaxTokens}
	if a.Prompt != "" {
		r.Messages = []Message{Say(a.Prompt)}
	}
	return r
}

// Tools are the client's methods as tools, under their names in this house.
func (c *Client) Tools() []tool.Tool {
	return []tool.Tool{
		GenerateText.Bind(c.toolGenerate),
		CountTokens.Bind(func(ctx context.Context, a PromptArguments) (Count, error) { return c.CountTokens(ctx, a.request()) }),
	}
}

// toolGenerate gives an answer that was cut as what it is; one that failed is an error.
func (c *Client) toolGenerate(ctx context.Context, a PromptArguments) (Answer, error) {
	r, err := c.Generate(ctx, a.request())
	if _, incomplete := errors.AsType[*base.IncompleteError](err); err != nil && !incomplete {
		return Answer{}, err
	}
	out := Answer{Text: r.Text, Provider: r.Provider, Model: r.Model, Stop: r.Stop, Usage: r.Usage, Outcome: r.Outcome, Stats: r.Stats}
	if err != nil {
		out.Stats.Notes = append(out.Stats.Notes, err.Error())
	}
	return out, nil
}
