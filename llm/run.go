package llm

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/prompt"
	"github.com/fourkites/sources/base/tool"
)

// RunOptions says what a model may do on its way to an answer. The zero value of each field is its stated default.
type RunOptions struct {
	// Tools are what the model may call. One that writes is left out unless Writes is set.
	Tools  []tool.Tool
	Writes bool

	MaxSteps  int           // answers of the model; 0 = 10
	MaxCalls  int           // of tools, in all; 0 = 50
	MaxTokens int           // of all answers and their questions; 0 = 500,000
	MaxTime   time.Duration // 0 = 5 minutes
	MaxCost   float64       // in US dollars; 0 = no bound. The model's Config must have a price.

	Parallel       int // calls of one step side by side; 0 = 8
	MaxResultBytes int // of the answer of one call, which is cut there; 0 = 64 KiB

	// Hosts are those that links may lead to, beside those in the trusted part of the question. A link elsewhere is taken out of
	// the answer, and a call with one is refused: the model can only have it from data.
	Hosts []string
	// Pseudonyms replaces secrets and personal data before the model sees them; nil = a set of its own.
	Pseudonyms *prompt.Pseudonyms
	// Plain lets the model see secrets and personal data.
	Plain bool
	// Observe is told of each step when it has ended; nil = nobody is.
	Observe func(Step)
}

// Step is one answer of the model, and what became of its calls.
type Step struct {
	Response Response `json:"response"`
	Calls    []Called `json:"calls,omitempty"`
}

// Called is one call of a tool.
type Called struct {
	Name      string          `json:"name"`
	Arguments json.RawMessage `json:"arguments"`
	Ran       bool            `json:"ran"`               // false: it was refused before the tool saw it
	Problem   string          `json:"problem,omitempty"` // why it was refused, or failed
	Bytes     int             `json:"bytes"`             // of its answer
	Cut       bool            `json:"cut,omitempty"`     // the model got a part of the answer, which says so
	Elapsed   time.Duration   `json:"elapsed_ns"`
}

// Result is what a run came to. With an error beside it, it is what came before the error.
type Result struct {
	Text     string       `json:"text"` // of the last answer, with the real values in place of placeholders
	Steps    []Step       `json:"steps"`
	Messages []Message    `json:"messages"` // the conversation as the model saw it, to go on from
	Usage    Usage        `json:"usage"`
	Links    []string     `json:"links,omitempty"` // hosts of links that were taken out
	Outcome  base.Outcome `json:"outcome"`
	Stats    base.Stats   `json:"stats,omitzero"` // of the model and of the tools
}

var opRun = &base.Op{Name: "Run"}

// Run asks a question and calls the tools that the model wants, those of one step side by side, until it answers without a
// call. What tools answer is marked as data, cleaned of what readers do not see, and free of secrets and personal data.
//
// A call that the model may not make, that does not fit, or that it repeats is answered with what is wrong, and nothing runs.
// A limit ends the run with an [base.IncompleteError] that is ErrTruncated and names it; the calls of an answer that was cut
// or broke off are not run.
func Run(ctx context.Context, m Model, r Request, o RunOptions) (Result, error) {
	run, err := newRun(m, r, o)
	if err != nil {
		return Result{Outcome: base.Failed}, err
	}
	ctx, cancel := context.WithTimeoutCause(base.WithStats(ctx, &run.out.Stats), run.options.MaxTime, errRunTime)
	defer cancel()
	err = run.loop(ctx)
	run.finish(err)
	return run.out, err
}

var errRunTime = errors.New("the run took longer than max_time")

// run is one run.
type run struct {
	model   Model
	request Request
	options RunOptions
	names   *prompt.Pseudonyms
	hosts   hosts
	tools   tool.Set
	seen    map[string]int // calls by name and arguments
	calls   int
	out     Result
}

func newRun(m Model, r Request, o RunOptions) (*run, error) {
	o.MaxSteps, o.MaxCalls, o.MaxTokens = cmp.Or(o.MaxSteps, 10), cmp.Or(o.MaxCalls, 50), cmp.Or(o.MaxTokens, 500_000)
	o.MaxTime, o.Parallel, o.MaxResultBytes = cmp.Or(o.MaxTime, 5*time.Minute), cmp.Or(o.Parallel, 8), cmp.Or(o.MaxResultBytes, 64<<10)
	for _, limit := range []struct {
		name string
		is   float64
	}{
		{"max_steps", float64(o.MaxSteps)},
		{"max_calls", float64(o.MaxCalls)},
		{"max_tokens", float64(o.MaxTokens)},
		{"max_time", float64(o.MaxTime)},
		{"max_cost", o.MaxCost},
		{"parallel", float64(o.Parallel)},
		{"max_result_bytes", float64(o.MaxResultBytes)},
	} {
		if !(limit.is >= 0) { // NaN too
			return nil, base.Invalid(m.Name(), opRun.Name, "%s: negative; a run is always bounded", limit.name)
		}
	}
	x := &run{model: m, options: o, names: cmp.Or(o.Pseudonyms, &prompt.Pseudonyms{}), seen: map[string]int{}, hosts: newHosts(o.Hosts)}
	for _, t := range o.Tools {
		if t.ReadOnly() || o.Writes {
			x.tools = append(x.tools, t)
		}
	}
	specs, err := Specs(x.tools...)
	if err != nil {
		return nil, base.Invalid(m.Name(), opRun.Name, "tools: %s", err)
	}
	x.request = x.prepared(r)
	x.request.Tools = append(slices.Clone(r.Tools), specs...)
	return x, nil
}

// Specs are tools as a Request takes them.
func Specs(tools ...tool.Tool) ([]ToolSpec, error) {
	out := make([]ToolSpec, len(tools))
	for i, t := range tools {
		if err := t.Check(); err != nil {
			return nil, err
		}
		schema, err := json.Marshal(t.InputSchema())
		if err != nil {
			return nil, err
		}
		out[i] = ToolSpec{Name: t.Name(), Description: t.Description(), Schema: schema}
	}
	return out, nil
}

// prepared is the question as the model gets it, and what of it is trusted.
func (x *run) prepared(r Request) Request {
	x.hosts.trust(r.System)
	r.System = x.hide(r.System)
	if r.System != "" {
		r.System += "\n\n"
	}
	r.System += prompt.Rule
	messages := make([]Message, len(r.Messages))
	for i, m := range r.Messages {
		messages[i] = Message{Role: m.Role, Parts: slices.Clone(m.Parts)}
		for j, p := range messages[i].Parts {
			if m.Role == User {
				x.hosts.trust(p.Text)
			}
			messages[i].Parts[j].Text = x.hide(p.Text)
		}
	}
	r.Messages = messages
	return r
}

func (x *run) hide(text string) string {
	if x.options.Plain || text == "" {
		return text
	}
	return x.names.Hide(text)
}

// lastStep is said to the model before its last answer.
const lastStep = "No more tools can be called after this. Answer now, with what is known, and say what is not."

func (x *run) loop(ctx context.Context) error {
	for n := 1; ; n++ {
		r := x.request
		left := x.options.MaxTokens - x.out.Usage.Total()
		if r.MaxTokens == 0 || r.MaxTokens > left {
			r.MaxTokens = min(max(r.MaxTokens, 0), left)
		}
		if n == x.options.MaxSteps && n > 1 {
			last := &r.Messages[len(r.Messages)-1]
			last.Parts = append(last.Parts, Part{Text: lastStep})
		}
		answer, err := Generate(ctx, x.model, r)
		x.took(answer)
		if err != nil {
			return err
		}
		if err := x.spent(ctx, n, answer); err != nil || len(answer.Calls) == 0 {
			return err
		}
		x.request.Messages = append(x.request.Messages, Message{Role: User, Parts: x.answers(ctx, answer.Calls)})
		x.request.Tool = "" // it was forced once
		x.observe()
	}
}

// took takes an answer into the conversation.
func (x *run) took(answer Response) {
	x.out.Usage = x.out.Usage.Add(answer.Usage)
	x.out.Steps = append(x.out.Steps, Step{Response: answer})
	if m := answer.Message(); len(m.Parts) > 0 {
		x.request.Messages = append(x.request.Messages, m)
	}
}

// spent says which limit does not allow for another step, where one is wanted.
func (x *run) spent(ctx context.Context, n int, answer Response) error {
	cost, most := x.out.Stats.Cost, x.options.MaxCost
	switch {
	case most > 0 && cost == 0 && x.out.Usage.Total() > 0:
		return base.Invalid(x.model.Name(), opRun.Name, "max_cost: the Config of the model has no price, so that nobody knows what is spent")
	case len(answer.Calls) == 0:
		return nil
	case n >= x.options.MaxSteps:
		return x.truncated("max_steps ended the run; raise it, or ask for less", nil)
	case x.out.Usage.Total() >= x.options.MaxTokens:
		return x.truncated("max_tokens ended the run; raise it, or ask for less", nil)
	case most > 0 && cost >= most:
		return x.truncated("max_cost ended the run; raise it, or ask for less", nil)
	case ctx.Err() != nil:
		return x.truncated("the time ended the run; raise max_time, or ask for less", context.Cause(ctx))
	}
	return nil
}

func (x *run) truncated(missing string, cause error) error {
	return base.NewIncomplete(base.Truncated, x.model.Name(), opRun.Name, int64(len(x.out.Steps)), missing, cause)
}

func (x *run) observe() {
	if x.options.Observe != nil {
		x.options.Observe(x.out.Steps[len(x.out.Steps)-1])
	}
}

// finish makes of the last answer what a human reads.
func (x *run) finish(err error) {
	x.out.Messages = x.request.Messages
	x.out.Outcome = base.OutcomeOf(len(x.out.Steps), err)
	if n := len(x.out.Steps); n > 0 {
		last := x.out.Steps[n-1].Response
		x.out.Text, x.out.Links = x.hosts.without(x.names.Reveal(last.Text))
		if len(last.Calls) == 0 || err != nil {
			x.observe()
		}
	}
}
