package llm_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/llm"
	"github.com/fourkites/sources/llm/llmtest"
)

type verdict struct {
	Cause    string   `json:"cause" jsonschema:"what was wrong"`
	Services []string `json:"services"`
	Score    float64  `json:"score,omitempty"`
	Place    *place   `json:"place,omitempty"`
}

type place struct {
	File string `json:"file"`
	Line int    `json:"line,omitempty"`
}

func TestAnAnswerOfAForm(t *testing.T) {
	t.Parallel()
	services(t, func(t *testing.T, s *llmtest.Server, c llm.Config) {
		client := connected(t, c)
		want := verdict{Cause: "a flag", Services: []string{"loads"}, Place: &place{File: "a.go"}}
		for _, text := range []string{
			`{"cause":"a flag","services":["loads"],"score":null,"place":{"file":"a.go","line":null}}`,
			"```json\n{\"cause\":\"a flag\",\"services\":[\"loads\"],\"score\":0,\"place\":{\"file\":\"a.go\",\"line\":0}}\n```",
		} {
			s.Reply(nil, llmtest.Reply{Text: text})
			got, r, err := llm.GenerateInto[verdict](t.Context(), client, ask())
			if diff := cmp.Diff(want, got); diff != "" || err != nil || r.Stats.Calls != 1 {
				t.Errorf("%v\n%s", err, diff)
			}
		}
		var schema struct {
			Required   []string `json:"required"`
			Additional bool     `json:"additionalProperties"`
		}
		body := string(s.Requests()[0].Body)
		_, after, ok := strings.Cut(body, `"schema":`)
		if err := json.NewDecoder(strings.NewReader(after)).Decode(&schema); !ok || err != nil || len(schema.Required) != 4 || schema.Additional {
			t.Errorf("%v %+v %s", err, schema, body)
		}
		if strings.Contains(body, `"strict"`) && !strings.Contains(body, `"strict":true`) {
			t.Error("the provider does not hold the answer to the schema")
		}
	})
}

func TestAnAnswerOfAnotherFormIsRepairedOnce(t *testing.T) {
	t.Parallel()
	s := started(t)
	client := connected(t, s.Config())
	good := llmtest.Reply{Text: `{"cause":"x","services":[],"score":1,"place":null}`, Usage: llm.Usage{Input: 10, Output: 5}}
	for problem, bad := range map[string]string{
		"not JSON":     "The cause is a flag.",
		"another form": `{"cause":7,"services":[],"score":1,"place":null}`,
		"unexpected":   `{"cause":"x","services":[],"score":1,"place":null,"more":1}`,
		"required":     `{"cause":"x"}`,
		"half":         `{"cause":"x","services":[`,
		"empty":        "",
	} {
		s.ForgetRequests()
		s.Reply(nil, llmtest.Reply{Text: bad, Usage: llm.Usage{Input: 10, Output: 5}}, good)
		got, r, err := llm.GenerateInto[verdict](t.Context(), client, ask())
		if err != nil || got.Cause != "x" || r.Usage != (llm.Usage{Input: 20, Output: 10}) || r.Stats.Calls != 2 {
			t.Errorf("%s: %+v, %+v, %v", problem, got, r.Usage, err)
		}
		if second := s.Requests()[1].Text(); !strings.Contains(second, "does not fit the JSON schema") || bad != "" && !strings.Contains(second, bad) {
			t.Errorf("%s: the model was told %q", problem, second)
		}
		s.ForgetRequests()
		s.Reply(nil, llmtest.Reply{Text: bad})
		got, _, err = llm.GenerateInto[verdict](t.Context(), client, ask())
		if !errors.Is(err, base.ErrProtocol) || got.Cause != "" || len(s.Requests()) != 2 {
			t.Errorf("%s: %+v, %d requests, %v", problem, got, len(s.Requests()), err)
		}
	}
}

func TestAnAnswerThatWasCutIsNotRepaired(t *testing.T) {
	t.Parallel()
	s := started(t)
	s.Reply(nil, llmtest.Reply{Text: `{"cause":"x",`, Stop: llm.StopTokens})
	_, r, err := llm.GenerateInto[verdict](t.Context(), connected(t, s.Config()), ask())
	if !errors.Is(err, base.ErrTruncated) || r.Text != `{"cause":"x",` || len(s.Requests()) != 1 {
		t.Errorf("%q, %v", r.Text, err)
	}
}

func TestATypeWithoutASchemaIsRefused(t *testing.T) {
	t.Parallel()
	s := started(t)
	if _, _, err := llm.GenerateInto[[]string](t.Context(), connected(t, s.Config()), ask()); !errors.Is(err, base.ErrInvalid) {
		t.Error(err)
	}
}

func TestAnAnswerOfASchemaWithoutAType(t *testing.T) {
	t.Parallel()
	s := started(t)
	m := llm.JSON{Model: connected(t, s.Config()), System: "Be exact."}
	schema := json.RawMessage(`{"type":"object","properties":{"n":{"type":"integer","enum":[1,2]}},"required":["n"],"additionalProperties":false}`)
	s.Reply(nil, llmtest.Reply{Text: `{"n":3}`}, llmtest.Reply{Text: `{"n":2}`})
	if got, err := m.AnswerJSON(t.Context(), "1 or 2?", schema); err != nil || string(got) != `{"n":2}` || !strings.Contains(s.Requests()[0].Text(), "Be exact.") {
		t.Errorf("%s, %v", got, err)
	}
	if _, err := m.AnswerJSON(t.Context(), "1 or 2?", json.RawMessage(`{"type":7}`)); !errors.Is(err, base.ErrInvalid) {
		t.Errorf("%v", err)
	}
}
