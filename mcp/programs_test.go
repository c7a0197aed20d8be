package mcp_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/mcp"
)

// optionsOf are options that are wrong in one way.
func optionsOf(name string) []base.Option {
	switch name {
	case "tls":
		return []base.Option{base.WithTLS(&tls.Config{InsecureSkipVerify: true})} //nolint:gosec // it is refused
	case "transport":
		return []base.Option{base.WithTransport(http.DefaultTransport)}
	}
	return nil
}

const roleVariable = "MCP_TEST_ROLE"

// TestMain lets the test binary play a server that a client starts.
func TestMain(m *testing.M) {
	switch os.Getenv(roleVariable) {
	case "":
		os.Exit(m.Run())
	case "server":
		s, err := mcp.NewServer(context.Background(), mcp.ServerConfig{}, []mcp.Toolbox{newDemo()})
		if err == nil {
			err = s.ServeStdio(context.Background(), "demo", os.Stdin, os.Stdout)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	case "garbage":
		fmt.Println("Welcome to the server!")
		var line string
		_, _ = fmt.Scanln(&line)
	case "gone":
		os.Exit(3)
	}
}

// self is the test binary in a role.
func self(t *testing.T, role string) []string {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return []string{"/usr/bin/env", roleVariable + "=" + role, program}
}

func TestAProgramIsAServerToo(t *testing.T) {
	t.Parallel()
	s := dialled(t, mcp.ClientConfig{Command: self(t, "server")})
	out, err := mcp.Call(t.Context(), s, echo, echoInput{Text: "hi"})
	if err != nil || out.Text != "hi" {
		t.Errorf("%+v %v", out, err)
	}
	if _, err := s.CallTool(t.Context(), "older_echo", nil); err != nil {
		t.Error(err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if _, err := mcp.Call(t.Context(), s, echo, echoInput{}); !errors.Is(err, base.ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
}

func TestAProgramThatIsNoServerIsAnError(t *testing.T) {
	t.Parallel()
	for role, want := range map[string]error{"garbage": base.ErrProtocol, "gone": base.ErrUnavailable} {
		s := dialled(t, mcp.ClientConfig{Command: self(t, role), Limits: base.Limits{Retries: -1}})
		if _, err := mcp.Call(t.Context(), s, echo, echoInput{}); !errors.Is(err, want) {
			t.Errorf("%s: %v", role, err)
		}
	}
	s := dialled(t, mcp.ClientConfig{Command: []string{"/nowhere/server"}})
	if _, err := mcp.Call(t.Context(), s, echo, echoInput{}); !errors.Is(err, base.ErrInvalid) || !strings.Contains(err.Error(), "/nowhere/server") {
		t.Errorf("%v", err)
	}
}
