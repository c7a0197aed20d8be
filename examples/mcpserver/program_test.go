package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"
	"go.uber.org/goleak"

	"github.com/fourkites/sources/internal/command"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// text is a buffer that is written and read at once.
type text struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (t *text) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.b.Write(p)
}

func (t *text) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.b.String()
}

// running is the program while it serves.
type running struct {
	url    string // of /mcp
	stdout string // until it listened
	stderr *text
	cancel context.CancelFunc
	code   chan int
	want   int // the exit code that is right
}

// regexpWindow is what the demo tells of its time.
var regexpWindow = regexp.MustCompile(`from (\S+Z) to (\S+Z)\.`)

var served = regexp.MustCompile(`http://127\.0\.0\.1:\d+/mcp`)

// serve starts the program on a free port, and ends it with the test.
func serve(t *testing.T, env map[string]string, args ...string) *running {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	out, in := io.Pipe()
	p := &running{stderr: &text{}, cancel: cancel, code: make(chan int, 1), want: command.Done}
	go func() {
		p.code <- run(ctx, append([]string{"-listen", "127.0.0.1:0"}, args...), env, time.Now(), streams{strings.NewReader(""), in, p.stderr})
		_ = in.Close()
	}()
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		p.stdout += lines.Text() + "\n"
		if strings.HasPrefix(lines.Text(), "Ctrl-C") {
			break
		}
	}
	p.url = served.FindString(p.stdout)
	if p.url == "" {
		cancel()
		t.Fatalf("exit %d: %s\n%s", <-p.code, p.stderr, p.stdout)
	}
	t.Cleanup(func() {
		if code := p.end(); code != p.want {
			t.Errorf("exit %d: %s", code, p.stderr)
		}
	})
	return p
}

// end ends the program as a signal does, and gives its exit code.
func (p *running) end() int {
	p.cancel()
	code := <-p.code
	p.code <- code
	return code
}

// header is sent with every request of a client.
type header struct {
	name, value string
	next        *http.Transport
}

func (h header) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	if h.name == "Host" {
		r.Host = h.value
	} else if h.name != "" {
		r.Header.Set(h.name, h.value)
	}
	return h.next.RoundTrip(r)
}

// dial connects the official client to an endpoint.
func dial(t *testing.T, url string, h header) (*sdk.ClientSession, error) {
	t.Helper()
	h.next = &http.Transport{}
	t.Cleanup(h.next.CloseIdleConnections)
	client := sdk.NewClient(&sdk.Implementation{Name: "test", Version: "1"}, nil)
	session, err := client.Connect(t.Context(), &sdk.StreamableClientTransport{Endpoint: url, HTTPClient: &http.Client{Transport: h}, MaxRetries: -1}, nil)
	if err == nil {
		t.Cleanup(func() { _ = session.Close() })
	}
	return session, err
}

func connect(t *testing.T, url string) *sdk.ClientSession {
	t.Helper()
	session, err := dial(t, url, header{})
	if err != nil {
		t.Fatal(err)
	}
	return session
}

// list are the tools that an endpoint has, by their names.
func list(t *testing.T, s *sdk.ClientSession) map[string]*sdk.Tool {
	t.Helper()
	all := map[string]*sdk.Tool{}
	for tool, err := range s.Tools(t.Context(), nil) {
		if err != nil {
			t.Fatal(err)
		}
		if all[tool.Name] != nil {
			t.Errorf("%s is listed twice", tool.Name)
		}
		all[tool.Name] = tool
	}
	return all
}

// call is the answer of a tool, as JSON.
func call(t *testing.T, s *sdk.ClientSession, name string, args any) string {
	t.Helper()
	result, err := s.CallTool(t.Context(), &sdk.CallToolParams{Name: name, Arguments: args})
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	all, err := json.Marshal(result)
	if err != nil || result.IsError {
		t.Fatalf("%s: %v, %s", name, err, all)
	}
	answer, err := json.Marshal(result.StructuredContent)
	if err != nil {
		t.Fatal(err)
	}
	return string(answer)
}
