package graph_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/graph"
)

// turned is a connection whose peer says something else once the client has written a text.
type turned struct {
	net.Conn
	trigger []byte
	armed   atomic.Bool
	closed  atomic.Bool
	instead io.Reader
}

func (p *turned) Close() error {
	p.closed.Store(true)
	return p.Conn.Close()
}

func (p *turned) Write(data []byte) (int, error) {
	if bytes.Contains(data, p.trigger) && !bytes.Contains(data, []byte("EXPLAIN")) {
		p.armed.Store(true)
	}
	return p.Conn.Write(data)
}

func (p *turned) Read(data []byte) (int, error) {
	if p.armed.Load() && !p.closed.Load() {
		return p.instead.Read(data)
	}
	return p.Conn.Read(data)
}

// looped gives its bytes again and again.
type looped struct {
	data []byte
	at   int
}

func (e *looped) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = e.data[e.at%len(e.data)]
		e.at++
	}
	return len(p), nil
}

// chunk is one of a message, which goes on.
func chunk(data string) string {
	return string(binary.BigEndian.AppendUint16(nil, uint16(len(data)))) + data //nolint:gosec // short
}

const (
	messageEnd   = "\x00\x00"
	messageOK    = "\xB1\x70\xA1\x86fields\x91\x81x"
	messageStart = "\xB1\x71\x91" // of a record with one value
)

func TestWhatAServerSendsIsBounded(t *testing.T) {
	t.Parallel()
	for what, c := range map[string]struct{ first, then, want string }{
		"a list that announces too much":  {first: chunk(messageStart + "\xD6\x7F\xFF\xFF\xFF"), want: "announces"},
		"a map that announces too much":   {first: chunk(messageStart + "\xDA\x40\x00\x00\x00"), want: "announces"},
		"bytes that announce too much":    {first: chunk(messageStart + "\xCE\xFF\xFF\xFF\xFF"), want: "announces"},
		"a text that announces too much":  {first: chunk(messageStart+"\xD2\xFF\xFF\xFF\xFF") + messageEnd, want: "announces"},
		"lists that announce it together": {first: chunk(messageStart + "\x92\xD6\x00\xA0\x00\x00\xD6\x00\xA0\x00\x00"), want: "values or"},
		"lists in lists":                  {first: chunk(messageStart), then: chunk(strings.Repeat("\x91", 100)), want: "levels"},
		"a message without end":           {first: chunk(messageStart + "\xD2\x00\xFF\xFF\xFF"), then: chunk(strings.Repeat("a", 60_000)), want: "MiB"},
		"a message that is cut":           {first: chunk(messageStart+"\x85ab") + messageEnd, want: "inside a value"},
		"a second value":                  {first: chunk(messageStart + "\x01\x01"), want: "no value begins"},
		"a byte that begins no value":     {first: chunk(messageStart + "\xC4"), want: "no value begins"},
		"a path that leads nowhere":       {first: chunk(messageStart+"\xB3P\x90\x90\x92\x01\x01") + messageEnd, want: "cannot read"},
	} {
		server := fake(t)
		dial := func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := (&net.Dialer{}).DialContext(ctx, network, address)
			instead := io.MultiReader(strings.NewReader(chunk(messageOK)+messageEnd+c.first), &looped{data: []byte(cmp.Or(c.then, messageEnd))})
			return &turned{Conn: conn, trigger: []byte("RETURN 12345"), instead: instead}, err
		}
		client := newClient(t, server.Config(), base.WithDialer(dial))
		if err := ask(t, client, "RETURN 12345 AS x"); base.KindOf(err) != base.KindProtocol || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", what, err)
		}
		if err := ask(t, client, "RETURN 1 AS x"); err != nil {
			t.Errorf("%s: the next call: %v", what, err)
		}
	}
}

func TestAGreetingIsBounded(t *testing.T) {
	t.Parallel()
	for what, says := range map[string]string{
		"more offers than there are versions": "\x00\x00\x01\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x7F",
		"a number without end":                "\x00\x00\x01\xFF\x01\x00\x08\x08\x05" + strings.Repeat("\x80", 100),
	} {
		server := fake(t)
		dial := func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := (&net.Dialer{}).DialContext(ctx, network, address)
			return &turned{Conn: conn, trigger: []byte("\x60\x60\xB0\x17"), instead: strings.NewReader(says)}, err
		}
		client := newClient(t, server.Config(), base.WithDialer(dial))
		if err := client.Ping(t.Context()); base.KindOf(err) != base.KindProtocol {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func TestARowOfManyChunksIsRead(t *testing.T) {
	t.Parallel()
	client := newClient(t, fake(t).Config())
	r, err := client.Query(t.Context(), graph.Query{Cypher: "RETURN $text AS text, $list AS list", Args: map[string]any{
		"text": strings.Repeat("x", 3<<20), "list": []any{int64(1) << 40, -1, 1.5, nil, true, []byte{1, 2}, map[string]any{"a": []any{"b", 300, -200}}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for row, err := range r.All() {
		if err != nil {
			t.Fatal(err)
		}
		if text, _ := row.Value(0).(string); len(text) != 3<<20 {
			t.Errorf("%d bytes", len(text))
		}
		n++
	}
	if n != 1 {
		t.Errorf("%d rows", n)
	}
}
