package clickhouse

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"time"

	"github.com/ClickHouse/ch-go/compress"
	"github.com/ClickHouse/ch-go/proto"
)

// conn is one connection that has shaken hands. It serves one query at a time.
type conn struct {
	link    *link
	in      *input  // as on the wire
	frames  *frames // the decompressor; nil without compression
	packed  *input  // through it
	out     proto.Buffer
	hello   hello
	v       int // revision that both sides speak
	address string
	version string // of the credential

	compression proto.Compression
	method      compress.Method
	encrypted   bool
	expires     time.Time
	idleSince   time.Time
	idle        time.Duration   // longest silence of the server within an answer
	bounded     bool            // patience is a bound
	patience    time.Duration   // how much longer the server may be waited for, within the query that runs
	until       time.Time       // the present wait ends; zero: without a bound
	ctx         context.Context // of the query that runs; nil between queries
}

const (
	connLifetime = 30 * time.Minute
	connIdle     = 5 * time.Minute
)

// timedReader sets the deadline of each read: the server's silence is bounded, the caller's own time is not counted.
type timedReader struct{ c *conn }

func (r timedReader) Read(p []byte) (int, error) {
	c, now := r.c, time.Now()
	var deadline time.Time
	if c.idle > 0 {
		deadline = now.Add(c.idle)
	}
	last := !c.until.IsZero() && (deadline.IsZero() || c.until.Before(deadline))
	if last {
		deadline = c.until
	}
	if err := c.cause(c.link.SetReadDeadline(deadline)); err != nil { // the context may have ended before
		return 0, err
	}
	if last && !now.Before(c.until) { // a server that never pauses lets no read run into its deadline
		return 0, errOvertime
	}
	n, err := c.link.Read(p)
	c.patience -= time.Since(now)
	if err == nil {
		return n, nil
	}
	switch cause := c.cause(nil); {
	case cause != nil:
		return n, cause
	case !errors.Is(err, os.ErrDeadlineExceeded):
	case last:
		return n, errOvertime
	default:
		return n, &silenceError{c.idle, err}
	}
	return n, err
}

// wait begins a wait for rows, which may last for what is left of the patience; done ends it. Of several waits only the
// time in which nothing arrived adds up: decoding takes its own.
func (c *conn) wait() (done func()) {
	if c.bounded {
		c.until = time.Now().Add(c.patience)
	}
	return func() { c.until = time.Time{} }
}

// cause is why the context of the query ended, else the error.
func (c *conn) cause(err error) error {
	if c.ctx != nil && c.ctx.Err() != nil {
		return context.Cause(c.ctx)
	}
	return err
}

// errOvertime is a server that works on a statement for longer than it was told to.
var errOvertime = errors.New("the server worked on the statement for longer than max_execution")

// silenceError is a server that said nothing for too long.
type silenceError struct {
	idle time.Duration
	err  error
}

func (e *silenceError) Error() string {
	return fmt.Sprintf("the server said nothing for %s", e.idle)
}

func (e *silenceError) Unwrap() error { return e.err }

// newConn shakes hands over a link, which it closes when that fails.
func newConn(ctx context.Context, l *link, c Config, user, password string) (_ *conn, err error) {
	k := &conn{
		link: l, expires: time.Now().Add(connLifetime - rand.N(connLifetime/5)), encrypted: c.Secure,
		address: l.RemoteAddr().String(),
	}
	k.compression, k.method = c.compression()
	k.in = newInput(timedReader{k})
	stop := context.AfterFunc(ctx, func() { _ = l.SetDeadline(past) })
	defer func() {
		stop()
		if err != nil {
			_ = l.Close()
			if cause := context.Cause(ctx); cause != nil {
				err = cause
			}
		}
	}()
	k.idle, k.ctx = handshakeTimeout, ctx
	if err := k.shake(c.Database, user, password); err != nil {
		return nil, err
	}
	l.settle()
	k.idle, k.ctx = 0, nil
	if k.compression == proto.CompressionEnabled {
		k.frames = newFrames(k.in, k.method)
		k.packed = newInput(k.frames)
	}
	return k, nil
}

func (c *conn) shake(database, user, password string) error {
	encodeHello(&c.out, database, user, password)
	if err := c.flush(handshakeTimeout); err != nil {
		return err
	}
	c.in.budget = maxBlock
	code, err := c.in.uvarint()
	if err != nil {
		return asProtocol(err)
	}
	switch proto.ServerCode(code) {
	case proto.ServerCodeHello:
	case proto.ServerCodeException:
		e, err := decodeException(c.in)
		if err != nil {
			return asProtocol(err)
		}
		return e
	default:
		return malformed("the server greets with packet %d; is this the native port of ClickHouse?", code)
	}
	if c.hello, err = decodeHello(c.in); err != nil {
		return asProtocol(err)
	}
	if c.hello.revision < oldestRevision {
		return malformed("revision %d of the protocol; the oldest that is spoken here is %d", c.hello.revision, oldestRevision)
	}
	c.v = min(c.hello.revision, revision)
	if proto.FeatureAddendum.In(c.v) {
		c.out.PutString("") // quota key
		return c.flush(handshakeTimeout)
	}
	return nil
}

// asProtocol makes the end of the stream within a value what it is: a cut.
func asProtocol(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// flush writes what was encoded, within a bound: the server must read.
func (c *conn) flush(within time.Duration) error {
	defer c.out.Reset()
	if err := c.cause(c.link.SetWriteDeadline(time.Now().Add(within))); err != nil {
		return err
	}
	if _, err := c.link.Write(c.out.Buf); err != nil {
		return c.cause(err)
	}
	return nil
}

const cancelGrace = time.Second

// cancel tells the server to stop; it reports whether that could be written.
func (c *conn) cancel() bool {
	if err := c.link.SetWriteDeadline(time.Now().Add(cancelGrace)); err != nil {
		return false
	}
	_, err := c.link.Write([]byte{byte(proto.ClientCodeCancel)})
	return err == nil
}

// trim lets go of what an answer has made large, before the connection rests in the pool.
func (c *conn) trim() {
	if cap(c.out.Buf) > keepBuffer {
		c.out.Buf = nil
	}
	if c.frames != nil {
		c.frames.trim()
	}
}
