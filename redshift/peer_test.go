package redshift_test

import (
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/fourkites/sources/base/secret"
	"github.com/fourkites/sources/redshift"
)

// peerPassword is long, so that a part of it would be known again.
const peerPassword = "planted-password-0123456789-abcdefghijklmnopqrstuvwxyz-0123456789"

// peer speaks the server's side of the protocol as far as a test says, right or wrong.
type peer struct {
	idle   bool                           // BEGIN begins nothing, though it is answered well
	login  func(b *pgproto3.Backend) bool // nil: no password is asked for; false hangs up
	answer func(b *pgproto3.Backend)      // to a statement, without its ReadyForQuery; nil: the number 1

	listener net.Listener
	mu       sync.Mutex
	parsed   []string
	open     map[net.Conn]struct{}
	all      sync.WaitGroup
}

func newPeer(t *testing.T, p *peer) *peer {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p.listener, p.open = listener, map[net.Conn]struct{}{}
	p.all.Go(p.accept)
	t.Cleanup(p.close)
	return p
}

func (p *peer) close() {
	_ = p.listener.Close()
	p.mu.Lock()
	for c := range p.open {
		_ = c.Close()
	}
	p.mu.Unlock()
	p.all.Wait()
}

func (p *peer) accept() {
	for {
		c, err := p.listener.Accept()
		if err != nil {
			return
		}
		p.mu.Lock()
		p.open[c] = struct{}{}
		p.mu.Unlock()
		p.all.Go(func() {
			p.serve(c)
			_ = c.Close()
			p.mu.Lock()
			delete(p.open, c)
			p.mu.Unlock()
		})
	}
}

// serve goes through one connection: login, then statements until it ends.
func (p *peer) serve(c net.Conn) {
	b := pgproto3.NewBackend(c, c)
	first, err := b.ReceiveStartupMessage()
	if _, ok := first.(*pgproto3.StartupMessage); err != nil || !ok {
		return
	}
	if p.login != nil && !p.login(b) {
		return
	}
	b.Send(&pgproto3.AuthenticationOk{})
	b.Send(&pgproto3.BackendKeyData{ProcessID: 7, SecretKey: []byte{1, 2, 3, 4}})
	status := byte('I')
	for {
		b.Send(&pgproto3.ReadyForQuery{TxStatus: status})
		if b.Flush() != nil || !p.statement(b, &status) {
			return
		}
	}
}

// statement answers all up to the next ReadyForQuery; false at the end of the connection.
func (p *peer) statement(b *pgproto3.Backend, status *byte) bool {
	for {
		m, err := b.Receive()
		if err != nil {
			return false
		}
		switch m := m.(type) {
		case *pgproto3.Parse:
			p.mu.Lock()
			p.parsed = append(p.parsed, m.Query)
			p.mu.Unlock()
		case *pgproto3.Query:
			for part := range strings.SplitSeq(m.String, ";") {
				switch {
				case strings.Contains(part, "BEGIN") && !p.idle:
					*status = 'T'
				case strings.Contains(part, "ROLLBACK"):
					*status = 'I'
				}
				b.Send(&pgproto3.CommandComplete{CommandTag: []byte("OK")})
			}
			return true
		case *pgproto3.Sync:
			if p.answer != nil {
				p.answer(b)
				return true
			}
			describe(b, oidInt4)
			row(b, "1")
			complete(b, "SELECT 1")
			return true
		case *pgproto3.Terminate:
			return false
		}
	}
}

// statements are the texts of the statements that were sent.
func (p *peer) statements() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string(nil), p.parsed...)
}

func (p *peer) config() redshift.Config {
	host, port, _ := net.SplitHostPort(p.listener.Addr().String())
	n, _ := strconv.Atoi(port)
	cfg := redshift.Config{Host: host, Port: n, Database: "db", User: "reader", Password: secret.Literal(peerPassword), Plaintext: true}
	cfg.Limits.Retries = -1
	return cfg
}

const (
	oidInt4    = 23
	oidFloat8  = 701
	oidNumeric = 1700
)

// describe begins an answer of columns of those types.
func describe(b *pgproto3.Backend, types ...uint32) {
	b.Send(&pgproto3.ParseComplete{})
	b.Send(&pgproto3.BindComplete{})
	fields := make([]pgproto3.FieldDescription, len(types))
	for i, oid := range types {
		fields[i] = pgproto3.FieldDescription{Name: []byte("c" + strconv.Itoa(i)), DataTypeOID: oid, DataTypeSize: -1, TypeModifier: -1}
	}
	b.Send(&pgproto3.RowDescription{Fields: fields})
}

func row(b *pgproto3.Backend, values ...string) {
	m := &pgproto3.DataRow{}
	for _, v := range values {
		m.Values = append(m.Values, []byte(v))
	}
	b.Send(m)
}

func complete(b *pgproto3.Backend, tag string) {
	b.Send(&pgproto3.CommandComplete{CommandTag: []byte(tag)})
}
