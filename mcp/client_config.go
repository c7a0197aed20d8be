package mcp

import (
	"cmp"
	"context"
	"errors"
	"net/url"
	"time"

	"github.com/modelcontextprotocol/go-sdk/auth"
	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/secret"
)

// ClientConfig describes how a remote server is reached. Each field's zero value is its stated default.
type ClientConfig struct {
	// Name is the session's name in errors, spans and health; empty = "mcp".
	Name string `json:"name,omitempty" yaml:"name"`
	// URL is the endpoint of a server over streamable HTTP, such as https://tools.example.com/mcp. Either it or Command is set.
	URL string `json:"url,omitempty" yaml:"url"`
	// Command is a program, with its arguments, that is a server on its standard input and output. It gets the environment of
	// this process, and is started anew when it ended.
	Command []string `json:"command,omitempty" yaml:"command"`
	// Token is shown as bearer token, a literal or a reference that may rotate; empty = none. A version that the server refused
	// is not sent again.
	Token secret.Value `json:"token,omitzero" yaml:"token"`

	// MaxAnswerBytes bounds one answer, with all that the server sends beside it; 0 = 4 MiB.
	MaxAnswerBytes int64 `json:"max_answer_bytes,omitempty" yaml:"max_answer_bytes"`
	// MaxTools bounds the tools that a server may list; 0 = 1,000.
	MaxTools int `json:"max_tools,omitempty" yaml:"max_tools"`
	// Limits bounds the calls; zero fields: 50 at once, 5 minutes for a call.
	Limits base.Limits `json:"limits,omitzero" yaml:"limits"`
	// ConnectTimeout bounds the greeting of a server and the list of its tools; 0 = 30 s.
	ConnectTimeout base.Duration `json:"connect_timeout,omitempty" yaml:"connect_timeout"`

	// CAFile is a PEM file of the authorities to trust instead of the system's.
	CAFile string `json:"ca_file,omitempty" yaml:"ca_file"`
	// Proxy is the URL of a proxy, without user and password, for it is printed as it is; empty = the environment's,
	// "none" = no proxy.
	Proxy string `json:"proxy,omitempty" yaml:"proxy"`

	// OAuth gets tokens from an authorization server, instead of Token.
	OAuth auth.OAuthHandler `json:"-" yaml:"-"`
	// ClientOptions changes the options of the SDK's client before it is made, such as a handler of questions to the user.
	// Without it the client offers a server nothing: no sampling, no roots, no elicitation.
	ClientOptions func(*sdk.ClientOptions) `json:"-" yaml:"-"`
}

func (c ClientConfig) withDefaults() ClientConfig {
	c.Name = cmp.Or(c.Name, "mcp")
	c.MaxAnswerBytes = cmp.Or(c.MaxAnswerBytes, 4<<20)
	c.MaxTools = cmp.Or(c.MaxTools, 1000)
	c.ConnectTimeout = cmp.Or(c.ConnectTimeout, base.Duration(30*time.Second))
	return c
}

// ClientConfigFromEnv reads MCP_URL and MCP_TOKEN, which may be missing. What is wrong is reported by the name of the variable.
func ClientConfigFromEnv(ctx context.Context, opts ...base.EnvOption) (ClientConfig, error) {
	var c ClientConfig
	err := base.LoadEnv(ctx, opts, base.EnvString(&c.URL, "MCP_URL").Required(), base.EnvSecret(&c.Token, "MCP_TOKEN"))
	if err == nil {
		err = c.Validate()
	}
	if err != nil {
		return ClientConfig{}, invalid("mcp", "ClientConfigFromEnv", err)
	}
	return c, nil
}

// Validate reports every field that makes no sense, by name, as one error.
func (c ClientConfig) Validate() error {
	problems := []error{c.Limits.Validate()}
	switch {
	case c.URL == "" && len(c.Command) == 0:
		problems = append(problems, errors.New("url, command: both missing; set one"))
	case c.URL != "" && len(c.Command) > 0:
		problems = append(problems, errors.New("url, command: both set; set one"))
	case c.URL != "":
		problems = append(problems, c.validateURL()...)
	case c.Command[0] == "":
		problems = append(problems, errors.New("command: the name of the program is empty"))
	case !c.Token.IsZero() || c.OAuth != nil || c.CAFile != "" || c.Proxy != "":
		problems = append(problems, errors.New("command: token, oauth, ca_file and proxy do nothing for a program; take them away"))
	}
	if c.MaxAnswerBytes < 0 || c.MaxTools < 0 || c.ConnectTimeout < 0 {
		problems = append(problems, errors.New("max_answer_bytes, max_tools, connect_timeout: one is negative; a client has bounds"))
	}
	if !c.Token.IsZero() && c.OAuth != nil {
		problems = append(problems, errors.New("token, oauth: both set; set one"))
	}
	return errors.Join(problems...)
}

func (c ClientConfig) validateURL() (problems []error) {
	u, err := url.Parse(c.URL)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http":
		return []error{errors.New("url: not a URL; write it as https://host/mcp")}
	case u.User != nil || u.Fragment != "":
		problems = append(problems, errors.New("url: it holds a user, a password or a fragment; the credential belongs into token"))
	case u.Scheme == "http" && c.CAFile != "":
		problems = append(problems, errors.New("url: plain http, beside which ca_file would do nothing"))
	}
	if p, err := url.Parse(c.Proxy); c.Proxy != "" && c.Proxy != "none" && (err != nil || p.Host == "" || p.User != nil) {
		problems = append(problems, errors.New("proxy: not a URL without user and password; write http://host:port"))
	}
	return problems
}
