package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strconv"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/secret"
	"github.com/fourkites/sources/internal/command"
	"github.com/fourkites/sources/internal/document"
)

// settings are the arguments of the command line.
type settings struct {
	Listen    string
	Stdio     bool
	Endpoint  string
	Stateless bool
	Writes    bool
	Live      bool
	TokenEnv  string
	Hosts     []string
	Origins   []string
}

const (
	defaultListen   = "127.0.0.1:8931"
	defaultTokenEnv = "MCP_TOKENS"
)

// parse reads the arguments. Every problem is reported at once; flag.ErrHelp asks for the usage.
func parse(args []string) (settings, error) {
	var s settings
	flags := flag.NewFlagSet("mcpserver", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVar(&s.Listen, "listen", defaultListen, "")
	flags.BoolVar(&s.Stdio, "stdio", false, "")
	flags.StringVar(&s.Endpoint, "endpoint", "", "")
	flags.BoolVar(&s.Stateless, "stateless", false, "")
	flags.BoolVar(&s.Writes, "writes", false, "")
	flags.BoolVar(&s.Live, "live", false, "")
	flags.StringVar(&s.TokenEnv, "token-env", "", "")
	flags.Func("allow-host", "", listed(&s.Hosts))
	flags.Func("allow-origin", "", listed(&s.Origins))
	if err := flags.Parse(args); err != nil {
		return s, command.WithNearest(flags, err)
	}
	given := map[string]bool{}
	flags.Visit(func(f *flag.Flag) { given[f.Name] = true })
	return s, s.check(given, flags.Args())
}

// listed adds the parts between commas to a list.
func listed(into *[]string) func(string) error {
	return func(text string) error {
		all := document.SplitList(text)
		if len(all) == 0 {
			return errors.New("the value is empty")
		}
		*into = append(*into, all...)
		return nil
	}
}

func (s settings) check(given map[string]bool, rest []string) error {
	var problems []error
	problem := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	if len(rest) > 0 {
		problem("%q: not a flag", rest[0])
	}
	if s.Stdio {
		for _, name := range []string{"listen", "stateless", "token-env", "allow-host", "allow-origin"} {
			if given[name] {
				problem("-%s: does nothing with -stdio, where there is no network; leave one of them out", name)
			}
		}
	} else if given["endpoint"] {
		problem("-endpoint: is for -stdio; over HTTP every endpoint has its URL, such as /mcp/graph")
	}
	for _, one := range []struct{ name, value string }{{"endpoint", s.Endpoint}, {"token-env", s.TokenEnv}} {
		if given[one.name] && one.value == "" {
			problem("-%s: the value is empty", one.name)
		}
	}
	if err := checkAddress(s.Listen); err != nil {
		problem("-listen %.60q: %w; write HOST:PORT, such as %s", s.Listen, err, defaultListen)
	}
	return errors.Join(problems...)
}

func checkAddress(address string) error {
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return errors.New("there is no host and port")
	}
	if n, err := strconv.Atoi(port); err != nil || n < 0 || n > 65535 {
		return errors.New("the port is not a number from 0 to 65535")
	}
	return nil
}

// tokens are the bearer tokens that the environment names. A server that others can reach must have one, and must know the
// name by which they call it.
func (s settings) tokens(ctx context.Context, env map[string]string) ([]secret.Value, error) {
	if s.Stdio {
		return nil, nil
	}
	name := s.tokenVariable()
	tokens, err := tokensFrom(ctx, name, env, s.TokenEnv != "")
	if err != nil {
		return nil, err
	}
	host, _, _ := net.SplitHostPort(s.Listen)
	switch address, err := netip.ParseAddr(host); {
	case isLoopback(host):
		return tokens, nil
	case len(tokens) == 0:
		return nil, fmt.Errorf("-listen %s: others can reach that address, and no token is asked of them; set %s, or listen on 127.0.0.1",
			s.Listen, name)
	case len(s.Hosts) == 0 && (host == "" || err == nil && address.IsUnspecified()):
		return nil, fmt.Errorf("-listen %s: only names of loopback are answered there; add -allow-host with the name by which clients "+
			"call this server", s.Listen)
	}
	return tokens, nil
}

func (s settings) tokenVariable() string { return cmp.Or(s.TokenEnv, defaultTokenEnv) }

// tokensFrom reads the values between commas, each a literal or a reference.
func tokensFrom(ctx context.Context, name string, env map[string]string, required bool) ([]secret.Value, error) {
	if env[name] == "" && required {
		return nil, &base.EnvError{Variable: name, Problem: "missing"}
	}
	var tokens []secret.Value
	var problems []error
	for _, part := range document.SplitList(env[name]) {
		var token secret.Value
		one := []base.EnvOption{base.EnvMap(map[string]string{name: part})}
		problems = append(problems, base.LoadEnv(ctx, one, base.EnvSecret(&token, name)))
		tokens = append(tokens, token)
	}
	return tokens, errors.Join(problems...)
}

// hosts are the names by which clients may call this server, beside those of loopback.
func (s settings) hosts() []string {
	host, _, _ := net.SplitHostPort(s.Listen)
	if address, err := netip.ParseAddr(host); host == "" || isLoopback(host) || err == nil && address.IsUnspecified() {
		return s.Hosts
	}
	return append([]string{host}, s.Hosts...)
}

func isLoopback(host string) bool {
	address, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && address.IsLoopback()
}
