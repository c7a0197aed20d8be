package mcppeers_test

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"testing"

	"github.com/fourkites/sources/internal/engines"
	"github.com/fourkites/sources/mcp"
)

// The roles in which peers start this program.
const (
	roleClient = "client" // a scenario of the conformance suite against the URL that follows
	roleStdio  = "stdio"  // our catalog on standard input and output
)

// TestMain is the program that a peer starts, where its first argument is a role. Else it runs the tests and prints what each
// peer passed.
func TestMain(m *testing.M) {
	role := ""
	if len(os.Args) > 1 {
		role = os.Args[1]
	}
	switch role {
	case roleClient:
		os.Exit(play(playScenario))
	case roleStdio:
		os.Exit(play(serveStdio))
	default:
		engines.Main(m)
		fmt.Print(results.table())
	}
}

// play runs a role until it ends or is told to.
func play(role func(context.Context) error) int {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	if err := role(ctx); err != nil && ctx.Err() == nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

func serveStdio(ctx context.Context) error {
	c, err := newCatalog(ctx)
	defer c.close()
	if err != nil {
		return err
	}
	s, err := mcp.NewServer(ctx, mcp.ServerConfig{Writes: true}, c.boxes)
	if err != nil {
		return err
	}
	return s.ServeStdio(ctx, "", os.Stdin, os.Stdout)
}

// self is the command line with which a peer starts this program in a role.
func self(t *testing.T, role string) []string {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return []string{program, role}
}
