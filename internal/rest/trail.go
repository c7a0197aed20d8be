package rest

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http/httptrace"
	"net/url"
	"strings"
	"sync/atomic"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/internal/tlsconfig"
)

// trail is how far one attempt got, for the case that no answer comes. It also keeps net/http from sending the request
// again on its own: it would do so where a connection that was used before breaks, unsigned anew and uncounted.
type trail struct {
	address *url.URL
	cancel  context.CancelCauseFunc // of the attempt
	unsafe  bool
	setting string // Config.AddressName

	conn        atomic.Pointer[conn] // that the attempt is on, if it has it for itself
	connected   atomic.Bool
	multiplexed atomic.Bool // over HTTP/2
	sent        atomic.Bool // a part of the request
	answered    atomic.Bool // a part of the answer came
	parted      atomic.Bool // the connection ended under it

	ended atomic.Pointer[base.Error] // why the attempt was ended from here
}

func (t *trail) trace() *httptrace.ClientTrace {
	return &httptrace.ClientTrace{
		GotConn:              t.enter,
		GotFirstResponseByte: func() { t.answered.Store(true) },
		WroteHeaders: func() {
			if t.conn.Load() == nil { // that knows better: these may still lie in a buffer
				t.sent.Store(true)
			}
		},
	}
}

// enter is told of each connection that the request is to be sent on.
func (t *trail) enter(info httptrace.GotConnInfo) {
	t.connected.Store(true)
	secured, isTLS := info.Conn.(interface{ ConnectionState() tls.ConnectionState })
	t.multiplexed.Store(isTLS && secured.ConnectionState().NegotiatedProtocol == "h2")
	switch own := under(info.Conn); {
	case t.multiplexed.Load():
		if t.sent.Load() {
			t.end(base.NewError(base.KindUnavailable, errSentAgain), errSentAgain)
		}
	case own != nil:
		t.leave()
		t.conn.Store(own)
		own.attempt.Store(t)
	}
}

var errSentAgain = errors.New("the server refused the request before it looked at it")

// leave lets go of the connection, which may serve another attempt already.
func (t *trail) leave() {
	if own := t.conn.Swap(nil); own != nil {
		own.attempt.CompareAndSwap(t, nil)
	}
}

// lost is told that the connection ended. A request that may have reached the server must not be sent again by
// net/http: the guard decides about that.
func (t *trail) lost(err error) {
	if errors.Is(err, net.ErrClosed) { // from this side, at the end of the attempt
		return
	}
	t.parted.Store(true)
	if !t.sent.Load() || t.answered.Load() {
		return
	}
	e := base.ClassifyNetwork(err)
	if e.Kind == base.KindInternal {
		e.Kind = base.KindUnavailable
	}
	t.end(e, err)
}

// silent is told that the answer does not go on.
func (t *trail) silent() {
	e := base.NewError(base.KindAttemptTimeout, errSilent)
	e.SetHint(base.HintOf("ask for less, or raise limits.idle"))
	t.end(e, errSilent)
}

var errSilent = errors.New("the service fell silent in the middle of its answer")

// close is told that the client's grace is over.
func (t *trail) close() {
	e := base.NewError(base.KindClosed, errClosed)
	if t.unsafe && t.sent.Load() { // then what counts is that nobody knows whether it happened
		e.Kind = base.KindUnavailable
	}
	t.end(e, errClosed)
}

var errClosed = errors.New("the client was closed while the call ran")

// end ends the attempt; the first reason counts. net/http gets the cause alone: the error is still to be completed.
func (t *trail) end(e *base.Error, cause error) {
	if t.ended.CompareAndSwap(nil, e) {
		t.cancel(cause)
	}
}

// unanswered is the error of an attempt that got no answer.
func (t *trail) unanswered(err error) error {
	e := t.broken(err)
	if !t.sent.Load() {
		e.Sent = base.NotSent
	}
	return e
}

// broken types a failed exchange and names the address.
func (t *trail) broken(err error) *base.Error {
	if e := t.ended.Load(); e != nil {
		return t.named(e, e.Unwrap()[0])
	}
	if e, ok := errors.AsType[*base.Error](err); ok { // of the proxy's refusal
		return e
	}
	e := base.ClassifyNetwork(err)
	if own := t.conn.Load(); own != nil && own.spoke.Load() && t.address.Scheme == "http" && !timely(e.Kind) {
		err = errSpoke // what net/http makes of it depends on who is faster
		e = base.NewError(base.KindInternal, err)
	}
	if _, plain := errors.AsType[tls.RecordHeaderError](err); plain {
		e.Hint = "the service does not speak TLS there; check " + cmp.Or(t.setting, "the scheme and the port of the base URL")
	}
	switch op, _ := errors.AsType[*net.OpError](err); {
	case op != nil && op.Op == "proxyconnect":
		e.SetHint(base.HintOf("the proxy cannot be reached; check proxy"))
	case tlsconfig.Alert(err):
		e.Kind, e.Code = base.KindInvalid, "tls"
		e.SetHint(base.HintOf(tlsconfig.AlertHint))
	case e.Kind == base.KindInternal:
		t.unknown(e)
	case e.Kind == base.KindAttemptTimeout:
		e.Hint = "no answer came in time; check " + cmp.Or(t.setting, "the host and the port of the base URL") + ", or raise limits.attempt or limits.timeout"
	}
	return t.named(e, err)
}

// unknown decides what is none of the network, of TLS or of the context, for which net/http exports no type. Over
// HTTP/2, or on an established connection without the whole head of an answer, a stream or the connection ended; else the
// peer speaks another protocol.
func (t *trail) unknown(e *base.Error) {
	switch {
	case errors.Is(e, errSpoke):
		e.Kind = base.KindProtocol
		e.Hint = otherProtocol + cmp.Or(t.setting, "the scheme, the host and the port of the base URL")
	case t.multiplexed.Load(), t.parted.Load(), t.connected.Load() && !t.answered.Load():
		e.Kind = base.KindUnavailable
	default:
		e.Kind = base.KindProtocol
		e.Hint = otherProtocol + cmp.Or(t.setting, "the scheme, the host and the port of the base URL")
	}
}

// timely are the kinds of an attempt that was ended by its context.
func timely(k base.Kind) bool {
	return k == base.KindCanceled || k == base.KindDeadline || k == base.KindAttemptTimeout
}

const otherProtocol = "the service does not speak HTTP as expected; check "

var errSpoke = errors.New("the server speaks before it is asked")

// named puts the address before a text that does not name it.
func (t *trail) named(e *base.Error, err error) *base.Error {
	text := base.Redact(err.Error())
	if !strings.Contains(text, t.address.Host) {
		text = t.address.Host + ": " + text
	}
	return e.WithText(text)
}

// unsigned keeps a typed error of the signer, and the end of the attempt while it asked for the secret; another one
// means that there is no usable credential.
func unsigned(ctx context.Context, err error) error {
	if _, ok := errors.AsType[*base.Error](err); ok {
		return err
	}
	e := base.NewError(base.KindUnauthenticated, err)
	if ctx.Err() != nil {
		e = base.ClassifyNetwork(ctx.Err())
	}
	e.Sent = base.NotSent
	e.SetHint(base.HintOf("the request could not be signed; check the credential in the configuration"))
	return e
}

// conn is a connection that tells the attempt on it what became of it.
type conn struct {
	net.Conn
	attempt atomic.Pointer[trail]
	spoke   atomic.Bool // the peer sent something that it was not asked for, as it does in TLS
}

// under is the connection of ours below layers of TLS.
func under(c net.Conn) *conn {
	for {
		switch layer := c.(type) {
		case *conn:
			return layer
		case interface{ NetConn() net.Conn }:
			c = layer.NetConn()
		default:
			return nil
		}
	}
}

// Read tells of the end of the connection.
func (c *conn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	t := c.attempt.Load()
	if n > 0 && (t == nil || !t.sent.Load()) {
		c.spoke.Store(true)
	}
	if err != nil && t != nil {
		t.lost(err)
	}
	return n, err
}

// Write tells that something was sent, before the peer can answer it.
func (c *conn) Write(b []byte) (int, error) {
	t := c.attempt.Load()
	first := t != nil && len(b) > 0 && t.sent.CompareAndSwap(false, true)
	n, err := c.Conn.Write(b)
	if first && n == 0 {
		t.sent.Store(false)
	}
	return n, err
}
