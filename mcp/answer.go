package mcp

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/prompt"
)

// answer is the JSON of a result, the structured one if there is one.
func (s *Session) answer(r *sdk.CallToolResult, text string) (json.RawMessage, error) {
	answer := json.RawMessage(strings.TrimSpace(text))
	if r.StructuredContent != nil {
		var err error
		if answer, err = plain(exact(r.StructuredContent, text)); err != nil {
			return nil, base.NewError(base.KindProtocol, err)
		}
	}
	if !json.Valid(answer) {
		if len(answer) > 0 && strings.ContainsRune("{[", rune(answer[0])) {
			e := base.NewError(base.KindProtocol, nil).WithText("the tool answered with JSON that is broken: " + s.guard.Clean(abridged(prompt.Clean(text))))
			e.Sent = base.Answered
			return nil, e.WithoutRetry()
		}
		words, err := plain(text)
		if err != nil {
			return nil, base.NewError(base.KindProtocol, err)
		}
		answer = words
	}
	if int64(len(answer)) > s.config.MaxAnswerBytes { // a program's line has no bound of ours
		e := base.NewError(base.KindTooLarge, nil).WithText(fmt.Sprintf("the answer has %d bytes, more than the %d that one may have", len(answer), s.config.MaxAnswerBytes))
		e.Sent = base.Answered
		return nil, e
	}
	return s.concealed(answer), nil
}

// plain is a value as JSON without the escapes of HTML.
func plain(v any) (json.RawMessage, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return bytes.TrimSpace(b.Bytes()), err
}

// concealed is an answer without this side's secrets. Where it holds escapes they are read first: a letter can be written as one.
func (s *Session) concealed(answer json.RawMessage) json.RawMessage {
	secrets := s.secrets()
	if len(secrets) == 0 {
		return answer
	}
	if bytes.IndexByte(answer, '\\') >= 0 {
		if read, err := plain(decoded(string(answer))); err == nil {
			answer = read
		}
	}
	return json.RawMessage(base.Conceal(string(answer), secrets...))
}

// exact gives large numbers of a value the digits that they have in the text of the same value: the SDK has read them as floats.
// Without such numbers the text is not read.
func exact(v any, text string) any {
	if !large(v) {
		return v
	}
	return withDigits(v, decoded(text))
}

// large reports whether a value holds a number that a float may not have in full.
func large(v any) bool {
	switch v := v.(type) {
	case float64:
		return math.Abs(v) >= 1<<53
	case []any:
		return slices.ContainsFunc(v, large)
	case map[string]any:
		for _, value := range v {
			if large(value) {
				return true
			}
		}
	}
	return false
}

func withDigits(v, of any) any {
	switch v := v.(type) {
	case float64:
		if n, ok := of.(json.Number); ok && large(v) {
			if same, err := n.Float64(); err == nil && same == v {
				return n
			}
		}
	case []any:
		if of, ok := of.([]any); ok && len(of) == len(v) {
			for i := range v {
				v[i] = withDigits(v[i], of[i])
			}
		}
	case map[string]any:
		if of, ok := of.(map[string]any); ok {
			for key := range v {
				v[key] = withDigits(v[key], of[key])
			}
		}
	}
	return v
}

// decoded is the value of a text of JSON, with all digits of its numbers; nil of another text.
func decoded(text string) (v any) {
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	if d.Decode(&v) != nil {
		return nil
	}
	return v
}
