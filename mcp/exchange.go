package mcp

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/limit"
	"github.com/fourkites/sources/base/secret"
)

// exchange is what the HTTP below one call of the SDK came to. The SDK reports most failures as text alone; here they keep
// their kind.
type exchange struct {
	mu      sync.Mutex
	failure *base.Error
	lost    bool   // the server does not know the session
	version string // of the token that was shown
}

type exchangeKey struct{}

func withExchange(ctx context.Context) (context.Context, *exchange) {
	x := new(exchange)
	return context.WithValue(ctx, exchangeKey{}, x), x
}

// note keeps the first failure. A nil exchange, that of the standing stream, keeps nothing.
func (x *exchange) note(e *base.Error) {
	if x == nil {
		return
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.failure == nil {
		x.failure = e
	}
}

// unreached is the failure of a request that never left; nil if there is none.
func (x *exchange) unreached() error {
	if x == nil {
		return nil
	}
	if failure, _, _ := x.read(); failure != nil && failure.Sent == base.NotSent {
		return failure
	}
	return nil
}

// answered forgets a refusal after which the SDK asked in another way.
func (x *exchange) answered() {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.failure = nil
}

func (x *exchange) read() (failure *base.Error, lost bool, version string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.failure, x.lost, x.version
}

// roundTripper signs requests with the present token, types failures, and bounds what is read.
type roundTripper struct {
	next  http.RoundTripper
	token *secret.Cache // nil: none
	most  int64
	idle  func() time.Duration // silence within an answer; 0 = any
	ended context.Context      // of the session: what still runs then is cut
	given bool                 // next belongs to the caller
	oauth bool                 // the SDK answers 401 and 403 itself
	shown *shown
}

func (rt *roundTripper) RoundTrip(r *http.Request) (*http.Response, error) {
	x, _ := r.Context().Value(exchangeKey{}).(*exchange)
	standing := r.Method == http.MethodGet || r.Header.Get("Mcp-Method") == "subscriptions/listen"
	if standing {
		x = nil // it outlives the call that began it
	}
	ctx, cancel := context.WithCancelCause(r.Context())
	r = r.Clone(ctx)
	if unreached := x.unreached(); unreached != nil { // the SDK asks in another way, of a server that is not there
		cancel(nil)
		return nil, unreached
	}
	if err := rt.sign(r, x); err != nil {
		cancel(nil)
		return nil, x.fail(err)
	}
	rt.shown.note(r.Header)
	detach := context.AfterFunc(rt.ended, func() { cancel(context.Canceled) })
	response, err := rt.next.RoundTrip(r)
	if err != nil {
		detach()
		cancel(nil)
		return nil, x.fail(networkError(r.URL.Host, err))
	}
	rt.judge(r, response, x)
	b := &body{ReadCloser: response.Body, left: rt.most, most: rt.most, ctx: ctx, x: x, host: r.URL.Host, end: func() { detach(); cancel(nil) }}
	if standing {
		b.left = -1 // it has no end; each of its events has a bound
	} else if idle := rt.idle(); idle > 0 {
		b.idle, b.timer = idle, time.AfterFunc(idle, func() { cancel(errIdle) })
	}
	response.Body = b
	return response, nil
}

var errIdle = errors.New("the server fell silent within its answer")

func (rt *roundTripper) sign(r *http.Request, x *exchange) *base.Error {
	if rt.token == nil {
		return nil
	}
	snap, err := rt.token.Get(r.Context())
	if err != nil {
		e := base.NewError(base.KindUnauthenticated, err).WithText("there is no token to show: " + err.Error())
		e.Sent = base.NotSent
		if errors.Is(err, secret.ErrRefused) {
			e.SetHint(base.HintOf(hintToken))
		}
		return e
	}
	r.Header.Set("Authorization", "Bearer "+snap.Reveal())
	if x != nil {
		x.mu.Lock()
		x.version = snap.Version
		x.mu.Unlock()
	}
	return nil
}

// networkError types a failure of the network and names the server. net/http has no type for a peer that speaks something else.
func networkError(host string, err error) *base.Error {
	if e, ours := errors.AsType[*base.Error](err); ours {
		return copied(e) // of the dialer
	}
	e := base.ClassifyNetwork(err)
	if e.Kind == base.KindInternal {
		e.Kind = base.KindUnavailable
		if strings.Contains(err.Error(), "malformed") {
			e.Kind = base.KindProtocol
		}
	}
	return e.WithText(host + ": " + err.Error())
}

// CloseIdleConnections is what http.Client asks for at the end.
func (rt *roundTripper) CloseIdleConnections() {
	if pool, ok := rt.next.(*http.Transport); ok && !rt.given {
		pool.CloseIdleConnections()
	}
}

func (x *exchange) fail(e *base.Error) error {
	x.note(e)
	return e
}

var statusKinds = map[int]base.Kind{
	http.StatusUnauthorized:          base.KindUnauthenticated,
	http.StatusForbidden:             base.KindPermission,
	http.StatusNotFound:              base.KindInvalid, // the address: what a tool does not find stands in its result
	http.StatusRequestTimeout:        base.KindUnavailable,
	http.StatusConflict:              base.KindConflict,
	http.StatusGone:                  base.KindInvalid,
	http.StatusRequestEntityTooLarge: base.KindTooLarge,
	http.StatusTooManyRequests:       base.KindThrottled,
	http.StatusInternalServerError:   base.KindUnavailable,
	http.StatusBadGateway:            base.KindUnavailable,
	http.StatusServiceUnavailable:    base.KindUnavailable,
	http.StatusGatewayTimeout:        base.KindUnavailable,
	529:                              base.KindOverloaded,
}

func kindOf(status int) base.Kind {
	if kind, ok := statusKinds[status]; ok {
		return kind
	}
	switch {
	case status >= 500:
		return base.KindInternal
	case status >= 400:
		return base.KindInvalid
	}
	return base.KindProtocol // a redirect, which is not followed
}

// judge notes a refusal of a request that asks something.
func (rt *roundTripper) judge(r *http.Request, response *http.Response, x *exchange) {
	status := response.StatusCode
	if r.Method != http.MethodPost || x == nil {
		return
	}
	if status < 300 {
		x.answered()
		return
	}
	if status == http.StatusNotFound && r.Header.Get(sessionHeader) != "" {
		x.mu.Lock()
		x.lost = true
		x.mu.Unlock()
		return
	}
	if rt.oauth && (status == http.StatusUnauthorized || status == http.StatusForbidden) {
		return
	}
	e := base.NewError(kindOf(status), nil).WithText(fmt.Sprintf("the server answered %d %s", status, http.StatusText(status)))
	e.Code, e.Sent, e.RetryAfter = strconv.Itoa(status), base.Answered, asked(response.Header)
	if e.Kind == base.KindUnauthenticated && rt.token != nil {
		_, _, version := x.read()
		rt.token.Refuse(version)
	}
	rt.advise(status, e)
	x.note(e)
}

// advise says what to change after a refusal.
func (rt *roundTripper) advise(status int, e *base.Error) {
	switch {
	case status == http.StatusNotFound || status == http.StatusGone:
		e.SetHint(base.HintOf("no server of tools is there; check url and its path, mostly /mcp"))
	case status == http.StatusUnauthorized && rt.token == nil:
		e.SetHint(base.HintOf("the server asks for a token; set token"))
	case status == http.StatusUnauthorized:
		e.SetHint(base.HintOf(hintToken))
	}
}

const hintToken = "the server refused the token, and a refused one is not sent again; check token"

// asked is how long the server wants to be left alone: the most exact of its words counts.
func asked(h http.Header) time.Duration {
	const most = 24 * time.Hour
	if ms, err := strconv.Atoi(h.Get("Retry-After-Ms")); err == nil && ms > 0 {
		return min(time.Duration(min(ms, int(most.Milliseconds())))*time.Millisecond, most)
	}
	text := h.Get("Retry-After")
	if seconds, err := strconv.Atoi(text); err == nil && seconds > 0 {
		return time.Duration(min(seconds, int(most.Seconds()))) * time.Second
	}
	if at, err := http.ParseTime(text); err == nil {
		return max(time.Until(at), 0)
	}
	return limit.Reset(h, time.Now())
}

// body ends an answer that goes on beyond its bound or falls silent, and notes how it broke.
type body struct {
	io.ReadCloser
	left, most int64 // left < 0: no bound
	ctx        context.Context
	x          *exchange
	host       string
	idle       time.Duration
	timer      *time.Timer // nil: any silence
	end        func()
}

func (b *body) Read(p []byte) (int, error) {
	if b.left == 0 {
		e := base.NewError(base.KindTooLarge, nil).WithText(fmt.Sprintf("the answer is longer than the %d bytes that one may have", b.most))
		e.Sent = base.Answered
		e.SetHint(base.HintOf("ask for less, or raise max_answer_bytes"))
		return 0, b.x.fail(e)
	}
	if b.left > 0 {
		p = p[:min(int64(len(p)), b.left)]
	}
	n, err := b.ReadCloser.Read(p)
	if b.left > 0 {
		b.left -= int64(n)
	}
	if b.timer != nil && n > 0 {
		b.timer.Reset(b.idle)
	}
	b.broke(err)
	return n, err
}

// broke notes the end of an answer that is none.
func (b *body) broke(err error) {
	switch {
	case err == nil || errors.Is(err, io.EOF):
	case errors.Is(context.Cause(b.ctx), errIdle):
		b.x.note(base.NewError(base.KindAttemptTimeout, errIdle).WithText(b.host + ": " + errIdle.Error()))
	case b.ctx.Err() == nil:
		b.x.note(networkError(b.host, err))
	}
}

func (b *body) Close() error {
	err := b.ReadCloser.Close()
	if b.timer != nil {
		b.timer.Stop()
	}
	b.end()
	return err
}
