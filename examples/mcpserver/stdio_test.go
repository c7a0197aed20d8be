package main

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/fourkites/sources/internal/command"
)

// message is what a server may write on stdout.
type message struct {
	Version string          `json:"jsonrpc"`
	ID      json.RawMessage `json:"id"`
	Method  string          `json:"method"`
	Result  json.RawMessage `json:"result"`
	Error   json.RawMessage `json:"error"`
}

// process is the program with pipes in place of stdin and stdout.
type process struct {
	in     *io.PipeWriter
	out    *bufio.Scanner
	stderr *text
	cancel context.CancelFunc
	code   chan int
}

func serveStdio(t *testing.T, env map[string]string, args ...string) *process {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	stdin, in := io.Pipe()
	out, stdout := io.Pipe()
	p := &process{in: in, out: bufio.NewScanner(out), stderr: &text{}, cancel: cancel, code: make(chan int, 1)}
	p.out.Buffer(nil, 4<<20)
	go func() {
		code := run(ctx, append([]string{"-stdio"}, args...), env, time.Now(), streams{stdin, stdout, p.stderr})
		_ = stdout.Close()
		p.code <- code
	}()
	t.Cleanup(func() { cancel(); _ = in.Close(); _ = out.Close() })
	return p
}

// ask writes a request and reads up to its answer. Whatever else stands on stdout than messages is an error.
func (p *process) ask(t *testing.T, id, method, params string) message {
	t.Helper()
	p.write(t, `{"jsonrpc":"2.0","id":`+id+`,"method":"`+method+`","params":`+params+`}`)
	for p.out.Scan() {
		m := read(t, p.out.Bytes())
		if string(m.ID) == id && m.Method == "" {
			if m.Error != nil {
				t.Fatalf("%s: %s", method, m.Error)
			}
			return m
		}
	}
	t.Fatalf("%s: stdout ended: %v, %s", method, p.out.Err(), p.stderr)
	return message{}
}

func (p *process) write(t *testing.T, line string) {
	t.Helper()
	if _, err := io.WriteString(p.in, line+"\n"); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, line []byte) message {
	t.Helper()
	var m message
	if err := json.Unmarshal(line, &m); err != nil || m.Version != "2.0" || m.Method == "" && m.Result == nil && m.Error == nil {
		t.Fatalf("no message: %q", line)
	}
	return m
}

func (p *process) greet(t *testing.T) {
	t.Helper()
	p.ask(t, "1", "initialize", `{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"test","version":"1"}}`)
	p.write(t, `{"jsonrpc":"2.0","method":"notifications/initialized"}`)
}

// rest reads stdout to its end.
func (p *process) rest(t *testing.T) {
	t.Helper()
	for p.out.Scan() {
		read(t, p.out.Bytes())
	}
}

func TestOnStdoutNothingStandsButMessages(t *testing.T) {
	t.Parallel()
	p := serveStdio(t, nil)
	p.greet(t)
	if tools := string(p.ask(t, "2", "tools/list", `{}`).Result); !strings.Contains(tools, `"clickhouse_search_logs"`) || strings.Contains(tools, `"analyze_logs_with_drain"`) {
		t.Error(tools)
	}
	answer := p.ask(t, "3", "tools/call", `{"name":"jira_get_issue","arguments":{"issue_key":"OPS-482"}}`)
	if !strings.Contains(string(answer.Result), "Load waits for its truck") {
		t.Errorf("%s", answer.Result)
	}
	refused := p.ask(t, "4", "tools/call", `{"name":"jira_get_issue","arguments":{"issue_key":"no key"}}`)
	if !strings.Contains(string(refused.Result), `"isError":true`) {
		t.Errorf("%s", refused.Result)
	}
	_ = p.in.Close()
	p.rest(t)
	if code := <-p.code; code != command.Done || !strings.Contains(p.stderr.String(), "Demo:") {
		t.Errorf("exit %d: %s", code, p.stderr)
	}
}

func TestOneEndpointAloneCanBeServedOnStdio(t *testing.T) {
	t.Parallel()
	p := serveStdio(t, nil, "-endpoint", "graph")
	p.greet(t)
	tools := string(p.ask(t, "2", "tools/list", `{}`).Result)
	if !strings.Contains(tools, `"graph_list_callers"`) || !strings.Contains(tools, `"analyze_logs_with_drain"`) || strings.Contains(tools, `"jira_get_issue"`) {
		t.Error(tools)
	}
	p.cancel() // a signal, while the client still listens
	p.rest(t)
	if code := <-p.code; code != command.Done {
		t.Errorf("exit %d: %s", code, p.stderr)
	}
}

func TestAnUnknownEndpointIsRefusedWithThoseThatAreServed(t *testing.T) {
	t.Parallel()
	p := serveStdio(t, nil, "-endpoint", "grpah")
	p.rest(t)
	if code := <-p.code; code != command.Misused || !strings.Contains(p.stderr.String(), `-endpoint "grpah": is not served; write one of athena, clickhouse,`) {
		t.Errorf("exit %d: %s", code, p.stderr)
	}
}
