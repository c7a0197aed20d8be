package graphtest

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"sync"
	"time"

	"github.com/fourkites/sources/base/fault"
	"github.com/fourkites/sources/internal/wire"
)

// inboxSize is how many messages a client may send ahead of their answers.
const inboxSize = 64

var (
	errCut         = errors.New("graphtest: the connection is over")
	errInterrupted = errors.New("graphtest: interrupted by RESET")
)

// conn is one connection. The goroutine of serve answers; the one of receive reads ahead, so that RESET and the end of the
// client stop what runs.
type conn struct {
	server *Server
	raw    net.Conn // below TLS
	id     string
	ctx    context.Context // ends with the connection
	stop   context.CancelFunc

	wire    *wire.Shaped
	out     *bufio.Writer
	inbox   chan *structure
	version version
	silence time.Duration

	refusal *ServerError // of every login, by a fault

	user   string
	hello  bool
	logged bool
	failed bool // everything is ignored until RESET
	tx     *transaction

	mu         sync.Mutex
	interrupts int // RESETs that were read and not answered yet
	interrupt  context.CancelCauseFunc
}

func newConn(s *Server, raw net.Conn, id string) *conn {
	c := &conn{server: s, raw: raw, id: id, inbox: make(chan *structure, inboxSize)}
	c.ctx, c.stop = context.WithCancel(s.ctx)
	return c
}

func (c *conn) serve() {
	speaks, secure, silence := c.server.settings()
	c.silence = silence
	link := c.raw
	if secure != nil {
		link = tls.Server(c.raw, secure)
	}
	c.wire = wire.NewShaped(c.ctx, link)
	c.out = bufio.NewWriter(c.wire)
	if f, ok := c.server.plan.NextAt(fault.OnConnect); ok && !c.failConnect(f) {
		return
	}
	var err error
	if c.version, err = greet(struct {
		io.Reader
		io.Writer
	}{link, c.wire}, speaks); err != nil {
		return
	}
	var reading sync.WaitGroup
	reading.Go(func() { c.receive(link) })
	defer reading.Wait()
	defer func() { _ = c.raw.Close() }()
	defer c.endTransaction()
	for m := range c.inbox {
		if c.answer(m) != nil {
			return
		}
		if len(c.inbox) == 0 && c.flush() != nil {
			return
		}
	}
}

// receive ends the connection's context when the client has gone: then nothing runs on for it.
func (c *conn) receive(link io.Reader) {
	defer close(c.inbox)
	defer c.stop()
	in := bufio.NewReader(link)
	for {
		data, err := readMessage(in)
		if err != nil {
			return
		}
		v, err := unpack(data)
		m, ok := v.(*structure)
		if err != nil || !ok {
			return
		}
		if m.tag == tagReset {
			c.interruptNow()
		}
		select {
		case c.inbox <- m:
		case <-c.ctx.Done():
			return
		}
	}
}

func (c *conn) interruptNow() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.interrupts++
	if c.interrupt != nil {
		c.interrupt(errInterrupted)
	}
}

func (c *conn) interrupted() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.interrupts > 0
}

// work is a context for one message, which RESET ends too.
func (c *conn) work(parent context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(parent)
	c.mu.Lock()
	c.interrupt = cancel
	if c.interrupts > 0 {
		cancel(errInterrupted)
	}
	c.mu.Unlock()
	return ctx, func() {
		c.mu.Lock()
		c.interrupt = nil
		c.mu.Unlock()
		cancel(nil)
	}
}

// answer answers one message. An error ends the connection.
func (c *conn) answer(m *structure) error {
	switch {
	case m.tag == tagGoodbye:
		return errCut
	case m.tag == tagReset:
		return c.reset()
	case !c.hello && m.tag != tagHello:
		return errCut
	case c.failed || c.interrupted():
		return c.send(tagIgnored)
	}
	err := c.handle(m)
	failed, ok := errors.AsType[*ServerError](err)
	if !ok {
		return err
	}
	c.failed = true
	if c.tx != nil && c.tx.implicit {
		c.endTransaction()
	} else if c.tx != nil {
		c.tx.fail()
	}
	if err := c.send(tagFailure, failed.metadata(c.version)); err != nil || c.logged {
		return err
	}
	_ = c.flush() // who could not log in has no second try on this connection
	return errCut
}

func (c *conn) handle(m *structure) error {
	switch m.tag {
	case tagHello:
		return c.greetClient(m)
	case tagLogon:
		return c.logon(field[map[string]any](m, 0))
	}
	if !c.logged {
		return failure(CodeInvalidRequest, "Message %#02x cannot be handled by a session in the AUTHENTICATION state.", m.tag)
	}
	switch m.tag {
	case tagLogoff:
		c.logged, c.user = false, ""
		return c.success(nil)
	case tagTelemetry:
		return c.success(nil)
	case tagRoute:
		return c.route(field[string](m, 2))
	case tagBegin:
		return c.begin(m)
	case tagRun:
		return c.run(m)
	case tagPull, tagDiscard:
		return c.pull(m)
	case tagCommit:
		return c.commit()
	case tagRollback:
		return c.rollback()
	}
	return failure(CodeInvalidRequest, "Message %#02x is not known.", m.tag)
}

// field is the value of a message at this place, or the zero value where there is none of the type.
func field[T any](m *structure, at int) T {
	var none T
	if at >= len(m.fields) {
		return none
	}
	v, _ := m.fields[at].(T)
	return v
}

func (c *conn) greetClient(m *structure) error {
	extra := field[map[string]any](m, 0)
	if c.hello {
		return failure(CodeInvalidRequest, "HELLO cannot be handled twice.")
	}
	c.hello = true
	if !c.version.atLeast(1) {
		if err := c.login(extra); err != nil {
			return err
		}
	}
	hints := map[string]any{"telemetry.enabled": false}
	if c.silence > 0 {
		hints["connection.recv_timeout_seconds"] = int64(c.silence / time.Second)
	}
	return c.success(map[string]any{"server": "Neo4j/" + Version, "connection_id": c.id, "hints": hints})
}

func (c *conn) logon(token map[string]any) error {
	if c.logged || !c.version.atLeast(1) {
		return failure(CodeInvalidRequest, "LOGON cannot be handled by a session that has logged in.")
	}
	if err := c.login(token); err != nil {
		return err
	}
	return c.success(nil)
}

func (c *conn) login(token map[string]any) error {
	if c.refusal != nil {
		return c.refusal
	}
	user, err := c.server.login(token)
	if err != nil {
		return err
	}
	c.user, c.logged = user, true
	return nil
}

// reset gives up what was begun and is ready again.
func (c *conn) reset() error {
	c.endTransaction()
	c.mu.Lock()
	c.interrupts--
	c.mu.Unlock()
	if !c.logged {
		return errCut
	}
	c.failed = false
	return c.success(nil)
}

// route answers with this server for everything, unless it was told of other readers.
func (c *conn) route(database string) error {
	s := c.server
	s.mu.Lock()
	s.routes++
	readers := s.readers
	s.mu.Unlock()
	if database != "" && database != DefaultDatabase {
		return failure(CodeDatabaseNotFound, "Unable to get a routing table for database '%s' because this database does not exist", database)
	}
	self := []string{s.Addr()}
	if readers == nil {
		readers = self
	}
	role := func(name string, addresses []string) map[string]any {
		return map[string]any{"role": name, "addresses": addresses}
	}
	const ttl = 300
	return c.success(map[string]any{"rt": map[string]any{
		"ttl": ttl, "db": DefaultDatabase, "servers": []any{role("ROUTE", self), role("READ", readers), role("WRITE", self)},
	}})
}

func (c *conn) success(metadata map[string]any) error { return c.send(tagSuccess, orEmpty(metadata)) }

func (c *conn) send(tag byte, fields ...any) error {
	message, err := pack(!c.version.atLeast(0), tag, fields...)
	if err != nil {
		return failure(CodeUnknown, "%s", err)
	}
	_, err = c.out.Write(chunked(message))
	return err
}

func (c *conn) flush() error { return c.out.Flush() }
