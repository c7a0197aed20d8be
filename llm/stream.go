package llm

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"mime"
	"net/http"
	"strings"
	"sync/atomic"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/internal/login"
	"github.com/fourkites/sources/internal/rest"
	"github.com/fourkites/sources/internal/sse"
)

// Model answers questions: a [Client], or a [Failover] of several.
type Model interface {
	// Name is who answers, in errors and stats.
	Name() string
	// Stream asks a question and yields the answer while it comes; see [Client.Stream].
	Stream(ctx context.Context, r Request) iter.Seq2[Event, error]
}

var opStream = &base.Op{Name: "Stream", System: base.SystemGenAI}

// Stream asks a question and yields the answer while it comes. Each loop over it asks anew. Leaving the loop ends the answer
// at the provider too. It is retried until the first event, never after.
//
// An answer that ended by itself ends without an error. Otherwise the last yield is an error: an *[base.IncompleteError] that is
// ErrTruncated where MaxTokens cut the answer and ErrPartial where it broke off, or ErrContentFiltered where the model or a
// filter refused. A call of a tool is yielded when it is whole, never before.
func (c *Client) Stream(ctx context.Context, r Request) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		if err := c.stream(ctx, r, yield); err != nil {
			yield(Event{}, err)
		}
	}
}

func (c *Client) stream(ctx context.Context, r Request, yield func(Event, error) bool) error {
	r.MaxTokens = cmp.Or(r.MaxTokens, c.config.MaxTokens)
	if problem := r.problem(); problem != "" {
		return c.invalid(opStream, "%s", problem)
	}
	question, err := c.service.question(r)
	if err != nil {
		return c.invalid(opStream, "the question has no JSON form: %s", err)
	}
	question.Op, question.Method = opStream, http.MethodPost
	if d := c.config.MaxDuration.D(); d > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, d, errMaxDuration)
		defer cancel()
	}
	base.AddStats(ctx, base.Stats{Notes: c.service.notes(r)})
	a := answer{client: c, ctx: ctx}
	defer a.settle()
	for e, err := range rest.Stream(login.Noting(ctx), c.rest, question, c.events) {
		if err != nil {
			return a.broken(err)
		}
		if a.take(e); !yield(e, nil) {
			return nil
		}
	}
	return a.end()
}

var errMaxDuration = errors.New("the answer took longer than max_duration")

// answer is what is known of an answer while it comes.
type answer struct {
	client *Client
	ctx    context.Context
	events int64
	usage  Usage
	stop   StopReason
	counts atomic.Bool
}

func (a *answer) take(e Event) {
	a.events++
	switch {
	case e.Usage != nil:
		a.usage = *e.Usage
	case e.Stop != "":
		a.stop = e.Stop
	}
}

// settle tells what the answer cost, once.
func (a *answer) settle() {
	if !a.counts.Swap(true) {
		base.AddStats(a.ctx, base.Stats{Rows: a.events, Cost: a.client.config.Price.Of(a.usage)})
	}
}

// broken is the error of an answer that did not come to its end.
func (a *answer) broken(err error) error {
	if a.events == 0 {
		return err
	}
	return base.NewIncomplete(base.Partial, a.client.config.Name, opStream.Name, a.events, "the answer broke off; ask again", err)
}

// end is what the reason of the end makes of the answer.
func (a *answer) end() error {
	c := a.client
	switch a.stop {
	case StopTokens:
		return base.NewIncomplete(base.Truncated, c.config.Name, opStream.Name, a.events, "max_tokens cut the answer; raise it", nil)
	case StopPause:
		return base.NewIncomplete(base.Truncated, c.config.Name, opStream.Name, a.events, "the provider paused; ask again with the answer so far", nil)
	case StopRefusal, StopFilter:
		e := base.NewError(base.KindContentFiltered, &ServerError{Type: string(a.stop)}).WithText("the answer was refused because of its content")
		e.Source, e.Op, e.Code, e.Sent = c.config.Name, opStream.Name, string(a.stop), base.Answered
		e.SetHint(base.HintOf("ask in other words, or leave out what the filter may have taken offence at"))
		return e
	}
	return nil
}

// Generate asks a question and gives the whole answer. With an error it gives what came before it, and says what that is worth
// in its Outcome; the errors are those of [Client.Stream].
func (c *Client) Generate(ctx context.Context, r Request) (Response, error) {
	return Generate(ctx, c, r)
}

// Generate is [Client.Generate] for any model.
func Generate(ctx context.Context, m Model, r Request) (Response, error) {
	var out Response
	var stats base.Stats
	var failed error
	events := 0
	for e, err := range m.Stream(base.WithStats(ctx, &stats), r) {
		if failed = err; err == nil {
			out.add(e)
			events++
		}
	}
	out.Outcome, out.Stats = base.OutcomeOf(events, failed), stats
	if errors.Is(failed, base.ErrContentFiltered) {
		out.Outcome = base.Failed
	}
	return out, failed
}

// decoder makes events of those of a provider's stream.
type decoder interface {
	// take makes of an event what a caller sees. Events that are not known are passed over.
	take(data string) ([]Event, error)
	// ended reports whether the answer is whole.
	ended() bool
}

// mostEvent is longer than any event of a stream.
const mostEvent = 8 << 20

// events reads a stream of the provider. Its beginning is held back until there is something to hand out, for up to there
// the question can be asked again.
func (c *Client) events(h http.Header, body io.Reader) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		if err := eventStream(h); err != nil {
			yield(Event{}, err)
			return
		}
		in, d := sse.NewReader(body, mostEvent), c.service.decoder()
		var held []Event
		for !d.ended() {
			all, err := next(in, d)
			held = append(held, all...)
			if !begins(held) && err == nil && !d.ended() {
				continue
			}
			for _, e := range held {
				if err == nil && !yield(e.from(c.config.Name), nil) {
					return
				}
			}
			if held = nil; err != nil {
				yield(Event{}, c.typed(err))
				return
			}
		}
		if err := drained(in); err != nil {
			yield(Event{}, c.typed(err))
		}
	}
}

// drained reads what follows the end of an answer, which is nothing, to see that what carried the answer is whole too. A
// provider that is silent then has said everything.
func drained(in *sse.Reader) error {
	for {
		_, err := in.Next()
		switch {
		case err == nil:
		case errors.Is(err, io.EOF), errors.Is(err, base.ErrAttemptTimeout):
			return nil
		default:
			return err
		}
	}
}

// next reads one event of the provider.
func next(in *sse.Reader, d decoder) ([]Event, error) {
	e, err := in.Next()
	if err != nil {
		return nil, err
	}
	return d.take(e.Data)
}

// begins reports whether the events hold more than who answers.
func begins(all []Event) bool {
	for _, e := range all {
		if e.Begin == nil && e.Usage == nil {
			return true
		}
	}
	return false
}

func (e Event) from(provider string) Event {
	if e.Begin != nil {
		e.Begin.Provider = provider
	}
	return e
}

// eventStream refuses an answer that is not a stream of events.
func eventStream(h http.Header) error {
	if kind, _, _ := mime.ParseMediaType(h.Get("Content-Type")); kind == "text/event-stream" {
		return nil
	}
	e := base.NewError(base.KindProtocol, nil).WithText("the answer is not a stream of events")
	e.Sent = base.Answered
	e.SetHint(base.HintOf("check url; something between us and the provider may answer in its place, or not know streams"))
	return e
}

// typed is the error of a stream that ends too early.
func (c *Client) typed(err error) error {
	switch e, ok := errors.AsType[*base.Error](err); {
	case ok:
		return c.cleaned(e)
	case errors.Is(err, io.EOF), errors.Is(err, sse.ErrCut):
		return base.NewError(base.KindUnavailable, io.ErrUnexpectedEOF).WithText("the stream ends before the answer does")
	case errors.Is(err, sse.ErrTooLong):
		return base.NewError(base.KindTooLarge, err).WithText(fmt.Sprintf("an event is longer than %d bytes", mostEvent))
	}
	return err
}

// protocol is the error of an event that cannot be read.
func protocol(err error, text string) error {
	e := base.NewError(base.KindProtocol, err).WithText(text)
	e.Sent = base.Answered
	return e
}

// decode reads the JSON of an event.
func decode[T any](data string) (v T, err error) {
	if err := json.Unmarshal([]byte(data), &v); err != nil {
		return v, protocol(err, "an event of the stream is not the JSON that was expected")
	}
	return v, nil
}

// pendingCall is a call whose arguments come bit by bit.
type pendingCall struct {
	ToolCall
	text strings.Builder
}

// whole hands the call out.
func (p *pendingCall) whole() ([]Event, error) {
	text := strings.TrimSpace(p.text.String())
	if text == "" {
		text = "{}"
	}
	switch {
	case !json.Valid([]byte(text)) || text[0] != '{':
		return nil, protocol(nil, "the arguments of a call are no JSON object")
	case p.Name == "":
		return nil, protocol(nil, "a call names no tool")
	}
	p.Arguments = json.RawMessage(text)
	return []Event{{Call: &p.ToolCall}}, nil
}
