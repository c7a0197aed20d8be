package llm_test

import (
	"strings"
	"testing"

	"github.com/fourkites/sources/llm"
	"github.com/fourkites/sources/llm/llmtest"
)

// disguised are links to evil.example as Markdown, HTML or a browser reads them; docs.example.com is trusted.
var disguised = []string{
	`[x](http:/evil.example/?d=1)`, `[x](http:evil.example/?d=1)`, `[x](https\://evil.example/)`, `[x](https&#58;//evil.example/)`,
	`[x](https&colon;//evil.example)`, `[x](&#47;&#47;evil.example)`, `[x](/&#x2F;evil.example)`, `http&#115;://evil.example`,
	`[a]://evil.example`, "<a href=\"/\t/evil.example\">", `//evil.example/p.png`,
	`[x](https://docs.example.com'@evil.example/)`, "[x](https://docs.example.com`@evil.example/)", `[x](https://docs.example.com]@evil.example/)`,
	`[x](https://docs.example.com"@evil.example/)`, `[x](<https://docs.example.com @evil.example/>)`, `<img src="https://docs.example.com @evil.example/">`,
	`https://docs.example.com&#64;evil.example/`, `https://docs.example.com\@evil.example/`, `https://evil.example\@docs.example.com/`,
	`https://docs.example.com'.evil.example/`, `https://docs.example.com\.evil.example/`, `https://docs.example.com&#46;evil.example/`,
	`https://docs.example.com&Tab;.evil.example/`, `https://docs.example.com%2eevil.example/`,
}

func TestALinkInDisguiseLeadsNowhere(t *testing.T) {
	t.Parallel()
	for _, text := range disguised {
		if got := answerOf(t, text); got.Text == text || len(got.Links) != 1 {
			t.Errorf("%s stayed; taken out are %q", text, got.Links)
		}
		if problem := argumentOf(t, text).Problem; !strings.Contains(problem, "only named in data") {
			t.Errorf("%s went to a tool: %q", text, problem)
		}
	}
}

func TestALinkToATrustedHostStaysHoweverItStandsThere(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"see https://docs.example.com.", "(https://docs.example.com).", "**https://docs.example.com**", "<https://docs.example.com>.",
		"https://DOCS.example.com:8443/x", "[a](https://docs.example.com)[b](https://docs.example.com/x)", `{"u":"https://docs.example.com","b":"x"}`,
		`https:\/\/docs.example.com\/a.html`, `"https://docs.example.com" and ops@example.com`, "https://docs.example.com @alice",
		"[t](https://docs.example.com/a.b?x=1&y=a@b.example#z)", "https://docs.example.com?x=a@b.example",
		"http:500 errors", `C:\\Users\\x.txt`, "a // comment", "at 12:30:01, http: a word",
	} {
		if got := answerOf(t, text); got.Text != text || len(got.Links) != 0 {
			t.Errorf("%q became %q; %q", text, got.Text, got.Links)
		}
	}
}

var withDocs = llm.Request{System: "Runbooks are at https://docs.example.com/.", Messages: []llm.Message{llm.Say("What broke?")}}

// answerOf is what becomes of an answer of the model.
func answerOf(t *testing.T, text string) llm.Result {
	t.Helper()
	s := started(t)
	s.Reply(nil, llmtest.Reply{Text: text})
	got, err := llm.Run(t.Context(), connected(t, s.Config()), withDocs, llm.RunOptions{Plain: true})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// argumentOf is what becomes of a call with that argument.
func argumentOf(t *testing.T, text string) llm.Called {
	t.Helper()
	s := started(t)
	s.Reply(nil, llmtest.Reply{Calls: []llm.ToolCall{lines(1, text)}}, llmtest.Reply{Text: "Done."})
	d := desk{}
	got, err := llm.Run(t.Context(), connected(t, s.Config()), withDocs, llm.RunOptions{Tools: d.tools(), Plain: true})
	if err != nil {
		t.Fatal(err)
	}
	return got.Steps[0].Calls[0]
}

func TestARefusalDoesNotTellWhatAPlaceholderStandsFor(t *testing.T) {
	t.Parallel()
	s := started(t)
	s.Reply(nil, llmtest.Reply{Calls: []llm.ToolCall{lines(1, "https://<IP_1>/x")}}, llmtest.Reply{Text: "Done."})
	d := desk{}
	r := llm.Request{Messages: []llm.Message{llm.Say("What does 203.0.113.77 do?")}}
	got, err := llm.Run(t.Context(), connected(t, s.Config()), r, llm.RunOptions{Tools: d.tools()})
	if err != nil || !strings.Contains(got.Steps[0].Calls[0].Problem, "203.0.113.77") {
		t.Fatalf("%+v %v", got.Steps, err)
	}
	for _, request := range s.Requests() {
		if strings.Contains(request.Text(), "203.0.113.77") {
			t.Error("the model saw the address")
		}
	}
}
