package llm_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/fault"
	"github.com/fourkites/sources/base/secret"
	"github.com/fourkites/sources/llm"
	"github.com/fourkites/sources/llm/llmtest"
)

// services are the ways to ask, each with its client.
func services(t *testing.T, each func(t *testing.T, s *llmtest.Server, c llm.Config)) {
	t.Helper()
	for name, configure := range map[string]func(*llmtest.Server) llm.Config{
		"Anthropic":    (*llmtest.Server).Config,
		"Azure":        (*llmtest.Server).AzureConfig,
		"Azure, dated": func(s *llmtest.Server) llm.Config { c := s.AzureConfig(); c.APIVersion = llmtest.Version; return c },
		"Responses":    func(s *llmtest.Server) llm.Config { c := s.AzureConfig(); c.API = llm.Responses; return c },
		"Entra": func(s *llmtest.Server) llm.Config {
			c := s.AzureConfig()
			c.Token, c.Key = c.Key, secret.Value{}
			return c
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := started(t)
			each(t, s, configure(s))
		})
	}
}

var weather = llm.ToolSpec{Name: "weather", Description: "The weather.", Schema: []byte(`{"type":"object","properties":{"city":{"type":"string"}}}`)}

func TestAnAnswerIsWhole(t *testing.T) {
	t.Parallel()
	services(t, func(t *testing.T, s *llmtest.Server, c llm.Config) {
		c.Price = llm.Price{Input: 3, Output: 15, CachedInput: 0.3}
		client := connected(t, c)
		call := llmtest.Call("call_1", "weather", map[string]string{"city": "Köln"})
		s.Reply(nil, llmtest.Reply{
			Text: "Let me look, please.", Calls: []llm.ToolCall{call}, Usage: llm.Usage{Input: 100, Output: 20, CachedInput: 900},
		})
		r := ask()
		r.System, r.Tools, r.Tool = "Be brief.", []llm.ToolSpec{weather}, llm.AnyTool
		got, err := client.Generate(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		want := llm.Response{
			Begin: got.Begin, Stats: got.Stats, Text: "Let me look, please.", Calls: []llm.ToolCall{call}, Stop: llm.StopTools,
			Usage: llm.Usage{Input: 100, Output: 20, CachedInput: 900}, Outcome: base.Data,
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
		if got.Provider != "llm" || got.Model != llmtest.Model || got.ID == "" {
			t.Errorf("%+v", got.Begin)
		}
		if cost := got.Stats.Cost; cost < 0.00086 || cost > 0.00088 || got.Stats.Calls != 1 {
			t.Errorf("cost %v, %d calls", cost, got.Stats.Calls)
		}
	})
}

func TestTheConversationGoesBackAsItCame(t *testing.T) {
	t.Parallel()
	services(t, func(t *testing.T, s *llmtest.Server, c llm.Config) {
		client := connected(t, c)
		s.Reply(nil, llmtest.Reply{Thinking: "I must look.", Text: "One moment.", Calls: []llm.ToolCall{llmtest.Call("call_1", "weather", struct{}{})}},
			llmtest.Reply{Text: "It rains."})
		r := ask()
		r.Tools = []llm.ToolSpec{weather}
		r.Messages[0].Parts = append(r.Messages[0].Parts, llm.Part{Image: &llm.Image{MediaType: "image/png", Data: []byte("pixels")}})
		first, err := client.Generate(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		r.Messages = append(r.Messages, first.Message(), llm.Message{Role: llm.User, Parts: []llm.Part{
			{Result: &llm.ToolResult{CallID: "call_1", Text: "rain", IsError: false}},
		}})
		second, err := client.Generate(t.Context(), r)
		if err != nil || second.Text != "It rains." {
			t.Fatalf("%q, %v", second.Text, err)
		}
		body := string(s.Requests()[1].Body)
		for _, want := range []string{"Count.", "One moment.", "weather", "call_1", "rain", "cGl4ZWxz"} {
			if !strings.Contains(body, want) {
				t.Errorf("%q did not go back: %s", want, body)
			}
		}
		if thinks := strings.Contains(body, "I must look."); thinks != (len(first.Thinking) > 0) {
			t.Errorf("the thought went back: %v; it came: %v", thinks, first.Thinking)
		}
	})
}

func TestLeavingTheLoopEndsTheAnswer(t *testing.T) {
	t.Parallel()
	services(t, func(t *testing.T, s *llmtest.Server, c llm.Config) {
		client := connected(t, c)
		s.Reply(nil, llmtest.Reply{Text: strings.Repeat("on and on ", 500)})
		s.Fail(fault.Slow(400, 2*time.Millisecond), 1)
		n := 0
		for _, err := range client.Stream(t.Context(), ask()) {
			if err != nil {
				t.Fatal(err)
			}
			if n++; n == 3 {
				break
			}
		}
		if h := client.Health(); h.InFlight != 0 {
			t.Errorf("%d calls run on", h.InFlight)
		}
	})
}

func TestAnAnswerThatBreaksOffIsPartial(t *testing.T) {
	t.Parallel()
	services(t, func(t *testing.T, s *llmtest.Server, c llm.Config) {
		c.Limits.Retries, c.Limits.Breaker.Ratio = -1, -1
		client := connected(t, c)
		call := llmtest.Call("call_1", "weather", map[string]string{"city": strings.Repeat("Köln ", 40)})
		whole := llmtest.Reply{Text: "First this, then that.", Calls: []llm.ToolCall{call}}
		s.Reply(nil, whole)
		r := ask()
		r.Tools = []llm.ToolSpec{weather}
		var length int
		all, err := client.Generate(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		for length = 50; ; length += 37 {
			cut := whole
			cut.Cut = length
			s.Reply(nil, cut)
			got, err := client.Generate(t.Context(), r)
			if err == nil {
				break
			}
			if !errors.Is(err, base.ErrUnavailable) {
				t.Fatalf("after %d bytes: %v", length, err)
			}
			if began := got.Text != ""; began != errors.Is(err, base.ErrPartial) || began && got.Outcome != base.Partial || !began && got.Outcome != base.Failed {
				t.Fatalf("after %d bytes: %q, %s, %v", length, got.Text, got.Outcome, err)
			}
			if len(got.Calls) > 0 && string(got.Calls[0].Arguments) != string(call.Arguments) {
				t.Fatalf("after %d bytes a part of a call was handed out: %s", length, got.Calls[0].Arguments)
			}
			if !strings.HasPrefix(all.Text, got.Text) {
				t.Fatalf("after %d bytes: %q", length, got.Text)
			}
		}
		if length < 500 {
			t.Errorf("the stream has %d bytes", length)
		}
	})
}

func TestAnErrorInTheStreamIsTypedAndRetriedOnlyBeforeTheFirstEvent(t *testing.T) {
	t.Parallel()
	services(t, func(t *testing.T, s *llmtest.Server, c llm.Config) {
		c.Limits.RetryRatio = -1
		client := connected(t, c)
		kind := map[bool]string{true: "overloaded_error", false: "server_error"}[c.Provider == ""]
		s.Reply(nil, llmtest.Reply{Error: kind}, llmtest.Reply{Text: "At last."})
		got, err := client.Generate(t.Context(), ask())
		if err != nil || got.Text != "At last." || got.Stats.Attempts != 2 {
			t.Errorf("before the first event: %q, %d attempts, %v", got.Text, got.Stats.Attempts, err)
		}
		s.Reply(nil, llmtest.Reply{Text: "Well, ", Error: kind}, llmtest.Reply{Text: "Never asked for."})
		got, err = client.Generate(t.Context(), ask())
		e, typed := errors.AsType[*base.Error](err)
		if !errors.Is(err, base.ErrPartial) || !typed || e.Kind != base.KindOverloaded && e.Kind != base.KindUnavailable || got.Text != "Well, " {
			t.Errorf("after it: %q, %v", got.Text, err)
		}
		if said, ok := errors.AsType[*llm.ServerError](err); !ok || said.Type != kind || said.Message != "The model gave up" {
			t.Errorf("%+v", said)
		}
	})
}

func TestAnAnswerThatEndedForAnotherReasonSaysSo(t *testing.T) {
	t.Parallel()
	services(t, func(t *testing.T, s *llmtest.Server, c llm.Config) {
		client := connected(t, c)
		s.Reply(nil, llmtest.Reply{Text: "Too long", Stop: llm.StopTokens})
		if got, err := client.Generate(t.Context(), ask()); !errors.Is(err, base.ErrTruncated) || got.Text != "Too long" || got.Outcome != base.Truncated {
			t.Errorf("%q, %s, %v", got.Text, got.Outcome, err)
		}
		s.Reply(nil, llmtest.Reply{Stop: llm.StopFilter})
		if got, err := client.Generate(t.Context(), ask()); !errors.Is(err, base.ErrContentFiltered) || got.Outcome != base.Failed {
			t.Errorf("%s, %v", got.Outcome, err)
		}
		if n := len(s.Requests()); n != 2 {
			t.Errorf("%d requests for two questions", n)
		}
	})
}

func TestAnAnswerThatTakesTooLongEnds(t *testing.T) {
	t.Parallel()
	s := started(t)
	c := s.Config()
	c.MaxDuration = base.Duration(200 * time.Millisecond)
	s.Reply(nil, llmtest.Reply{Text: strings.Repeat("on and on ", 5000)})
	s.Fail(fault.Slow(400, 20*time.Millisecond), 1)
	if _, err := connected(t, c).Generate(t.Context(), ask()); !errors.Is(err, base.ErrDeadline) || !strings.Contains(err.Error(), "max_duration") {
		t.Error(err)
	}
}

func TestACallerWhoGivesUpIsTold(t *testing.T) {
	t.Parallel()
	s := started(t)
	s.Reply(nil, llmtest.Reply{Text: strings.Repeat("on and on ", 5000)})
	s.Fail(fault.Slow(400, 5*time.Millisecond), 1)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	client, n := connected(t, s.Config()), 0
	var last error
	for _, err := range client.Stream(ctx, ask()) {
		if n++; n == 2 {
			cancel()
		}
		last = err
	}
	if !errors.Is(last, base.ErrCanceled) || !errors.Is(last, base.ErrPartial) {
		t.Error(last)
	}
}

func TestAnAnswerThatIsNoStreamIsNotUnderstood(t *testing.T) {
	t.Parallel()
	services(t, func(t *testing.T, s *llmtest.Server, c llm.Config) {
		client := connected(t, c)
		s.Reply(nil, llmtest.Reply{Body: `{"content":[{"type":"text","text":"whole"}]}`})
		if _, err := client.Generate(t.Context(), ask()); !errors.Is(err, base.ErrProtocol) || !strings.Contains(err.Error(), "url") {
			t.Error(err)
		}
	})
}

func TestPingCostsNothing(t *testing.T) {
	t.Parallel()
	services(t, func(t *testing.T, s *llmtest.Server, c llm.Config) {
		client := connected(t, c)
		if err := client.Ping(t.Context()); err != nil {
			t.Fatal(err)
		}
		s.SetKeys()
		if err := client.Ping(t.Context()); !errors.Is(err, base.ErrUnauthenticated) {
			t.Error(err)
		}
		for _, r := range s.Requests() {
			if r.Method != "GET" {
				t.Errorf("%s %s", r.Method, r.Target)
			}
		}
	})
}

func TestTokensAreCountedOrEstimated(t *testing.T) {
	t.Parallel()
	services(t, func(t *testing.T, s *llmtest.Server, c llm.Config) {
		client := connected(t, c)
		r := ask()
		r.Messages[0].Parts[0].Text = strings.Repeat("word ", 400)
		got, err := client.CountTokens(t.Context(), r)
		if err != nil || got.Tokens < 400 || got.Tokens > 900 || got.Estimated != (c.Provider == llm.Azure) {
			t.Errorf("%+v, %v", got, err)
		}
		if asked := len(s.Requests()) > 0; asked == got.Estimated {
			t.Errorf("asked %v", asked)
		}
	})
}

func TestWhatIsWorthKeepingIsMarked(t *testing.T) {
	t.Parallel()
	s := started(t)
	client := connected(t, s.Config())
	r := ask()
	r.System, r.CacheSystem, r.Messages[0].Parts[0].Cache = "Long rules.", true, true
	s.Reply(nil, llmtest.Reply{Usage: llm.Usage{Input: 1, Output: 1, WrittenInput: 2000}, Text: "Yes."})
	got, err := client.Generate(t.Context(), r)
	if err != nil || got.Usage.WrittenInput != 2000 {
		t.Errorf("%+v, %v", got.Usage, err)
	}
	if n := strings.Count(string(s.Requests()[0].Body), `"cache_control":{"type":"ephemeral"}`); n != 2 {
		t.Errorf("%d marks: %s", n, s.Requests()[0].Body)
	}
}

func TestWhatAProviderCannotBeAskedIsNoted(t *testing.T) {
	t.Parallel()
	s := started(t)
	c := s.AzureConfig()
	c.API = llm.Responses
	r := ask()
	r.ThinkingTokens, r.Stop = 1024, []string{"END"}
	got, err := connected(t, c).Generate(t.Context(), r)
	if notes := strings.Join(got.Stats.Notes, " "); err != nil || !strings.Contains(notes, "thinking_tokens") || !strings.Contains(notes, "stop") {
		t.Errorf("%q, %v", got.Stats.Notes, err)
	}
}
