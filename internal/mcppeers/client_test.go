package mcppeers_test

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/clickhouse"
	"github.com/fourkites/sources/internal/engines"
	"github.com/fourkites/sources/mcp"
)

const (
	queryTool = "clickhouse_query_sql"
	patience  = 30 * time.Second // until a query is seen to run, or to be gone; it would run for an hour
)

func TestClientsOfOthersStopAQueryOfTheRealServer(t *testing.T) {
	t.Parallel()
	store := engines.Shared(t)
	source, err := clickhouse.New(t.Context(), clickhouse.Config{Addresses: []string{store.Addr}, Database: engines.Database})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = source.Close() })
	url := serve(t, mcp.ServerConfig{Progress: base.Duration(100 * time.Millisecond)}, []mcp.Toolbox{source})
	for _, c := range []struct{ peer, version, program string }{
		{"python mcp", pythonMCP, "python_mcp.py"},
		{"python fastmcp", pythonFastMCP, "python_fastmcp.py"},
		{"typescript sdk", typescriptSDK, "typescript_sdk.mjs"},
		{"typescript client", typescriptClient, "typescript_client.mjs"},
	} {
		t.Run(c.peer, func(t *testing.T) {
			t.Parallel()
			p := startPeer(t, c.program, url)
			s := count(t, c.peer, c.version, "list, call, progress, cancel, timeout")
			s.try("list", p.lists)
			s.try("call", p.calls)
			s.try("progress", p.seesProgress)
			s.try("cancel", func(t *testing.T) { p.stops(t, store, order{Do: "start"}, order{Do: "cancel"}) })
			s.try("timeout", func(t *testing.T) { p.stops(t, store, order{Do: "start", Timeout: 3}, order{Do: "wait"}) })
		})
	}
}

// order is what a peer is told, and answer what it says; see peers/orders.py.
type order struct {
	Do        string         `json:"do"`
	Tool      string         `json:"tool,omitempty"`
	Arguments map[string]any `json:"arguments,omitzero"`
	Timeout   float64        `json:"timeout,omitempty"` // seconds
}

type answer struct {
	Tools      []string
	Structured struct{ Items []map[string]any }
	Failed     bool
	Text       string
	Progress   []float64
	Started    bool
	Ended      string
}

// peer is a program with the client of others in it.
type peer struct {
	name   string
	orders io.Writer
	lines  *bufio.Scanner
	stderr *strings.Builder
}

func startPeer(t *testing.T, program, url string) *peer {
	t.Helper()
	dir := layPrograms(t)
	path, ctx := filepath.Join(dir, program), context.WithoutCancel(t.Context()) // begin ends it
	if strings.HasSuffix(program, ".py") {
		cmd := exec.CommandContext(ctx, filepath.Join(pythonPeers(t), "venv", "bin", "python"), path, url)
		cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "PYTHONDONTWRITEBYTECODE=1"}
		return begin(t, program, cmd)
	}
	folder := nodePeers(t)
	if err := os.Symlink(filepath.Join(folder, "node_modules"), filepath.Join(dir, "node_modules")); err != nil {
		t.Fatal(err)
	}
	return begin(t, program, nodeCommand(ctx, t, folder, path, url))
}

// begin starts the program, which ends when its orders do, and is killed where it does not.
func begin(t *testing.T, name string, cmd *exec.Cmd) *peer {
	t.Helper()
	orders, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	lines, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	p := &peer{name: name, orders: orders, lines: bufio.NewScanner(lines), stderr: &strings.Builder{}}
	cmd.Stderr, cmd.WaitDelay = p.stderr, 5*time.Second
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = orders.Close()
		kill := time.AfterFunc(10*time.Second, func() { _ = cmd.Process.Kill() })
		defer kill.Stop()
		if err := cmd.Wait(); err != nil || t.Failed() {
			t.Errorf("%s ended: %v\n%s", name, err, p.stderr)
		}
	})
	return p
}

func (p *peer) tell(t *testing.T, o order) answer {
	t.Helper()
	line, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.orders.Write(append(line, '\n')); err != nil {
		t.Fatalf("%s takes no order: %v", p.name, err)
	}
	if !p.lines.Scan() {
		t.Fatalf("%s does not answer %s: %v", p.name, line, p.lines.Err())
	}
	var a answer
	if err := json.Unmarshal(p.lines.Bytes(), &a); err != nil {
		t.Fatalf("%s answers %q: %v", p.name, p.lines.Text(), err)
	}
	return a
}

func (p *peer) lists(t *testing.T) {
	if got := p.tell(t, order{Do: "list"}); !slices.Contains(got.Tools, queryTool) {
		t.Errorf("%v is without %s", got.Tools, queryTool)
	}
}

func (p *peer) calls(t *testing.T) {
	got := p.tell(t, order{Do: "call", Tool: queryTool, Arguments: map[string]any{"sql": "SELECT 6 * 7 AS n"}})
	if got.Failed || len(got.Structured.Items) != 1 || fmt.Sprint(got.Structured.Items[0]["n"]) != "42" {
		t.Errorf("%+v, want one row with 42", got)
	}
	if got := p.tell(t, order{Do: "call", Tool: queryTool, Arguments: map[string]any{"sql": "SELECT no_such_column"}}); !got.Failed {
		t.Errorf("%+v, want a failure", got)
	}
}

// seesProgress asks for something that takes many times as long as the server is silent.
func (p *peer) seesProgress(t *testing.T) {
	got := p.tell(t, order{Do: "progress", Tool: queryTool, Arguments: map[string]any{"sql": "SELECT sleep(1)"}})
	if got.Failed || len(got.Progress) == 0 || !slices.IsSorted(got.Progress) {
		t.Errorf("%+v, want progress that grows", got)
	}
}

// stops has the peer start a query that would run for an hour, waits until the server runs it, has the peer give up, and waits
// until the server runs it no more.
func (p *peer) stops(t *testing.T, store *engines.Server, start, end order) {
	mark := strings.NewReplacer(".", "_", "/", "_", " ", "_").Replace(t.Name())
	start.Tool = queryTool
	start.Arguments = map[string]any{"sql": "SELECT sum(sleep(1)) AS " + mark + " FROM numbers(250000000)"}
	if got := p.tell(t, start); !got.Started {
		t.Fatalf("%+v", got)
	}
	await(t, store, mark, "1")
	if got := p.tell(t, end); strings.HasPrefix(cmp.Or(got.Ended, "answered"), "answered") {
		t.Errorf("the call %s, want it to be cut short", got.Ended)
	}
	await(t, store, mark, "0")
}

// await waits until the server runs so many queries with the mark.
func await(t *testing.T, store *engines.Server, mark, want string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	sql := fmt.Sprintf("SELECT count() FROM system.processes WHERE query LIKE '%%AS %s FROM%%' AND query NOT LIKE '%%system.processes%%'", mark)
	for seen := ""; ; {
		got, err := store.Query(ctx, engines.UserDefault, engines.PasswordDefault, sql)
		switch {
		case err != nil:
			t.Fatalf("the server runs %q of the queries, want %s: %v", seen, want, err)
		case got == want:
			return
		}
		seen = got
		<-tick.C
	}
}
