package mcppeers_test

import (
	"context"
	"encoding/json"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/fourkites/sources/mcp"
)

func TestTheInspectorFindsNoFaultWithOurCatalog(t *testing.T) {
	t.Parallel()
	folder := nodePeers(t)
	c, err := newCatalog(t.Context())
	t.Cleanup(c.close)
	if err != nil {
		t.Fatal(err)
	}
	url := serve(t, mcp.ServerConfig{Writes: true}, c.boxes)
	for what, target := range map[string][]string{
		"http":  {url, "--transport", "http", "--stored-auth-only"},
		"stdio": self(t, roleStdio),
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			inspect(t, inspector{folder, target}, what, c.tools())
		})
	}
}

// inspector is the command line client of the Inspector, and the server that it is told to ask.
type inspector struct {
	folder string
	target []string
}

func (i inspector) ask(t *testing.T, args ...string) ran {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), runTimeout)
	defer cancel()
	program := filepath.Join(i.folder, "node_modules", "@modelcontextprotocol", "inspector", "clients", "launcher", "build", "index.js")
	return run(t, nodeCommand(ctx, t, i.folder, program, slices.Concat([]string{"--cli"}, i.target, args)...))
}

func inspect(t *testing.T, i inspector, what string, tools int) {
	s := count(t, "inspector", inspectorVersion, what)
	s.try("every schema is portable", func(t *testing.T) {
		var list struct{ Tools []struct{ Name string } }
		i.want(t, 0, &list, "--method", "tools/list", "--strict")
		if len(list.Tools) != tools {
			t.Errorf("%d tools, want %d", len(list.Tools), tools)
		}
	})
	s.try("a tool of Jira answers", func(t *testing.T) {
		var answer struct {
			StructuredContent struct{ Issue struct{ Key string } }
		}
		i.want(t, 0, &answer, "--method", "tools/call", "--tool-name", "jira_get_issue", "--tool-arg", "issue_key="+issueKey)
		if got := answer.StructuredContent.Issue.Key; got != issueKey {
			t.Errorf("the issue %q, want %s", got, issueKey)
		}
	})
	s.try("a tool of evidence answers", func(t *testing.T) {
		var answer struct{ StructuredContent struct{ Patterns []any } }
		i.want(t, 0, &answer, "--method", "tools/call", "--tool-name", "evidence_mine_log_lines",
			"--tool-args-json", `{"logs":["user 1 left","user 2 left"]}`)
		if got := len(answer.StructuredContent.Patterns); got != 1 {
			t.Errorf("%d patterns, want 1", got)
		}
	})
	s.try("an argument that is wrong is the tool's error", func(t *testing.T) {
		var answer struct{ IsError bool }
		i.want(t, 5, &answer, "--method", "tools/call", "--tool-name", "clickhouse_query_sql", "--tool-arg", "sequel=SELECT 1")
		if !answer.IsError {
			t.Error("the answer is no error")
		}
	})
	s.try("the health of every client is read", func(t *testing.T) {
		var answer struct{ Contents []struct{ Text string } }
		i.want(t, 0, &answer, "--method", "resources/read", "--uri", "sources://health")
		if len(answer.Contents) != 1 || !strings.Contains(answer.Contents[0].Text, `"clickhouse"`) {
			t.Errorf("%+v", answer)
		}
	})
}

// want asks, and reads the answer of the server where the exit code is the wanted one.
func (i inspector) want(t *testing.T, code int, into any, args ...string) {
	t.Helper()
	end := i.ask(t, append(args, "--quiet")...)
	if end.code != code {
		t.Fatalf("%v: exit code %d, want %d\n%s\n%s", args, end.code, code, end.stdout, end.stderr)
	}
	if err := json.Unmarshal([]byte(end.stdout), into); err != nil {
		t.Fatalf("%v\n%s", err, end.stdout)
	}
}
