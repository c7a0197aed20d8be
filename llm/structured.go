package llm

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/google/jsonschema-go/jsonschema"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/tool"
)

var opGenerateInto = &base.Op{Name: "GenerateInto"}

// GenerateInto asks for an answer of the form of T, a struct, by the provider's own mechanism. The answer is held to the schema
// of T; one that does not fit is sent back once, with what is wrong with it. An answer that still does not fit is an
// ErrProtocol; one that was cut or refused has the errors of [Client.Stream]. The Response is the last one, its Usage and Stats
// those of all.
func GenerateInto[T any](ctx context.Context, m Model, r Request) (T, Response, error) {
	var v T
	schema, err := tool.Schema[T]()
	if err != nil {
		return v, Response{}, base.Invalid(m.Name(), opGenerateInto.Name, "the type of the answer has no schema: %s", err)
	}
	out, err := generate(ctx, m, r, schema, func(text string) error {
		v = *new(T)
		return json.Unmarshal([]byte(text), &v)
	})
	if err != nil {
		v = *new(T)
	}
	return v, out, err
}

// JSON is a model that answers in JSON, for whoever has a schema and no type. The zero value of all but Model is its default.
type JSON struct {
	Model     Model
	System    string
	MaxTokens int
}

// AnswerJSON asks a question and gives an answer that fits the JSON schema, as [GenerateInto] does.
func (j JSON) AnswerJSON(ctx context.Context, question string, schema json.RawMessage) (json.RawMessage, error) {
	var s jsonschema.Schema
	if err := json.Unmarshal(schema, &s); err != nil {
		return nil, base.Invalid(j.Model.Name(), "AnswerJSON", "schema: %s", err)
	}
	var answer json.RawMessage
	_, err := generate(ctx, j.Model, Request{System: j.System, MaxTokens: j.MaxTokens, Messages: []Message{Say(question)}}, &s, func(text string) error {
		answer = json.RawMessage(text)
		return nil
	})
	return answer, err
}

// generate asks for an answer that fits the schema, and once more for one that did not.
func generate(ctx context.Context, m Model, r Request, schema *jsonschema.Schema, read func(text string) error) (Response, error) {
	form, err := formOf(schema)
	if err != nil {
		return Response{}, base.Invalid(m.Name(), opGenerateInto.Name, "schema: %s", err)
	}
	r.Schema = form.text
	out, err := Generate(ctx, m, r)
	if err != nil {
		return out, err
	}
	problem := form.read(out.Text, read)
	if problem == nil {
		return out, nil
	}
	r.Messages = append(slices.Clone(r.Messages), repairing(out, problem)...)
	second, err := Generate(ctx, m, r)
	second.Usage = second.Usage.Add(out.Usage)
	out.Stats.Add(second.Stats)
	second.Stats = out.Stats
	if err != nil {
		return second, err
	}
	if problem = form.read(second.Text, read); problem != nil {
		e := base.NewError(base.KindProtocol, problem).WithText("the answer is not of the form that was asked for: " + problem.Error())
		e.Source, e.Op, e.Sent = m.Name(), opGenerateInto.Name, base.Answered
		return second, e
	}
	return second, nil
}

// repairing is the conversation that asks for the answer again.
func repairing(out Response, problem error) []Message {
	said := out.Message()
	if len(said.Parts) == 0 {
		said.Parts = []Part{{Text: "(no answer)"}}
	}
	return []Message{said, Say("That does not fit the JSON schema: " + problem.Error() + ". Answer again with the whole JSON object, and nothing else.")}
}

// form is the schema that an answer is held to.
type form struct {
	text   json.RawMessage
	schema *jsonschema.Resolved
}

func formOf(s *jsonschema.Schema) (form, error) {
	s = s.CloneSchemas()
	exact(s)
	text, err := json.Marshal(s)
	if err != nil {
		return form{}, err
	}
	resolved, err := s.Resolve(nil)
	return form{text, resolved}, err
}

// exact makes every property one that must be there, null where it may be missing, for providers hold an answer only to such
// a schema.
func exact(s *jsonschema.Schema) {
	if s == nil {
		return
	}
	for name, p := range s.Properties {
		exact(p)
		if !slices.Contains(s.Required, name) && p.Type != "" {
			p.Types, p.Type = []string{p.Type, "null"}, ""
		}
		if !slices.Contains(s.Required, name) {
			s.Required = append(s.Required, name)
		}
	}
	slices.Sort(s.Required)
	exact(s.Items)
}

// maxAnswer is more than an error shows of an answer.
const maxAnswer = 80

// read reads an answer, which some models put between fences or words.
func (f form) read(text string, take func(text string) error) error {
	text = unfenced(text)
	var instance any
	if err := json.Unmarshal([]byte(text), &instance); err != nil {
		return fmt.Errorf("it is not JSON (%.*q…)", maxAnswer, text)
	}
	if err := f.schema.Validate(instance); err != nil {
		return fmt.Errorf("it has another form: %w", err)
	}
	if err := take(text); err != nil {
		return fmt.Errorf("it has another form: %w", err)
	}
	return nil
}

// unfenced is what stands between the fences of Markdown, where the whole text is fenced.
func unfenced(text string) string {
	text = strings.TrimSpace(text)
	body, fenced := strings.CutPrefix(text, "```")
	if !fenced || !strings.HasSuffix(body, "```") {
		return text
	}
	if _, rest, ok := strings.Cut(strings.TrimSuffix(body, "```"), "\n"); ok {
		return strings.TrimSpace(rest)
	}
	return text
}
