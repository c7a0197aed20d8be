package canarysweep_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/fault"
	"github.com/fourkites/sources/base/prompt"
	"github.com/fourkites/sources/base/secret"
	"github.com/fourkites/sources/base/tool"
	"github.com/fourkites/sources/clickhouse"
	"github.com/fourkites/sources/evidence"
	"github.com/fourkites/sources/evidence/warehouse"
	"github.com/fourkites/sources/fkapi"
	"github.com/fourkites/sources/graph"
	"github.com/fourkites/sources/internal/race"
	"github.com/fourkites/sources/jira"
	"github.com/fourkites/sources/llm"
	"github.com/fourkites/sources/llm/llmtest"
	"github.com/fourkites/sources/mcp"
	"github.com/fourkites/sources/redshift"
	"github.com/fourkites/sources/trino"
)

// house is one client of each source, all with their secrets in one world.
type house struct {
	world *world
	all   map[string]*subject
}

func newHouse(t *testing.T) *house {
	t.Helper()
	h := &house{world: newWorld(t.Name()), all: map[string]*subject{}}
	for name, open := range map[string]func(*testing.T, *world) *subject{
		"clickhouse": ofClickHouse, "redshift": ofRedshift, "trino": ofTrino(false), "athena": ofAthena(false), "graph": ofGraph, "github": ofGitHub,
		"jira": ofJira(false), "confluence": ofConfluence(false), "tracking": ofTracking(false), "company": ofCompany(true),
	} {
		s := open(t, h.world)
		s.renew(t.Context(), h.world)
		t.Cleanup(func() { _ = s.client.Close() })
		h.all[name] = s
	}
	return h
}

// evidence is all questions that need several sources.
func (h *house) evidence() evidence.Sources {
	store, lake := h.all["clickhouse"].client.(*clickhouse.Client), h.all["trino"].client.(*trino.Client)
	loads := h.all["redshift"].client.(*redshift.Client)
	return evidence.Sources{
		Logs: evidence.LogsByAge(store, lake), Traces: store, Metrics: store, Code: h.all["graph"].client.(*graph.Client), Tickets: h.all["jira"].client.(*jira.Client),
		Loads:    []evidence.LoadSource{h.all["tracking"].client.(*fkapi.TrackingClient), warehouse.Loads(loads), warehouse.Validations(loads)},
		Networks: []evidence.NetworkSource{h.all["company"].client.(*fkapi.CompanyClient)},
	}
}

func (h *house) tools() []tool.Tool {
	tools := h.evidence().Tools()
	for _, s := range h.all {
		tools = append(tools, s.client.Tools()...)
	}
	return tools
}

// states has every server of the house first work, then say its secret, each time in another spelling and as another
// failure.
func (h *house) states(in func(state string)) {
	in("without a fault")
	for i, how := range []func(s *subject, echo string) fault.Fault{
		func(s *subject, echo string) fault.Fault { return fault.Error(s.codes[0], echo) },
		func(_ *subject, echo string) fault.Fault { return fault.Status(404).WithMessage(echo) },
		func(s *subject, echo string) fault.Fault { return fault.ErrorAfter(1, s.codes[2], echo) },
		func(_ *subject, echo string) fault.Fault {
			return fault.Status(200, "Content-Type", "application/json").WithMessage(echo)
		},
		func(_ *subject, echo string) fault.Fault {
			return fault.Status(403, "X-Request-Id", "x").WithMessage(echo)
		},
	} {
		for _, s := range h.all {
			s.fail(how(s, echoes(s.user, s.secrets)[i%4]), -1)
		}
		in(fmt.Sprintf("fault %d", i))
		for _, s := range h.all {
			s.clear()
		}
	}
}

func TestNoSecretShowsInWhatIsServed(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	w := h.world
	token, other, wrong := w.set.Token("mcp.ServerConfig.Tokens[0]"), w.set.Token("mcp.ServerConfig.Tokens[1]"), w.set.Token("a token that nobody gave")
	boxes := []mcp.Toolbox{mcp.Group("evidence", h.evidence().Tools(), nil)}
	for _, s := range h.all {
		boxes = append(boxes, s.client)
	}
	config := mcp.ServerConfig{Tokens: []secret.Value{secret.Literal(token), secret.Literal(other)}, Writes: true, CallTimeout: base.Duration(stateTime)}
	w.value("the config of the server", config)
	served, err := mcp.NewServer(t.Context(), config, boxes, w.options()...)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(served)
	t.Cleanup(server.Close)
	t.Cleanup(func() { _ = served.Shutdown(context.Background()) })
	refused(t, w, server.URL, wrong)
	dialled := mcp.ClientConfig{URL: server.URL + "/mcp", Token: secret.Literal(token), Proxy: "none", Limits: base.Limits{Retries: -1}}
	w.value("the config of the session", dialled)
	session, err := mcp.Dial(t.Context(), dialled, w.options()...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = session.Close() })
	if err := session.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	h.states(func(state string) {
		h.each(t, func(ctx context.Context, one tool.Tool) {
			answer, err := session.CallTool(ctx, one.Name(), arguments(one.InputSchema(), true))
			w.value(state+": "+one.Name()+": error", err)
			w.text(state+": "+one.Name()+": answer", string(answer))
		})
		w.value("the health of the session", session.Health())
	})
	if w.redacted == 0 && !race.Enabled {
		t.Errorf("%d errors came through out of which a secret was taken", w.redacted)
	}
	w.telemetry()
	w.verdict(t)
	t.Log(w.set.Tally())
}

// stateTime is how long tools are called in one state: some would wait for a budget of their server.
const stateTime = 1200 * time.Millisecond

// each calls something for each tool, eight side by side, as long as a state lasts.
func (h *house) each(t *testing.T, call func(context.Context, tool.Tool)) {
	ctx, cancel := context.WithTimeout(t.Context(), stateTime)
	defer cancel()
	turn := make(chan struct{}, 8)
	var all sync.WaitGroup
	for _, one := range h.tools() {
		turn <- struct{}{}
		all.Go(func() {
			call(ctx, one)
			<-turn
		})
	}
	all.Wait()
}

// refused shows the server a token that it does not know, in the header and where no token belongs.
func refused(t *testing.T, w *world, url, token string) {
	t.Helper()
	for _, path := range []string{"/mcp", "/jira", "/" + token, "/mcp?access_token=" + token} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url+path, strings.NewReader(`{"jsonrpc":"2.0","id":1,"method":"`+token+`"}`))
		if err != nil {
			continue // it is no path
		}
		r.Header.Set("Authorization", "Bearer "+token)
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(answer.Body) // what came is searched
		_ = answer.Body.Close()
		w.text("the refusal of a token", string(body)+fmt.Sprint(answer.Header))
		if answer.StatusCode < 400 {
			t.Errorf("a token that nobody gave is answered with %d", answer.StatusCode)
		}
	}
}

// A model is told what tools answer and how they fail, and the provider sees all of it.
func TestNoSecretShowsInAQuestionToAModel(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	w := h.world
	server := llmtest.NewServer()
	t.Cleanup(server.Close)
	key := w.set.Token("llm.Config.Key")
	server.SetKeys(key)
	c := server.Config()
	c.Key = secret.Literal(key)
	model, err := llm.New(t.Context(), c, w.options()...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = model.Close() })
	tools := h.tools()
	h.states(func(state string) {
		var step atomic.Int32
		server.SetModel(func(llmtest.Request) llmtest.Reply {
			if step.Add(1) > 1 {
				return llmtest.Reply{Text: "done"}
			}
			var reply llmtest.Reply
			for i, one := range tools {
				reply.Calls = append(reply.Calls, llmtest.Call(fmt.Sprint("call_", i), one.Name(), arguments(one.InputSchema(), true)))
			}
			return reply
		})
		ctx, cancel := context.WithTimeout(t.Context(), 2*stateTime)
		defer cancel()
		ticket := prompt.Mark("jira:OPS-1", prompt.Clean("It waits."))
		question := llm.Request{System: prompt.Rule, Messages: []llm.Message{llm.Say("What is wrong? " + ticket)}}
		out, err := llm.Run(ctx, model, question, llm.RunOptions{Tools: tools, Writes: true, MaxCalls: len(tools) + 1, MaxTokens: 1 << 30})
		w.value(state+": the error of a run", err)
		encoded, _ := json.Marshal(out)
		w.text(state+": the result of a run", string(encoded))
	})
	asked, told := 0, 0
	for _, r := range server.Requests() {
		if asked += bytes.Count(r.Body, []byte("tool_result")); len(r.Body) > 0 {
			told += bytes.Count(r.Body, []byte(secret.Redacted))
			w.text("a question to the model", string(r.Body))
		}
		r.Header.Del("X-Api-Key")
		w.value("the header of a question", r.Header)
	}
	if told == 0 && !race.Enabled { // under the detector some answers come too late
		t.Errorf("the model was told of %d texts out of which a secret was taken", told)
	}
	if asked < len(tools) && !race.Enabled {
		t.Errorf("the model was told of %d calls, with %d tools", asked, len(tools))
	}
	w.telemetry()
	w.verdict(t)
	t.Log(w.set.Tally())
}
