package mcp_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/fourkites/sources/mcp"
)

const greeting = `{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}
{"jsonrpc":"2.0","method":"notifications/initialized"}
`

func server(t *testing.T, c mcp.ServerConfig, boxes ...mcp.Toolbox) *mcp.Server {
	t.Helper()
	s, err := mcp.NewServer(t.Context(), c, boxes)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// answered are the ids of the answers on out, which holds nothing else.
func answered(t *testing.T, out string) string {
	t.Helper()
	var ids []string
	for line := range strings.Lines(out) {
		var m struct {
			JSONRPC string          `json:"jsonrpc"`
			ID      json.RawMessage `json:"id"`
		}
		if err := json.Unmarshal([]byte(line), &m); err != nil || m.JSONRPC != "2.0" {
			t.Fatalf("not a message: %q %v", line, err)
		}
		ids = append(ids, string(m.ID))
	}
	return strings.Join(ids, " ")
}

func TestRequestsOfAPipelineAreAnsweredAfterItsEnd(t *testing.T) {
	t.Parallel()
	in := greeting +
		`{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"demo_get_echo","arguments":{"text":"hi"}}}` + "\n" +
		`{"jsonrpc":"2.0","id":"three","method":"tools/list"}` // without an end of the line
	for range 20 {
		var out bytes.Buffer
		if err := server(t, mcp.ServerConfig{}, newDemo()).ServeStdio(t.Context(), "demo", byteByByte(in), &out); err != nil {
			t.Fatal(err)
		}
		ids := answered(t, out.String())
		for _, id := range []string{"1", "2", `"three"`} {
			if !strings.Contains(ids, id) {
				t.Fatalf("request %s has no answer: %s", id, out.String())
			}
		}
	}
}

// byteByByte gives a text byte by byte.
func byteByByte(text string) io.Reader { return oneByte{strings.NewReader(text)} }

type oneByte struct{ io.Reader }

func (o oneByte) Read(p []byte) (int, error) { return o.Reader.Read(p[:min(1, len(p))]) }

func TestACallThatIsTakenBackDoesNotHoldTheEndBack(t *testing.T) {
	t.Parallel()
	d := newDemo()
	in, feed := io.Pipe()
	done := make(chan error, 1)
	go func() { done <- server(t, mcp.ServerConfig{}, d).ServeStdio(t.Context(), "", in, io.Discard) }()
	for _, line := range []string{
		greeting, `{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"demo_get_slow","arguments":{}}}` + "\n",
	} {
		if _, err := io.WriteString(feed, line); err != nil {
			t.Fatal(err)
		}
	}
	<-d.began
	if _, err := io.WriteString(feed, `{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":2}}`+"\n"); err != nil {
		t.Fatal(err)
	}
	if cause := <-d.ended; !errors.Is(cause, context.Canceled) {
		t.Errorf("the call ended by %v", cause)
	}
	_ = feed.Close()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestTheEndOfTheContextEndsStdio(t *testing.T) {
	t.Parallel()
	d := newDemo()
	in, feed := io.Pipe()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- server(t, mcp.ServerConfig{}, d).ServeStdio(ctx, "", in, io.Discard) }()
	if _, err := io.WriteString(feed, greeting+`{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"demo_get_slow","arguments":{}}}`+"\n"); err != nil {
		t.Fatal(err)
	}
	<-d.began
	cancel()
	if cause := <-d.ended; cause == nil {
		t.Error("the call was not cut")
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestAnUnknownEndpointIsNamed(t *testing.T) {
	t.Parallel()
	err := server(t, mcp.ServerConfig{}, newDemo()).ServeStdio(t.Context(), "dmo", strings.NewReader(""), io.Discard)
	if err == nil || !strings.Contains(err.Error(), `"dmo"`) || !strings.Contains(err.Error(), "demo") {
		t.Error(err)
	}
}
