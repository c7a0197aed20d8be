package llm

import (
	"context"
	"encoding/json"
	"math"
	"net/http"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/internal/login"
	"github.com/fourkites/sources/internal/rest"
)

var opCountTokens = &base.Op{Name: "CountTokens", System: base.SystemGenAI}

// Count is how many tokens of input a question has.
type Count struct {
	Tokens int `json:"tokens"`
	// Estimated: the provider has no way to count, as Azure OpenAI has none, and the number is made from the length of the
	// question. It is rather too high than too low.
	Estimated bool `json:"estimated,omitempty"`
}

// CountTokens counts the tokens of a question without asking it.
func (c *Client) CountTokens(ctx context.Context, r Request) (Count, error) {
	if problem := r.problem(); problem != "" {
		return Count{}, c.invalid(opCountTokens, "%s", problem)
	}
	a, counts := c.service.(anthropic)
	if !counts {
		return Count{Tokens: estimate(r), Estimated: true}, nil
	}
	body, err := json.Marshal(a.counted(r))
	if err != nil {
		return Count{}, c.invalid(opCountTokens, "the question has no JSON form: %s", err)
	}
	answer, _, err := rest.JSON[struct {
		Tokens int `json:"input_tokens"`
	}](login.Noting(ctx), c.rest, rest.Request{Op: opCountTokens, Method: http.MethodPost, Path: "/v1/messages/count_tokens", Body: body})
	return Count{Tokens: answer.Tokens}, err
}

const (
	bytesPerToken  = 3     // of English and of code it is about 4
	tokensPerImage = 1_600 // about the most that a provider charges for one
	tokensPerTurn  = 8
)

// estimate counts the text that a model would get.
func estimate(r Request) int {
	text, tokens := len(r.System)+len(r.Schema), 0
	for _, t := range r.Tools {
		text += len(t.Name) + len(t.Description) + len(t.Schema)
	}
	for _, m := range r.Messages {
		tokens += tokensPerTurn
		for _, p := range m.Parts {
			switch {
			case p.Image != nil:
				tokens += tokensPerImage
			case p.Call != nil:
				text += len(p.Call.Name) + len(p.Call.Arguments)
			case p.Result != nil:
				text += len(p.Result.Text)
			case p.Thinking != nil:
				text += len(p.Thinking.Text) + len(p.Thinking.Hidden)
			default:
				text += len(p.Text)
			}
		}
	}
	return tokens + int(math.Ceil(float64(text)/bytesPerToken))
}
