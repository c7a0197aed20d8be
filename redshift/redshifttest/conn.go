package redshifttest

import (
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"net"
	"slices"

	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/fourkites/sources/base/fault"
	"github.com/fourkites/sources/internal/wire"
)

// conn is one connection.
type conn struct {
	server    *Server
	raw       net.Conn
	wire      *wire.Shaped
	encrypted bool
	backend   *pgproto3.Backend
	ctx       context.Context // ends when the client is gone
	stop      context.CancelFunc
	pid       uint32
	secret    []byte

	user, database string
	session        session
	statements     map[string]string
	portals        map[string]*portal
	skipping       bool // until Sync, after an error
	current        currentQuery
}

func newConn(s *Server, raw net.Conn, pid uint32) *conn {
	c := &conn{
		server: s, raw: raw, pid: pid, secret: random(4), session: newSession(),
		statements: map[string]string{}, portals: map[string]*portal{},
	}
	c.ctx, c.stop = context.WithCancel(s.ctx)
	c.use(raw)
	return c
}

// use speaks over that connection from now on.
func (c *conn) use(n net.Conn) {
	c.wire = wire.NewShaped(c.ctx, n)
	c.backend = pgproto3.NewBackend(n, c.wire)
	c.backend.SetMaxBodyLen(64 << 20)
}

var (
	errCut  = errors.New("redshifttest: the connection was cut by a fault")
	errGone = errors.New("redshifttest: the client has gone")
)

func (c *conn) serve() {
	if err := c.start(); err != nil {
		return
	}
	commands := make(chan command, 16)
	pumped := make(chan struct{})
	go func() { // ends when the connection is closed, which the line below does
		defer close(pumped)
		defer c.stop()
		c.pump(commands)
	}()
	c.obey(commands)
	_ = c.raw.Close()
	c.stop()
	<-pumped
}

// start goes through the handshake. An error ends the connection.
func (c *conn) start() error {
	if f, ok := c.server.plan.NextAt(fault.OnConnect); ok {
		if !c.failConnect(f) {
			return errCut
		}
	}
	for {
		first, err := c.backend.ReceiveStartupMessage()
		if err != nil {
			return err
		}
		switch m := first.(type) {
		case *pgproto3.SSLRequest:
			if err := c.encrypt(); err != nil {
				return err
			}
		case *pgproto3.GSSEncRequest:
			if err := c.wire.Send([]byte{'N'}); err != nil {
				return err
			}
		case *pgproto3.CancelRequest:
			c.server.cancel(m.ProcessID, m.SecretKey)
			return errGone
		case *pgproto3.StartupMessage:
			return c.welcome(m.Parameters)
		}
	}
}

func (c *conn) encrypt() error {
	c.server.mu.Lock()
	config := c.server.tls
	c.server.mu.Unlock()
	if config == nil {
		return c.wire.Send([]byte{'N'})
	}
	if err := c.wire.Send([]byte{'S'}); err != nil {
		return err
	}
	conn := tls.Server(c.raw, config)
	if err := conn.HandshakeContext(c.ctx); err != nil {
		return err
	}
	c.use(conn)
	c.encrypted = true
	return nil
}

// startupParameters are those that a server of the PostgreSQL 8.0 line knows; another one ends the connection.
var startupParameters = []string{"user", "database", "application_name", "client_encoding", "options", "datestyle", "timezone", "driver_version", "os_version"}

func (c *conn) welcome(parameters map[string]string) error {
	err := c.admit(parameters)
	if err != nil {
		if e, ok := errors.AsType[*ServerError](err); ok {
			c.backend.Send(e.message())
			_ = c.backend.Flush()
		}
		return err
	}
	c.backend.Send(&pgproto3.AuthenticationOk{})
	for _, status := range [][2]string{
		{"server_version", "8.0.2"},
		{"server_encoding", "UNICODE"},
		{"client_encoding", "UTF8"},
		{"DateStyle", "ISO, MDY"},
		{"TimeZone", "UTC"},
		{"integer_datetimes", "on"},
		{"standard_conforming_strings", "on"},
		{"is_superuser", "off"},
	} {
		c.backend.Send(&pgproto3.ParameterStatus{Name: status[0], Value: status[1]})
	}
	c.backend.Send(&pgproto3.BackendKeyData{ProcessID: c.pid, SecretKey: c.secret})
	return c.ready()
}

func (c *conn) admit(parameters map[string]string) error {
	c.user, c.database = parameters["user"], parameters["database"]
	c.server.mu.Lock()
	mustEncrypt := c.server.tls != nil
	c.server.mu.Unlock()
	switch {
	case mustEncrypt && !c.encrypted:
		return fatal("28000", "no pg_hba.conf entry for host, user %q, SSL off", c.user)
	case c.database != DefaultDatabase:
		return fatal("3D000", "database %q does not exist", c.database)
	}
	for name := range parameters {
		if !slices.Contains(startupParameters, name) {
			return fatal("42704", "unrecognized configuration parameter %q", name)
		}
	}
	return c.authenticate(c.user)
}

func (c *conn) ready() error {
	c.backend.Send(&pgproto3.ReadyForQuery{TxStatus: c.session.status})
	return c.backend.Flush()
}

// cancel stops what a session works on, as a request to cancel asks; a wrong key does nothing.
func (s *Server) cancel(pid uint32, key []byte) {
	if c := s.session(pid); c != nil && slices.Equal(c.secret, key) {
		c.current.stop(UserCanceled())
	}
}

// command is one message of the client, copied.
type command struct {
	kind         byte // the protocol's letter
	name, portal string
	sql          string
	params       [][]byte
	binary       bool
	object       byte // of Describe and Close: S or P
}

// pump reads messages while statements run, so that a client that goes away is noticed.
func (c *conn) pump(commands chan<- command) {
	defer close(commands)
	for {
		m, err := c.backend.Receive()
		if err != nil {
			return
		}
		k, ok := commandOf(m)
		if !ok {
			return
		}
		select {
		case commands <- k:
		case <-c.ctx.Done():
			return
		}
	}
}

func commandOf(m pgproto3.FrontendMessage) (command, bool) {
	switch m := m.(type) {
	case *pgproto3.Query:
		return command{kind: 'Q', sql: m.String}, true
	case *pgproto3.Parse:
		return command{kind: 'P', name: m.Name, sql: m.Query}, true
	case *pgproto3.Bind:
		k := command{kind: 'B', name: m.PreparedStatement, portal: m.DestinationPortal}
		for _, p := range m.Parameters {
			k.params = append(k.params, slices.Clone(p))
		}
		k.binary = slices.Contains(m.ResultFormatCodes, 1) || slices.Contains(m.ParameterFormatCodes, 1)
		return k, true
	case *pgproto3.Describe:
		return command{kind: 'D', object: m.ObjectType, name: m.Name, portal: m.Name}, true
	case *pgproto3.Execute:
		return command{kind: 'E', portal: m.Portal}, true
	case *pgproto3.Close:
		return command{kind: 'C', object: m.ObjectType, name: m.Name}, true
	case *pgproto3.Sync:
		return command{kind: 'S'}, true
	case *pgproto3.Flush:
		return command{kind: 'H'}, true
	}
	return command{}, false // Terminate, and what no client sends here
}

// obey works through the messages until the connection ends.
func (c *conn) obey(commands <-chan command) {
	for k := range commands {
		if err := c.do(k); err != nil {
			return
		}
	}
}

func (c *conn) do(k command) error {
	if c.skipping && k.kind != 'S' {
		return nil
	}
	switch k.kind {
	case 'Q':
		return c.simple(k.sql)
	case 'S':
		c.skipping = false
		return c.ready()
	case 'H':
		return c.backend.Flush()
	}
	err := c.extended(k)
	if e, ok := errors.AsType[*ServerError](err); ok {
		c.skipping = true
		c.session.failed()
		c.backend.Send(e.message())
		return nil
	}
	return err
}

// simple runs the statements of one text, up to the first error.
func (c *conn) simple(sql string) error {
	all, problem := split(sql)
	var err error
	if problem != nil {
		err = problem
	}
	if err == nil && len(all) == 0 {
		c.backend.Send(&pgproto3.EmptyQueryResponse{})
	}
	for _, one := range all {
		if err != nil {
			break
		}
		var p *portal
		if p, err = c.bind(one, nil, false); err == nil {
			if p.columns != nil {
				c.backend.Send(rowDescription(p.columns))
			}
			err = c.execute(p)
		}
	}
	if e, ok := errors.AsType[*ServerError](err); ok {
		c.session.failed()
		c.backend.Send(e.message())
		err = nil
	}
	if err != nil {
		return err
	}
	return c.ready()
}

func (c *conn) extended(k command) error {
	switch k.kind {
	case 'P':
		all, problem := split(k.sql)
		if problem != nil {
			return problem
		}
		if len(all) > 1 {
			return fail("42601", "cannot insert multiple commands into a prepared statement")
		}
		c.statements[k.name] = k.sql
		c.backend.Send(&pgproto3.ParseComplete{})
	case 'B':
		if k.binary {
			return fail("0A000", "this server sends and takes texts only")
		}
		p, err := c.bind(c.statements[k.name], k.params, true)
		if err != nil {
			return err
		}
		c.portals[k.portal] = p
		c.backend.Send(&pgproto3.BindComplete{})
	case 'D':
		return c.describe(k)
	case 'E':
		p := c.portals[k.portal]
		if p == nil {
			return fail("34000", "portal %q does not exist", k.portal)
		}
		return c.execute(p)
	case 'C':
		if k.object == 'S' {
			delete(c.statements, k.name)
		} else {
			delete(c.portals, k.name)
		}
		c.backend.Send(&pgproto3.CloseComplete{})
	}
	return nil
}

func (c *conn) describe(k command) error {
	p := c.portals[k.portal]
	if k.object == 'S' {
		sql, ok := c.statements[k.name]
		if !ok {
			return fail("26000", "prepared statement %q does not exist", k.name)
		}
		oids := make([]uint32, countParams(sql))
		for i := range oids {
			oids[i] = textOID
		}
		c.backend.Send(&pgproto3.ParameterDescription{ParameterOIDs: oids})
		var err error
		if p, err = c.bind(sql, make([][]byte, len(oids)), false); err != nil {
			return err
		}
	}
	if p == nil || p.columns == nil {
		c.backend.Send(&pgproto3.NoData{})
		return nil
	}
	c.backend.Send(rowDescription(p.columns))
	return nil
}

func countParams(sql string) int {
	tokens, _ := lex(sql)
	most := 0
	for _, t := range tokens {
		if t.kind == tokParam {
			most = max(most, number(t.text))
		}
	}
	return most
}

const hostileLength = 2 << 30

// hostile is the head of a message that claims to be that long.
func hostile(kind byte) []byte {
	return binary.BigEndian.AppendUint32([]byte{kind}, hostileLength-1)
}
