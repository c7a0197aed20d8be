package clickhousetest

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/ClickHouse/ch-go/proto"

	"github.com/fourkites/sources/base/fault"
)

// A client that connects has this long to say who it is.
const helloTimeout = 30 * time.Second

// conn is one connection. Its goroutine reads packets; a query that runs has a goroutine of its own, so that a cancel
// or a closed socket is seen at once.
type conn struct {
	server   *Server
	net      net.Conn
	raw      *bufio.Reader
	reader   *proto.Reader
	wire     *wire
	ctx      context.Context // ends with the connection
	stop     context.CancelCauseFunc
	account  account
	database string
	version  int
}

func newConn(s *Server, c net.Conn) *conn {
	raw := bufio.NewReaderSize(c, 64<<10)
	ctx, stop := context.WithCancelCause(s.ctx)
	return &conn{server: s, net: c, raw: raw, reader: proto.NewReader(raw), wire: newWire(c), ctx: ctx, stop: stop}
}

func (c *conn) serve() {
	defer c.stop(errDisconnected)
	// The decoder panics on some hostile lengths; such a client loses its connection and no more.
	defer func() { _ = recover() }()
	if !c.greet() {
		return
	}
	var q *query
	for {
		code, err := c.reader.UVarInt()
		if err != nil {
			c.hangUp(q)
			return
		}
		switch proto.ClientCode(code) {
		case proto.ClientCodeCancel:
			q.cancel()
			continue
		case proto.ClientCodeHello: // ch-go puts a zero byte before its cancel
			if q.running() {
				continue
			}
		}
		if q.running() {
			c.hangUp(q)
			return
		}
		q.wait()
		switch proto.ClientCode(code) {
		case proto.ClientCodeQuery:
			q, err = c.startQuery()
		case proto.ClientCodePing:
			err = c.pong()
		case proto.ClientCodeData: // what is left of an INSERT that failed
			_, _, err = c.readData(false)
		default:
			err = fmt.Errorf("packet %d is unexpected", code)
		}
		if err != nil {
			c.hangUp(q)
			return
		}
	}
}

// hangUp ends what runs for a client that has gone.
func (c *conn) hangUp(q *query) {
	q.disconnect()
	c.stop(errDisconnected)
	_ = c.net.Close()
	q.wait()
}

// greet does the handshake; false means that the connection is over.
func (c *conn) greet() bool {
	planned, failing := c.server.plan.NextAt(fault.OnConnect)
	if failing && planned.Kind == fault.KindRefuse {
		reset(c.net)
		return false
	}
	_ = c.net.SetReadDeadline(time.Now().Add(helloTimeout))
	if c.speaksHTTP() {
		return false
	}
	var hello proto.ClientHello
	code, err := c.reader.UVarInt()
	if err != nil || proto.ClientCode(code) != proto.ClientCodeHello || hello.Decode(c.reader) != nil {
		return false
	}
	_ = c.net.SetReadDeadline(time.Time{})
	revision := int(c.server.revision.Load())
	c.version = min(hello.ProtocolVersion, revision)
	if failing && !c.failConnect(planned, hello) {
		return false
	}
	var known bool
	if c.account, known = c.server.authenticate(hello.User, hello.Password); !known {
		_ = c.sendException(authenticationFailed(hello.User))
		return false
	}
	c.database = hello.Database
	if c.database == "" {
		c.database = "default"
	}
	return c.welcome(revision, hello.ProtocolVersion)
}

func (c *conn) welcome(revision, clientRevision int) bool {
	var b proto.Buffer
	hello := proto.ServerHello{
		Name: "ClickHouse", Major: 26, Minor: 7, Patch: 2, Revision: revision, Timezone: "UTC", DisplayName: "clickhousetest",
	}
	hello.EncodeAware(&b, clientRevision)
	if c.wire.send(b.Buf) != nil {
		return false
	}
	if proto.FeatureAddendum.In(c.version) {
		_, err := c.reader.Str() // the quota key
		return err == nil
	}
	return true
}

// speaksHTTP answers a client that takes this for the HTTP port in the words of the real server.
func (c *conn) speaksHTTP() bool {
	head, err := c.raw.Peek(4)
	if err != nil {
		return false
	}
	switch string(head) {
	case "GET ", "POST", "HEAD", "PUT ", "OPTI":
	default:
		return false
	}
	_, port, _ := strings.Cut(c.server.Addr(), ":")
	body := "Port " + port + " is for clickhouse-client program\r\n" +
		"You must use port 8123 for HTTP.\r\n"
	_ = c.wire.send([]byte("HTTP/1.0 400 Bad Request\r\n\r\n" + body))
	return true
}

func (c *conn) pong() error {
	c.server.pings.Add(1)
	var b proto.Buffer
	proto.ServerCodePong.Encode(&b)
	f, failing := c.server.plan.NextAt(fault.OnRequest)
	if !failing {
		return c.wire.send(b.Buf)
	}
	return c.failPing(f, b.Buf)
}

// readData reads a data packet after its code.
func (c *conn) readData(compressed bool) (columns []Column, rows [][]any, err error) {
	var head proto.ClientData
	if err := head.DecodeAware(c.reader, c.version); err != nil {
		return nil, nil, err
	}
	if compressed {
		c.reader.EnableCompression()
		defer c.reader.DisableCompression()
	}
	return readBlock(c.reader, c.version)
}

func (c *conn) sendException(e *Exception) error {
	var b proto.Buffer
	e.encode(&b, c.version)
	return c.wire.send(b.Buf)
}

// errCut ends an answer of which the client gets no more: a fault has cut it, or the socket is gone.
var errCut = errors.New("the answer was cut short")

// errGone is an answer that the socket does not take any more.
var errGone = fmt.Errorf("%w: the client is gone", errCut)

// wire writes to the socket, in the shape that a fault wants.
type wire struct {
	conn  net.Conn
	left  int64 // bytes until the connection is closed; negative for no limit
	piece int64 // bytes per tick; zero for all at once
	tick  time.Duration
	ctx   context.Context // of the slow answer
}

func newWire(c net.Conn) *wire { return &wire{conn: c, left: -1} }

// shape takes on the fault's limits; the zero Fault takes them off.
func (w *wire) shape(ctx context.Context, f fault.Fault) {
	w.left, w.piece, w.tick, w.ctx = -1, 0, f.Delay, ctx
	switch f.Kind {
	case fault.KindCut:
		w.left = f.Bytes
	case fault.KindSlow:
		w.piece = f.Bytes
	}
}

func (w *wire) send(p []byte) error {
	if w.left >= 0 && int64(len(p)) > w.left {
		_, _ = w.conn.Write(p[:w.left])
		_ = w.conn.Close()
		return errCut
	}
	if w.left >= 0 {
		w.left -= int64(len(p))
	}
	for w.piece > 0 && int64(len(p)) > w.piece {
		if _, err := w.conn.Write(p[:w.piece]); err != nil {
			return errors.Join(errGone, err)
		}
		p = p[w.piece:]
		if err := pause(w.ctx, w.tick); err != nil {
			return errors.Join(errCut, err)
		}
	}
	if _, err := w.conn.Write(p); err != nil {
		return errors.Join(errGone, err)
	}
	return nil
}
