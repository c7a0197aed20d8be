package tool_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/tool"
)

type question struct {
	Window   base.Window       `json:"window,omitzero" jsonschema:"from included, to excluded"`
	Services []string          `json:"services,omitempty"`
	Labels   map[string]string `json:"labels,omitempty"`
	Limit    int               `json:"limit,omitempty"`
	Inner    *inner            `json:"inner,omitempty"`
}

type inner struct {
	Deep []string `json:"deep"`
}

type answer struct {
	Outcome base.Outcome   `json:"outcome"`
	Items   []string       `json:"items"`
	Extra   map[string]any `json:"extra,omitempty"`
	Stats   base.Stats     `json:"stats,omitzero"`
}

var search = tool.Declare[question, answer]("shop_search_orders", "Searches orders.")

func echo(_ context.Context, q question) (answer, error) {
	if q.Limit < 0 {
		return answer{}, base.Invalid("shop", "Search", "limit: negative")
	}
	return answer{Outcome: base.Data, Items: q.Services}, nil
}

func Example() {
	tools := tool.Set{search.Bind(echo)}
	out, err := search.Call(context.Background(), tools, question{Services: []string{"a", "b"}})
	fmt.Println(out.Outcome, out.Items, err)
	_, err = tools.CallTool(context.Background(), "shop_search_orders", json.RawMessage(`{"service":["a"]}`))
	fmt.Println(err)
	// Output:
	// data [a b] <nil>
	// shop_search_orders: invalid: service: there is no such argument; did you mean services?
}

// A host refuses the schema of any, which is true, and one with several types.
func TestAListOfAnythingHasElementsOfOneTypeEach(t *testing.T) {
	t.Parallel()
	type statement struct {
		Args []any `json:"args"`
	}
	text, err := json.Marshal(tool.Declare[statement, answer]("shop_run_statement", "Runs.").Bind(nil).InputSchema().Properties["args"])
	const want = `{"type":"array","items":{"anyOf":[{"type":"string"},{"type":"number"},{"type":"boolean"}]}}`
	if string(text) != want || err != nil {
		t.Errorf("%s %v", text, err)
	}
}

func TestSchemasArePortable(t *testing.T) {
	t.Parallel()
	bound := search.Bind(echo)
	if err := bound.Check(); err != nil {
		t.Fatal(err)
	}
	for name, s := range map[string]any{"input": bound.InputSchema(), "output": bound.OutputSchema()} {
		text, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		for _, banned := range []string{`"null"`, "$ref", "anyOf", "$defs"} {
			if strings.Contains(string(text), banned) {
				t.Errorf("%s has %s: %s", name, banned, text)
			}
		}
	}
	if got := bound.OutputSchema().Properties["outcome"].Type; got != "string" {
		t.Errorf("outcome is %q", got)
	}
	if got := bound.InputSchema().Properties["window"].Properties["from"].Format; got != "date-time" {
		t.Errorf("window.from is %q", got)
	}
	if !bound.ReadOnly() || search.Writing().Bind(echo).ReadOnly() {
		t.Error("reading and writing are confused")
	}
}

func TestArgumentsThatDoNotFitAreRefused(t *testing.T) {
	t.Parallel()
	bound := search.Bind(echo)
	for args, want := range map[string]string{
		`{"servces":["a"]}`:                      "servces: there is no such argument; did you mean services?",
		`{"window":{"form":"x"}}`:                "window.form: there is no such argument; did you mean from?",
		`{"inner":{"dep":[]}}`:                   "inner.dep: there is no such argument; did you mean deep?",
		`{"zzzzzzzz":1}`:                         "known are inner, labels, limit, services, window",
		`{"limit":"many"}`:                       "limit: a JSON string was sent; send a whole number",
		`{"services":[42]}`:                      "services: a JSON number was sent; send a string, such as \"4242\"",
		`{"services":"a"}`:                       "services: a JSON string was sent; send a list",
		`[1]`:                                    "not a JSON object",
		`{"limit":1} {"limit":2}`:                "not a JSON object",
		`{"limit":-1}`:                           "limit: negative",
		`{"window":{"from":"yesterday"}}`:        "window.from: not a time; write it as RFC 3339, such as \"2026-03-04T12:00:00Z\"",
		`{"` + strings.Repeat("x", 500) + `":1}`: "there is no such argument",
	} {
		_, err := bound.Call(t.Context(), json.RawMessage(args))
		if !errors.Is(err, base.ErrInvalid) || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "Go value") {
			t.Errorf("%.40s: %v, want %q", args, err, want)
		}
	}
	for _, args := range []string{"", "null", "{}", `{"services":["a"]}`} {
		if _, err := bound.Call(t.Context(), json.RawMessage(args)); err != nil {
			t.Errorf("%q: %v", args, err)
		}
	}
}

func TestAnUnknownToolIsRefusedWithTheNearest(t *testing.T) {
	t.Parallel()
	_, err := tool.Set{search.Bind(echo)}.CallTool(t.Context(), "shop_search_order", nil)
	if !errors.Is(err, base.ErrInvalid) || !strings.Contains(err.Error(), "did you mean shop_search_orders?") {
		t.Error(err)
	}
}

type older struct {
	Shop string `json:"shop"`
}

func TestAnAliasHasParametersOfItsOwn(t *testing.T) {
	t.Parallel()
	alias := tool.Alias(search, "find_orders", "Finds orders.", func(o older) (question, error) {
		if o.Shop == "" {
			return question{}, base.Invalid("", "find_orders", "shop: empty")
		}
		return question{Services: []string{o.Shop}}, nil
	})
	bound := alias.Bind(echo)
	got, err := bound.Call(t.Context(), json.RawMessage(`{"shop":"north"}`))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(`{"outcome":"data","items":["north"]}`, string(got)); diff != "" {
		t.Error(diff)
	}
	for _, args := range []string{`{"shop":""}`, `{}`, `{"services":[]}`} {
		if _, err := bound.Call(t.Context(), json.RawMessage(args)); !errors.Is(err, base.ErrInvalid) {
			t.Errorf("%s: %v", args, err)
		}
	}
	if got := search.Alias("orders").Bind(echo).Name(); got != "orders" {
		t.Error(got)
	}
	same := func(q question) (question, error) { return q, nil }
	writing := search.Writing()
	if !bound.ReadOnly() || tool.Alias(writing, "order", "Orders.", same).Bind(echo).ReadOnly() || writing.Alias("buy").Bind(echo).ReadOnly() {
		t.Error("an alias says another thing about writing than its tool")
	}
}

type crowded struct {
	A, B, C, D, E, F, G, H, I, J, K, L, M, N, O, P int
}

func TestDeclarationsThatHostsRefuseAreFound(t *testing.T) {
	t.Parallel()
	for want, err := range map[string]error{
		"lower case":           tool.Declare[question, answer]("Search", "x").Check(),
		"more than 48":         tool.Declare[question, answer](strings.Repeat("a", 49), "x").Check(),
		"description is empty": tool.Declare[question, answer]("a", "").Check(),
		"more than 1024":       tool.Declare[question, answer]("a", strings.Repeat("x", 1025)).Check(),
		"more than 15":         tool.Declare[crowded, answer]("a", "x").Check(),
		"not a struct":         tool.Declare[string, answer]("a", "x").Check(),
		"output":               tool.Declare[question, struct{ C chan int }]("a", "x").Check(),
		`tool ""`:              tool.Declaration[question, answer]{}.Check(),
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

type broken struct{}

func (broken) CallTool(context.Context, string, json.RawMessage) (json.RawMessage, error) {
	return json.RawMessage(`{"items":7}`), nil
}

func TestAnAnswerOfAnotherFormIsAProtocolError(t *testing.T) {
	t.Parallel()
	if _, err := search.Call(t.Context(), broken{}, question{}); !errors.Is(err, base.ErrProtocol) {
		t.Error(err)
	}
}

func TestAnArgumentThatIsRequiredIsMissedByItsName(t *testing.T) {
	t.Parallel()
	bound := tool.Declare[inner, answer]("shop_read_deep", "Reads.").Bind(func(context.Context, inner) (answer, error) {
		t.Error("the tool ran without its argument")
		return answer{}, nil
	})
	for _, args := range []string{"", "null", "{}"} {
		_, err := bound.Call(t.Context(), json.RawMessage(args))
		if !errors.Is(err, base.ErrInvalid) || !strings.Contains(err.Error(), "deep: missing") {
			t.Errorf("%q: %v", args, err)
		}
	}
}

// stranger answers every tool with what none declares.
type stranger struct{}

func (stranger) CallTool(context.Context, string, json.RawMessage) (json.RawMessage, error) {
	return json.RawMessage(`{"outcome":`), nil
}

func TestAnAnswerThatIsNotTheDeclaredOneNamesItsTool(t *testing.T) {
	t.Parallel()
	_, err := search.Call(t.Context(), stranger{}, question{})
	if e, ok := errors.AsType[*base.Error](err); !ok || e.Kind != base.KindProtocol || e.Op != "shop_search_orders" {
		t.Errorf("got %v", err)
	}
}

func TestAnAnswerWithoutAJSONFormNamesItsTool(t *testing.T) {
	t.Parallel()
	_, err := search.Bind(func(context.Context, question) (answer, error) {
		return answer{Extra: map[string]any{"no JSON": make(chan int)}}, nil
	}).Call(t.Context(), nil)
	if e, ok := errors.AsType[*base.Error](err); !ok || e.Kind != base.KindInternal || e.Op != "shop_search_orders" {
		t.Errorf("got %v", err)
	}
}

func TestNothingWithinAListOrAMapMayBeNull(t *testing.T) {
	t.Parallel()
	type nested struct {
		List []*inner           `json:"list"`
		Map  map[string]*inner  `json:"map"`
		Both map[string][]*bool `json:"both"`
	}
	text, err := json.Marshal(tool.Declare[nested, answer]("shop_read_nested", "Reads.").Bind(nil).InputSchema())
	if err != nil || strings.Contains(string(text), "null") || !strings.Contains(string(text), "boolean") {
		t.Errorf("%s, %v", text, err)
	}
}

func TestWhatTakesAnyValueIsNotTheBareSchemaTrue(t *testing.T) {
	t.Parallel()
	type open struct {
		Any any             `json:"any"`
		Raw json.RawMessage `json:"raw"`
		Map map[string]any  `json:"map"`
	}
	s, err := tool.Schema[open]()
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(s)
	if err != nil || strings.Contains(string(text), ":true") || strings.Count(string(text), "any JSON value") != 3 {
		t.Errorf("%s, %v", text, err)
	}
	resolved, err := s.Resolve(nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, value := range []any{"text", 7.0, true, nil, []any{1.0}, map[string]any{"a": 1.0}} {
		one := map[string]any{"any": value, "raw": value, "map": map[string]any{"key": value}}
		if err := resolved.Validate(one); err != nil {
			t.Errorf("%v: %v", value, err)
		}
	}
	if _, err := tool.Schema[open](); err != nil {
		t.Errorf("a second time: %v", err)
	}
}

func TestAToolWithoutArgumentsRefusesOneByItsName(t *testing.T) {
	t.Parallel()
	bound := tool.Declare[struct{}, answer]("shop_list_shelves", "Lists.").Bind(func(context.Context, struct{}) (answer, error) {
		return answer{Outcome: base.NoData}, nil
	})
	_, err := bound.Call(t.Context(), json.RawMessage(`{"shelf":1}`))
	if !errors.Is(err, base.ErrInvalid) || !strings.Contains(err.Error(), "shelf: there is no such argument; there are none") {
		t.Error(err)
	}
	for _, args := range []string{"", "null", "{}"} {
		if _, err := bound.Call(t.Context(), json.RawMessage(args)); err != nil {
			t.Errorf("%q: %v", args, err)
		}
	}
	if _, err := search.Bind(echo).Call(t.Context(), json.RawMessage(`{"labels":{"any":"name"}}`)); err != nil {
		t.Errorf("a map takes every name: %v", err)
	}
}
