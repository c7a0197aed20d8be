package redshift_test

import (
	"bytes"
	"context"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/redshift"
	"github.com/fourkites/sources/redshift/redshifttest"
)

// What a statement may do and for how long is held by the server: the client has to tell it.
func TestAStatementIsHeldByItsSession(t *testing.T) {
	t.Parallel()
	server := fake(t)
	cfg := server.Config()
	cfg.MaxExecution = base.Duration(4 * time.Minute)
	c := newClient(t, cfg)
	near, cancel := context.WithTimeout(t.Context(), 90*time.Second)
	defer cancel()
	far, cancel := context.WithTimeout(t.Context(), time.Hour)
	defer cancel()
	for name, test := range map[string]struct {
		ctx     context.Context
		schema  string
		timeout string // milliseconds
		path    string
	}{
		"no deadline":   {t.Context(), "", "240000", "$user, public"},
		"near deadline": {near, "", "90000", "$user, public"},
		"far deadline":  {far, "", "240000", "$user, public"},
		"schema":        {t.Context(), "platform", "240000", "platform"},
	} {
		server.ForgetRequests()
		answer, err := c.Query(test.ctx, redshift.Query{SQL: "SELECT 1", Schema: test.schema})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if err := answer.Close(); err != nil {
			t.Error(err)
		}
		r := server.Requests()[0]
		got := []any{r.ReadOnly, r.Settings["statement_timeout"], r.Settings["search_path"], r.Settings["datestyle"]}
		if diff := cmp.Diff([]any{true, test.timeout, test.path, "ISO, YMD"}, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestPlainTransactionsAreSwitchedOnByTheOperatorAlone(t *testing.T) {
	t.Parallel()
	server := fake(t)
	cfg := server.Config()
	cfg.PlainTransactions = true
	if _, err := one(t.Context(), newClient(t, cfg), "SELECT 1"); err != nil {
		t.Fatal(err)
	}
	if r := server.Requests()[0]; r.ReadOnly {
		t.Errorf("the switch does nothing: %+v", r)
	}
}

// heard is what was written to a server.
type heard struct {
	mu   sync.Mutex
	text bytes.Buffer
}

type overheard struct {
	net.Conn
	heard *heard
}

// Write is the connection's.
func (o overheard) Write(p []byte) (int, error) {
	o.heard.mu.Lock()
	o.heard.text.Write(p)
	o.heard.mu.Unlock()
	return o.Conn.Write(p)
}

// A timestamptz is written in the zone of the session, which an account may have another default for.
func TestEveryConnectionIsToldItsZone(t *testing.T) {
	t.Parallel()
	server := fake(t)
	var h heard
	c := newClient(t, server.Config(), base.WithDialer(func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := new(net.Dialer).DialContext(ctx, network, address)
		return overheard{conn, &h}, err
	}))
	if err := c.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if !bytes.Contains(h.text.Bytes(), []byte("SET TimeZone TO 'UTC'")) {
		t.Errorf("the zone was left to the server: %q", h.text.String())
	}
}

func TestAStatementEndsAtItsOwnTimeout(t *testing.T) {
	t.Parallel()
	server := fake(t)
	server.ReplyTo("endless", redshifttest.Reply{Repeat: -1})
	c := newClient(t, server.Config())
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if _, err := c.Query(ctx, redshift.Query{SQL: "SELECT 'endless'", Timeout: 100 * time.Millisecond}); base.KindOf(err) != base.KindDeadline || ctx.Err() != nil {
		t.Error(err)
	}
}

func TestAServerThatBeginsNoTransactionIsSentNoStatement(t *testing.T) {
	t.Parallel()
	p := newPeer(t, &peer{idle: true})
	c := newClient(t, p.config())
	_, err := one(t.Context(), c, "SELECT 42")
	if base.KindOf(err) != base.KindProtocol || !strings.Contains(err.Error(), "no transaction") {
		t.Errorf("got %v", err)
	}
	for _, sql := range p.statements() {
		if strings.Contains(sql, "42") {
			t.Errorf("%q was sent outside a READ ONLY transaction", sql)
		}
	}
}
