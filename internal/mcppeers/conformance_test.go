package mcppeers_test

import (
	"context"
	"encoding/json"
	"io/fs"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fourkites/sources/mcp"
)

func TestTheConformanceSuitePassesTheServerWithSessions(t *testing.T) {
	t.Parallel()
	folder := nodePeers(t)
	url := serveFixtures(t, mcp.ServerConfig{})
	conform(t, suiteRun{folder, "conformance", conformanceVersion, "server, stateful", 32}, "server", "--url", url, "--suite", "all")
}

func TestTheConformanceSuitePassesTheServerWithoutSessions(t *testing.T) {
	t.Parallel()
	folder := nodePeers(t)
	url := serveFixtures(t, mcp.ServerConfig{Stateless: true})
	conform(t, suiteRun{folder, "conformance-next", conformanceNext, "server, stateless", 37},
		"server", "--url", url, "--requirements", "2026-07-28")
}

// serveFixtures mounts our server with the suite's fixtures and returns its URL.
func serveFixtures(t *testing.T, c mcp.ServerConfig) string {
	t.Helper()
	c.Configure, c.ServerOptions = addFixtures, fixtureOptions
	return serve(t, c, nil)
}

// serve mounts our server and returns the URL of all its tools.
func serve(t *testing.T, c mcp.ServerConfig, boxes []mcp.Toolbox) string {
	t.Helper()
	s, err := mcp.NewServer(t.Context(), c, boxes)
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(s)
	t.Cleanup(func() {
		if err := s.Shutdown(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
		web.CloseClientConnections()
		web.Close()
	})
	return web.URL + "/mcp"
}

// suiteRun is a run of the suite and how many scenarios it has.
type suiteRun struct {
	folder, name, version, what string
	scenarios                   int
}

// conform runs the suite and returns the files that it wrote. Every scenario that counts must pass: there is no list of those
// that need not.
func conform(t *testing.T, s suiteRun, args ...string) fs.FS {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), runTimeout)
	defer cancel()
	program, out := filepath.Join(s.folder, "node_modules", s.name, "dist", "index.js"), t.TempDir()
	end := run(t, nodeCommand(ctx, t, s.folder, program, append(args, "--output-dir", out)...))
	verdicts := readVerdicts(end.stdout)
	passed := slices.DeleteFunc(slices.Clone(verdicts), func(v verdict) bool { return !v.passed })
	results.add(result{"conformance", s.version, s.what, len(passed), len(verdicts)})
	for _, v := range verdicts {
		if !v.passed {
			t.Errorf("%s failed:%s", v.scenario, failures(t, out, v.scenario))
		}
	}
	if len(verdicts) != s.scenarios || end.code != 0 {
		t.Errorf("%d scenarios and exit code %d, want %d and 0", len(verdicts), end.code, s.scenarios)
	}
	if len(verdicts) == 0 {
		t.Logf("%s\n%s", end.stdout, end.stderr)
	}
	return os.DirFS(out)
}

// failures are the checks of a scenario that failed, and why, from the files of the suite.
func failures(t *testing.T, folder, scenario string) string {
	t.Helper()
	var text strings.Builder
	err := filepath.WalkDir(folder, func(path string, _ fs.DirEntry, err error) error {
		if err != nil || filepath.Base(path) != "checks.json" || !strings.Contains(path, scenario+"-2") { // the year
			return err
		}
		raw, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		var checks []struct{ Name, Status, ErrorMessage string }
		if err := json.Unmarshal(raw, &checks); err != nil {
			return err
		}
		for _, c := range checks {
			if c.Status == "FAILURE" {
				text.WriteString("\n" + c.Name + ": " + c.ErrorMessage)
			}
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	return text.String()
}

type verdict struct {
	scenario string
	passed   bool
}

var (
	verdictLine  = regexp.MustCompile(`(?m)^([✓✗]) (\S+): \d+ passed, \d+ failed`)
	unscoredLine = regexp.MustCompile(`(?m)^  [✓✗] (\S+) \((?:extension|pending)\)$`)
)

// readVerdicts reads the summary of the suite, without the scenarios that it ran and says not to count.
func readVerdicts(summary string) []verdict {
	unscored := map[string]bool{}
	for _, found := range unscoredLine.FindAllStringSubmatch(summary, -1) {
		unscored[found[1]] = true
	}
	var all []verdict
	for _, found := range verdictLine.FindAllStringSubmatch(summary, -1) {
		if !unscored[found[2]] {
			all = append(all, verdict{found[2], found[1] == "✓"})
		}
	}
	return all
}

func TestTheSummaryOfTheSuiteIsRead(t *testing.T) {
	t.Parallel()
	const summary = `Running client scenario 'ping' against server: http://127.0.0.1:1/mcp
=== SUMMARY ===
✓ ping: 1 passed, 0 failed
✗ tools-list: 1 passed, 2 failed
✗ tasks-lifecycle: 1 passed, 8 failed
✓ http-header-validation: 14 passed, 0 failed

Total: 165 passed, 30 failed

Not scored for 2026-07-28: 2 scenario(s) run, 1 failing. These do not affect conformance.
  ✗ tasks-lifecycle (extension)
  ✓ http-header-validation (pending)
`
	want := []verdict{{"ping", true}, {"tools-list", false}}
	if diff := cmp.Diff(want, readVerdicts(summary), cmp.AllowUnexported(verdict{})); diff != "" {
		t.Error(diff)
	}
}
