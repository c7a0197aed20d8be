package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/fourkites/sources/internal/command"
)

func TestWrongArgumentsAreRefusedInClearWords(t *testing.T) {
	t.Parallel()
	for want, args := range map[string][]string{
		"did you mean -listen?":                              {"-lisetn", "127.0.0.1:0"},
		`"serve": not a flag`:                                {"serve"},
		`-listen "8931": there is no host and port`:          {"-listen", "8931"},
		"the port is not a number from 0 to 65535":           {"-listen", "127.0.0.1:http"},
		"-stateless: does nothing with -stdio":               {"-stdio", "-stateless"},
		"-allow-host: does nothing with -stdio":              {"-stdio", "-allow-host", "x"},
		"-endpoint: is for -stdio":                           {"-endpoint", "graph"},
		"-endpoint: the value is empty":                      {"-stdio", "-endpoint", ""},
		"invalid value \",\" for flag -allow-host":           {"-allow-host", ","},
		"MCP_OTHER: missing":                                 {"-token-env", "MCP_OTHER"},
		"no token is asked of them; set MCP_TOKENS":          {"-listen", "0.0.0.0:0"},
		"others can reach that address":                      {"-listen", ":0"},
		"-listen 192.0.2.1:0: others can reach that address": {"-listen", "192.0.2.1:0"},
	} {
		if code, stdout, stderr := refused(t, nil, args...); code != command.Misused || stdout != "" || !strings.Contains(stderr, want) {
			t.Errorf("%v: exit %d, no %q in %s%s", args, code, want, stdout, stderr)
		}
	}
	if code, stdout, _ := refused(t, nil, "-h"); code != command.Done || stdout != usage {
		t.Errorf("exit %d: %s", code, stdout)
	}
}

func TestBeyondLoopbackANameAndATokenAreNeeded(t *testing.T) {
	t.Parallel()
	env := map[string]string{"MCP_TOKENS": "one-token-0123456789abcdef"}
	if code, _, stderr := refused(t, env, "-listen", "0.0.0.0:0"); code != command.Misused || !strings.Contains(stderr, "add -allow-host") || strings.Contains(stderr, env["MCP_TOKENS"]) {
		t.Errorf("exit %d: %s", code, stderr)
	}
	for address, want := range map[string][]string{
		"0.0.0.0:1": {"a.example.com"}, "[::1]:1": {"a.example.com"}, "localhost:1": {"a.example.com"}, "192.0.2.1:1": {"192.0.2.1", "a.example.com"},
	} {
		s, err := parse([]string{"-listen", address, "-allow-host", "a.example.com"})
		if err != nil {
			t.Fatal(err)
		}
		tokens, err := s.tokens(t.Context(), env)
		if err != nil || len(tokens) != 1 || !slices.Equal(s.hosts(), want) {
			t.Errorf("%s: %v, %d tokens, hosts %v", address, err, len(tokens), s.hosts())
		}
	}
}

func TestAWrongTokenIsNamedAndNotShown(t *testing.T) {
	t.Parallel()
	const planted = "h1dden"
	code, _, stderr := refused(t, map[string]string{"MCP_TOKENS": "vault://" + planted})
	if code != command.Misused || strings.Contains(stderr, planted) {
		t.Errorf("exit %d: %s", code, stderr)
	}
}
